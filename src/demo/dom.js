// Small helpers that everything else is made of: elements, dates, names. Text becomes text nodes, so nothing that a document says is markup.

/** An element: `make('a.name', {href}, 'text', child, [more])`. Attributes that are null, undefined or false are left out. */
export function make(name, attributes = {}, ...children) {
  const [tag, ...classes] = name.split('.');
  const element = document.createElement(tag);
  if (classes.length) element.className = classes.join(' ');
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? '' : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export const byId = (id) => document.getElementById(id);

/** Text of unknown direction: names and words of any language keep their own order. */
export const words = (text) => make('bdi', {}, String(text));

const numbers = new Intl.NumberFormat('en');
/** 12345 -> "12,345". */
export const count = (number) => numbers.format(number);
/** 1 document, 2 documents. */
export const plural = (number, one, many = `${one}s`) => `${count(number)} ${number === 1 ? one : many}`;

/** Bytes as a person says them. */
export function size(bytes) {
  if (bytes < 1000) return plural(bytes, 'byte');
  const units = ['kB', 'MB', 'GB', 'TB'];
  const step = Math.min(Math.floor(Math.log10(bytes) / 3), units.length);
  return `${Number((bytes / 1000 ** step).toPrecision(3))} ${units[step - 1]}`;
}

/** Milliseconds as a person says them. */
export function duration(ms) {
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return seconds < 100 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

const DATE = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d))?$/;
const days = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeZone: 'UTC' });
const moments = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' });
const momentDays = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium' });

/** A `<time>` for an ISO date or moment, or null when it is none. `brief` leaves out the time of day. */
export function time(text, brief = false) {
  if (typeof text !== 'string' || !DATE.test(text)) return null;
  // Salesforce writes +0000; only +00:00 is understood everywhere.
  const iso = text.replace(/([+-]\d\d)(\d\d)$/, '$1:$2');
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return null;
  const style = text.length === 10 ? days : brief ? momentDays : moments;
  return make('time', { datetime: iso, title: text }, style.format(date));
}

/** A link out of the page, or plain text if it is no web address: `javascript:` and the like never become links. */
export function outward(address, label = address, attributes = {}) {
  let url;
  try { url = new URL(address); } catch { return words(label); }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return words(label);
  return make('a', { ...attributes, href: url.href, target: '_blank', rel: 'noopener noreferrer' }, words(label));
}

/** The address of a document on this page, for whoever searches. */
export function inwardAddress(id) {
  const as = new URLSearchParams(location.search).get('as');
  return `?${new URLSearchParams(as ? { doc: id, as } : { doc: id })}`;
}

/** The kind of a document as its badge says it. */
export function kindName(kind) {
  if (kind === 'content_document' || kind === 'ContentDocument') return 'File';
  return kind ? kind.replace(/__c$/, '').replaceAll('_', ' ') : 'Document';
}

/** A badge. The same kind has the same tint everywhere. */
export function badge(kind) {
  let hash = 0;
  for (const char of kind ?? '') hash = (hash * 31 + char.codePointAt(0)) % 9973;
  const known = ['Account', 'Contact', 'Case', 'Opportunity', 'Lead', 'Campaign', 'content_document'].indexOf(kind);
  return make(`span.badge.tint-${known < 0 ? hash % 7 : known}`, {}, words(kindName(kind)));
}

const plain = (text) => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();

/**
 * Finds a question's words in texts as the index does: whole words without their accents, the last one perhaps unfinished.
 * Gives `(text) => [[start, end], ...]`.
 */
export function finder(question) {
  const sought = plain(question).split(/[^\p{L}\p{N}]+/u).filter(Boolean);
  const unfinished = /[\p{L}\p{N}\p{M}]$/u.test(question) ? sought.at(-1) : null;
  const matches = (word) => sought.includes(word) || (unfinished !== null && word.startsWith(unfinished));
  return (text) => (sought.length ? [...text.matchAll(/[\p{L}\p{N}\p{M}]+/gu)] : [])
    .filter(([word]) => matches(plain(word)))
    .map(({ 0: word, index }) => [index, index + word.length]);
}

/** Asks the API; throws an `Error` with the server's own words. */
export async function ask(path, signal) {
  let answer;
  try {
    answer = await fetch(path, { signal, headers: { accept: 'application/json' } });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new Error('The server does not answer. Is sluice still running?');
  }
  const text = await answer.text();
  if (answer.ok) return text;
  let reason = `The server answered ${answer.status}.`;
  try { reason = JSON.parse(text).error ?? reason; } catch { /* not ours; the status has to do */ }
  throw Object.assign(new Error(reason), { status: answer.status });
}
