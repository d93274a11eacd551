import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import type { Page } from 'playwright-core';
import { beforeAll, expect, test, type TestContext } from 'vitest';
import { hasPrograms, isRunnable } from '../../docs/.vitepress/run/runnable.ts';
import { outputPattern, readPages } from '../docs/page.ts';
import { chromiumOrSkip, watch } from './browser.ts';
import { SCREENS } from './screens.ts';
import { libraryBundle, startSite } from './site.ts';

/** Set to a folder, the test leaves pictures of a page there. */
const SCREENSHOTS = process.env['WGRAD_SCREENSHOTS'];

/** A page with the outputs of its blocks that have a button. */
interface RunnablePage {
  readonly file: string;
  readonly outputs: readonly string[];
}

const pages: RunnablePage[] = readPages()
  .filter(({ file }) => hasPrograms(file.replace(/^docs\//, '')))
  .map(({ file, blocks }) => {
    const fences = blocks.map(({ info, text }) => ({ type: 'fence', info, content: text }));
    const runnable = blocks.filter((_, at) => isRunnable(fences, at));
    return { file, outputs: runnable.map((block) => blocks[blocks.indexOf(block) + 1]!.text) };
  })
  .filter(({ outputs }) => outputs.length > 0);

/** The built site, without the reference, by paths of its addresses. */
let files: Record<string, string | Uint8Array> = {};
beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'wgrad-site-'));
  const vitepress = join('node_modules', 'vitepress', 'bin', 'vitepress.js');
  execFileSync(process.execPath, [vitepress, 'build', 'docs', '--outDir', folder], {
    env: { ...process.env, WGRAD_DOCS: 'pages' },
    stdio: 'pipe',
  });
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    files[`/${relative(folder, path)}`] = readFileSync(path);
  }
  rmSync(folder, { recursive: true });
  files = { ...files, '/run/wgrad.min.js': await libraryBundle() };
}, 300_000);

async function open(context: TestContext, file: string): Promise<{ page: Page; faults: string[] }> {
  const browser = await chromiumOrSkip(context);
  const url = await startSite(files);
  const page = await browser.newPage(SCREENS.light);
  const faults = watch(page, url);
  await page.goto(`${url}${file.replace('docs/', '').replace('.md', '.html')}`);
  // Before that the page is text alone.
  await page.waitForLoadState('networkidle');
  return { page, faults };
}

test('the first page has a button at all blocks but the one that writes a file', () => {
  expect(pages.map(({ file }) => file)).toContain('docs/guide/browser.md');
  expect(pages.find(({ file }) => file.endsWith('getting-started.md'))!.outputs).toHaveLength(4);
});

test.for(pages)(
  'the buttons of $file print what stands below the blocks',
  { timeout: 180_000 },
  async ({ file, outputs }, context) => {
    const { page, faults } = await open(context, file);
    const boxes = page.locator('.run');
    expect(await boxes.count()).toBe(outputs.length);
    for (const [at, output] of outputs.entries()) {
      const box = boxes.nth(at);
      await box.locator('button').click();
      await expect.poll(() => box.locator('.run-state').innerText(), { timeout: 60_000 }).toBe('Done.');
      expect(await box.locator('.run-output').textContent()).toMatch(outputPattern(output));
    }
    expect(faults).toEqual([]);
  },
);

/** Makes the page's first block run a program of the test. */
async function setProgram(page: Page, code: string): Promise<void> {
  const program = encodeURIComponent(JSON.stringify([code])).replaceAll("'", '%27');
  await page.evaluate(`document.querySelector('.run').dataset.program = '${program}'`);
}

