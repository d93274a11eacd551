/** Obtains the data set's files from the first source that can give them. */
import { FileError } from '../../files/fileError.ts';
import { shellWord } from '../../text/shellWord.ts';
import { type DataFile } from '../dataFile.ts';
import { DataError, oneLine } from '../errors.ts';
import { DEFAULT_ROOT, type FashionMnistFiles } from '../fashionMnist.ts';
import { type RawFileState, storeRawFile } from '../rawFolder.ts';
import { type Reporter, silentReporter } from '../reporter.ts';
import { inspectFiles } from '../status.ts';
import { aptSource } from './apt.ts';
import { cacheSource } from './cache.ts';
import { debianSource } from './debian.ts';
import { mirrorSource } from './mirror.ts';
import { rawSource } from './raw.ts';
import { type Source, type SourceContext } from './source.ts';

/** Every source, in the order in which they are tried. */
export const DEFAULT_SOURCES: readonly Source[] = [
  cacheSource(),
  rawSource(),
  debianSource(),
  mirrorSource(),
  aptSource(),
];

export interface FetchOptions {
  /** Where missing files may come from, in order; default {@link DEFAULT_SOURCES}. */
  readonly sources?: readonly Source[];
  /** What to fetch; default {@link FASHION_MNIST_FILES}. */
  readonly files?: FashionMnistFiles;
  /** Whether to replace files of other content under the same names. By default they are refused. */
  readonly replace?: boolean;
  readonly reporter?: Reporter;
  /** Aborts the fetch, transfers and child processes included. Finished files stay. */
  readonly signal?: AbortSignal;
}

/**
 * Makes sure that `root` holds all four files, decompressed, with the published checksums.
 *
 * Intact files are not changed. A missing file comes from the first source that has it. A file of other content may be
 * the user's own: it is refused, and nothing is written, unless `replace` is set. Every file is verified before it is
 * stored.
 *
 * @throws DataError where a file of other content is in the way, or a file cannot be obtained, naming each source and its
 *   reason
 * @throws FileError when `root` cannot be written
 * @throws the signal's reason when it is aborted
 * @example
 * await fetchFashionMnist('data/raw');
 * const { train, test } = await loadFashionMnist('data/raw');
 */
export async function fetchFashionMnist(
  root: string = DEFAULT_ROOT,
  options: FetchOptions = {},
): Promise<void> {
  const signal = options.signal ?? new AbortController().signal;
  const context = { root, signal, reporter: options.reporter ?? silentReporter };
  const states = await inspectFiles(root, options.files);
  if (!options.replace) refuseChanged(root, states);
  let missing = findMissing(states, context.reporter);
  const tried: string[] = [];
  for (const source of options.sources ?? DEFAULT_SOURCES) {
    if (missing.length === 0) return;
    const { obtained, reasons } = await takeFrom(source, missing, context);
    missing = missing.filter((file) => !obtained.has(file));
    for (const reason of reasons) tried.push(`${source.name.padEnd(6)}  ${reason}`);
  }
  if (missing.length > 0) throw notObtained(root, missing, tried);
}

function refuseChanged(root: string, states: readonly RawFileState[]): void {
  const changed = states.filter(({ state }) => state === 'changed');
  if (changed.length === 0) return;
  throw new DataError(`${root}: other files have the names of Fashion-MNIST's; nothing was written`, {
    got: changed.map(({ problem }) => problem!).join('\n'),
    fix:
      'data of your own need data.format and data.name: see docs/guide/your-own-data.md\n' +
      `if they are damaged copies, replace them: npx tsx src/data.ts fetch --root ${shellWord(root)} --replace`,
  });
}

/** The files to obtain. */
function findMissing(states: readonly RawFileState[], reporter: Reporter): DataFile[] {
  for (const { state, problem } of states) {
    if (state === 'changed') reporter.note(`${problem!}; it will be replaced`);
  }
  // An intact .gz still counts as missing: what is kept is the decompressed file.
  return states
    .filter(({ state, path }) => state !== 'intact' || path!.endsWith('.gz'))
    .map(({ file }) => file);
}

/** Stores the files that one source has, and collects the reasons for the others. */
async function takeFrom(
  source: Source,
  files: readonly DataFile[],
  context: SourceContext,
): Promise<{ obtained: Set<DataFile>; reasons: Set<string> }> {
  const obtained = new Set<DataFile>();
  // A set: one cause (such as no network) usually fails all four files, and is reported once.
  const reasons = new Set<string>();
  const attempt = async (work: () => Promise<void>): Promise<void> => {
    try {
      context.signal.throwIfAborted();
      await work();
    } catch (error) {
      context.signal.throwIfAborted();
      if (error instanceof FileError) throw error;
      reasons.add(oneLine(error));
    }
  };
  await attempt(async () => {
    const opened = await source.open(context);
    try {
      for (const file of files) {
        await attempt(async () => {
          await storeRawFile(context.root, file, await opened.read(file));
          obtained.add(file);
          context.reporter.note(`${file.name}: stored in ${context.root}, from ${source.name}`);
        });
      }
    } finally {
      await opened.close?.();
    }
  });
  return { obtained, reasons };
}

function notObtained(root: string, missing: readonly DataFile[], tried: readonly string[]): DataError {
  return new DataError('Fashion-MNIST: some files could not be obtained', {
    missing: missing.map((file) => file.name).join('\n'),
    tried: tried.join('\n'),
    'by hand':
      `put these files, decompressed or as .gz, into ${root}\n` +
      'They are in the folder data/fashion of https://github.com/zalandoresearch/fashion-mnist\n' +
      'and in the Debian package dataset-fashion-mnist. Then run: npx tsx src/data.ts fetch',
  });
}
