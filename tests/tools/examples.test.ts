import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test, type TestContext } from 'vitest';
import { webgpuOrSkip } from '../adapter.ts';
import { chromiumOrSkip, watch } from '../browser/browser.ts';
import { type Files, ISOLATION, startSite } from '../browser/site.ts';
import { installedPackage, run, succeed } from './installedPackage.ts';
import { runtimeOrSkip } from './runtimes.ts';

const RESULT = /^accuracy 9\d\.\d %$/;

const copy = mkdtempSync(join(tmpdir(), 'wgrad-examples-'));
const folder = (name: string): string => join(copy, 'examples', name);

/** The examples in a repository whose package is built, after `npm install` in their folders. */
beforeAll(async () => {
  const { dist } = await installedPackage();
  cpSync('examples', join(copy, 'examples'), {
    recursive: true,
    filter: (path) => !path.includes('node_modules'),
  });
  symlinkSync(dist, join(copy, 'dist'));
  for (const name of ['vite', 'deno']) {
    mkdirSync(join(folder(name), 'node_modules'));
    symlinkSync(dist, join(folder(name), 'node_modules/wgrad'));
  }
  symlinkSync(resolve('node_modules/vite'), join(folder('vite'), 'node_modules/vite'));
}, 240_000);

afterAll(() => rmSync(copy, { recursive: true, force: true }));

/** Files of a folder by their paths on a server; index.html is a folder's page. */
function filesOf(root: string): Files {
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    files.map(({ parentPath, name }) => {
      const path = join(parentPath, name);
      return [`/${relative(root, path)}`.replace(/index\.html$/, ''), readFileSync(path)];
    }),
  );
}

/** What the page shows of its device, once its result stands there. */
async function visit(context: TestContext, files: Files, path: string, headers = {}): Promise<string> {
  const browser = await chromiumOrSkip(context);
  const url = await startSite(files, headers);
  const page = await browser.newPage();
  const faults = watch(page, url);
  await page.goto(url + path);
  const text = (id: string): Promise<string | null> => page.locator(`#${id}`).textContent();
  await expect.poll(async () => (await text('result')) || faults.join(), { timeout: 30_000 }).toMatch(RESULT);
  expect(faults).toEqual([]);
  return (await text('device'))!;
}

test('the page trains with one script', async (context) => {
  const files = {
    '/dist/wgrad.min.js': readFileSync(join(copy, 'dist/wgrad.min.js')),
    '/examples/page/': readFileSync(join(folder('page'), 'index.html')),
  };
  expect(await visit(context, files, 'examples/page/')).toMatch(/^(cpu: .* one thread|webgpu: .*)$/);
});

test('the Vite project builds, and trains in a Worker with threads', async (context) => {
  await succeed(run(process.execPath, ['node_modules/vite/bin/vite.js', 'build'], folder('vite')));
  const device = await visit(context, filesOf(join(folder('vite'), 'dist')), '', ISOLATION);
  expect(device).toMatch(/^(cpu: .* \d+ threads|webgpu: .*)$/);
});

test('the Deno script trains on the default device, and on WebGPU', async (context) => {
  const deno = runtimeOrSkip(context, 'deno');
  const train = (...args: string[]): Promise<string> =>
    succeed(run(deno, ['run', '--no-prompt', 'train.ts', ...args], folder('deno')));
  expect(await train()).toMatch(/^(cpu|webgpu): .*\naccuracy 9\d\.\d %\n$/);
  await webgpuOrSkip(context);
  expect(await train('webgpu')).toMatch(/^webgpu: .*\naccuracy 9\d\.\d %\n$/);
});