test('keys run a block, stop it, and its error is shown', async (context) => {
  const { page } = await open(context, 'docs/guide/getting-started.md');
  const box = page.locator('.run').first();
  const [button, state] = [box.locator('button'), box.locator('.run-state')];
  await setProgram(page, 'await new Promise(() => {});');
  await button.focus();
  await page.keyboard.press('Enter');
  await expect.poll(() => button.innerText()).toBe('Stop');
  await page.keyboard.press('Enter');
  await expect.poll(() => state.innerText()).toBe('Stopped.');
  await setProgram(
    page,
    "console.log([-0, new Float32Array([1.5]), { a: 'b' }, true, null, 1n]);\nthrow new RangeError('no');",
  );
  await page.keyboard.press('Enter');
  await expect.poll(() => state.innerText()).toBe('Failed.');
  expect(await box.locator('.run-output').textContent()).toBe(
    "[ -0, Float32Array(1) [ 1.5 ], { a: 'b' }, true, null, 1n ]\nRangeError: no\n",
  );
  for (const [name, size] of SCREENSHOTS ? Object.entries(SCREENS) : []) {
    await page.setViewportSize(size.viewport);
    await page.emulateMedia({ colorScheme: 'colorScheme' in size ? size.colorScheme : 'light' });
    await page.evaluate(`document.documentElement.classList.toggle('dark', ${'colorScheme' in size})`);
    await box.scrollIntoViewIfNeeded();
    await page.screenshot({ path: join(SCREENSHOTS!, `run-${name}.png`) });
  }
});

test('an endless loop of output leaves the page free, and stops', async (context) => {
  const { page } = await open(context, 'docs/guide/getting-started.md');
  const box = page.locator('.run').first();
  await setProgram(page, "console.log('x'.repeat(10_001));\nfor (let i = 1; ; i++) console.log(i);");
  await box.locator('button').click();
  const lines = [
    `${'x'.repeat(10_000)} …`,
    ...Array.from({ length: 999 }, (_, i) => `${i + 1}`),
    '… more lines',
    '',
  ];
  await expect.poll(() => box.locator('.run-output').textContent()).toBe(lines.join('\n'));
  await box.locator('button').click();
  await expect.poll(() => box.locator('.run-state').innerText()).toBe('Stopped.');
  // Chromium takes seconds to end a busy worker.
  await expect.poll(() => page.workers(), { timeout: 30_000 }).toEqual([]);
});

test('a run ends when its page is left, by a link and by Back, and not at a link within the page', async (context) => {
  const { page } = await open(context, 'docs/guide/getting-started.md');
  const begin = async (): Promise<void> => {
    await setProgram(page, "console.log('begun');\nawait new Promise(() => {});");
    await page.locator('.run button').first().click();
    await expect.poll(() => page.locator('.run-output').first().textContent()).toBe('begun\n');
  };
  await begin();
  await page.locator('.vp-doc h2 a').first().dispatchEvent('click');
  await page.waitForURL('**#set-up');
  await page.goBack();
  // VitePress would build the page again with this module.
  await page.evaluate(`(async () => {
    const name = 'guide_getting-started.md';
    await import('/assets/' + name + '.' + __VP_HASH_MAP__[name] + '.js');
    await new Promise((drawn) => requestAnimationFrame(drawn));
  })()`);
  expect(page.workers()).toHaveLength(1);
  expect(await page.locator('.run-state').first().innerText()).toBe('Running …');
  await page.locator('.VPSidebar a[href$="/guide/browser"]').dispatchEvent('click');
  await page.waitForURL('**/guide/browser');
  await expect.poll(() => page.workers()).toEqual([]);
  await expect.poll(() => page.locator('h1').innerText()).toContain('In the browser');
  await begin();
  await page.goBack();
  await expect.poll(() => page.workers()).toEqual([]);
});

test('all methods of the console print, also what contains itself, also after the end of the module', async (context) => {
  const { page } = await open(context, 'docs/guide/getting-started.md');
  const box = page.locator('.run').first();
  await setProgram(
    page,
    `const loop = { list: [] };
loop.list.push(loop);
console.warn(loop);
console.info([[[[1], []], [{ a: 1 }, {}]]]);
console.error('error');
console.debug('debug');
setTimeout(() => console.log('later'), 100);`,
  );
  await box.locator('button').click();
  await expect
    .poll(() => box.locator('.run-output').textContent())
    .toBe('{ list: [ [Circular] ] }\n[ [ [ [Array], [] ], [ [Object], {} ] ] ]\nerror\ndebug\nlater\n');
  expect(await box.locator('.run-state').innerText()).toBe('Done.');
  await setProgram(page, "console.log('again');");
  await box.locator('button').click();
  await expect.poll(() => box.locator('.run-output').textContent()).toBe('again\n');
  await expect.poll(() => page.workers()).toHaveLength(1);
});
