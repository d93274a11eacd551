/** The command that compares wgrad with other libraries. */
import { clearLine, cursorTo } from 'node:readline';
import { command, flag, option } from '../src/pipeline/cli/command.ts';
import { interruptSignal } from '../src/pipeline/cli/interrupt.ts';
import { runCommand } from '../src/pipeline/cli/run.ts';
import { listOf, text, wholeNumber } from '../src/pipeline/cli/values.ts';
import { writeFigure } from '../src/pipeline/reporting/figures/write.ts';
import { UsageError } from '../src/pipeline/text/didYouMean.ts';
import { browserRuntime } from './browser/runtime.ts';
import { BROWSER_CONTENDERS, CONTENDERS } from './contenders/list.ts';
import { findPython } from './contenders/python.ts';
import { countSteps } from './counts.ts';
import { checkCounts, countsTable, readBaseline, writeBaseline } from './countsBaseline.ts';
import { benchFigures } from './figures.ts';
import { nodeRuntime } from './node/runtime.ts';
import { BROWSER, FULL, type Preset, QUICK } from './presets.ts';
import type { Runtime } from './protocol.ts';
import { type BenchResult, startResult, writeResult } from './results.ts';
import { type Reporter, Suite } from './suite.ts';
import { verdictTable } from './table.ts';

const COUNTS_FILE = 'bench/counts.json';
const NAMES = [...new Set([...CONTENDERS, ...BROWSER_CONTENDERS].map(({ name }) => name))];

const bench = command({
  about: `
    Times wgrad side by side with other libraries, in turns, each in a process or a browser of its own: products,
    convolutions, pooling, cross-entropy, and training steps of an MLP and a CNN. A library's times count only if its
    results, or its losses, equal those of wgrad. npm run bench:install installs the other libraries; PyTorch is used if Python has it.`,
  options: {
    quick: flag(
      'only the deciding figures, in a few minutes (default: all, with growth over batch and width)',
    ),
    browser: flag(
      'in Workers of a headless Chromium, on its software driver: steps, products of 512³ and 1024³, forward convolutions',
      { without: ['quick', 'python'] },
    ),
    only: option('<text>', text, 'only workloads whose name contains this text'),
    contenders: option('<names>', listOf(NAMES), `only these, separated by commas: ${NAMES.join(', ')}`),
    rounds: option(
      '<n>',
      wholeNumber(),
      'rounds; each times every contender once (default: 5 with --quick, else 11)',
    ),
    python: option(
      '<path>',
      text,
      'the Python that has PyTorch (default: bench/.venv/bin/python, else /usr/bin/python3, else python3)',
    ),
    out: option(
      '<file>',
      text,
      'where the figures are written, as JSON, with plots beside it (default: bench/results/speed-<preset>.json, without --only and --contenders)',
    ),
    counts: flag(
      'count what a captured step of the MLP and the CNN launches, creates and moves, which is equal on every run; write it to bench/counts.json, for this adapter',
      { without: ['quick', 'browser', 'only', 'contenders', 'rounds', 'python', 'out'] },
    ),
    check: flag('compare with bench/counts.json instead; fail if a figure grew', { with: 'counts' }),
  },
  examples: [
    '--quick',
    '--browser',
    "--only 'MLP step' --contenders wgrad-cpu,wgrad-webgpu",
    '--counts --check',
  ],
  exitCodes: { 130: 'interrupted by Ctrl-C; no figures were written' },
  run: async ({ quick, browser, only, contenders, rounds: wanted, python, out, counts, check }) => {
    if (counts) return count(check);
    const chosen = choose(browser ? BROWSER : quick ? QUICK : FULL, only, contenders);
    const rounds = wanted ?? chosen.rounds.rounds;
    const preset = { ...chosen, rounds: { ...chosen.rounds, rounds } };
    const partial = only !== undefined || contenders !== undefined;
    const file = out ?? (partial ? undefined : `bench/results/speed-${preset.name}.json`);
    const runtime = browser ? await browserRuntime() : nodeRuntime({ python: python ?? findPython() });
    const result = await startResult(preset.name, rounds, runtime.browser);
    await runSuite(preset, runtime, result);
    console.log(verdictTable(result).join('\n'));
    if (file !== undefined) await write(file, result);
    return 0;
  },
});

/** Counts, and compares or writes; the exit code. */
async function count(check: boolean): Promise<number> {
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
function choose(preset: Preset, only = '', names?: readonly string[]): Preset {
  const admit = ({ name }: { name: string }): boolean => name.includes(only);
  const chosen = {
    workloads: preset.workloads.filter(admit),
    gpuWorkloads: preset.gpuWorkloads.filter(admit),
    growth: preset.growth.filter(admit),
  };
  if (Object.values(chosen).every((workloads) => workloads.length === 0)) {
    throw new UsageError(`--only ${only}: there are ${preset.workloads.map(({ name }) => name).join('; ')}`);
  }
  const present = preset.name === 'browser' ? BROWSER_CONTENDERS : CONTENDERS;
  const foreign = names?.find((wanted) => !present.some(({ name }) => name === wanted));
  if (foreign !== undefined) {
    const where = preset.name === 'browser' ? 'in a browser' : 'without --browser';
    throw new UsageError(
      `--contenders ${foreign}: ${where} there are ${present.map(({ name }) => name).join(', ')}`,
    );
  }
  const contenders = names ? present.filter(({ name }) => names.includes(name)) : preset.contenders;
  return { ...preset, ...chosen, contenders };
}

/** Runs the suite, and ends its processes on every way out. */
async function runSuite(preset: Preset, runtime: Runtime, result: BenchResult): Promise<void> {
  const suite = new Suite(preset, runtime, result, terminal(process.stderr));
  const signal = interruptSignal('interrupted; no figures were written');
  const interrupted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error));
  });
  try {
    await Promise.race([suite.run(), interrupted]);
  } finally {
    await suite.stop();
  }
}

/** The figures as JSON, and as pictures beside it. */
async function write(file: string, result: BenchResult): Promise<void> {
  await writeResult(file, result);
  const names = [file];
  for (const { name, specification } of benchFigures(result)) {
    const stem = `${file.replace(/\.json$/, '')}-${name}`;
    await writeFigure(stem, specification);
    names.push(`${stem}.svg`, `${stem}.png`);
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

await runCommand('npm run bench --', bench);
