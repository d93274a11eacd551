import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { minify } from 'terser';
import { packedModules } from './packed.ts';

const FILE = 'wgrad.min.js';

interface Bundle {
  code: string;
  sourceMap: string;
  /** The files that it comes from. */
  inputs: string[];
}

/**
 * The library as one minified module for browsers, wgrad.min.js: kernels and the WebAssembly module are in it. esbuild bundles it
 * and shortens private names; terser then makes the code 2.5 % smaller with gzip.
 */
export async function bundleForBrowsers(): Promise<Bundle> {
  const { preamble, plugin } = packedModules();
  const { outputFiles, metafile } = await build({
    absWorkingDir: fileURLToPath(new URL('../..', import.meta.url)),
    entryPoints: ['scripts/package/browserEntry.ts'],
    outfile: FILE,
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    write: false,
    metafile: true,
    sourcemap: 'external',
    logLevel: 'warning',
    plugins: [plugin, staticImports],
  });
  const text = (suffix: string): string => outputFiles.find(({ path }) => path.endsWith(suffix))!.text;
  const { code, map } = await minify(text('.js'), {
    module: true,
    ecma: 2020,
    compress: { passes: 2 },
    format: { preamble },
    sourceMap: { content: text('.map'), filename: FILE, url: `${FILE}.map` },
  });
  return { code: code!, sourceMap: map as string, inputs: Object.keys(metafile.outputs[FILE]!.inputs) };
}

/**
 * In one file, a backend that is imported later saves nothing, but esbuild wraps each of its modules in a function for it: 2 kB
 * with gzip.
 */
const staticImports: Plugin = {
  name: 'static imports',
  setup(bundler) {
    bundler.onLoad({ filter: /\/src\/tensor\/device\.ts$/ }, ({ path }) => {
      const imports: string[] = [];
      const contents = readFileSync(path, 'utf8').replaceAll(
        /await import\(('[^']+')\)/g,
        (_, from: string) => {
          const name = `backend${imports.length}`;
          imports.push(`import * as ${name} from ${from};\n`);
          return name;
        },
      );
      if (imports.length === 0) throw new Error(`${path} imports no backend`);
      return { contents: imports.join('') + contents, loader: 'ts' };
    });
  },
};
