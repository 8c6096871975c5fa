// One document as a person reads it: fields as a table, look-ups as people and links, nested entities as threads, and the raw JSON.

import { badge, byId, count, finder, inwardAddress, make, outward, plural, size, time, words } from './dom.js';

const TITLES = ['Name', 'Subject', 'title', 'Title', 'CaseNumber'];
const TECHNICAL = new Set(['attributes', 'id', 'Id', 'url', 'version_url', 'type']);
const BODIES = ['TextBody', 'CommentBody', 'Body'];
const LISTS = { EmailMessages: 'E-mails', CaseComments: 'Comments', Feeds: 'Feed', ContentDocumentLinks: 'Files' };
const LONG = 160; // characters; from here on a text is a passage of its own
const FOLD = 700; // characters or
const FOLD_LINES = 12; // lines that are shown before someone asks for more
const LONGEST_RAW = 4000; // characters of one string in the JSON view; file contents are megabytes
const ID = /^[a-zA-Z0-9]{15}(?:[a-zA-Z0-9]{3})?$/;
const NOT_INDEXED = /^(?:005|00G|00e|068|06A|02s|00a|0D5|0D7)/; // users, groups, roles, versions, links, and what is nested anyway

/** The view of the document whose JSON is `text`. `close` is called when the reader is done. */
export function view(text, id, close) {
  const parsed = JSON.parse(text);
  const source = parsed._source ?? parsed;
  const kind = source.attributes?.type ?? source.type;
  const titleKey = TITLES.find((key) => typeof source[key] === 'string' && source[key]);
  const read = make('div.read', {}, ...sections(source, titleKey));
  const raw = make('pre.raw', { tabindex: '0', 'aria-label': 'JSON of the document', hidden: true });
  const toggle = make('button.quiet', {
    type: 'button', 'aria-pressed': 'false', onclick: () => {
      raw.textContent ||= indent(text);
      [read.hidden, raw.hidden] = [raw.hidden, read.hidden];
      toggle.setAttribute('aria-pressed', String(read.hidden));
    },
  }, 'JSON');
  return [
    make('header.document-head', {},
      make('div.document-tools', {},
        make('button.quiet', { type: 'button', id: 'close', onclick: close }, arrow(), 'Back'),
        make('span.spacer'),
        toggle,
        source.url && outward(source.url, 'Open in Salesforce', { class: 'quiet' })),
      badge(kind),
      make('h1', { id: 'document-title', dir: 'auto' }, titleKey ? source[titleKey] : id),
      make('p.sub', {}, modified(source), make('code', {}, id))),
    read,
    raw,
  ];
}

/** What is shown when there is no document to show. */
export function missing(message, id, close) {
  return [
    make('header.document-head', {},
      make('div.document-tools', {}, make('button.quiet', { type: 'button', id: 'close', onclick: close }, arrow(), 'Back')),
      make('h1', { id: 'document-title' }, 'Not shown')),
    make('p', {}, message),
    make('p.sub', {}, make('code', {}, id)),
  ];
}

function arrow() {
  const icon = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  icon.setAttribute('viewBox', '0 0 16 16');
  icon.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  path.setAttribute('d', 'M9.5 3.5 5 8l4.5 4.5');
  icon.append(path);
  return icon;
}

function modified(source) {
  const when = time(source.LastModifiedDate ?? source.last_updated ?? source._timestamp);
  return when && [make('span', {}, 'Changed ', when), make('span', { 'aria-hidden': 'true' }, '\u00b7')];
}

