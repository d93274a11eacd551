import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, expect, test, type TestContext } from 'vitest';
import { writeStaticSite } from '../../src/serve/page/staticSite.ts';
import { images } from '../pipeline/training/trainingFixture.ts';
import { chromiumOrSkip, watch } from './browser.ts';
import { writeDataFolder } from './dataFolder.ts';
import { SCREENS } from './screens.ts';
import { startSite } from './site.ts';

/** Set to a folder, the test leaves pictures of the page there. */
const SCREENSHOTS = process.env['WGRAD_SCREENSHOTS'];

interface BuiltSite {
  readonly files: Record<string, Buffer>;
  /** The folder of the data. */
  readonly data: string;
}

const root = mkdtempSync(join(tmpdir(), 'wgrad-static-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** The files of the site by paths of their addresses, with data and without: they are written once for all tests. */
let built: Promise<readonly [BuiltSite, BuiltSite]> | undefined;

async function build(): Promise<readonly [BuiltSite, BuiltSite]> {
  const data = await writeDataFolder(join(root, 'raw'), images(6000, 0), images(300, 1));
  const write = async (name: string, from: string): Promise<BuiltSite> => {
    const target = join(root, name);
    await writeStaticSite(target, { models: 'models', data: from });
    const paths = readdirSync(target, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name));
    const files = paths.map(
      (path) => [path.replace(target, '/docs/try').replace(/index\.html$/, ''), readFileSync(path)] as const,
    );
    return { files: Object.fromEntries(files), data };
  };
  return [await write('try', data), await write('without', join(root, 'none'))];
}

/** The page in a folder of a site that serves nothing but files, with data or without. */
async function openSite(
  context: TestContext,
  withData: boolean,
): Promise<{ page: Page; faults: string[]; data: string }> {
  const browser = await chromiumOrSkip(context);
  built ??= build();
  const { files, data } = (await built)[withData ? 0 : 1];
  const url = await startSite(files);
  const page = await browser.newPage(SCREENS.light);
  const faults = watch(page, url);
  await page.goto(`${url}docs/try/`);
  return { page, faults, data };
}

async function train(page: Page): Promise<string> {
  await page.locator('input[name=device][value=cpu]').check();
  await page.fill('input[name=epochs]', '1');
  await page.selectOption('select[name=limitTrain]', '1000');
  await page.click('#start');
  await page.locator('#result-controls').waitFor({ timeout: 50_000 });
  return page.locator('#state').innerText();
}

test('as files, the page classifies with the models of the site, and trains on its data', async (context) => {
  const { page, faults } = await openSite(context, true);
  await page.locator('.sample').first().click();
  await expect.poll(() => page.locator('#classes li').count(), { timeout: 20_000 }).toBe(10);
  expect(await page.locator('#source option').allTextContents()).toEqual([
    'Model cnn, version 1',
    'Model mlp, version 1',
  ]);
  expect(await page.locator('#model').innerText()).toMatch(/^Model cnn, version 1, in this browser/);
  await page.selectOption('#source', { index: 1 });
  await expect.poll(() => page.locator('#model').innerText(), { timeout: 20_000 }).toMatch(/^Model mlp/);
  await page.click('#to-train');
  expect(await page.locator('#data').isHidden()).toBe(true);
  expect(await train(page)).toMatch(/of the 300 test images are classified correctly/);
  expect(await page.locator('footer').innerText()).toMatch(/from this site, .*Documentation/s);
  expect(faults).toEqual([]);
}, 120_000);

test('without data, it asks for the files of Fashion-MNIST', async (context) => {
  const { page, faults, data } = await openSite(context, false);
  expect(await page.locator('#samples').isHidden()).toBe(true);
  await page.click('#to-train');
  await page.click('#start');
  const state = page.locator('#state');
  expect(await state.innerText()).toBe(
    'This site holds no images. Choose the four files of Fashion-MNIST first.',
  );
  const files = readdirSync(data).map((name) => join(data, name));
  await page.setInputFiles('#data-files', files.slice(0, 1));
  await page.click('#start');
  await expect
    .poll(() => state.innerText(), { timeout: 20_000 })
    .toMatch(/-ubyte is not among the chosen files/);
  await page.setInputFiles('#data-files', files);
  expect(await page.locator('#data-chosen').innerText()).toMatch(/train-images-idx3-ubyte/);
  for (const [name, size] of SCREENSHOTS ? Object.entries(SCREENS) : []) {
    await page.setViewportSize(size.viewport);
    await page.emulateMedia({ colorScheme: 'colorScheme' in size ? size.colorScheme : 'light' });
    await page.screenshot({ path: join(SCREENSHOTS!, `static-${name}.png`), fullPage: true });
  }
  expect(await train(page)).toMatch(/of the 300 test images are classified correctly/);
  expect(faults).toEqual([]);
}, 120_000);

test('a model that arrives after another was chosen does not take its place', async (context) => {
  const { page } = await openSite(context, true);
  let release = (): void => undefined;
  const isHeld = new Promise<void>((held) => {
    void page.route('**/models/cnn.json', async (route) => {
      held();
      await new Promise<void>((resolve) => (release = resolve));
      await route.continue();
    });
  });
  await page.locator('.sample').first().click();
  await isHeld;
  await page.click('#clear');
  await page.selectOption('#source', { index: 1 });
  const arrived = page.waitForEvent('requestfinished', (request) => request.url().endsWith('cnn.json'));
  release();
  await arrived;
  await page.evaluate('new Promise((resolve) => setTimeout(resolve, 100))');
  await page.locator('.sample').nth(1).click();
  await page.locator('#closer').waitFor({ timeout: 20_000 });
  expect(await page.locator('#model').innerText()).toMatch(/^Model mlp/);
});

test.for([
  [404, '', /models\/cnn\.json: the answer has status 404$/],
  [200, '<html></html>', /models\/cnn\.json: not a model, but 13 characters that are no JSON$/],
] as const)(
  'a model whose file is missing is explained: status %i',
  async ([status, body, text], context) => {
    const { page } = await openSite(context, true);
    await page.route('**/models/cnn.json', (route) => route.fulfill({ status, body }));
    await page.locator('.sample').first().click();
    await page.locator('#answer.bad').waitFor({ timeout: 20_000 });
    expect(await page.locator('#answer').innerText()).toMatch(text);
  },
);
