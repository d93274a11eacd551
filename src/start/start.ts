import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { constants, Script } from 'node:vm';
import { type Archive, archivePlace, readArchive, writeArchive } from './archive.ts';
import { mapStackTraces } from './stackTraces.ts';

/** A module that is a command. */
export interface Command {
  /** Takes the command line's arguments, and the SHA-256 of files that a start has read, by their paths. */
  readonly main: (
    args: string[],
    files: readonly (readonly [path: string, sha256: string])[],
  ) => Promise<void>;
}

/** A code cache that is so much larger than the one that is kept takes its place: more functions have been compiled. */
const LARGER = 1.1;

/**
 * Runs a command from a bundle of its modules. To load 480 modules one by one takes tsx longer than all else that a
 * start does; a bundle with V8's code cache takes a tenth of that.
 *
 * The bundle is made where there is none, or where a file that went into it has changed by a byte; nobody has to build
 * anything. Whatever fails on the way, the modules themselves are loaded instead, and say what is wrong. With
 * `WGRAD_START=source` they are loaded in any case.
 *
 * @param entry the command's module
 * @param load imports it
 * @example await start(new URL('./trainCommand.ts', import.meta.url), () => import('./trainCommand.ts'));
 */
export async function start(entry: URL, load: () => Promise<Command>): Promise<void> {
  const bundled = await fromBundle(fileURLToPath(entry)).catch(() => undefined);
  const { main } = bundled?.command ?? (await load());
  const files = (bundled?.inputs ?? []).map(([path, hash]) => [path, hash] as const);
  await main(process.argv.slice(2), files);
}

async function fromBundle(
  entry: string,
): Promise<{ command: Command; inputs: Archive['inputs'] } | undefined> {
  if (process.env.WGRAD_START === 'source') return undefined;
  const place = archivePlace(entry);
  let archive = readArchive(place);
  if (!archive) {
    const { makeBundle } = await import('./bundle.ts');
    archive = await makeBundle(entry);
    writeArchive(place, archive);
  }
  const { command, script } = run(archive, place);
  process.once('exit', () => {
    const codeCache = script.createCachedData();
    if (script.cachedDataRejected !== false || codeCache.length > LARGER * archive.codeCache.length) {
      writeArchive(place, { ...archive, codeCache });
    }
  });
  return { command, inputs: archive.inputs };
}

/** Evaluates a bundle as Node evaluates a CommonJS module. */
function run({ code, codeCache }: Archive, place: string): { command: Command; script: Script } {
  const filename = `${place}.js`;
  mapStackTraces(filename, `${place}.map`);
  const script = new Script(`(function (exports, require, module) {\n${code}\n})`, {
    filename,
    ...(codeCache.length > 0 && { cachedData: codeCache }),
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  const evaluate = script.runInThisContext() as (
    exports: unknown,
    require: NodeJS.Require,
    module: object,
  ) => void;
  const module = { exports: {} as Command };
  evaluate(module.exports, createRequire(filename), module);
  return { command: module.exports, script };
}