/** Sorts the members of a document by how they are best read. */
function sections(source, titleKey) {
  const rows = [], dates = [], passages = [], lists = [], technical = [], empty = [];
  for (const [key, value] of Object.entries(source)) {
    if (key === titleKey || isSaidElsewhere(key, source)) continue;
    if (key.startsWith('_') || TECHNICAL.has(key)) technical.push([key, value]);
    else if (isEmpty(value)) empty.push(label(key));
    else if (records(value)) lists.push([key, value]);
    else if (typeof value === 'string' && (value.length > LONG || value.includes('\n'))) passages.push([key, value]);
    else if (time(value)) dates.push([key, value]);
    else rows.push([key, value]);
  }
  return [
    rows.length + dates.length > 0 && fields([...rows, ...dates], source),
    ...passages.map(([key, value]) => section(label(key), passage(value))),
    ...lists.map(([key, value]) => list(key, value)),
    empty.length > 0 && make('details.rest', {}, make('summary', {}, plural(empty.length, 'empty field')), make('p', {}, empty.join(', '))),
    technical.length > 0 && make('details.rest', {}, make('summary', {}, plural(technical.length, 'technical field')),
      fields(technical.map(([key, value]) => [key, abridged(value)]), {}, String)),
  ].filter(Boolean);
}

/** An id beside its look-up, an address beside its name: once is enough. */
function isSaidElsewhere(key, source) {
  const lookup = key.endsWith('Id') && source[key.slice(0, -2)];
  if (lookup && typeof lookup === 'object') return lookup.Id === source[key];
  return key.endsWith('_email') && Boolean(source[key.slice(0, -6)]);
}

function isEmpty(value) {
  if (value === null || value === undefined || value === '') return true;
  if (typeof value !== 'object') return false;
  const items = value.records ?? value;
  if (Array.isArray(items)) return items.length === 0;
  return Object.entries(items).every(([key, part]) => key === 'attributes' || isEmpty(part));
}

/** The records of a nested list: an envelope with `records`, or an array of objects; else null. */
function records(value) {
  const items = value?.records ?? value;
  return Array.isArray(items) && items.length > 0 && items.every((item) => item && typeof item === 'object') ? items : null;
}

/** `LastModifiedDate`, `Region_Code__c`, `file_extension` as words. */
function label(key) {
  const spaced = key.replace(/__[cr]$/, '').replaceAll('_', ' ').replace(/(\p{Ll}|\d)(\p{Lu})/gu, '$1 $2').trim();
  return LISTS[key] ?? (spaced.charAt(0).toUpperCase() + spaced.slice(1).replace(/ \p{Lu}(?=\p{Ll})/gu, (letter) => letter.toLowerCase()));
}

const section = (title, ...content) => make('section.part', {}, make('h2', {}, title), ...content);

function fields(entries, source, name = label) {
  return make('dl.fields', {}, entries.map(([key, content]) =>
    make('div', {}, make('dt', { title: key }, name(key)), make('dd', {}, value(content, key, source)))));
}

/** One value by its shape. */
function value(content, key = '', source = {}) {
  if (typeof content === 'boolean') return content ? 'Yes' : 'No';
  if (typeof content === 'number') return /size$/i.test(key) ? size(content) : content.toLocaleString('en', { maximumFractionDigits: 20 });
  if (Array.isArray(content)) return make('ul.plain', {}, content.map((item) => make('li', {}, value(item, key))));
  if (content && typeof content === 'object') return compound(content);
  const text = String(content);
  if (`${key}_email` in source) return person({ Name: text, Email: source[`${key}_email`] });
  if (/ids?$/i.test(key) && ID.test(text)) return NOT_INDEXED.test(text) ? make('code', {}, text) : inward(text, text);
  return time(text) ?? link(text, key) ?? words(text);
}

