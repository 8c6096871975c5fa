// Uses the search page as a person would and says what did not work. Started by run.sh.

import { mkdirSync } from 'node:fs';
import { chromium } from 'playwright-core';

const [url, word = 'falcon'] = process.argv.slice(2);
const shots = process.env.SHOTS;
const SYNC_LIMIT = 120_000; // ms; a demo takes seconds
const home = new URL(url);

let passed = 0, failed = 0;

/** One sentence that should be true. */
async function check(sentence, test) {
  let reason = '';
  try {
    if ((await test()) === false) reason = 'it is not so';
  } catch (error) {
    reason = error.message.split('\n')[0];
  }
  if (reason) failed += 1; else passed += 1;
  console.log(`${reason ? 'FAIL' : 'ok  '} ${sentence}${reason ? `: ${reason}` : ''}`);
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});

const complaints = []; // of the console, of scripts, of the network
async function open(query, { width = 1280, height = 860, scheme = 'light' } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme, locale: 'en-GB', timezoneId: 'UTC' });
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  page.on('console', (message) => {
    // A document that somebody may not see is asked for on purpose, and the browser says that it is not found.
    const isMeant = /404/.test(message.text()) && /\/api\/document\/.*as=/.test(message.location().url);
    if (['error', 'warning'].includes(message.type()) && !isMeant) complaints.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => complaints.push(`script: ${error.message}`));
  page.on('request', (request) => { if (new URL(request.url()).host !== home.host) complaints.push(`request to ${request.url()}`); });
  await page.goto(new URL(query, home).href);
  return page;
}

async function shot(page, name) {
  if (shots) await page.screenshot({ path: `${shots}/${name}.png` });
}
if (shots) mkdirSync(shots, { recursive: true });

const synced = (page) => page.locator('#state[data-state="completed"]').waitFor({ timeout: SYNC_LIMIT });
const ready = (page) => page.locator('a.hit').first().waitFor();
const number = async (locator) => Number((await locator.textContent()).replace(/\D/g, ''));

const page = await open('.');
// A picture of the sync, if it is still at work.
await page.locator('#progress').waitFor({ timeout: 1500 }).then(() => shot(page, 'syncing-light-1280'), () => {});

await check('the strip says that the sync is done', async () => {
  await synced(page);
  await page.waitForFunction(() => /document/.test(document.getElementById('state-text').textContent));
});
await check('the search box has the focus at the start', () => page.evaluate(() => document.activeElement.id === 'q'));
await check('everything is listed before anything is asked', () => ready(page));
await shot(page, 'start-light-1280');

await check(`"${word}" has hits`, async () => {
  await page.keyboard.type(word);
  await page.locator('a.hit mark').first().waitFor();
  return (await number(page.locator('#count'))) > 0;
});
await check('matches are marked, and only words that begin with what was asked', async () => {
  const marks = await page.locator('a.hit mark').allTextContents();
  return marks.length > 0 && marks.every((mark) => mark.toLowerCase().startsWith(word.slice(0, 3).toLowerCase()));
});
await check('the address holds the question', () => new URL(page.url()).searchParams.get('q') === word);
await shot(page, 'search-light-1280');

await check('"load more" adds hits', async () => {
  const more = page.locator('#more');
  if (!(await more.isVisible())) return true;
  const before = await page.locator('a.hit').count();
  await more.click();
  await page.waitForFunction((count) => document.querySelectorAll('a.hit').length > count, before);
});
await check('a type can be chosen and leaves only its documents', async () => {
  const chip = page.locator('.chip:not([data-kind=""])').first();
  const [expected, kind, name] = [await number(chip.locator('.number')), await chip.getAttribute('data-kind'), await chip.locator('bdi').textContent()];
  await chip.click();
  await page.locator(`.chip[data-kind="${kind}"][aria-pressed="true"]`).waitFor();
  await page.waitForFunction((count) => document.getElementById('count').textContent.replace(/\D/g, '') === String(count), expected);
  const badges = await page.locator('a.hit .badge').allTextContents();
  return badges.length > 0 && badges.every((badge) => badge === name) && new URL(page.url()).searchParams.get('kind') === kind;
});

