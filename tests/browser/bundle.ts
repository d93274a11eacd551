import { build } from 'esbuild';
import { embeddedKernels } from '../../scripts/package/kernels.ts';

/** src/index.ts as one minified module for browsers, and the files that it comes from. */
export async function bundleForBrowsers(): Promise<{ code: string; inputs: string[] }> {
  const { outputFiles, metafile } = await build({
    entryPoints: ['src/index.ts'],
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    write: false,
    metafile: true,
    logLevel: 'silent',
    plugins: [
      {
        // As in the built package; in the repository, `#kernels` reads files.
        name: 'kernels',
        setup(bundler) {
          bundler.onResolve({ filter: /^#kernels$/ }, () => ({ path: 'kernels', namespace: 'embedded' }));
          bundler.onLoad({ filter: /.*/, namespace: 'embedded' }, () => ({ contents: embeddedKernels() }));
        },
      },
    ],
  });
  const inputs = Object.keys(metafile.inputs).map((path) => path.replace('embedded:', ''));
  return { code: outputFiles[0]!.text, inputs };
}
