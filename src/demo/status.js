// The state of the sync: a pill in the bar, a strip of meters while it runs, and a popover for those who want to know more.

import { ask, byId, count, duration, kindName, make, plural } from './dom.js';

const WHILE_SYNCING = 700; // ms between two looks; the eye does not see more
const AFTERWARDS = 10_000;
const STATES = { syncing: 'Syncing', completed: 'In sync', error: 'Sync failed', suspended: 'Paused' };

let last = null; // the status before, for the rate
let rate = 0; // documents a second, smoothed
let timer = 0;

/** Watches the sync and tells `seen(status, {grew, ended})` at every look. */
export function watch(seen) {
  const look = async () => {
    clearTimeout(timer);
    let wait = AFTERWARDS;
    try {
      const now = JSON.parse(await ask('api/status'));
      const ended = last?.state === 'syncing' && now.state !== 'syncing';
      const grew = Boolean(last) && written(now) !== written(last);
      measure(now);
      show(now);
      last = now;
      seen(now, { grew, ended });
      if (now.state === 'syncing') wait = WHILE_SYNCING;
    } catch (error) {
      lost(error);
      wait = 3000;
    }
    timer = setTimeout(look, wait);
  };
  document.addEventListener('visibilitychange', () => (document.hidden ? clearTimeout(timer) : look()));
  look();
}

const written = (status) => status.counts?.written ?? 0;

function measure(now) {
  const passed = last ? now.elapsed_ms - last.elapsed_ms : 0;
  if (passed <= 0) { rate = 0; return; }
  const current = Math.max(0, written(now) - written(last)) * 1000 / passed;
  rate = rate ? rate * 0.6 + current * 0.4 : current;
}

function show(status) {
  const { state = 'syncing', error } = status;
  const pill = byId('state');
  pill.dataset.state = state;
  byId('state-text').textContent = summary(status);
  const strip = byId('progress');
  strip.hidden = state !== 'syncing';
  if (state === 'syncing') showMeters(strip, status);
  const alarm = byId('alarm');
  alarm.hidden = state !== 'error';
  const text = state === 'error' ? `The sync failed: ${error ?? 'the log says why'}` : '';
  // Said once by a screen reader, not at every look.
  if (alarm.textContent !== text) alarm.textContent = text;
  byId('details').replaceChildren(...details(status));
}

function lost(error) {
  byId('state').dataset.state = 'lost';
  byId('state-text').textContent = 'Not connected';
  byId('progress').hidden = true;
  byId('details').replaceChildren(make('p', {}, error.message));
}

function summary(status) {
  const name = STATES[status.state] ?? status.state;
  if (status.state === 'syncing') return rate >= 1 ? `${name}, ${count(Math.round(rate))}/s` : name;
  if (status.state === 'completed') return `${name}, ${plural(written(status), 'document')}`;
  return name;
}

/** One meter per object, kept from look to look so that it moves instead of being drawn anew. */
function showMeters(strip, status) {
  const files = status.files?.found ? [{ name: 'content_document', written: status.files.done, total: status.files.found }] : [];
  const objects = [...(status.objects ?? []), ...files];
  if (strip.children.length !== objects.length) strip.replaceChildren(...objects.map(meter));
  objects.forEach(({ written: done, total, done: isComplete }, index) => {
    const [, number, bar] = strip.children[index].children;
    number.textContent = total ? `${count(done)} / ${count(total)}` : count(done);
    bar.max = total || Math.max(done, 1);
    // Of an object whose size is not known yet, an empty meter says more than a guess.
    bar.value = isComplete ? bar.max : total ? Math.min(done, total) : 0;
  });
}

function meter({ name }) {
  const label = name === 'content_document' ? 'Files' : kindName(name);
  return make('div.meter', {}, make('span', {}, label), make('span.meter-count'), make('progress', { 'aria-label': label }));
}

function details(status) {
  const { counts = {}, files = {}, lanes = [], objects = [] } = status;
  const facts = [
    ['State', STATES[status.state] ?? status.state],
    ['Time', duration(status.elapsed_ms ?? 0)],
    ['Written', count(counts.written ?? 0)],
    ['Deleted', count(counts.deleted ?? 0)],
    ['Set aside', count(counts.set_aside ?? 0)],
    ['Lists cut', count(counts.cut ?? 0)],
    ['Files', `${count(files.done ?? 0)} of ${count(files.found ?? 0)}`],
  ];
  return [
    make('h2', {}, 'Sync'),
    make('dl.facts', {}, facts.map(([name, value]) => make('div', {}, make('dt', {}, name), make('dd', {}, value)))),
    status.error && make('p.fault', {}, status.error),
    objects.length > 0 && table('Objects', ['Object', 'Read', 'Written', ''], objects.map((object) =>
      [kindName(object.name), count(object.read), count(object.written), object.done ? 'done' : ''])),
    lanes.length > 0 && table('Lanes', ['From, to', 'Waiting', 'Held back'], lanes.map((lane) =>
      [lane.edge.replace('->', ' \u2192 '), `${lane.depth} / ${lane.capacity}`, duration(lane.waited_ms)])),
    lanes.length > 0 && make('p.note', {}, 'A full lane makes the actor before it wait. The last full one points at what is slow.'),
  ].filter(Boolean);
}

function table(caption, head, rows) {
  return make('table', {},
    make('caption', {}, caption),
    make('thead', {}, make('tr', {}, head.map((name) => make('th', { scope: 'col' }, name)))),
    make('tbody', {}, rows.map((row) => make('tr', {}, row.map((cell) => make('td', {}, cell))))));
}
