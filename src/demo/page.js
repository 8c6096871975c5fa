// The search page: what is asked lives in the address (`?q=&kind=&as=&doc=`), everything on the screen follows from it.

import { ask, badge, byId, count, finder, kindName, make, plural, time, words } from './dom.js';
import { missing, paint, view } from './document.js';
import * as readers from './readers.js';
import { watch } from './status.js';

const PAGE = 20;
const PAUSE = 120; // ms without a key before a search; below that one types, above it feels slow
const narrow = matchMedia('(max-width: 999px)');

const box = byId('q'), results = byId('results'), notice = byId('notice'), more = byId('more'), panel = byId('document');
let asked = { q: '', kind: '', as: '', doc: '' };
let shown = 0; // hits on the screen
let turn = 0; // number of the latest search; answers to earlier ones are dropped
let inFlight = null;
let isSyncing = true;
let refreshed = 0; // when the list was last refreshed by itself
let pause = 0; // timer of the next search
let startsAnew = true; // the next letter begins another search, which gets its own entry in the history

/* The address */

const fromAddress = () => {
  const query = new URLSearchParams(location.search);
  return { q: query.get('q') ?? '', kind: query.get('kind') ?? '', as: query.get('as') ?? '', doc: query.get('doc') ?? '' };
};

function address(state) {
  const query = new URLSearchParams(Object.entries(state).filter(([, value]) => value));
  return query.size ? `?${query}` : location.pathname;
}

/** Goes to another state. A new entry in the history for what a person would want to come back to. */
function go(change, isNew = true) {
  const before = asked;
  const wanted = { ...asked, ...change };
  if (address(wanted) !== address(asked)) {
    const opened = Boolean(change.doc && !before.doc);
    history[isNew ? 'pushState' : 'replaceState']({ opened: isNew ? opened : history.state?.opened }, '', address(wanted));
  }
  follow(wanted);
}

/** Shows a state, doing only what differs from the one before. */
function follow(wanted, isFirst = false) {
  const before = asked;
  asked = wanted;
  if (box.value !== asked.q && document.activeElement !== box) box.value = asked.q;
  const isOther = before.as !== asked.as; // person, who sees other things
  if (isFirst || isOther) readers.follow(asked.as);
  if (isFirst || isOther || before.q !== asked.q || before.kind !== asked.kind) search();
  if (isFirst || isOther || before.doc !== asked.doc) showDocument(before.doc);
  else if (before.q !== asked.q) paint(asked.q);
  document.title = asked.q ? `${asked.q} \u2013 sluice` : 'sluice';
}

addEventListener('popstate', () => {
  const wanted = fromAddress();
  box.value = wanted.q;
  startsAnew = true;
  follow(wanted);
});

/* Searching */

function typed(now = false) {
  clearTimeout(pause);
  pause = setTimeout(() => {
    const q = box.value.trim();
    if (q === asked.q) return;
    go({ q }, startsAnew && asked.q !== '');
    startsAnew = false;
  }, now ? 0 : PAUSE);
}
box.addEventListener('input', () => typed());
box.addEventListener('focus', () => { startsAnew = true; });
byId('form').addEventListener('submit', (event) => { event.preventDefault(); typed(true); });

/** Asks and shows. `from` > 0 adds a page; `quiet` refreshes what is there without a word. */
async function search({ from = 0, quiet = false } = {}) {
  inFlight?.abort();
  inFlight = new AbortController();
  const mine = ++turn;
  const { q, kind, as } = asked;
  const busy = setTimeout(() => byId('list').setAttribute('aria-busy', 'true'), quiet ? 60_000 : 200);
  try {
    const query = new URLSearchParams({ q, kind, as, from, size: PAGE });
    const answer = JSON.parse(await ask(`api/search?${query}`, inFlight.signal));
    if (mine === turn) show(answer, from, quiet);
  } catch (error) {
    if (mine === turn && error.name !== 'AbortError' && !quiet) showFault(error, from);
  } finally {
    clearTimeout(busy);
    if (mine === turn) {
      inFlight = null;
      byId('list').removeAttribute('aria-busy');
    }
  }
}