await check('the arrow keys move through the hits and back to the box', async () => {
  await page.locator('#q').focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  const second = await page.evaluate(() => [...document.querySelectorAll('a.hit')].indexOf(document.activeElement));
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('ArrowUp');
  return second === 1 && (await page.evaluate(() => document.activeElement.id === 'q'));
});

await check('Enter opens a document beside the list', async () => {
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.locator('#document-title').waitFor();
  return (await page.locator('#document .fields').first().isVisible()) && Boolean(new URL(page.url()).searchParams.get('doc'));
});
await shot(page, 'document-light-1280');
await check('Escape closes it and gives the focus back', async () => {
  await page.keyboard.press('Escape');
  await page.locator('#document').waitFor({ state: 'hidden' });
  return page.evaluate(() => document.activeElement.classList.contains('hit'));
});
await check('back and forward walk through what was opened', async () => {
  await page.goForward();
  await page.locator('#document-title').waitFor();
  await page.goBack();
  await page.locator('#document').waitFor({ state: 'hidden' });
});

/** The case with the most in it, asked for through the API as the page does. */
const richest = await page.evaluate(async () => {
  const { hits } = await (await fetch('api/search?kind=Case&size=100')).json();
  const weighed = await Promise.all(hits.map(async ({ id }) => {
    const document = await (await fetch(`api/document/${id}`)).json();
    const source = document._source ?? document;
    return { id, weight: ['EmailMessages', 'CaseComments', 'Feeds', 'ContentDocumentLinks'].filter((key) => source[key]?.records?.length || source[key]?.length).length };
  }));
  return weighed.sort((a, b) => b.weight - a.weight)[0] ?? { id: 'there-is-no-case' };
});
await check('nested entities show as threads with author and time', async () => {
  await page.goto(new URL(`?q=${encodeURIComponent(word)}&doc=${richest.id}`, home).href);
  await page.locator('#document-title').waitFor();
  const threads = await page.locator('#document .thread .message-head').evaluateAll((heads) => heads.map((head) => Boolean(head.querySelector('.person')?.textContent)));
  return threads.length > 0 && threads.every(Boolean) && (await page.locator('#document .thread time').count()) > 0;
});
await shot(page, 'case-light-1280');
await check('the raw document is one click away', async () => {
  await page.getByRole('button', { name: 'JSON' }).click();
  const raw = await page.locator('#document .raw').textContent();
  return JSON.parse(raw) !== null && raw.includes(richest.id);
});
await check('a file shows what is known of it', async () => {
  await page.goto(new URL('.', home).href);
  await ready(page);
  const chip = page.locator('.chip', { hasText: /^File/ });
  if (!(await chip.count())) throw new Error('no file is in the index');
  await chip.click();
  await page.waitForFunction(() => [...document.querySelectorAll('a.hit .badge')].every((badge) => badge.textContent === 'File'));
  await page.locator('a.hit').first().click();
  await page.locator('#document .fields').first().waitFor();
  return /size/i.test(await page.locator('#document .fields').first().textContent());
});
await shot(page, 'file-light-1280');
await check('a search for nonsense says so', async () => {
  await page.goto(new URL('?q=zzzqqqxxx', home).href);
  await page.locator('#notice').waitFor();
  return /Nothing matches/.test(await page.locator('#notice').textContent());
});
await check('"/" brings the focus to the box', async () => {
  await page.locator('#state').focus();
  await page.keyboard.press('/');
  return page.evaluate(() => document.activeElement.id === 'q');
});
await check('markup in the question stays text', async () => {
  await page.goto(new URL(`?q=${encodeURIComponent('"><img src=x onerror=alert(1)></script>')}`, home).href);
  await page.locator('#count').waitFor();
  return (await page.locator('img').count()) === 0;
});
await check('the details of the sync can be opened', async () => {
  await synced(page);
  await page.locator('#state').click();
  return page.locator('#details dl').isVisible();
});
await shot(page, 'details-light-1280');
await page.context().close();

