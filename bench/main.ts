/** The command that compares wgrad with other libraries: see HELP. */
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { clearLine, cursorTo } from 'node:readline';
import {
  Interrupted,
  parseCommandLine,
  runCommand,
  takeCount,
  UsageError,
} from '../src/pipeline/cli/commandLine.ts';
import { renderFigure } from '../src/pipeline/reporting/figures/render.ts';
import { CONTENDERS, type Entry } from './contenders/list.ts';
import { countSteps } from './counts.ts';
import { checkCounts, countsTable, readBaseline, writeBaseline } from './countsBaseline.ts';
import { benchFigures } from './figures.ts';
import { FULL, type Preset, QUICK } from './presets.ts';
import { type BenchResult, startResult, writeResult } from './results.ts';
import { type Reporter, Suite } from './suite.ts';
import { verdictTable } from './table.ts';

const HELP = `usage: npm run bench -- [options]

Times wgrad side by side with other libraries, in turns, each in a process of its own: products, convolutions, pooling,
cross-entropy, and training steps of an MLP and a CNN. A library's times count only where its results, or its losses,
are those of wgrad. \`npm run bench:install\` installs the others; PyTorch is taken from Python where it is installed.

options
  --quick              the figures that decide, in a few minutes (default: all, with growth over batch and width)
  --only <pattern>     only workloads whose name contains this text
  --contenders <a,b>   only these: ${CONTENDERS.map(({ name }) => name).join(', ')}
  --rounds <n>         rounds in which each contender is timed once (default: 5 with --quick, else 11)
  --python <path>      the Python that has PyTorch (default: bench/.venv/bin/python, else /usr/bin/python3, else python3)
  --out <file>         where the figures go, as JSON, with plots beside it (default: bench/results/speed-<preset>.json, only without --only
                       and --contenders)
  --counts             what a captured step of the MLP and the CNN launches, creates and moves, which is the same on every
                       run: written to bench/counts.json, for this adapter
  --check              with --counts: compared with bench/counts.json instead; fails when a figure grew
  --help               print this

exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted`;

const options = {
  quick: { type: 'boolean' },
  only: { type: 'string' },
  rounds: { type: 'string' },
  contenders: { type: 'string' },
  python: { type: 'string' },
  out: { type: 'string' },
  counts: { type: 'boolean' },
  check: { type: 'boolean' },
  help: { type: 'boolean' },
} as const;

const COUNTS_FILE = 'bench/counts.json';

async function main(args: string[]): Promise<number> {
  const { values } = parseCommandLine({ args, options });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  if (values.counts) return counts(values.check ?? false);
  if (values.check) throw new UsageError('--check belongs to --counts');
  const chosen = choose(values.quick ? QUICK : FULL, values.only, values.contenders);
  const rounds = takeCount('--rounds', values.rounds) ?? chosen.rounds.rounds;
  const preset = { ...chosen, rounds: { ...chosen.rounds, rounds } };
  const partial = values.only !== undefined || values.contenders !== undefined;
  const file = values.out ?? (partial ? undefined : `bench/results/speed-${preset.name}.json`);
  const result = await startResult(preset.name, rounds);
  await runSuite(
    new Suite(preset, { python: values.python ?? findPython() }, result, terminal(process.stderr)),
  );
  console.log(verdictTable(result).join('\n'));
  if (file !== undefined) await write(file, result);
  return 0;
}

/** Counts, and compares or writes; the exit code. */
async function counts(check: boolean): Promise<number> {
  const { adapter, counts: now } = await countSteps();
  console.log([adapter, ...countsTable(now)].join('\n'));
  const baseline = await readBaseline(COUNTS_FILE);
  if (check) {
    const { passes, lines } = checkCounts(adapter, baseline, now);
    console.log(lines.join('\n'));
    return passes ? 0 : 1;
  }
  await writeBaseline(COUNTS_FILE, { ...baseline, [adapter]: now });
  console.log(`written to ${COUNTS_FILE}`);
  return 0;
}

/** The part of a preset that was asked for. */
function choose(preset: Preset, only: string | undefined, names: string | undefined): Preset {
  const admit = ({ name }: { name: string }): boolean => only === undefined || name.includes(only);
  const workloads = preset.workloads.filter(admit);
  const gpuWorkloads = preset.gpuWorkloads.filter(admit);
  const growth = preset.growth.filter(admit);
  if (workloads.length + gpuWorkloads.length + growth.length === 0) {
    throw new UsageError(`--only ${only}: there are ${preset.workloads.map(({ name }) => name).join('; ')}`);
  }
  return {
    ...preset,
    workloads,
    gpuWorkloads,
    growth,
    contenders: names === undefined ? preset.contenders : named(names),
  };
}

function named(names: string): Entry[] {
  const wanted = names.split(',').map((name) => name.trim());
  const unknown = wanted.filter((name) => !CONTENDERS.some((entry) => entry.name === name));
  if (unknown.length > 0) {
    const known = CONTENDERS.map(({ name }) => name).join(', ');
    throw new UsageError(`--contenders: no ${unknown.join(', ')}; there are ${known}`);
  }
  return CONTENDERS.filter(({ name }) => wanted.includes(name));
}

function findPython(): string {
  return ['bench/.venv/bin/python', '/usr/bin/python3'].find((path) => existsSync(path)) ?? 'python3';
}

/** Runs the suite, and ends its processes on every way out. */
async function runSuite(suite: Suite): Promise<void> {
  const interrupted = new Promise<never>((_, reject) => {
    process.once('SIGINT', () => reject(new Interrupted('Interrupted: no figures were written.')));
  });
  try {
    await Promise.race([suite.run(), interrupted]);
  } finally {
    suite.stop();
  }
}

/** The figures as JSON, and as pictures beside it. */
async function write(file: string, result: BenchResult): Promise<void> {
  await writeResult(file, result);
  const names = [file];
  for (const { name, specification } of benchFigures(result)) {
    const { svg, png } = await renderFigure(specification);
    const path = `${file.replace(/\.json$/, '')}-${name}`;
    await writeFile(`${path}.svg`, svg);
    await writeFile(`${path}.png`, png);
    names.push(`${path}.svg`, `${path}.png`);
  }
  console.log(`written to ${names.join(', ')}`);
}

/** Results on standard output; what goes on, on standard error where that is a terminal. */
function terminal(stream: NodeJS.WriteStream): Reporter {
  const clear = (): void => {
    if (!stream.isTTY) return;
    clearLine(stream, 0);
    cursorTo(stream, 0);
  };
  return {
    progress: (text) => {
      if (!stream.isTTY) return;
      clear();
      stream.write(text.slice(0, stream.columns - 1));
    },
    print: (lines) => {
      clear();
      console.log(lines.join('\n'));
    },
  };
}

await runCommand(main, HELP);
