import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Backend } from '../../backend/backend.ts';
import { WgradError } from '../../backend/errors.ts';
import type { Module } from '../../nn/index.ts';
import { manualSeed } from '../../tensor/random.ts';
import type { Configuration, ModelConfiguration } from '../configuration.ts';
import type { Datasets } from '../datasets.ts';
import { collectEnvironment } from '../environment.ts';
import { openJournal } from '../journal.ts';
import { buildOptimizer } from '../optimizers.ts';
import { createRunDirectory } from '../runDirectory.ts';
import type { Summary } from '../summary.ts';
import { Interruption, train } from '../trainer.ts';
import { environmentDifferences } from './environmentDifferences.ts';
import { Follower } from './follower.ts';
import type { Receipt } from './receipt.ts';
import type { Recording } from './recording.ts';

/** What a re-execution works with. */
export interface Reexecution {
  /** The run's name, for the receipt. */
  readonly run: string;
  readonly recording: Recording;
  readonly configuration: Configuration;
  readonly device: Backend;
  readonly datasets: Datasets;
  /** Makes the model that a configuration describes. */
  readonly build: (model: ModelConfiguration) => Module;
  /** Compare the readings up to this step only. */
  readonly steps?: number | undefined;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

/**
 * Trains a run again, in a temporary folder, from its configuration, data and seed, and compares every reading with
 * the recorded one as it comes. The first difference ends it.
 *
 * @throws Interruption on Ctrl-C, TrainingError, and WgradError where there is no reading to compare with
 */
export async function reexecute(reexecution: Reexecution): Promise<Receipt> {
  const { run, recording, device, datasets, steps = Infinity } = reexecution;
  const isWhole = recording.weightsSha256 !== null && recording.records.every(({ step }) => step <= steps);
  // The test follows the last step, which a part does not reach.
  const due = recording.records.filter(({ step, kind }) => step <= steps && (isWhole || kind !== 'test'));
  if (due.length === 0) throw nothingToCompare(recording);
  const enough = new AbortController();
  const follower = new Follower(due, () => {
    if (follower.difference || !isWhole) enough.abort();
  });
  const summary = await retrain(reexecution, follower, enough.signal);
  const environment = await collectEnvironment({
    adapterInfo: device.info,
    dataChecksums: datasets.checksums,
    dataVersion: datasets.dataVersion,
  });
  const weightsSha256 = { recorded: recording.weightsSha256, now: summary?.weightsSha256 ?? null };
  return {
    run,
    reproduced: follower.isComplete && (!isWhole || weightsSha256.now === weightsSha256.recorded),
    extent: isWhole ? 'run' : 'part',
    equalReadings: follower.equalReadings,
    equalSteps: follower.equalSteps,
    firstDifference: follower.difference ?? null,
    weightsSha256,
    environmentDifferences: environmentDifferences(recording.environment, environment),
    environment,
  };
}

/** The summary; undefined where the training was ended because enough was compared. */
async function retrain(
  { configuration, device, datasets, build, signal }: Reexecution,
  follower: Follower,
  enough: AbortSignal,
): Promise<Summary | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'wgrad-verify-'));
  try {
    const directory = await createRunDirectory(folder, configuration.name);
    manualSeed(configuration.seed);
    const model = build(configuration.model);
    const optimizer = buildOptimizer(configuration.optimizer, model.parameters());
    const journal = openJournal(join(directory.path, 'metrics.jsonl'));
    try {
      return await train({
        configuration,
        device,
        model,
        optimizer,
        datasets,
        directory,
        journal: follower.watch(journal),
        signal: AbortSignal.any([signal, enough]),
      });
    } finally {
      journal.close();
    }
  } catch (error) {
    if (error instanceof Interruption && enough.aborted && !signal.aborted) return undefined;
    throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function nothingToCompare({ records: [first] }: Recording): WgradError {
  return new WgradError(
    first
      ? `There is no reading to compare with up to there: the first is at step ${first.step}.`
      : 'There is no reading to compare with: the run was stopped before its first.',
  );
}
