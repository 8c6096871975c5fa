// Who searches: everything is seen until a user is chosen. A native list while there are few users, else a box to type a name into.

import { ask, byId, count, make, words } from './dom.js';

const FEW = 50; // users that a native list can hold without anyone getting lost in it
const PAUSE = 120; // ms without a key before names are sought
const ADMINISTRATOR = 'Administrator (sees everything)';

const place = byId('reader');
let total = 0; // users of the index
let few = []; // the first of them; all of them unless there are many
let as = ''; // who searches: an id or an e-mail address; empty for the administrator
let chosen = null; // the user it is, once that is known
let choose = () => {};
let drawn = ''; // what is on the screen

/** Tells `told(as)` whenever somebody is chosen. */
export function onChoice(told) { choose = told; }

/** Asks who there is, and shows the choice if there is one. */
export async function load() {
  try {
    const answer = JSON.parse(await ask(`api/readers?size=${FEW}`));
    [total, few] = [answer.total, answer.readers];
  } catch { return; /* what is wrong with the index is told by the search */ }
  await follow(as);
}

/** Shows that somebody searches. */
export async function follow(wanted) {
  as = wanted;
  const found = few.find(isChosen) ?? (as ? await seek(as, 2).then((users) => users.find(isChosen), () => null) : null);
  if (as !== wanted) return;
  chosen = found ?? null;
  draw();
}

const isChosen = ({ id, email }) => id === as || id.slice(0, 15) === as || email?.toLowerCase() === as.toLowerCase();
const seek = async (typed, size) => JSON.parse(await ask(`api/readers?${new URLSearchParams({ q: typed, size })}`)).readers;
const label = ({ id, name, email }) => [name || id, email && `(${email})`].filter(Boolean).join(' ');
const current = () => (!as ? ADMINISTRATOR : chosen ? label(chosen) : `${as} (not a user)`);

function draw() {
  place.hidden = total === 0 && !as;
  const wanted = JSON.stringify([total, few, as, chosen]);
  if (place.hidden || wanted === drawn) return;
  drawn = wanted;
  const isHeld = place.contains(document.activeElement);
  place.classList.toggle('chosen', Boolean(as));
  place.replaceChildren(make('label', { for: 'as' }, 'Search as'), total > FEW ? box() : list());
  if (isHeld) byId('as').focus();
}

/* Few users */

function list() {
  const users = [['', ADMINISTRATOR], ...few.map((user) => [user.id, label(user)])];
  const selected = chosen?.id ?? as;
  if (!users.some(([id]) => id === selected)) users.push([selected, current()]);
  return make('select', { id: 'as', onchange: ({ target }) => choose(target.value) },
    users.map(([id, name]) => make('option', { value: id, selected: id === selected }, name)));
}

/* Many users */

function box() {
  const options = make('ul', { id: 'users', role: 'listbox', 'aria-label': 'Users' });
  const note = make('p.note', { 'aria-live': 'polite' });
  const panel = make('div.users', { hidden: true }, options, note);
  const input = make('input', {
    id: 'as', type: 'text', value: current(), role: 'combobox', 'aria-autocomplete': 'list', 'aria-expanded': 'false', 'aria-controls': 'users',
    autocomplete: 'off', autocapitalize: 'none', spellcheck: 'false',
  });
  let at = -1; // the option that Enter takes
  let turn = 0; // answers to earlier questions are dropped
  let pause = 0;

  const isOpen = () => !panel.hidden;
  const mark = (index) => {
    at = index;
    [...options.children].forEach((option, number) => option.setAttribute('aria-selected', String(number === at)));
    const option = options.children[at];
    if (option) input.setAttribute('aria-activedescendant', option.id); else input.removeAttribute('aria-activedescendant');
    option?.scrollIntoView({ block: 'nearest' });
  };
  const close = () => {
    clearTimeout(pause);
    turn += 1;
    panel.hidden = true;
    input.setAttribute('aria-expanded', 'false');
    input.removeAttribute('aria-activedescendant');
    input.value = current();
  };
  const take = (id) => { close(); choose(id); };
  const open = async (typed) => {
    const mine = ++turn;
    const users = typed ? await seek(typed, FEW).catch(() => []) : few;
    if (mine !== turn) return;
    const isForAll = ADMINISTRATOR.toLowerCase().startsWith(typed.toLowerCase());
    const entries = [...(isForAll ? [['', ADMINISTRATOR]] : []), ...users.map((user) => [user.id, label(user)])];
    options.replaceChildren(...entries.map(([id, name], number) =>
      make('li', { id: `user-${number}`, role: 'option', onclick: () => take(id) }, words(name))));
    [...options.children].forEach((option, number) => { option.dataset.user = entries[number][0]; });
    note.textContent = !entries.length ? 'No user has a word that begins so.' : users.length < FEW ? '' : `The first ${FEW}; there are ${count(total)} users. Type to find others.`;
    panel.hidden = false;
    input.setAttribute('aria-expanded', 'true');
    mark(typed && entries.length ? 0 : -1);
  };

  input.addEventListener('focus', () => input.select());
  input.addEventListener('click', () => { if (!isOpen()) open(''); });
  input.addEventListener('blur', close);
  input.addEventListener('input', () => {
    clearTimeout(pause);
    pause = setTimeout(() => open(input.value.trim()), PAUSE);
  });
  input.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const { key } = event;
    // The page's own keys are not for whoever types here; Escape is, once there is nothing to close.
    if (key !== 'Escape' || isOpen()) event.stopPropagation();
    if (key === 'ArrowDown' || key === 'ArrowUp') {
      event.preventDefault();
      if (!isOpen()) { open(''); return; }
      const last = options.children.length - 1;
      mark(key === 'ArrowDown' ? Math.min(at + 1, last) : Math.max(at - 1, 0));
    } else if (key === 'Enter' && isOpen() && options.children[at]) {
      event.preventDefault();
      take(options.children[at].dataset.user);
    } else if (key === 'Escape' && isOpen()) {
      event.preventDefault();
      close();
    }
  });
  // A press on an option must not take the focus, which would close the list before the click.
  panel.addEventListener('pointerdown', (event) => event.preventDefault());
  panel.addEventListener('mousedown', (event) => event.preventDefault());
  return make('div.box', {}, input, panel);
}