function show({ total, hits, kinds, reader }, from, quiet) {
  const items = hits.map(hit);
  if (from === 0) results.replaceChildren(...items);
  else results.append(...items);
  shown = from + hits.length;
  if (from > 0) items[0]?.firstChild.focus();
  markOpen();
  showKinds(kinds);
  const line = byId('count');
  line.setAttribute('aria-live', quiet ? 'off' : 'polite');
  line.textContent = total ? `${asked.q ? plural(total, 'result') : plural(total, 'document')}${asked.kind ? ` of type ${kindName(asked.kind)}` : ''}` : '';
  notice.hidden = total > 0;
  if (!total) notice.replaceChildren(...nothing(reader));
  more.hidden = hits.length === 0 || shown >= total;
  more.textContent = `Load more (${count(total - shown)} left)`;
}

function nothing(reader) {
  if (reader === 'unknown') return unknown();
  if (!asked.q && !asked.kind) {
    if (asked.as) return [make('h2', {}, 'Nothing to see'), make('p', {}, isSyncing ? 'The sync is still running; more may turn up.' : 'This user may see no document.')];
    return isSyncing
      ? [make('h2', {}, 'Filling the index'), make('p', {}, 'Documents appear here as soon as they are written.')]
      : [make('h2', {}, 'The index is empty'), make('p', {}, 'The sync wrote no documents.')];
  }
  byId('count').textContent = 'No results';
  return [
    make('h2', {}, asked.q ? ['Nothing matches \u201c', words(asked.q), '\u201d'] : 'Nothing here'),
    isSyncing ? make('p', {}, 'The sync is still running; more may turn up.') : make('p', {}, 'Try fewer or other words.'),
    asked.kind && asked.q && make('button.quiet', { type: 'button', onclick: () => go({ kind: '' }) }, 'Search all types'),
  ].filter(Boolean);
}

function unknown() {
  return [
    make('h2', {}, 'Not a user of this index'),
    make('p', {}, 'There is no access document for \u201c', words(asked.as), '\u201d, so nothing is found.'),
    make('button.quiet', { type: 'button', onclick: () => go({ as: '' }) }, 'Search as administrator'),
  ];
}

function showFault(error, from) {
  if (from === 0) { results.replaceChildren(); more.hidden = true; byId('count').textContent = ''; }
  notice.hidden = false;
  notice.replaceChildren(
    make('h2', {}, 'The search failed'),
    make('p', {}, error.message),
    make('button.quiet', { type: 'button', onclick: () => search({ from }) }, 'Try again'));
}

function hit({ id, kind, title, modified, fragments }) {
  const passages = fragments.slice(0, 3);
  return make('li', {},
    make('a.hit', { href: address({ ...asked, doc: id }), 'data-doc': id },
      make('span.hit-head', {},
        badge(kind),
        make('span.hit-title', { dir: 'auto' }, marked(title || id)),
        time(modified, true)),
      passages.length > 0 && make('span.passages', {}, passages.map((fragment) => make('span.passage', { dir: 'auto' }, pieces(fragment))))));
}

/** A passage with its matches. The index puts each field on a line of its own; here they share one. */
const pieces = (fragment) => fragment.map(({ text, match }) => (match ? make('mark', {}, text) : text.replace(/\s*\n\s*/g, ' \u00b7 ')));

/** A title with its matches; the index marks only passages. */
function marked(title) {
  const parts = [];
  let at = 0;
  for (const [start, end] of finder(asked.q)(title)) {
    parts.push(title.slice(at, start), make('mark', {}, title.slice(start, end)));
    at = end;
  }
  return [...parts, title.slice(at)];
}

function showKinds(kinds) {
  const all = kinds.reduce((sum, { count: number }) => sum + number, 0);
  const list = [...kinds].sort((a, b) => b.count - a.count || a.kind.localeCompare(b.kind));
  if (asked.kind && !list.some(({ kind }) => kind === asked.kind)) list.push({ kind: asked.kind, count: 0 });
  const held = byId('kinds').contains(document.activeElement) ? document.activeElement.dataset.kind : null;
  const chip = (kind, name, number) => make('button.chip', { type: 'button', 'data-kind': kind, 'aria-pressed': String(asked.kind === kind), onclick: () => go({ kind }) },
    words(name), make('span.number', {}, count(number)));
  byId('kinds').replaceChildren(...(list.length ? [chip('', 'All', all), ...list.map(({ kind, count: number }) => chip(kind, kindName(kind), number))] : []));
  if (held !== null) [...byId('kinds').children].find((button) => button.dataset.kind === held)?.focus();
}

more.addEventListener('click', () => search({ from: shown }));

/* The document */