/* Search as a user, when the index says who may find what */

const as = await open('.');
const api = (path) => as.evaluate(async (asked) => {
  const answer = await fetch(asked);
  return { status: answer.status, body: await answer.json() };
}, path);
const totalOf = async (user) => (await api(`api/search?size=100&as=${user}`)).body;
const counted = (total) => as.waitForFunction((text) => document.getElementById('count').textContent.replace(/\D/g, '') === text, total ? String(total) : '');
const choice = () => as.getByLabel('Search as', { exact: true });

/** Chooses a user by keyboard alone where names are typed, and in a native list where there is one. */
async function choose(user) {
  await choice().focus();
  if (await choice().evaluate((element) => element.tagName === 'SELECT')) return choice().selectOption(user.id);
  await as.keyboard.type(user.email ?? user.name);
  await as.locator(`#users [data-user="${user.id}"][aria-selected="true"]`).waitFor();
  return as.keyboard.press('Enter');
}

await synced(as);
await ready(as);
const { total: users, readers } = (await api('api/readers?size=50')).body;
let least = null; // who sees least, but something
if (users > 0) {
  const everything = (await api('api/search?size=100')).body;
  for (const user of readers.slice(0, 20)) {
    const seen = await totalOf(user.id);
    if (seen.total > 0 && seen.total < (least?.total ?? Infinity)) least = { ...user, ...seen };
  }
  await check('somebody sees something, and not everything', () => least !== null && least.total < everything.total);
  await check('at first the administrator searches, who sees everything', async () => {
    await choice().waitFor();
    const shown = await choice().evaluate((element) => element.selectedOptions?.[0].textContent ?? element.value);
    return /administrator/i.test(shown) && (await number(as.locator('#count'))) === everything.total;
  });
  await check('a chosen user finds what the index says, in hits and types', async () => {
    await choose(least);
    await counted(least.total);
    const types = await as.locator('.chip:not([data-kind=""]) .number').allTextContents();
    return types.reduce((sum, text) => sum + Number(text.replace(/\D/g, '')), 0) === least.total && least.total <= everything.total;
  });
  await check('the address keeps who searches, and shows the same when it is opened again', async () => {
    if (new URL(as.url()).searchParams.get('as') !== least.id) return false;
    await as.reload();
    await counted(least.total);
    await choice().waitFor();
    await as.waitForFunction((name) => {
      const element = document.getElementById('as');
      return (element.selectedOptions?.[0].textContent ?? element.value).includes(name);
    }, least.name);
  });
  await shot(as, 'as-light-1280');
  await check('"back" brings the administrator back, "forward" the user', async () => {
    await as.goBack();
    await counted(everything.total);
    await as.goForward();
    await counted(least.total);
  });
  await check('what the user may not see is not found, in the same words as what is not there', async () => {
    const allowed = new Set(Object.values(least.kinds).map(({ kind }) => kind));
    const kind = everything.kinds.map(({ kind: name }) => name).find((name) => !allowed.has(name));
    const { hits } = (await api(`api/search?size=100${kind ? `&kind=${kind}` : ''}`)).body;
    const statuses = [];
    for (const { id } of hits) statuses.push([id, (await api(`api/document/${id}?as=${least.id}`)).status]);
    const [hidden] = statuses.find(([, status]) => status === 404) ?? [];
    if (!hidden) throw new Error('every document that was tried can be seen');
    const said = [];
    for (const id of [hidden, 'there-is-none']) {
      await as.goto(new URL(`?as=${least.id}&doc=${id}`, home).href);
      await as.locator('#document-title').waitFor();
      said.push((await as.locator('#document').textContent()).replaceAll(id, ''));
    }
    await shot(as, 'as-not-found-light-1280');
    return said[0] === said[1] && /not in the index/.test(said[0]);
  });
  await check('an open document closes to who may not see it', async () => {
    const { hits } = (await api('api/search?size=100')).body;
    let hidden = null;
    for (const { id } of hits) if (!hidden && (await api(`api/document/${id}?as=${least.id}`)).status === 404) hidden = id;
    if (!hidden) return true;
    await as.goto(new URL(`?doc=${hidden}`, home).href);
    await as.locator('#document .fields').first().waitFor();
    await choice().waitFor();
    await choose(least);
    await as.locator('#document', { hasText: 'not in the index' }).waitFor();
    return as.evaluate(() => document.activeElement.id === 'as');
  });
  await check('links to other documents stay with the user', async () => {
    await as.goto(new URL(`?as=${least.id}`, home).href);
    await ready(as);
    const targets = await as.locator('a[data-doc]').evaluateAll((links) => links.map((link) => link.getAttribute('href')));
    return targets.every((target) => new URLSearchParams(target).get('as') === least.id);
  });
  await check('who has no access document finds nothing and is told so', async () => {
    await as.goto(new URL('?as=005000000000XYZ', home).href);
    await as.locator('#notice', { hasText: 'no access document' }).waitFor();
    const hits = await as.locator('a.hit').count();
    await shot(as, 'as-unknown-light-1280');
    await as.getByRole('button', { name: 'Search as administrator' }).click();
    await counted(everything.total);
    return hits === 0;
  });
  if (users > 50) {
    await check('names are sought as they are typed, and Escape leaves everything as it was', async () => {
      await choice().click();
      await as.locator('#users [role="option"]').first().waitFor();
      await shot(as, 'as-open-light-1280');
      await as.keyboard.type('zzzqqq');
      await as.locator('.users .note', { hasText: 'No user' }).waitFor();
      await as.keyboard.press('Escape');
      return (await as.locator('.users').isHidden()) && /administrator/i.test(await choice().inputValue());
    });
  }
}
await check('without users there is no choice of one', async () => users > 0 || (await as.locator('#reader').isHidden()));
await as.context().close();

