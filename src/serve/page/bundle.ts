import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A script of the page and its text. */
export type Scripts = ReadonlyMap<string, string>;

/** The scripts: what the page itself runs, and what its workers run. */
export const SCRIPTS = ['app.js', 'worker.js'] as const;

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const CLIENT = fileURLToPath(new URL('client/', import.meta.url));
/** Where `build.ts` writes the scripts, for installations without esbuild. */
export const BUILT: string = fileURLToPath(new URL('../../../dist/page/', import.meta.url));

/**
 * The page's scripts, with the library, its kernels and the WebAssembly module in them. They are bundled from the sources
 * where esbuild is installed, so that an edit takes effect at the next start, and otherwise read from `dist/page`.
 *
 * @throws Error if there is neither
 */
export async function pageScripts(): Promise<Scripts> {
  const esbuild = await import('esbuild').catch(() => undefined);
  if (esbuild) return bundle(esbuild);
  const missing = SCRIPTS.find((name) => !existsSync(BUILT + name));
  if (missing !== undefined) {
    throw new Error(
      `${BUILT}${missing} is missing, and esbuild is not installed: run npm run page where it is`,
    );
  }
  return new Map(SCRIPTS.map((name) => [name, readFileSync(BUILT + name, 'utf8')]));
}

async function bundle({ build }: typeof import('esbuild')): Promise<Scripts> {
  const { embedModules } = await import('../../platform/node/embedded/bundlerPlugin.ts');
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: { app: `${CLIENT}app.ts`, worker: `${CLIENT}worker/worker.ts` },
    outdir: BUILT,
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    write: false,
    logLevel: 'silent',
    plugins: [embedModules],
  });
  const texts = outputFiles.map(({ path, text }) => [path.split(/[\\/]/).at(-1)!, text] as const);
  return new Map(texts);
}
