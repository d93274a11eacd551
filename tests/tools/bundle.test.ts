import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { expect, test } from 'vitest';
import { bundleForBrowsers } from '../../scripts/package/bundle.ts';

test('the library, bundled for a browser, has nothing of Node and no package', async () => {
  const { code, inputs } = await bundleForBrowsers();
  const foreign = Object.keys(inputs).filter(
    (path) => !/^src\/(?!platform\/node|pipeline|serve)|^embedded:#(kernels|cpuModule)$/.test(path),
  );
  expect(foreign).toEqual([]);
  expect(Object.keys(inputs)).toContain('src/platform/browser.ts');
  // Names that the bundler leaves alone.
  expect(code).not.toMatch(/node:\w|require\(|\bprocess\.|ZodError|WgslReflect/);
  const [raw, zipped] = [code.length, gzipSync(code, { level: 9 }).length];
  console.log(`the library for a browser, minified: ${raw} bytes, ${zipped} with gzip`);
  expect(zipped).toBeLessThan(130_000);
});

test('a module of Node would be noticed', async () => {
  const entry = { contents: "import 'node:fs'", resolveDir: '.' };
  await expect(build({ stdin: entry, bundle: true, write: false, logLevel: 'silent' })).rejects.toThrow(
    'node:fs',
  );
});
