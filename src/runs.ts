/** The command that lists, compares, removes and replays runs: see HELP. */
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { parseArgs } from 'node:util';
import { closest, distance } from 'fastest-levenshtein';
import { WgradError } from './backend/errors.ts';
import { DataError } from './pipeline/data/errors.ts';
import { writeFileAtomic } from './pipeline/files/atomicFile.ts';
import type { TrackerName } from './pipeline/config/configuration.ts';
import { explicitNumbers } from './pipeline/files/json.ts';
import { resolveRun } from './pipeline/runs/directory.ts';
import { compareFigure, compareText } from './pipeline/runs/compare.ts';
import { listText, SORT_KEYS, sortRuns } from './pipeline/runs/list.ts';
import { removableRun, removeRun } from './pipeline/runs/remove.ts';
import { readRunFacts, readRuns, type RunFacts } from './pipeline/runs/facts.ts';
import { showText } from './pipeline/runs/show.ts';
import { syncRun } from './pipeline/tracking/sync.ts';
import { TRACKERS } from './pipeline/tracking/tracking.ts';

const HELP = `usage: npx tsx src/runs.ts [command] [runs] [options]

A run is named by its id, its folder, or latest.

commands
  list            every run: status, accuracy, epochs, time, device, and in what the configurations differ (the default)
  show RUN        all that is known of a run
  compare A B …   how configurations, environments and results differ; the curves in one figure, as SVG and PNG
  rm RUN …        remove runs, after asking
  sync RUN …      replay runs into trackers, finished or not: write their files anew, send what an MLflow server lacks

options
  --dir <folder>   folder of the runs (default runs)
  --sort <key>     list: by ${SORT_KEYS.join(', ')} or a key of the configuration, such as optimizer.lr
  --reverse        list: the other way round
  --out <path>     compare: the figure's path without .svg and .png (default <dir>/compare)
  --to <trackers>  sync: ${Object.keys(TRACKERS).join(', ')}, separated by commas (default: the run's own, tracking)
  --yes            rm: do not ask
  --json           list, show, compare: machine-readable
  --help           print this

exit codes: 0 done, 1 failed, 2 wrong usage`;

class UsageError extends Error {}

const OPTIONS = {
  dir: { type: 'string', default: 'runs' },
  sort: { type: 'string', default: 'id' },
  reverse: { type: 'boolean', default: false },
  out: { type: 'string' },
  to: { type: 'string' },
  yes: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

type Values = ReturnType<typeof parse>['values'];

const COMMANDS: Readonly<Record<string, (runs: readonly string[], values: Values) => Promise<void>>> = {
  list,
  show,
  compare,
  rm: remove,
  sync,
};

function parse(args: string[]) {
  return parseArgs({ args, allowPositionals: true, options: OPTIONS });
}

async function main(args: string[]): Promise<void> {
  const { values, positionals } = parse(args);
  if (values.help) {
    console.log(HELP);
    return;
  }
  const [name = 'list', ...runs] = positionals;
  if (!Object.hasOwn(COMMANDS, name)) throw new UsageError(unknown('command', name, Object.keys(COMMANDS)));
  await COMMANDS[name]!(runs, values);
}

async function list(words: readonly string[], { dir, sort, reverse, json }: Values): Promise<void> {
  if (words.length > 0) throw new UsageError('list takes no runs; show and compare do');
  const runs = await readRuns(dir);
  const keys = [...SORT_KEYS, ...new Set(runs.flatMap(({ configuration }) => Object.keys(configuration)))];
  if (!keys.includes(sort)) throw new UsageError(unknown('key', sort, keys));
  const sorted = sortRuns(runs, sort, reverse);
  if (json) {
    printJson(sorted.map((run) => ({ ...run, records: undefined })));
    return;
  }
  const none = `${dir} holds no runs; npx tsx src/train.ts configs/mlp.yaml makes one`;
  console.log(runs.length === 0 ? none : listText(sorted));
}

async function show(words: readonly string[], { dir, json }: Values): Promise<void> {
  const [reference, ...others] = words;
  if (reference === undefined || others.length > 0) throw new UsageError('show takes one run');
  const run = await readRunFacts(await resolveRun(dir, reference));
  if (json) printJson(run);
  else process.stdout.write(await showText(run));
}

async function compare(
  words: readonly string[],
  { dir, out = `${dir}/compare`, json }: Values,
): Promise<void> {
  if (words.length < 2) throw new UsageError('compare takes two runs or more');
  const runs: RunFacts[] = [];
  for (const reference of words) runs.push(await readRunFacts(await resolveRun(dir, reference)));
  if (json) {
    printJson(runs);
    return;
  }
  console.log(compareText(runs));
  // Vega takes a second to load, which the other commands need not wait for.
  const { renderFigure } = await import('./pipeline/reporting/figures/render.ts');
  const { svg, png } = await renderFigure(compareFigure(runs));
  await mkdir(dirname(out), { recursive: true });
  await writeFileAtomic(`${out}.svg`, svg);
  await writeFileAtomic(`${out}.png`, png);
  console.log(`\nfigure  ${out}.svg and ${out}.png`);
}

async function remove(words: readonly string[], { dir, yes }: Values): Promise<void> {
  if (words.length === 0) throw new UsageError('rm takes runs');
  const paths: string[] = [];
  // All are looked at before the first is removed.
  for (const reference of words) paths.push(await removableRun(dir, reference));
  if (!yes && !(await confirmed(paths))) {
    console.log('nothing was removed');
    return;
  }
  for (const path of new Set(paths)) {
    await removeRun(path);
    console.log(`removed  ${path}`);
  }
}

async function confirmed(paths: readonly string[]): Promise<boolean> {
  if (!process.stdin.isTTY) throw new UsageError('rm asks on a terminal only; --yes removes without asking');
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`${paths.join('\n')}\nRemove for good? [y/N] `);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    terminal.close();
  }
}

async function sync(words: readonly string[], { dir, to }: Values): Promise<void> {
  if (words.length === 0) throw new UsageError('sync takes runs');
  const names = to?.split(',').map((name) => {
    if (!Object.hasOwn(TRACKERS, name)) throw new UsageError(unknown('tracker', name, Object.keys(TRACKERS)));
    return name as TrackerName;
  });
  for (const reference of words) {
    const path = await resolveRun(dir, reference);
    const done = await syncRun(path, names, (text) => console.error(`warning: ${text}`));
    const hint = 'no trackers are configured; --to names some';
    console.log(`${path}: ${done.length > 0 ? done.join(', ') : hint}`);
  }
}

function printJson(value: unknown): void {
  console.log(JSON.stringify(value, explicitNumbers, 2));
}

function unknown(what: string, got: string, known: readonly string[]): string {
  const near = closest(got, known);
  const hint = distance(got, near) <= 3 ? `; did you mean ${near}?` : ` (${known.slice(0, 12).join(', ')})`;
  return `there is no ${what} ${JSON.stringify(got)}${hint}`;
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  const usage = error instanceof UsageError || (error instanceof TypeError && 'code' in error);
  const expected = usage || error instanceof WgradError || error instanceof DataError;
  console.error(expected ? error.message : error);
  process.exitCode = usage ? 2 : 1;
}
