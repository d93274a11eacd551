import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { expect, test } from 'vitest';
import { bundleForBrowsers } from '../../scripts/package/bundle.ts';
import type * as wgrad from '../../src/index.ts';
import { temporaryFolder } from '../pipeline/files/disks.ts';

const bundle = bundleForBrowsers();

test('the library, bundled for a browser, has nothing of Node and no package', async () => {
  const { code, inputs } = await bundle;
  const foreign = inputs.filter(
    (path) =>
      !/^src\/(?!platform\/node|pipeline|serve|diagnostics)|^scripts\/package\/browserEntry\.ts$|^embedded:#(kernels|cpuModule)$/.test(
        path,
      ),
  );
  expect(foreign).toEqual([]);
  expect(inputs).toContain('src/platform/browser.ts');
  // Names that the bundler leaves alone.
  expect(code).not.toMatch(/node:\w|require\(|\bprocess\.|ZodError|WgslReflect/);
  const [raw, zipped] = [code.length, gzipSync(code, { level: 9 }).length];
  console.log(`the library for a browser, minified: ${raw} bytes, ${zipped} with gzip`);
  expect(zipped).toBeLessThan(178_700);
  const [, stated] = /one file of (\d+) kB with gzip/.exec(readFileSync('README.md', 'utf8'))!;
  expect(Math.abs(zipped / 1000 - Number(stated))).toBeLessThan(3);
});

test('the minified classes keep their names, which are printed', async () => {
  const file = join(temporaryFolder(), 'wgrad.min.mjs');
  const { code, sourceMap } = await bundle;
  writeFileSync(file, code);
  writeFileSync(join(dirname(file), 'wgrad.min.js.map'), sourceMap);
  const minified = (await import(pathToFileURL(file).href)) as typeof wgrad;
  const classes = Object.entries({
    ...minified,
    ...minified.nn,
    ...minified.optim,
    ...minified.optim.lrScheduler,
  }).filter(([name, value]) => typeof value === 'function' && /^[A-Z]/.test(name));
  expect(classes.length).toBeGreaterThan(40);
  expect(classes.filter(([name, value]) => (value as { name: string }).name !== name)).toEqual([]);
  const { nn } = minified;
  await minified.init('cpu');
  expect(String(new nn.Sequential(new nn.Linear(1, 2)))).toBe(
    'Sequential(\n  (0): Linear(in_features=1, out_features=2, bias=True)\n)',
  );
});

test('a module of Node would be noticed', async () => {
  const entry = { contents: "import 'node:fs'", resolveDir: '.' };
  await expect(build({ stdin: entry, bundle: true, write: false, logLevel: 'silent' })).rejects.toThrow(
    'node:fs',
  );
});
