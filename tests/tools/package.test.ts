import { copyFileSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { webgpuOrSkip } from '../adapter.ts';
import { installedPackage, type Outcome, run, succeed } from './installedPackage.ts';

const require = createRequire(import.meta.url);
const compilers = {
  '6': require.resolve('typescript/bin/tsc'),
  // The one that @arethetypeswrong comes with.
  '5.6': createRequire(require.resolve('@arethetypeswrong/core')).resolve('typescript/bin/tsc'),
};

function node(...args: readonly string[]): Promise<Outcome> {
  return run(process.execPath, args, project);
}

/** Writes a file of the project. */
function write(name: string, text: string): void {
  writeFileSync(join(project, name), text);
}

/** The package's folder, its packed file, and an empty project in which that is installed. */
let { dist, project, tarball } = { dist: '', project: '', tarball: '' };
beforeAll(async () => {
  ({ dist, project, tarball } = await installedPackage());
}, 240_000);

test('installs no package but itself', () => {
  expect(readdirSync(join(project, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual([
    'wgrad',
  ]);
});

describe.each(Object.entries(compilers))('with TypeScript %s', (version, compiler) => {
  test.each([
    ['nodenext', ['--target', 'es2022']],
    ['esnext', ['--target', 'es2022', '--moduleResolution', 'bundler', '--noEmit']],
    // A library that declares what the package's types declare too.
    ['nodenext', ['--target', 'es2022', '--lib', 'es2022,dom,esnext.disposable', '--noEmit']],
  ])(
    'a strict program compiles: --module %s %j',
    async (module, options) => {
      expect(await succeed(node(compiler, '--version'))).toContain(`Version ${version}`);
      copyFileSync('tests/tools/package/train.ts', join(project, 'train.mts'));
      const strict = ['--strict', '--noUncheckedIndexedAccess', '--exactOptionalPropertyTypes'];
      await succeed(node(compiler, ...strict, '--module', module, ...options, 'train.mts'));
      if (options.includes('--noEmit')) return;
      expect(await succeed(node('train.mjs'))).toBe('cpu learns\n');
    },
    120_000,
  );
});

describe('without TypeScript', () => {
  const body = `
  await init(process.argv[2] ?? 'cpu');
  const x = tensor([1, 2], { requiresGrad: true });
  x.square().sum().backward();
  console.log(await x.grad.toArray());
`;

  test('an ES module imports it', async () => {
    write('main.mjs', `import { init, tensor } from 'wgrad';${body}`);
    expect(await succeed(node('main.mjs'))).toBe('[ 2, 4 ]\n');
  });

  test('the entry for diagnostics works on its tensors', async () => {
    write(
      'check.mjs',
      `import { init, tensor } from 'wgrad';
import { gradcheck, profile } from 'wgrad/diagnostics';
await init('cpu');
const x = tensor([1, 2], { dtype: 'float64', requiresGrad: true });
console.log(await gradcheck((each) => each.square(), [x]));
const profiler = profile();
x.add(1);
const { launches } = await profiler.stop();
console.log(launches.map(({ kernel, flops, bytes }) => [kernel, flops, bytes].join(' ')).join());`,
    );
    expect(await succeed(node('check.mjs'))).toBe('true\nbinary 2 40\n');
  });

  test('the entry for ONNX writes its models', async () => {
    write(
      'export.mjs',
      `import { init, nn, rand } from 'wgrad';
import { exportOnnx, OnnxError } from 'wgrad/onnx';
await init('cpu');
const model = new nn.Sequential(new nn.Linear(4, 3), new nn.ReLU());
console.log((await exportOnnx(model, rand([1, 4]))).length > 100);
await exportOnnx(model, rand([1, 4]), { opset: 1 }).catch((error) => console.log(error instanceof OnnxError));`,
    );
    expect(await succeed(node('export.mjs'))).toBe('true\ntrue\n');
  });

  test('the entry for data gives batches of its tensors', async () => {
    write(
      'load.mjs',
      `import { arange, init } from 'wgrad';
import { DataLoader, TensorDataset } from 'wgrad/data';
await init('cpu');
const loader = new DataLoader(new TensorDataset(arange(5)), { batchSize: 2 });
for await (const [batch] of loader) console.log(await batch.toArray());`,
    );
    expect(await succeed(node('load.mjs'))).toBe('[ 0, 1 ]\n[ 2, 3 ]\n[ 4 ]\n');
  });

  test('classes keep their names, which are printed', async () => {
    write(
      'names.mjs',
      `import { nn, optim, Tensor } from 'wgrad';
for (const [name, value] of Object.entries({ ...nn, ...optim, Tensor })) {
  if (typeof value === 'function' && /^[A-Z]/.test(name) && value.name !== name) console.log(name, value.name);
}`,
    );
    expect(await succeed(node('names.mjs'))).toBe('');
  });

  test('no message names a command of the repository', () => {
    const code = readdirSync(join(dist, 'chunks'))
      .concat('../index.js', '../platform/node/platform.js')
      .filter((name) => name.endsWith('.js'))
      .map((name) =>
        readFileSync(join(dist, 'chunks', name), 'utf8').replaceAll(/^\s*(\/\/|\*|\/\*).*$/gm, ''),
      )
      .join('\n');
    expect(code.match(/.*(npx tsx|\bscripts\/).*/g)).toBeNull();
  });

  test('a CommonJS module requires it, or is told to import it', async () => {
    write('main.cjs', `const { init, tensor } = require('wgrad');\n(async () => {${body}})();\n`);
    expect(await succeed(node('main.cjs'))).toBe('[ 2, 4 ]\n');
    const { code, output } = await node('--no-experimental-require-module', 'main.cjs');
    expect(code).not.toBe(0);
    expect(output).toMatch(/require\(\) of ES Module .*index\.js[^]* import\(\)/);
  });

  test('WebGPU asks for the package webgpu, and works with it', async (context) => {
    write('main.mjs', `import { init, tensor } from 'wgrad';${body}`);
    expect((await node('main.mjs', 'webgpu')).output).toMatch(/AdapterError: [^]*`npm install webgpu`/);
    await webgpuOrSkip(context);
    const link = join(project, 'node_modules/webgpu');
    symlinkSync(resolve('node_modules/webgpu'), link);
    onTestFinished(() => rmSync(link));
    expect(await succeed(node('main.mjs', 'webgpu'))).toContain('[ 2, 4 ]\n');
  });

  test('a bundler for browsers takes the files for browsers alone', async () => {
    const { metafile } = await build({
      absWorkingDir: project,
      stdin: { contents: "export * from 'wgrad'", resolveDir: project },
      bundle: true,
      format: 'esm',
      write: false,
      metafile: true,
      logLevel: 'silent',
    });
    const files = Object.keys(metafile.inputs).map((path) => path.replace('node_modules/wgrad/', ''));
    expect(files).toEqual(expect.arrayContaining(['index.js', 'kernels.js', 'platform/browser.js']));
    expect(files.filter((path) => /node|dawn/.test(path))).toEqual([]);
  });

  test('a page downloads one backend, the kernels only for WebGPU', async () => {
    const { outputFiles, metafile } = await build({
      absWorkingDir: project,
      stdin: { contents: "export * from 'wgrad'", resolveDir: project },
      ...{ outdir: 'page', bundle: true, minify: true, splitting: true, format: 'esm', target: 'es2022' },
      ...{ write: false, metafile: true, logLevel: 'silent' },
    });
    const sizes = new Map(
      outputFiles.map(({ path, contents }) => [basename(path), gzipSync(contents, { level: 9 }).length]),
    );
    const importsOf = (file: string, kind: string): string[] =>
      metafile.outputs[`page/${file}`]!.imports.filter((each) => each.kind === kind).map(({ path }) =>
        basename(path),
      );
    /** kB of a file and all that it imports statically. */
    const loaded = (...files: string[]): number => {
      const all = new Set(files);
      for (const file of all) for (const each of importsOf(file, 'import-statement')) all.add(each);
      return [...all].reduce((sum, file) => sum + sizes.get(file)!, 0) / 1000;
    };
    const entry = 'stdin.js';
    const found = Object.fromEntries(
      ['webgpu', 'cpu'].map((name) => {
        const chunk = importsOf(entry, 'dynamic-import').find((file) => file.startsWith(name))!;
        return [name, loaded(entry, chunk)];
      }),
    );
    console.log('a page downloads, kB with gzip:', found);
    const guide = readFileSync('docs/guide/browser.md', 'utf8');
    const [, webgpu, cpu] = /(\d+) kB with gzip where there is\sWebGPU, and (\d+) kB elsewhere/.exec(guide)!;
    expect(found.webgpu).toBeLessThan(130);
    expect(Math.abs(found.webgpu! - Number(webgpu))).toBeLessThan(3);
    expect(Math.abs(found.cpu! - Number(cpu))).toBeLessThan(3);
  });
});

test('publint and arethetypeswrong find no fault', async () => {
  const { messages, pkg } = await publint({ pkgDir: dist, strict: true });
  expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
  const cli = resolve('node_modules/@arethetypeswrong/cli/dist/index.js');
  // What it says of CommonJS was true before Node could require ES modules.
  await succeed(node(cli, tarball, '--ignore-rules', 'cjs-resolves-to-esm'));
}, 120_000);
