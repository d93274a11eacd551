/** The command that obtains and checks the data set: see HELP. */
import { parseArgs } from 'node:util';

import { closest, distance } from 'fastest-levenshtein';

import { DataError } from './data/errors.ts';
import { DEFAULT_ROOT } from './data/fashionMnist.ts';
import { streamReporter } from './data/reporter.ts';
import { DEFAULT_SOURCES, fetchFashionMnist } from './data/sources.ts';
import { formatStatus, inspectFiles } from './data/status.ts';

const COMMANDS = ['fetch', 'status', 'verify'];
const SOURCES = DEFAULT_SOURCES.map((source) => source.name);

const HELP = `usage: npx tsx src/data.ts <command> [options]

commands
  fetch    put the four Fashion-MNIST files into the folder, from the first source that has them
  status   print what the folder holds, checksums included
  verify   check the folder; fails, naming the file, when one is missing or changed

options
  --root <folder>    where the files are kept (default ${DEFAULT_ROOT})
  --source <names>   fetch only: where missing files may come from, comma-separated, in order
                     (default ${SOURCES.join(',')}); intact files always stay
                       raw     .gz files put into the folder by hand
                       debian  the installed package dataset-fashion-mnist
                       mirror  the data set's public mirrors
                       apt     that package, downloaded by apt-get and unpacked, not installed
  --help             print this

exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted`;

class UsageError extends Error {}

async function main(args: string[]): Promise<number> {
  const { values, positionals } = parse(args);
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const [command, ...rest] = positionals;
  if (command === undefined) throw new UsageError('give a command');
  if (rest.length > 0) throw new UsageError(`one command at a time, got also: ${rest.join(' ')}`);
  requireKnown('command', command, COMMANDS);
  if (values.source !== undefined && command !== 'fetch')
    throw new UsageError('--source goes with fetch only');

  if (command === 'fetch') await fetchFiles(values.root, values.source);
  const states = await inspectFiles(values.root);
  const wrong = states.filter(({ state }) => state !== 'intact');
  if (command === 'status') {
    console.log(formatStatus(states));
    return 0;
  }
  for (const { problem } of wrong) console.error(problem);
  if (wrong.length === 0) console.log(`${values.root}: all ${states.length} files are intact`);
  return wrong.length === 0 ? 0 : 1;
}

async function fetchFiles(root: string, sourceNames: string | undefined): Promise<void> {
  const names = sourceNames?.split(',') ?? SOURCES;
  for (const name of names) requireKnown('source', name, SOURCES);
  const interrupt = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM']) process.once(name, () => interrupt.abort(new Interrupted()));
  await fetchFashionMnist(root, {
    sources: names.flatMap((name) => DEFAULT_SOURCES.filter((source) => source.name === name)),
    reporter: streamReporter(process.stderr),
    signal: interrupt.signal,
  });
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        root: { type: 'string', default: DEFAULT_ROOT },
        source: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function requireKnown(what: string, name: string, known: readonly string[]): void {
  if (known.includes(name)) return;
  const guess = closest(name, [...known]);
  const hint = distance(name, guess) <= 2 ? ` Did you mean ${guess}?` : '';
  throw new UsageError(`unknown ${what} ${JSON.stringify(name)}, not one of ${known.join(', ')}.${hint}`);
}

class Interrupted extends Error {}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (error instanceof Interrupted) {
    console.error('interrupted; finished files stay, and a started download will be continued');
    process.exitCode = 130;
  } else if (error instanceof UsageError) {
    console.error(`${error.message}\n\n${HELP}`);
    process.exitCode = 2;
  } else {
    console.error(error instanceof DataError ? `${error.name}: ${error.message}` : error);
    process.exitCode = 1;
  }
}