async function showDocument(before) {
  const { doc, as } = asked;
  markOpen();
  if (!doc) {
    panel.hidden = true;
    panel.replaceChildren();
    layOut();
    if (before) (hitOf(before) ?? box).focus({ preventScroll: true });
    return;
  }
  // Another person looks at the same document: what was shown to the one before goes at once, and the focus stays where it is.
  const isSame = before === doc;
  if (isSame) panel.replaceChildren();
  let content;
  try {
    content = view(await ask(`api/document/${encodeURIComponent(doc)}${as && `?as=${encodeURIComponent(as)}`}`), doc, close);
  } catch (error) {
    const text = error.status === 404 ? 'This document is not in the index. It may not be synced, or not yet.' : error.message;
    content = missing(text, doc, close);
  }
  if (asked.doc !== doc || asked.as !== as) return;
  panel.replaceChildren(...content);
  panel.hidden = false;
  panel.scrollTop = 0;
  layOut();
  panel.setAttribute('aria-labelledby', 'document-title');
  if (!isSame) panel.focus({ preventScroll: true });
  paint(asked.q);
}

/** Back to where the document was opened from, or just away from it. */
function close() {
  if (history.state?.opened) history.back();
  else go({ doc: '' }, false);
}

/** On a small screen the document covers everything else, which then must not be reached by the keyboard. */
function layOut() {
  const isOpen = !panel.hidden;
  byId('desk').classList.toggle('open', isOpen);
  document.body.classList.toggle('covered', isOpen && narrow.matches);
  byId('list').inert = isOpen && narrow.matches;
}
narrow.addEventListener('change', layOut);

const hitOf = (id) => results.querySelector(`[data-doc="${CSS.escape(id)}"]`);

function markOpen() {
  for (const link of results.querySelectorAll('[aria-current]')) link.removeAttribute('aria-current');
  if (asked.doc) hitOf(asked.doc)?.setAttribute('aria-current', 'true');
}

/* Mouse and keyboard */

document.addEventListener('click', (event) => {
  const link = event.target.closest('a');
  const isPlain = event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
  if (!link || !isPlain) return;
  if (link.id === 'home') { event.preventDefault(); box.value = ''; go({ q: '', kind: '', doc: '' }); box.focus(); }
  if (link.dataset.doc) { event.preventDefault(); go({ doc: link.dataset.doc }); }
});

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const { activeElement: at } = document;
  const isWriting = at === box;
  if (event.key === '/' && !isWriting && !document.body.classList.contains('covered')) {
    event.preventDefault();
    box.focus();
    box.select();
  } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
    if (move(event.key === 'ArrowDown' ? 1 : -1, at)) event.preventDefault();
  } else if (event.key === 'Enter' && isWriting) {
    // Enter searches; once there is nothing left to search it opens the best hit.
    if (box.value.trim() === asked.q && asked.q && shown) { event.preventDefault(); results.querySelector('a.hit').click(); }
  } else if (event.key === 'Escape' && !document.querySelector(':popover-open')) {
    escape(event, at);
  }
});

/** Moves between the box and the hits; false when the focus is elsewhere. */
function move(step, at) {
  const links = [...results.querySelectorAll('a.hit')];
  const here = links.indexOf(at);
  if (!links.length || (here < 0 && at !== box)) return false;
  if (here + step < 0) { box.focus(); return true; }
  const next = links[Math.min(here + step, links.length - 1)];
  next.focus();
  next.scrollIntoView({ block: 'nearest' });
  return true;
}

function escape(event, at) {
  if (asked.doc) { event.preventDefault(); close(); return; }
  if (at !== box) { box.focus(); return; }
  if (box.value) { event.preventDefault(); box.value = ''; typed(true); }
}

/* Start */

watch(({ state }, { grew, ended }) => {
  const wasSyncing = isSyncing;
  isSyncing = state === 'syncing';
  const isStale = ended || (grew && Date.now() - refreshed > 2000) || (wasSyncing !== isSyncing && !notice.hidden);
  if (isStale) readers.load();
  // New documents turn up in the list unless someone is in the middle of it.
  const isInUse = results.contains(document.activeElement) || shown > PAGE || inFlight;
  if (!isStale || isInUse) return;
  refreshed = Date.now();
  search({ quiet: true });
});

readers.onChoice((as) => go({ as }));
readers.load();
box.value = fromAddress().q;
follow(fromAddress(), true);
