/** The command that obtains, checks and versions the data set: see HELP. */

import { closest, distance } from 'fastest-levenshtein';

import { CORRUPTIONS } from './pipeline/data/corruptions/index.ts';
import { compareWithPointer } from './pipeline/data/dvc/compare.ts';
import { findPointer, pointerPath } from './pipeline/data/dvc/pointer.ts';
import { lockProject, staleRecords } from './pipeline/data/dvc/project.ts';
import { WgradError } from './backend/errors.ts';
import { DEFAULT_ROOT, loadFashionMnist } from './pipeline/data/fashionMnist.ts';
import { streamReporter } from './pipeline/data/reporter.ts';
import { DEFAULT_SOURCES } from './pipeline/data/sources/fetch.ts';
import { formatStatus, inspectFiles } from './pipeline/data/status.ts';
import { storeFile } from './pipeline/files/atomicFile.ts';
import { DEFINITIONS } from './pipeline/data/variants/definition.ts';
import { prepareVariant } from './pipeline/data/variants/prepare.ts';
import { fetchVersion, PUBLISHED } from './pipeline/data/version.ts';
import { Interrupted, interruptSignal, parseCommandLine, UsageError } from './pipeline/cli/commandLine.ts';
import { corruptionSheet } from './pipeline/reporting/figures/corruptionSheet.ts';

const COMMANDS = ['fetch', 'status', 'verify', 'lock', 'prepare', 'sheet'];
const SOURCES = DEFAULT_SOURCES.map((source) => source.name);

const DEFAULT_SHEET = 'reports/corruption-sheet.png';

const HELP = `usage: npx tsx src/data.ts <command> [options]
       npx tsx src/data.ts prepare <name> [options]

commands
  fetch    put the four Fashion-MNIST files into the folder, from the first source that has them,
           in the version that the pointer file (data/raw.dvc) names
  status   print what the folder holds, checksums included, and how it differs from the pointer file
  verify   check the folder; fails, naming the file, when one is missing, changed or not part of the version
  lock     record what is there, as DVC does: pointer files of the data (data/raw.dvc, data/processed/*.dvc),
           dvc.lock for the stages of dvc.yaml whose files are there, and copies of the data in .dvc/cache
  prepare  make the version of the data set that ${DEFINITIONS}/<name>.yaml defines, as four IDX archives with a data
           card in processed/<name> beside the folder, and its pointer file; an intact one is left
  sheet    draw every corruption at every severity on one sheet

options
  --root <folder>    where the files are kept (default ${DEFAULT_ROOT})
  --source <names>   fetch only: where missing files may come from, comma-separated, in order
                     (default ${SOURCES.join(',')}); intact files always stay
                       cache   .dvc/cache, which keeps every version that was fetched or locked
                       raw     .gz files put into the folder by hand
                       debian  the installed package dataset-fashion-mnist
                       mirror  the data set's public mirrors
                       apt     that package, downloaded by apt-get and unpacked, not installed
  --corruptions <names>  sheet only: which, comma-separated (default: all)
  --seed <number>    sheet only: seed of the random numbers (default 0)
  --out <file>       sheet only: the PNG to write (default ${DEFAULT_SHEET})
  --check            lock only: write nothing; fails, naming stage and file, when a record is not true any more
  --help             print this

The pointer file is committed, and training refuses data that it does not name; data.version=<md5>.dir in a
configuration asks for another version by name.

exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted`;

async function main(args: string[]): Promise<number> {
  const { values, positionals } = parse(args);
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const [command, ...rest] = positionals;
  if (command === undefined) throw new UsageError('give a command');
  requireKnown('command', command, COMMANDS);
  const [name, ...more] = command === 'prepare' ? rest : [undefined, ...rest];
  if (more.length > 0) throw new UsageError(`one command at a time, got also: ${more.join(' ')}`);
  if (values.source !== undefined && command !== 'fetch')
    throw new UsageError('--source goes with fetch only');
  for (const option of ['corruptions', 'seed', 'out'] as const) {
    if (values[option] !== undefined && command !== 'sheet')
      throw new UsageError(`--${option} goes with sheet only`);
  }
  if (command === 'prepare') return prepare(values.root, name);
  if (command === 'sheet') return drawSheet(values);
  if (values.check && command !== 'lock') throw new UsageError('--check goes with lock only');

  if (command === 'lock') return lock(values.root, values.check);
  if (command === 'status') return status(values.root);
  if (command === 'fetch') await fetchFiles(values.root, values.source);
  return verify(values.root);
}

