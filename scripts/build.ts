/**
 * Writes the npm package of the library: bundled JavaScript with source maps, the kernels and their signatures as a module,
 * the WebAssembly module as another, all of it as one minified module for browsers (wgrad.min.js), and types.
 *
 * usage: npx tsx scripts/build.ts [folder]      (default dist)
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { embeddedCpuModule } from '../src/platform/node/embedded/cpuModule.ts';
import { embeddedKernels } from '../src/platform/node/embedded/kernels.ts';
import { bundleForBrowsers } from './package/bundle.ts';
import { entries } from './package/entries.ts';
import { manifest } from './package/manifest.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const target = resolve(process.argv[2] ?? join(root, 'dist'));

async function writeCode(): Promise<void> {
  await build({
    absWorkingDir: root,
    entryPoints: {
      index: 'src/index.ts',
      ...Object.fromEntries(Object.entries(entries).map(([name, file]) => [name, `src/${file}`])),
      'platform/browser': 'src/platform/browser.ts',
      'platform/node/platform': 'src/platform/node/platform.ts',
    },
    outdir: target,
    chunkNames: 'chunks/[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'neutral',
    target: 'es2022',
    external: ['#platform', '#kernels', '#cpuModule', 'webgpu', 'node:*'],
    sourcemap: true,
    logLevel: 'warning',
  });
  writeFileSync(join(target, 'kernels.js'), embeddedKernels());
  writeFileSync(join(target, 'cpuModule.js'), embeddedCpuModule());
  const { code, sourceMap } = await bundleForBrowsers();
  writeFileSync(join(target, 'wgrad.min.js'), code);
  writeFileSync(join(target, 'wgrad.min.js.map'), sourceMap);
  writeFileSync(join(target, 'wgrad.min.d.ts'), "export * from './types/index.js';\n");
  // Beside its module, for compilers that do not read `exports`.
  for (const [name, file] of Object.entries(entries)) {
    const types = file.replace(/ts$/, 'js');
    writeFileSync(join(target, `${name}.d.ts`), `export * from './types/${types}';\n`);
  }
}

/** Writes the declarations of all entries, and those that they import. */
function writeTypes(): void {
  const all = mkdtempSync(join(tmpdir(), 'wgrad-types-'));
  try {
    const options = [
      '--noEmit',
      'false',
      '--emitDeclarationOnly',
      '--stripInternal',
      '--rootDir',
      'src',
      '--outDir',
      all,
    ];
    const compiler = join(root, 'node_modules/typescript/bin/tsc');
    execFileSync(process.execPath, [compiler, '-p', 'tsconfig.library.json', ...options], {
      cwd: root,
      stdio: 'inherit',
    });
    const files = ['index.ts', ...Object.values(entries)];
    const found = new Set(files.map((file) => join(all, file.replace(/ts$/, 'd.ts'))));
    for (const path of found) {
      const text = readFileSync(path, 'utf8');
      for (const [, imported] of text.matchAll(/(?:from|import) '(\.[^']+)\.ts'/g)) {
        found.add(resolve(dirname(path), `${imported!}.d.ts`));
      }
      const copy = join(target, 'types', relative(all, path));
      mkdirSync(dirname(copy), { recursive: true });
      writeFileSync(copy, text.replaceAll(/((?:from|import) '\.[^']+)\.ts'/g, "$1.js'"));
    }
  } finally {
    rmSync(all, { recursive: true });
  }
}

rmSync(target, { recursive: true, force: true });
await writeCode();
writeTypes();
for (const file of ['LICENSE', 'CHANGELOG.md']) copyFileSync(join(root, file), join(target, file));
copyFileSync(join(root, 'scripts/package/README.md'), join(target, 'README.md'));
writeFileSync(join(target, 'package.json'), `${JSON.stringify(manifest(), null, 2)}\n`);
