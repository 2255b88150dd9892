// look.mjs MODULES CHROMIUM PAGES [SCREENSHOTS]
//
// Opens pages in a headless Chromium, as people do: by the mouse, by the keyboard, in light and in dark. Prints
// a line for each thing that holds, and ends with 1 at the first that does not.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [modules, chromiumPath, pages, screenshots] = process.argv.slice(2);
const require = createRequire(`${modules}/`);
const { chromium } = require('playwright-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const url = (name) => pathToFileURL(`${pages}/${name}`).href;

const browser = await chromium.launch({ executablePath: chromiumPath, args: ['--no-sandbox'] });
const holds = (what) => console.log(`  ${what}`);

// A page, and all that it asks for and complains about.
const open = async (name, options = {}) => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  const asked = [];
  const said = [];
  page.on('request', (request) => asked.push(request.url()));
  page.on('console', (message) => { if (['error', 'warning'].includes(message.type())) said.push(message.text()); });
  page.on('pageerror', (error) => said.push(String(error)));
  page.on('dialog', (dialog) => { said.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
  await page.goto(url(name));
  return { page, asked, said, close: () => context.close() };
};

const serious = async (page, exclude = []) => {
  await page.evaluate(axe);
  const { violations, passes } = await page.evaluate((exclude) => globalThis.axe.run({ include: document, exclude }), exclude);
  assert.ok(passes.length > 5, 'axe has looked');
  return violations
    .filter(({ impact }) => ['serious', 'critical'].includes(impact))
    .map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.slice(0, 3).map((node) => node.html.slice(0, 200)).join(' | ')}`);
};

// Each page by itself.
const names = process.env.PAGES.split(' ');
for (const name of names) {
  console.log(name);
  for (const colorScheme of ['light', 'dark']) {
    const { page, asked, said, close } = await open(name, { colorScheme });
    if (name.endsWith('.html')) {
      for (const group of await page.locator('details.group:not([open])').elementHandles()) {
        await group.evaluate((details) => { if (details.dataset.g < 3) details.open = true; });
      }
      assert.deepEqual(await serious(page), []);
      assert.equal(await page.title() === 'hacked', false);
      assert.equal(await page.locator('img').count(), 0);
    }
    const paper = await page.evaluate(() => {
      const drawn = document.querySelector('.paper');
      return drawn ? getComputedStyle(drawn).fill : getComputedStyle(document.body).backgroundColor;
    });
    assert.equal(paper, colorScheme === 'light' ? 'rgb(255, 255, 255)' : 'rgb(15, 19, 23)');
    if (screenshots) await page.screenshot({ path: `${screenshots}/${name.replace('/', '-')}.${colorScheme}.png` });
    assert.deepEqual(asked, [url(name)]);
    assert.deepEqual(said, []);
    await close();
  }
  holds('nothing is loaded, nothing complained about; light and dark; axe finds nothing serious');
}

// The documentation: it asks for nothing but its own files, and finds what is searched for.
for (const name of ['site/index.html', 'site/tutorial.html', 'site/cli/deploy.html']) {
  console.log(name);
  for (const colorScheme of ['light', 'dark']) {
    const { page, asked, said, close } = await open(name, { colorScheme });
    if (screenshots) await page.screenshot({ path: `${screenshots}/${name.replaceAll('/', '-')}.${colorScheme}.png` });
    await page.keyboard.press('s');
    await page.locator('#mdbook-searchbar').pressSequentially('jsonnet');
    await page.locator('#mdbook-searchresults li').first().waitFor();
    assert.deepEqual(asked.filter((what) => !what.startsWith(url('site/'))), []);
    // axe asks for the styles in a way that a file does not allow, so this is before it.
    assert.deepEqual(said, []);
    await page.goto(url(name));
    // mdBook's own button is a label, which may have no name and no state.
    assert.deepEqual(await serious(page, ['#mdbook-sidebar-toggle']), []);
    await close();
  }
  holds('nothing is loaded from elsewhere; the search finds something; axe finds nothing serious but in one button of mdBook');
}

// What the checks above would say, if there were something to say.
console.log('checks that can fail');
{
  const { page, asked, said, close } = await open('graph.html');
  await page.evaluate(() => { document.querySelector('main').append(document.createElement('button')); });
  assert.match((await serious(page)).join(), /button-name/);
  await page.evaluate(() => { const image = new Image(); image.src = 'http://127.0.0.1:9/x.png'; document.body.append(image); });
  assert.equal(await page.evaluate(() => fetch('http://127.0.0.1:9/').then(() => 'loaded', () => 'refused')), 'refused');
  await page.evaluate(() => { const own = document.createElement('script'); own.textContent = 'document.title = "hacked"'; document.body.append(own); });
  assert.notEqual(await page.title(), 'hacked');
  for (const stopped of [/^Loading the image/, /^Connecting to/, /^Executing inline script/]) {
    assert.ok(said.some((text) => stopped.test(text) && text.includes('Content Security Policy')), said.join('\n'));
  }
  // Even what is stopped is counted.
  assert.ok(asked.includes('http://127.0.0.1:9/x.png'));
  holds('axe sees a button without a name; the policy stops an image, a request and a script, and they are counted');
  await close();
}

const focused = (page) => page.evaluate(() => {
  const { id, dataset, textContent } = document.activeElement;
  return id || `${dataset.g === undefined ? 'o' + dataset.o : 'g' + dataset.g} ${textContent.trim()}`.split('\n')[0];
});
const hit = (page) => page.locator('tr.hit').evaluateAll((rows) => rows.map((row) => row.dataset.name).sort());

console.log('a graph by the keyboard');
{
  const { page, said, close } = await open('graph.html');
  let steps = 0;
  while (!(await page.evaluate(() => document.activeElement.closest('svg') !== null))) {
    await page.keyboard.press('Tab');
    assert.ok((steps += 1) < 30, 'the picture is reached by Tab');
  }
  assert.match(await focused(page), /^g2 /);
  await page.keyboard.press('ArrowRight');
  assert.match(await focused(page), /^g0 /);
  await page.keyboard.press('ArrowDown');
  assert.match(await focused(page), /^o0 /);
  const name = await page.locator('#full').getByRole('link', { name: 'ConfigMap redis: failed', exact: true }).getAttribute('data-o');
  assert.equal(name, '0', 'a screen reader says kind, name and state');
  const above = ['Deployment client', 'Deployment redis', 'Deployment server', 'Ingress client', 'Ingress redis', 'Ingress server', 'Service client', 'Service redis', 'Service server'];
  assert.deepEqual(await hit(page), above);
  assert.match(await page.locator('#reach').textContent(), /^ConfigMap redis: 9 objects depend on it, also in /);
  assert.equal(await page.locator('svg .e.hit').count() > 0, true);
  holds('Tab and arrows lead to an object, and what depends on it is marked');
  await page.keyboard.press('Escape');
  assert.deepEqual(await hit(page), []);
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('ArrowLeft');
  assert.match(await focused(page), /^g[12] /);
  await page.keyboard.press('End');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.activeElement.tagName === 'TR');
  assert.equal(await focused(page), 'o4');
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.closest('tr').id), 'o4');
  holds('Enter leads to its row, and Tab into it');
  await page.locator('#fold').press('Enter');
  assert.equal(await page.locator('details.group[open]').count(), 0);
  await page.locator('#detail').press('Enter');
  assert.equal(await page.locator('#folded svg a').count(), 3);
  assert.equal(await page.locator('#folded').isVisible(), true);
  assert.equal(await page.locator('#full').isVisible(), false);
  holds('groups close, and the picture shows groups alone');
  assert.deepEqual(said, []);
  await close();
}

console.log('a graph by the mouse');
{
  const { page, close } = await open('graph.html', { permissions: ['clipboard-read', 'clipboard-write'] });
  await page.locator('#full a[data-o="8"]').hover();
  assert.deepEqual(await hit(page), ['Deployment client', 'Ingress client', 'Ingress server', 'Service client', 'Service server']);
  await page.locator('h1').hover();
  assert.deepEqual(await hit(page), []);
  await page.locator('tr#o14').hover();
  assert.deepEqual(await hit(page), []);
  assert.equal(await page.locator('#reach').textContent(), 'Ingress client: nothing here depends on it');
  holds('pointing at an object marks what depends on it, and no more');
  await page.locator('#full a[data-o="14"]').click();
  assert.equal(await focused(page), 'o14');
  await page.locator('#filter').fill('deployment');
  assert.equal(await page.locator('#count').textContent(), '3 of 15 objects');
  assert.equal(await page.locator('tr[data-o]:visible').count(), 3);
  await page.locator('#filter').fill('');
  await page.locator('#state').selectOption('failed');
  assert.equal(await page.locator('tr[data-o]:visible').count(), await page.locator('tr[data-state="failed"]').count());
  await page.locator('#state').selectOption('');
  holds('a filter by words and by state');
  const button = page.locator('details.group .copy').last();
  const command = await button.evaluate((one) => one.parentElement.querySelector('code').textContent);
  await button.click();
  await page.waitForFunction((one) => one.textContent !== 'copy', await button.elementHandle());
  const got = await button.textContent() === 'copied'
    ? await page.evaluate(() => navigator.clipboard.readText())
    : await page.evaluate(() => getSelection().toString());
  assert.equal(got, command);
  holds(`a command is ${await button.textContent()}`);
  await close();
}

console.log('a page of 1,000 objects');
{
  const from = performance.now();
  const { page, said, close } = await open('large.html');
  const loaded = performance.now();
  assert.equal(await page.locator('tr[data-o]').count(), 1000);
  assert.equal(await page.locator('#folded svg a').count(), 200);
  await page.locator('#folded a[data-g="3"]').hover();
  const reached = await hit(page);
  // Of each group above it, by what the tables say: the workload, its Service, and what leads to that.
  const captions = await page.locator('details.group caption').allTextContents();
  const needs = captions.map((text) => text.match(/^\S+\/([^/:]+):\S+(?: needs (.*))?$/)).map(([, name, list]) => [name, (list ?? '').split(', ')]);
  const above = new Set(['service-3']);
  for (let size = 0; size !== above.size;) {
    size = above.size;
    for (const [name, list] of needs) if (list.some((need) => above.has(need))) above.add(name);
  }
  assert.ok(above.size > 20);
  assert.equal(reached.length, 3 * (above.size - 1));
  assert.match(await page.locator('#reach').textContent(), new RegExp(`^service-3: ${reached.length} objects depend on it`));
  const pointed = await page.evaluate(() => {
    const start = performance.now();
    document.querySelector('#folded a[data-g="1"]').focus();
    return performance.now() - start;
  });
  await page.locator('#detail').click();
  assert.equal(await page.locator('#full svg a[data-o]').count(), 1000);
  await page.locator('#full a[data-o="17"]').scrollIntoViewIfNeeded();
  await page.locator('#full a[data-o="17"]').hover();
  assert.match(await page.locator('#reach').textContent(), /^ServiceAccount service-3: /);
  const typed = performance.now();
  await page.locator('#filter').fill('service-17 ingress');
  assert.equal(await page.locator('tr[data-o]:visible').count(), 11);
  const filtered = performance.now();
  if (screenshots) await page.screenshot({ path: `${screenshots}/large.filtered.png` });
  assert.deepEqual(said, []);
  holds(`loads in ${Math.round(loaded - from)} ms, marks in ${Math.round(pointed)} ms, filters in ${Math.round(filtered - typed)} ms`);
  await close();
}

console.log('a table of deployments');
{
  const { page, said, close } = await open('table.html');
  const first = () => page.locator('tbody tr').first().locator('th').textContent();
  assert.match(await page.locator('time').first().textContent(), /ago$/);
  const age = page.locator('th', { hasText: /^Age/ });
  await age.locator('button').press('Enter');
  assert.equal(await age.getAttribute('aria-sort'), 'ascending');
  await age.locator('button').press('Enter');
  assert.equal(await age.getAttribute('aria-sort'), 'descending');
  assert.equal(await first(), '//services/s1');
  await page.locator('th', { hasText: /^Service/ }).locator('button').click();
  assert.equal(await first(), '//services/s0');
  assert.equal(await page.locator('tbody tr').nth(10).locator('th').textContent(), '//services/s10');
  await page.locator('#filter').fill('services/s9');
  assert.equal(await page.locator('tbody tr:visible').count(), 11);
  assert.equal(await page.locator('#count').textContent(), '11 of 100 lines');
  assert.deepEqual(said, []);
  holds('is sorted and filtered by the keyboard and by the mouse, and says ages');
  await close();
}

console.log('without scripts');
{
  const { page, close } = await open('graph.html', { javaScriptEnabled: false });
  assert.equal(await page.locator('#filter').isVisible(), false);
  assert.equal(await page.locator('.copy').first().isVisible(), false);
  assert.equal(await page.locator('tr[data-o]').first().isVisible(), true);
  assert.equal(await page.locator('#full svg').isVisible(), true);
  await close();
  const table = await open('table.html', { javaScriptEnabled: false });
  assert.match(await table.page.locator('time').first().textContent(), /^2025-/);
  await table.close();
  holds('all is there to read, and nothing that does not work');
}

await browser.close();
