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
  page.on('console', (message) => { if (['error', 'warning'].includes(message.type())) complaints.push(`console: ${message.text()}`); });
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