async function status(root: string): Promise<number> {
  console.log(formatStatus(await inspectFiles(root)));
  const pointer = await findPointer(root);
  if (pointer === undefined) {
    console.log(`\n${pointerPath(root)}: not there, so the folder has no version`);
    return 0;
  }
  const differences = await compareWithPointer(root, pointer, [PUBLISHED.files]);
  console.log(`\n${pointerPath(root)}: ${pointer.md5}, ${pointer.nfiles} files, ${pointer.size} bytes`);
  for (const { state, problem } of differences) console.log(`  ${state.padEnd(7)}  ${problem}`);
  if (differences.length === 0) console.log('  the folder holds this version');
  return 0;
}

async function verify(root: string): Promise<number> {
  const pointer = await findPointer(root);
  const states = pointer === undefined ? await inspectFiles(root) : [];
  const problems =
    pointer === undefined
      ? states.flatMap(({ state, problem }) => (state === 'intact' ? [] : [problem!]))
      : (await compareWithPointer(root, pointer, [PUBLISHED.files])).map(({ problem }) => problem);
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) return 1;
  console.log(`${root}: all ${pointer?.nfiles ?? states.length} files are intact`);
  if (pointer !== undefined) console.log(`${pointerPath(root)}: ${pointer.md5}`);
  return 0;
}

async function lock(root: string, check: boolean): Promise<number> {
  if (!check) {
    console.log((await lockProject(root)).join('\n'));
    console.log('next: git add data dvc.lock && git commit');
    return 0;
  }
  const stale = await staleRecords(root);
  for (const line of stale) console.error(line);
  if (stale.length === 0) console.log('pointer files and dvc.lock are true');
  else console.error('run the stages named, then: npx tsx src/data.ts lock');
  return stale.length === 0 ? 0 : 1;
}

async function prepare(root: string, name: string | undefined): Promise<number> {
  if (name === undefined)
    throw new UsageError(`give a name: that of a file of ${DEFINITIONS}, without .yaml`);
  const { folder, md5, made } = await prepareVariant(root, name, {
    source: () => loadFashionMnist(root),
    reporter: streamReporter(process.stderr),
    signal: interruptSignal('interrupted; nothing was changed'),
    repoint: true,
  });
  console.log(`${folder}: ${made ? 'made' : 'intact'}, md5 ${md5}
next  npx tsx src/train.ts configs/mlp.yaml data.name=${name}`);
  return 0;
}

async function drawSheet(values: SheetValues): Promise<number> {
  const { root, corruptions, seed = '0', out = DEFAULT_SHEET } = values;
  const names = corruptions?.split(',') ?? CORRUPTIONS;
  for (const name of names) requireKnown('corruption', name, CORRUPTIONS);
  if (!/^\d{1,15}$/.test(seed)) throw new UsageError(`--seed takes a whole number ≥ 0, got ${seed}`);
  const { test } = await loadFashionMnist(root);
  await storeFile(out, corruptionSheet(test, names, Number(seed)));
  console.log(`${out}: ${names.length} corruptions`);
  return 0;
}

interface SheetValues {
  readonly root: string;
  readonly corruptions?: string | undefined;
  readonly seed?: string | undefined;
  readonly out?: string | undefined;
}

async function fetchFiles(root: string, sourceNames: string | undefined): Promise<void> {
  const names = sourceNames?.split(',') ?? SOURCES;
  for (const name of names) requireKnown('source', name, SOURCES);
  await fetchVersion(root, {
    sources: names.flatMap((name) => DEFAULT_SOURCES.filter((source) => source.name === name)),
    reporter: streamReporter(process.stderr),
    signal: interruptSignal('interrupted; finished files stay, and a started download will be continued'),
  });
}

function parse(args: string[]) {
  return parseCommandLine({
    args,
    allowPositionals: true,
    options: {
      root: { type: 'string', default: DEFAULT_ROOT },
      source: { type: 'string' },
      corruptions: { type: 'string' },
      seed: { type: 'string' },
      out: { type: 'string' },
      check: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h' },
    },
  });
}

function requireKnown(what: string, name: string, known: readonly string[]): void {
  if (known.includes(name)) return;
  const guess = closest(name, [...known]);
  const hint = distance(name, guess) <= 2 ? ` Did you mean ${guess}?` : '';
  throw new UsageError(`unknown ${what} ${JSON.stringify(name)}, not one of ${known.join(', ')}.${hint}`);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (error instanceof Interrupted) {
    console.error(error.message);
    process.exitCode = 130;
  } else if (error instanceof UsageError) {
    console.error(`${error.message}\n\n${HELP}`);
    process.exitCode = 2;
  } else {
    console.error(error instanceof WgradError ? `${error.name}: ${error.message}` : error);
    process.exitCode = 1;
  }
}
