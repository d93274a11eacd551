import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { embedModules } from '../../src/platform/node/embedded/bundlerPlugin.ts';

interface Bundle {
  code: string;
  sourceMap: string;
  /** The files that it comes from, with the bytes that each has in `code`. */
  inputs: Readonly<Record<string, number>>;
}

/** The library as one minified module for browsers, wgrad.min.js: kernels and the WebAssembly module are in it. */
export async function bundleForBrowsers(): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: fileURLToPath(new URL('../..', import.meta.url)),
    entryPoints: ['scripts/package/browserEntry.ts'],
    outfile: 'wgrad.min.js',
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    write: false,
    metafile: true,
    sourcemap: 'linked',
    logLevel: 'warning',
    plugins: [embedModules],
  });
  const text = (suffix: string): string => outputFiles.find(({ path }) => path.endsWith(suffix))!.text;
  const { inputs } = metafile.outputs['wgrad.min.js']!;
  return {
    code: text('.js'),
    sourceMap: text('.map'),
    inputs: Object.fromEntries(
      Object.entries(inputs).map(([path, { bytesInOutput }]) => [path, bytesInOutput]),
    ),
  };
}