for (const scheme of ['light', 'dark']) {
  for (const width of [1280, 390]) {
    const look = await open(`?q=${encodeURIComponent(word)}`, { width, height: width === 390 ? 844 : 860, scheme });
    await check(`at ${width} px, ${scheme}: nothing is wider than the screen`, async () => {
      await ready(look);
      await synced(look);
      const fits = () => document.documentElement.scrollWidth <= innerWidth;
      const list = await look.evaluate(fits);
      await shot(look, `list-${scheme}-${width}`);
      await look.goto(new URL(`?q=${encodeURIComponent(word)}&doc=${richest.id}`, home).href);
      await look.locator('#document .thread').first().waitFor();
      await shot(look, `open-${scheme}-${width}`);
      if (least) {
        await look.goto(new URL(`?q=${encodeURIComponent(word)}&as=${least.id}`, home).href);
        await look.getByLabel('Search as', { exact: true }).waitFor();
        await look.waitForFunction(() => document.getElementById('count').textContent);
        await shot(look, `as-${scheme}-${width}`);
        if (!(await look.evaluate(fits))) return false;
        await look.goto(new URL(`?q=${encodeURIComponent(word)}&doc=${richest.id}`, home).href);
        await look.locator('#document .thread').first().waitFor();
      }
      return list && (await look.evaluate(fits)) && (await look.evaluate(() => document.getElementById('document').scrollWidth <= innerWidth));
    });
    await look.context().close();
  }
}

await check('nobody complained, and nothing was asked of another host', () => {
  if (complaints.length) throw new Error([...new Set(complaints)].slice(0, 5).join('; '));
});
await browser.close();
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;