/** E-mail addresses, web addresses and telephone numbers, when the text is nothing else. */
function link(text, key) {
  if (/^https?:\/\/\S+$/.test(text)) return outward(text);
  if (/^[^\s@<>"]+@[^\s@<>"]+\.[^\s@<>"]+$/.test(text)) return make('a', { href: `mailto:${encodeURI(text)}` }, words(text));
  if (/phone|mobile|fax/i.test(key) && /^[+\d][\d\s().\/-]{4,}$/.test(text)) return make('a', { href: `tel:${text.replace(/[^\d+]/g, '')}` }, words(text));
  return null;
}

/** An object in a field: a person, another record, a postal address, or a small table. */
function compound(object) {
  const type = object.attributes?.type;
  if (object.Name && (type === 'User' || /^005/.test(object.Id ?? ''))) return person(object);
  if (object.Id && (object.Name || object.Subject)) return inward(object.Id, object.Name ?? object.Subject, object.Email);
  if ('street' in object || 'city' in object) return address(object);
  const { attributes, ...rest } = object;
  return fields(Object.entries(rest).filter(([, part]) => !isEmpty(part)), object);
}

function address({ street, postalCode, city, state, country }) {
  const place = [[postalCode, city].filter(Boolean).join(' '), state].filter(Boolean).join(', ');
  const lines = [...(street ?? '').split(/\r?\n/), place, country].filter(Boolean);
  return make('address', {}, lines.map((line, index) => [index > 0 && make('br'), words(line)]));
}

function person({ Name: name, Email: email }) {
  const initials = (name ?? email ?? '?').split(/\s+/).filter((word) => /^[\p{L}\p{N}]/u.test(word)).slice(0, 2).map((word) => [...word][0]).join('');
  return make('span.person', {},
    make('span.face', { 'aria-hidden': 'true' }, initials.toUpperCase() || '?'),
    words(name ?? email ?? 'Unknown'),
    name && email ? make('a.mail', { href: `mailto:${encodeURI(email)}` }, words(email)) : null);
}

/** A link to another document of the index. */
const inward = (id, name, more) => make('span', {}, make('a', { href: inwardAddress(id), 'data-doc': id }, words(name)), more ? [' ', words(more)] : null);

/** Text with its line breaks; a long one is folded. */
function passage(text) {
  const body = make('div.text', { dir: 'auto' }, text);
  if (text.length <= FOLD && text.split('\n', FOLD_LINES + 1).length <= FOLD_LINES) return body;
  body.classList.add('folded');
  const more = make('button.unfold', {
    type: 'button', 'aria-expanded': 'false', onclick: () => {
      const isOpen = !body.classList.toggle('folded');
      more.setAttribute('aria-expanded', String(isOpen));
      more.textContent = isOpen ? 'Show less' : 'Show all';
    },
  }, 'Show all');
  return [body, more];
}

/** A nested list as what it is: files, a thread, or plain records. */
function list(key, envelope) {
  const items = records(envelope);
  return section([label(key), ' ', make('span.number', {}, cut(envelope, items) ?? count(items.length))], entries(items));
}

/** "2 of 9" when the index keeps only some of a list, else null. */
function cut({ totalSize = 0, done }, items) {
  if (totalSize > items.length) return `${count(items.length)} of ${count(totalSize)}`;
  return done === false ? `the first ${count(items.length)}` : null;
}

function entries(items) {
  if (items.every((item) => item.ContentDocument)) return make('ul.files', {}, items.map((item) => file(item.ContentDocument)));
  if (items.some((item) => BODIES.some((body) => item[body]))) {
    return make('ol.thread', {}, [...items].sort((a, b) => when(a).localeCompare(when(b))).map((item) => make('li', {}, message(item))));
  }
  return make('ul.cards', {}, items.map((item) => make('li', {}, card(item))));
}

const when = (item) => item.MessageDate ?? item.CreatedDate ?? item.LastEditDate ?? '';

/** An e-mail, a comment or a post, with what was answered to it. */
function message(item) {
  const author = item.FromName || item.FromAddress ? { Name: item.FromName ?? item.FromAddress, Email: item.FromName && item.FromAddress } : item.CreatedBy;
  const text = item[BODIES.find((body) => item[body])];
  const subject = item.Subject ?? item.Title;
  const to = [['To', item.ToAddress], ['Cc', item.CcAddress], ['Bcc', item.BccAddress]].filter(([, addresses]) => addresses);
  const replies = records(item.FeedComments);
  return make('div.message', {},
    make('div.message-head', {}, person(author ?? {}), time(when(item))),
    to.map(([name, addresses]) => make('p.to', {}, `${name} `, words(addresses))),
    subject && make('p.subject', { dir: 'auto' }, subject),
    text ? passage(text) : make('p.to', {}, 'No text'),
    item.LinkUrl && make('p.to', {}, outward(item.LinkUrl)),
    replies && cut(item.FeedComments, replies) && make('p.to', {}, `Replies: ${cut(item.FeedComments, replies)}`),
    replies && entries(replies));
}

function file(document) {
  const { Id: id, Title: title, FileExtension: extension, ContentSize: bytes, Owner: owner, LatestPublishedVersion: version } = document;
  const facts = [
    typeof bytes === 'number' && size(bytes),
    version?.VersionNumber && `version ${version.VersionNumber}`,
    owner?.Name && words(owner.Name),
    time(document.LastModifiedDate, true),
  ].filter(Boolean);
  return make('li.file', {},
    make('span.extension', { 'aria-hidden': 'true' }, (extension ?? 'file').slice(0, 5)),
    make('div', {},
      inward(id, extension ? `${title}.${extension}` : title ?? id),
      make('p.facts-line', {}, facts.map((fact, index) => [index > 0 && ' \u00b7 ', fact])),
      document.Description && make('p.to', { dir: 'auto' }, document.Description)));
}

/** A nested record that is neither: its name as a link and its other fields. */
function card(record) {
  const { attributes, Id: id, Name: name, ...rest } = record;
  const others = Object.entries(rest).filter(([, part]) => !isEmpty(part));
  const title = name ?? id;
  return [
    title && (id && !NOT_INDEXED.test(id) ? inward(id, title) : words(title)),
    others.length === 1 && typeof others[0][1] === 'string'
      ? make('span.badge.plain', { title: label(others[0][0]) }, value(others[0][1], others[0][0]))
      : others.length > 0 && fields(others, record),
  ];
}

/** A technical value, short enough for a table. */
function abridged(content) {
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  return text.length > LONG ? `${text.slice(0, 60)}\u2026 (${plural(text.length, 'character')})` : text;
}

/** JSON with line breaks and nothing else changed: numbers stay as they were sent, which parsing would not promise. */
export function indent(text) {
  const tokens = text.match(/"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],:]|[^\s{}[\],:"]+/gs) ?? [];
  let out = '', depth = 0;
  const line = () => `\n${'  '.repeat(depth)}`;
  tokens.forEach((token, index) => {
    const isOpening = token === '{' || token === '[', isClosing = token === '}' || token === ']';
    if (isClosing) {
      depth -= 1;
      out += '{['.includes(tokens[index - 1]) ? token : line() + token;
    } else if (isOpening) {
      depth += 1;
      out += '}]'.includes(tokens[index + 1]) ? token : token + line();
    } else if (token === ',' || token === ':') {
      out += token === ',' ? token + line() : ': ';
    } else {
      const over = token.length - LONGEST_RAW;
      out += over > 0 ? `${token.slice(0, LONGEST_RAW)}\u2026 (${plural(over, 'more character')})"` : token;
    }
  });
  return out;
}

/** Paints the words of a question in the open document, where the browser can do it without touching the text. */
export function paint(question) {
  if (!globalThis.Highlight || !CSS.highlights) return;
  const find = finder(question);
  const ranges = [];
  const walker = document.createTreeWalker(byId('document'), NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    for (const [start, end] of find(walker.currentNode.data)) {
      const range = new Range();
      range.setStart(walker.currentNode, start);
      range.setEnd(walker.currentNode, end);
      ranges.push(range);
    }
  }
  CSS.highlights.set('sought', new Highlight(...ranges));
}
