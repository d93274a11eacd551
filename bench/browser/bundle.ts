import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { embedModules } from '../../src/platform/node/embedded/bundlerPlugin.ts';
import type { Files } from './site.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const packages = join(root, 'bench/node_modules');

/** What contenders load in a page: packages of bench/package.json, and files of them. */
const LOADED = [
  '@jax-js/jax',
  '@tensorflow/tfjs-core',
  '@tensorflow/tfjs-core/dist/register_all_gradients.js',
  '@tensorflow/tfjs-backend-wasm',
  '@tensorflow/tfjs-backend-webgpu',
];
/** The package that has WebAssembly files, and the folder where they are. */
const WITH_FILES = '@tensorflow/tfjs-backend-wasm';

/** Starts the Worker, and promises that it is ready. */
const PAGE = `<!doctype html><link rel="icon" href="data:,"><title>wgrad bench</title>
<script>
globalThis.ready = new Promise((resolve, reject) => {
  const worker = new Worker('/worker.js' + location.search, { type: 'module' });
  worker.onmessage = () => resolve(true);
  worker.onerror = ({ message }) => reject(new Error(message));
});
</script>`;

/** The page's files: its Worker's program, which loads each library when a contender asks for it, and what libraries fetch. */
export async function pageFiles(): Promise<Files> {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: ['bench/browser/worker.ts'],
    outdir: '/',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    write: false,
    logLevel: 'error',
    plugins: [embedModules, embedPackages],
  });
  return {
    '/': PAGE,
    ...Object.fromEntries(outputFiles.map(({ path, contents }) => [`/${basename(path)}`, contents])),
    ...wasmFiles(),
  };
}

/** Names of packages are no constants in the contenders: the library is built and checked without them. */
const embedPackages: Plugin = {
  name: 'packages',
  setup(bundler) {
    bundler.onResolve({ filter: /^#packages$/ }, ({ path }) => ({ path, namespace: 'packages' }));
    bundler.onLoad({ filter: /.*/, namespace: 'packages' }, () => ({
      contents: packagesModule(),
      resolveDir: join(root, 'bench'),
    }));
  },
};

/** A module with the installed packages: what loads each, its version, and the address of its files. */
function packagesModule(): string {
  const installed = LOADED.filter((name) => existsSync(join(packages, folderOf(name))));
  const entries = installed.map((name) => {
    const manifest = readFileSync(join(packages, folderOf(name), 'package.json'), 'utf8');
    const { version } = JSON.parse(manifest) as { version: string };
    const files = name === WITH_FILES ? `/${name}/` : undefined;
    const facts = JSON.stringify({ version, files });
    return `${JSON.stringify(name)}: { load: () => import(${JSON.stringify(name)}), ...${facts} }`;
  });
  return `export const packages = {\n${entries.join(',\n')}\n};`;
}

/** `@scope/name` of a package or of a file in it. */
function folderOf(name: string): string {
  return name.split('/').slice(0, 2).join('/');
}

function wasmFiles(): Files {
  const folder = join(packages, WITH_FILES, 'dist');
  if (!existsSync(folder)) return {};
  const names = readdirSync(folder).filter((name) => name.endsWith('.wasm'));
  return Object.fromEntries(
    names.map((name) => [`/${WITH_FILES}/${name}`, readFileSync(join(folder, name))]),
  );
}
