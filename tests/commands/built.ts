import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, type Plugin, version } from 'esbuild';

/** Commands that start no other module of the sources, but for the training. */
const COMMANDS = [
  ...['api', 'card', 'data', 'evaluate', 'export', 'kernels', 'predict', 'registry'],
  ...['runs', 'sweep', 'train', 'tune', 'verify', 'visualize'],
];

let built: Promise<string> | undefined;

/**
 * What Node takes to run a command of the project in a process of its own. With tsx, a process spends a second of the
 * processor on loading hundreds of modules, and tests start hundreds of processes. So the commands are bundled. That
 * users' ways to start them work is seen by tests/commands/signals.test.ts and tests/docs.
 *
 * @example spawn(process.execPath, [...(await commandWords('train')), 'configs/mlp.yaml'])
 */
export async function commandWords(name: string): Promise<string[]> {
  if (!COMMANDS.includes(name)) return ['--import', import.meta.resolve('tsx'), resolve(`src/${name}.ts`)];
  built ??= buildCommands();
  return [join(await built, `${name}.js`)];
}

/** Below the project, where its packages are found. */
const CACHE = resolve('node_modules/.cache/wgrad-commands');
const DAY = 86_400_000;

/** The folder of the bundles of these sources, which processes share. */
async function buildCommands(): Promise<string> {
  const folder = join(CACHE, sourcesHash());
  if (existsSync(folder)) return folder;
  mkdirSync(CACHE, { recursive: true });
  for (const old of readdirSync(CACHE).map((name) => join(CACHE, name))) {
    if (statSync(old).mtimeMs < Date.now() - DAY) rmSync(old, { recursive: true, force: true });
  }
  const scratch = mkdtempSync(join(CACHE, 'building-'));
  await build({
    entryPoints: COMMANDS.map((name) => `src/${name}.ts`),
    outdir: scratch,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    keepNames: true,
    logLevel: 'warning',
    plugins: [ownPlaces(folder)],
  });
  try {
    renameSync(scratch, folder);
  } catch (error) {
    // Another process was faster.
    if (!existsSync(folder)) throw error;
    rmSync(scratch, { recursive: true });
  }
  return folder;
}

/** A digest of all that the bundles are made of. */
function sourcesHash(): string {
  const hash = createHash('sha256').update(version);
  const sources = readdirSync('src', { recursive: true, encoding: 'utf8' });
  const paths = sources.filter((path) => path.endsWith('.ts')).map((path) => join('src', path));
  for (const path of ['package.json', 'tests/commands/built.ts', ...paths.sort()]) {
    hash.update(path).update(readFileSync(path));
  }
  return hash.digest('hex').slice(0, 16);
}

/**
 * Modules know their places among the sources; commands know those of their bundles, which start each other. Of the packages,
 * zod alone is bundled: it has a hundred modules.
 */
function ownPlaces(folder: string): Plugin {
  const commands = new Map(COMMANDS.map((name) => [resolve(`src/${name}.ts`), join(folder, `${name}.js`)]));
  const train = pathToFileURL(join(folder, 'train.js')).href;
  return {
    name: 'own places',
    setup(bundler) {
      bundler.onResolve({ filter: /^[^./#]/ }, ({ path, kind }) =>
        kind === 'entry-point' || path === 'zod' ? undefined : { path, external: true },
      );
      bundler.onLoad({ filter: /[\\/]src[\\/].*\.ts$/ }, ({ path }) => ({
        loader: 'ts',
        contents: readFileSync(path, 'utf8')
          .replaceAll('import.meta.url', JSON.stringify(pathToFileURL(commands.get(path) ?? path).href))
          .replaceAll("import.meta.resolve('./train.ts')", JSON.stringify(train)),
      }));
    },
  };
}
