import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Judge } from './runner.ts';
import type { TrialState } from './table.ts';
import { prepareTrial, type Trial, trialSummary } from './trial.ts';
import { watchValidations } from './validations.ts';

export interface TrialProcess {
  /** The command that trains: `--resume <run>` is added. */
  readonly command: readonly string[];
  /** Aborted, the trial stops with a checkpoint. */
  readonly signal: AbortSignal;
}

/**
 * Runs a trial to its end in a process of its own, by resuming its run: a new one starts, and a killed one continues from
 * its last checkpoint. All that it prints is kept in its folder.
 *
 * @throws FileError where the trial's folder cannot be written
 */
export async function runInProcess(trial: Trial, { command, signal }: TrialProcess): Promise<TrialState> {
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

/** As `runInProcess`; ends a trial with a checkpoint as soon as it is judged so. @throws what `judge` throws, too */
export async function runJudged(trial: Trial, judge: Judge, options: TrialProcess): Promise<TrialState> {
  await prepareTrial(trial);
  const stop = new AbortController();
  const failures: unknown[] = [];
  const watcher = watchValidations(trial, (validations) => {
    try {
      if (!judge(validations)) stop.abort();
    } catch (error) {
      failures.push(error);
      stop.abort();
    }
  });
  try {
    const signal = AbortSignal.any([options.signal, stop.signal]);
    const state = await runInProcess(trial, { ...options, signal });
    if (failures.length > 0) throw failures[0];
    return state.status === 'interrupted' && stop.signal.aborted ? { trial, status: 'pruned' } : state;
  } finally {
    watcher.close();
  }
}

async function lastLines(path: string): Promise<string> {
  const lines = (await readFile(path, 'utf8')).split('\n').filter((line) => line.trim() !== '');
  return lines.slice(-3).join('\n');
}
