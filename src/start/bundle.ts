import { build, type Plugin } from 'esbuild';
import { readFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { type Archive, inputOf, ROOT } from './archive.ts';

/** Packages of JavaScript alone that a start loads; all others are loaded from where they are installed. */
const INLINED = new Set(['cli-progress', 'fastest-levenshtein', 'ignore', 'wgsl_reflect', 'yaml', 'zod']);

/** Files that decide what the bundle is without being part of it. */
const DECIDING = ['package-lock.json', 'tsconfig.json', 'src/start/bundle.ts', 'src/start/start.ts'];

/** Bundles a command's modules into one CommonJS script. */
export async function makeBundle(entry: string): Promise<Archive> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: [entry],
    outfile: 'bundle.js',
    write: false,
    metafile: true,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: `node${process.versions.node}`,
    // As tsx has it: errors and modules go by the names of their classes.
    keepNames: true,
    minifyWhitespace: true,
    sourcemap: 'external',
    sourcesContent: false,
    legalComments: 'none',
    logLevel: 'silent',
    plugins: [ownUrls, packages, english],
  });
  const text = (extension: string): string => outputFiles.find(({ path }) => path.endsWith(extension))!.text;
  const inputs = [...Object.keys(metafile.inputs), ...DECIDING];
  return {
    inputs: inputs.map(inputOf),
    code: text('.js'),
    map: text('.map'),
    codeCache: new Uint8Array(),
  };
}

/** Modules look for files beside themselves, so each keeps its own URL. */
const ownUrls: Plugin = {
  name: 'own-urls',
  setup: (bundler) =>
    bundler.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8');
      const url = JSON.stringify(pathToFileURL(path).href);
      return { contents: source.replaceAll('import.meta.url', url), loader: 'ts' };
    }),
};

const packages: Plugin = {
  name: 'packages',
  setup: (bundler) =>
    bundler.onResolve({ filter: /^[^./]/ }, ({ path, importer, kind }) => {
      if (kind === 'entry-point' || /[\\/]node_modules[\\/]/.test(importer)) return undefined;
      return INLINED.has(path.split('/')[0]!) ? undefined : { external: true };
    }),
};

/** zod's messages in 50 languages would be a fifth of the bundle. */
const english: Plugin = {
  name: 'english',
  setup: (bundler) =>
    bundler.onLoad({ filter: /[\\/]zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, () => ({
      contents: "export { default as en } from './en.js';",
    })),
};
