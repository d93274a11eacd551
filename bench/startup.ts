/** Times the phases of a start, up to the first training step. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { command, optional } from '../src/pipeline/cli/command.ts';
import { runCommand } from '../src/pipeline/cli/run.ts';
import { deviceName } from '../src/pipeline/cli/shared.ts';
import { wholeNumber } from '../src/pipeline/cli/values.ts';
import { median } from './statistics.ts';

/** The marks that a training sets, in their order, and what has been done when each is set. */
const PHASES: Readonly<Record<string, string>> = {
  node: 'Node itself',
  command: 'loading the modules, through tsx where Node does not run TypeScript itself',
  configuration: 'reading and checking the configuration',
  device: 'adapter and device; git and the data files are read meanwhile',
  model: 'model',
  data: 'waiting for the data: hashed, split, and put on the device',
  'first step': 'first checkpoint; kernels read and compiled; the step',
};

/** What all measurements share. */
interface Start {
  readonly processes: number;
  readonly device: string;
  readonly folder: string;
  readonly marksFile: string;
}

const startup = command({
  about: `
    Shows where the time to the first training step of the MLP goes, over fresh processes: the median and the least of each
    phase, in milliseconds, with the driver's cache and (on Mesa) without it. The clock is that of the training process. The
    time that npx and tsx take before it is measured separately.`,
  arguments: {
    processes: optional('how many processes (default: 10)', wholeNumber()),
    device: optional('webgpu or cpu (default: webgpu)', deviceName),
  },
  run: ({ processes = 10, device = 'webgpu' }) => {
    const folder = mkdtempSync(join(tmpdir(), 'wgrad-startup-'));
    const start: Start = { processes, device, folder, marksFile: join(folder, 'marks.json') };
    try {
      // Fills V8's code cache, which a process writes at its end, and the driver's cache.
      const quick = ['train.epochs=1', 'train.limitTrain=128', 'train.limitTest=128', 'data.validation=128'];
      fresh(start, process.execPath, training(start, ...quick), {});
      const warm = report('warm cache', start, {});
      const cold =
        device === 'cpu' ? undefined : report('cold cache', start, { MESA_SHADER_CACHE_DISABLE: 'true' });
      writeFileSync(join(folder, 'empty.ts'), '');
      const npx = Array.from({ length: processes }, () =>
        fresh(start, 'npx', ['tsx', join(folder, 'empty.ts')], {}),
      );
      console.log(
        `\nnpx tsx on an empty file: ${median(npx).toFixed(0)} ms, at least ${Math.min(...npx).toFixed(0)}`,
      );
      mkdirSync('bench/results', { recursive: true });
      const machine = { cpu: cpus()[0]?.model.trim(), cores: cpus().length, node: process.version };
      const file = `bench/results/startup-mlp-${device}.json`;
      const figures = { warm, cold, npxTsxEmpty: { median: median(npx), least: Math.min(...npx) } };
      const result = {
        device,
        machine,
        loadAverage: loadavg()[0],
        processes,
        milliseconds: figures,
      };
      writeFileSync(file, `${JSON.stringify(result, null, 2)}\n`);
      console.log(`written  ${file}`);
    } finally {
      rmSync(folder, { recursive: true });
    }
    return Promise.resolve();
  },
});

function fresh({ marksFile }: Start, command: string, args: string[], env: Record<string, string>): number {
  const began = performance.now();
  const { status, signal, stderr } = spawnSync(command, args, {
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  // The probe ends what it has seen enough of.
  if (status !== 0 && !(signal === 'SIGKILL' && existsSync(marksFile))) throw new Error(stderr);
  return performance.now() - began;
}

function training({ device, folder }: Start, ...options: string[]): string[] {
  const loader = 'typescript' in process.features && process.features.typescript ? [] : ['--import', 'tsx'];
  const command = [...loader, '--import', './bench/startupProbe.ts', 'src/train.ts'];
  return [...command, 'configs/mlp.yaml', `device=${device}`, `run.dir=${folder}`, ...options];
}

/** Milliseconds of each phase of one training. */
function phases(start: Start, env: Record<string, string>): number[] {
  const { marksFile } = start;
  rmSync(marksFile, { force: true });
  fresh(start, process.execPath, training(start), { ...env, STARTUP_MARKS: marksFile });
  const marks = new Map(JSON.parse(readFileSync(marksFile, 'utf8')) as [string, number][]);
  const times = Object.keys(PHASES).map((name) => marks.get(name) ?? NaN);
  return [...times.map((time, index) => time - (times[index - 1] ?? 0)), times.at(-1)!];
}

function report(
  title: string,
  start: Start,
  env: Record<string, string>,
): Record<string, { median: number; least: number }> {
  const runs = Array.from({ length: start.processes }, () => phases(start, env));
  const names = [...Object.keys(PHASES), 'in all'];
  const figures = names.map((name, index) => {
    const values = runs.map((run) => run[index]!);
    return [name, { median: median(values), least: Math.min(...values) }] as const;
  });
  console.log(`\n${title.padEnd(16)}${'median'.padStart(8)}${'least'.padStart(8)}`);
  for (const [name, each] of figures) {
    const numbers = [each.median, each.least].map((value) => value.toFixed(0).padStart(8)).join('');
    console.log(`${name.padEnd(16)}${numbers}  ${PHASES[name] ?? ''}`);
  }
  return Object.fromEntries(figures);
}

await runCommand('npx tsx bench/startup.ts', startup);
