import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'esbuild';
import lzma from 'lzma';
import { embeddedTexts, kernelsCode } from '../../src/platform/node/embedded/kernels.ts';

const platform = new URL('../../src/platform/', import.meta.url);

/** Bytes in the form that `unpack` reads. The header's 13 bytes say what is always the same, and the size. */
export function pack(bytes: Uint8Array): string {
  return Buffer.from(lzma.compress(bytes, 9)).subarray(13).toString('base64');
}

/** The kernels and both builds of the WebAssembly module, packed. */
interface Packed {
  /** The first line of the bundle. Compressors make blocks of what stands together, and base64 is best in blocks of its own. */
  readonly preamble: string;
  /** Puts modules into the bundle that read the first line. */
  readonly plugin: Plugin;
}

/** What package.json's `imports` choose for browsers, in 5 kB less than the modules of the package have with gzip. */
export function packedModules(): Packed {
  const builds = ['cpu.wasm', 'cpuRelaxed.wasm'].map((file) => readFileSync(new URL(file, platform)));
  const [plain, relaxed] = builds.map(({ length }) => length) as [number, number];
  const texts = Buffer.from(JSON.stringify(embeddedTexts()));
  const modules: Readonly<Record<string, string>> = {
    '#cpuModule': `import { unpack } from './unpack.ts';

export function compileCpuModule(relaxed) {
  const [start, end] = relaxed ? [${plain}, ${plain + relaxed}] : [0, ${plain}];
  return WebAssembly.compile(unpack(packedModule, end).subarray(start));
}
`,
    '#kernels': `import { unpack } from './unpack.ts';

let texts;
const all = () => (texts ??= JSON.parse(new TextDecoder().decode(unpack(packedKernels, ${texts.length}))));
${kernelsCode('all()')}`,
  };
  const resolveDir = fileURLToPath(platform);
  return {
    preamble: `const packedModule="${pack(Buffer.concat(builds))}",packedKernels="${pack(texts)}";`,
    plugin: {
      name: 'packed',
      setup(bundler) {
        bundler.onResolve({ filter: /^#(kernels|cpuModule)$/ }, ({ path }) => ({
          path,
          namespace: 'embedded',
        }));
        bundler.onLoad({ filter: /.*/, namespace: 'embedded' }, ({ path }) => ({
          contents: modules[path]!,
          resolveDir,
        }));
      },
    },
  };
}
