import { watch } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readJournal } from '../../runs/journal/journal.ts';
import { errorText } from '../../text/errorText.ts';
import { TrialArtifacts } from '../artifacts/trialArtifacts.ts';
import type { ArtifactStore } from '../artifacts/store.ts';
import { CoalescedWriter } from '../coalescedWriter.ts';
import { prepareTrial, type Trial } from '../trial.ts';
import { runInProcess } from '../trialProcess.ts';
import { type Validations, validationsOf, watchValidations } from '../validations.ts';
import { RefusedError, requireTrueRecords } from './checks.ts';

/** A trial and the sweep that submitted it. */
export type WorkerTrial = Trial & { readonly sweep: string };

/** How far a trial is. */
export interface TrialReport {
  readonly epoch?: number;
  readonly step?: number;
  readonly metrics?: Readonly<Record<string, number>>;
  readonly validations?: Validations;
}

export interface TrialWork {
  readonly store: ArtifactStore;
  /** Aborted, the trial stops with a checkpoint. */
  readonly signal: AbortSignal;
  readonly progress: (report: TrialReport) => void;
  readonly warn: (line: string) => void;
}

/** How work at a trial ended. */
export type TrialEnd =
  { readonly status: 'finished' | 'interrupted' } | { readonly status: 'failed'; readonly message: string };

/** Runs a trial to its end, or until it is stopped. Its result or its checkpoint is in the store then. */
export type RunTrial = (trial: WorkerTrial, work: TrialWork) => Promise<TrialEnd>;

/**
 * Runs each trial in a separate process. It continues from the checkpoint in the store, whichever worker wrote it, and stores
 * each new checkpoint there.
 *
 * @param command the command that trains: `--resume <run>` is added
 */
export function trainFromStore(command: readonly string[]): RunTrial {
  return async (trial, { store, signal, progress, warn }) => {
    const artifacts = new TrialArtifacts(store, trial.id);
    if (await artifacts.isFinished()) return { status: 'finished' };
    const { path } = trial;
    await rm(path, { recursive: true, force: true });
    await artifacts.restoreCheckpoint(path, warn);
    await prepareTrial(trial);
    const keep = new CoalescedWriter(async () => {
      // The checkpoint before stays, and the next one is stored again.
      await artifacts.saveCheckpoint(path).catch((error: unknown) => {
        warn(`warning: a checkpoint was not stored: ${errorText(error)}`);
      });
      progress(reportOf(trial));
    });
    const watcher = watch(join(path, 'checkpoints'), () => {
      keep.changed();
    });
    // A sweep that stops trials early is told at once.
    const validated = watchValidations(trial, () => {
      progress(reportOf(trial));
    });
    try {
      const end = await runInProcess(trial, { command, signal });
      watcher.close();
      await keep.flush();
      if (end.status === 'finished') {
        await requireTrueRecords(trial).catch(async (error: unknown) => {
          await artifacts.forgetCheckpoint();
          throw error;
        });
        await artifacts.saveResult(path);
        return { status: 'finished' };
      }
      if (end.status === 'failed') {
        requireDisk(end.message);
        const log = join(path, 'output.log');
        const kept = await artifacts.saveFile('output.log', log);
        return { status: 'failed', message: (end.message ?? 'it failed').replaceAll(log, kept) };
      }
      await artifacts.saveCheckpoint(path);
      return { status: 'interrupted' };
    } finally {
      watcher.close();
      validated.close();
      await rm(path, { recursive: true, force: true });
    }
  };
}

/** The last record of a trial's journal, and its validations; nothing where there is none yet. */
function reportOf(trial: Trial): TrialReport {
  try {
    const { epoch, step, metrics } = readJournal(join(trial.path, 'metrics.jsonl')).at(-1) ?? {};
    return {
      ...(epoch !== undefined && { epoch }),
      ...(step !== undefined && { step }),
      ...(metrics && { metrics }),
      validations: validationsOf(trial),
    };
  } catch {
    return {};
  }
}

/** A disk that is full or broken is this machine's. @throws RefusedError where a trial failed because of it */
function requireDisk(message = ''): void {
  const fault = /^.*\((ENOSPC|EDQUOT|EROFS|EIO)\)$/m.exec(message);
  if (fault) throw new RefusedError(fault[0]);
}
