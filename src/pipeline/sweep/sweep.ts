import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BestOptions } from '../training/best.ts';
import { makeFolders } from '../files/folders.ts';
import { isLocked } from '../files/lock.ts';
import { percent } from '../text/numbers.ts';
import { ranked, type TrialState, variedKeys, writeTable } from './table.ts';
import { prepareTrial, type Trial, trialSummary } from './trial.ts';

export interface SweepOptions {
  /** One at least. */
  readonly trials: readonly Trial[];
  readonly name: string;
  /** What ranks the trials. */
  readonly best: BestOptions;
  /** Trials at a time. */
  readonly jobs: number;
  /** The command that trains: `--resume <run>` is added. */
  readonly command: readonly string[];
  /** Aborted by Ctrl-C: running trials stop with a checkpoint. */
  readonly signal: AbortSignal;
  readonly report: (line: string) => void;
}

export interface SweepResult {
  readonly folder: string;
  /** The best first. */
  readonly states: readonly TrialState[];
}

/** Milliseconds between two checks whether another process has finished a trial. */
const POLL = 300;

/**
 * Runs each trial in a process of its own, by resuming its run: a new one starts, a killed one continues from its last
 * checkpoint, and a finished one is only read. The sweep waits for trials that another sweep is running. So a killed sweep
 * continues when it is called again.
 */
export async function runSweep(options: SweepOptions): Promise<SweepResult> {
  const { trials, jobs, signal, report } = options;
  const folder = makeFolder(options);
  const varied = variedKeys(trials);
  const states = new Map<Trial, TrialState>(trials.map((trial) => [trial, { trial, status: 'waiting' }]));
  const table = (): TrialState[] => ranked([...states.values()], options.best);
  const settle = async (state: TrialState): Promise<void> => {
    states.set(state.trial, state);
    await writeTable(folder, table());
  };

  const pending: Trial[] = [];
  for (const trial of trials) {
    const summary = await trialSummary(trial);
    if (summary) states.set(trial, { trial, status: 'finished', summary });
    else pending.push(trial);
  }
  report(`${trials.length} trials, ${trials.length - pending.length} of them finished before`);
  await writeTable(folder, table());

  const work = async (): Promise<void> => {
    while (pending.length > 0 && !signal.aborted) {
      const trial = await takeFree(pending);
      if (!trial) {
        await sleep(POLL);
        continue;
      }
      const known = await trialSummary(trial);
      const state = known
        ? { trial, status: 'finished' as const, summary: known }
        : await run(trial, options);
      // Another sweep was faster.
      if (state.status === 'failed' && (await isLocked(trial.path))) {
        pending.push(trial);
        continue;
      }
      await settle(state);
      const done = [...states.values()].filter(({ status }) => status !== 'waiting').length;
      const label = trial.overrides.filter((text) => varied.some((key) => text.startsWith(`${key}=`)));
      report(`${done}/${trials.length}  ${label.join(' ')}: ${outcome(state)}`);
    }
  };
  await Promise.all(Array.from({ length: Math.min(jobs, pending.length) }, work));
  return { folder, states: table() };
}

/** Takes the first trial that no process is running. */
async function takeFree(pending: Trial[]): Promise<Trial | undefined> {
  for (const trial of [...pending]) {
    if (await isLocked(trial.path)) continue;
    const index = pending.indexOf(trial);
    // Another worker of this sweep may have taken it meanwhile.
    if (index >= 0) return pending.splice(index, 1)[0];
  }
  return undefined;
}

/** Runs a trial to its end; its output is kept in its folder. */
async function run(trial: Trial, { command, signal }: SweepOptions): Promise<TrialState> {
  await prepareTrial(trial);
  const log = join(trial.path, 'output.log');
  const output = openSync(log, 'a');
  const [program, ...args] = command as [string, ...string[]];
  // A process group of its own: Ctrl-C reaches only the sweep, which passes it on once. The channel tells the trial that
  // the sweep has gone; see `watchParent`.
  const child = spawn(program, [...args, '--resume', trial.path], {
    stdio: ['ignore', output, output, 'ipc'],
    detached: true,
  });
  closeSync(output);
  const interrupt = (): void => void child.kill('SIGINT');
  signal.addEventListener('abort', interrupt, { once: true });
  const end = await new Promise<string | number>((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code, killed) => resolve(killed ?? code ?? 1));
  });
  signal.removeEventListener('abort', interrupt);
  const summary = await trialSummary(trial);
  if (summary) return { trial, status: 'finished', summary };
  if (signal.aborted) return { trial, status: 'interrupted' };
  const why = typeof end === 'string' ? `it ended with ${end}` : await lastLines(log);
  return { trial, status: 'failed', message: `${why}\nAll that it printed is in ${log}` };
}

async function lastLines(path: string): Promise<string> {
  const lines = (await readFile(path, 'utf8')).split('\n').filter((line) => line.trim() !== '');
  return lines.slice(-3).join('\n');
}

function outcome({ status, summary }: TrialState): string {
  if (!summary) return status;
  const { validation, testAccuracy, seconds } = summary;
  const [images, accuracy] = validation ? ['validation', validation.accuracy] : ['test', testAccuracy];
  return `${images} accuracy ${percent(accuracy)}, ${seconds.toFixed(0)} s`;
}

/** The folder of the sweep, which is a function of its trials. */
function makeFolder({ name, trials }: SweepOptions): string {
  const ids = trials.map(({ id }) => id).sort();
  const hash = createHash('sha256').update(ids.join('\n')).digest('hex').slice(0, 8);
  const folder = join(trials[0]!.configuration.run.dir, 'sweeps', `${name}-${hash}`);
  makeFolders(folder);
  return folder;
}
