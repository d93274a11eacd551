import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { WgradError } from '../../backend/errors.ts';
import { type Configuration, loadConfiguration } from '../config/configuration.ts';
import { tuningOf } from '../diagnostics/tuning/runTuning.ts';
import { initialModel } from '../models/buildModel.ts';
import { createRunDirectory } from '../runs/directory.ts';
import { withDeviceAndData } from '../runs/environment.ts';
import { openJournal } from '../runs/journal/journal.ts';
import type { RunSummary } from '../runs/summary.ts';
import { environmentDifferences } from '../runs/verification/environmentDifferences.ts';
import { Follower } from '../runs/verification/follower.ts';
import type { Receipt } from '../runs/verification/receipt.ts';
import { readRecordedRun, type RecordedRun } from '../runs/verification/recordedRun.ts';
import { Interruption } from '../training/errors.ts';
import { train, type Training } from '../training/trainer.ts';
import { keptInit, loadInitialWeights } from './initialWeights.ts';
import { type Opened, withOpened } from './open.ts';
import { requireSameData } from './resume.ts';

export interface VerifyOptions {
  /** Compare the readings up to this step only. */
  readonly steps?: number | undefined;
  /** Default: the kind of device that the run was recorded on. */
  readonly device?: Configuration['device'] | undefined;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

/**
 * Trains a run again, in a temporary folder, from its configuration, data and seed, and compares every reading with
 * the recorded one. The first difference ends the training. Nothing in the run's folder changes.
 *
 * @param path the run's folder
 * @throws Interruption on Ctrl-C, TrainingError, FileError where the data are others, and WgradError where there is no
 *   reading to compare with
 */
export async function verifyRun(path: string, options: VerifyOptions): Promise<Receipt> {
  const recorded = await readRecordedRun(path);
  const loaded = loadConfiguration(join(path, 'config.yaml'));
  const configuration = {
    ...loaded,
    ...keptInit(path),
    device: options.device ?? recordedDevice(recorded),
    // The records say how far the run came, however long that takes here.
    train: { ...loaded.train, maxMinutes: Infinity },
  };
  return withOpened(configuration, await tuningOf(path), options.signal, (opened) => {
    process.stderr.write(`run     ${path}\n\n`);
    return compare(path, recorded, configuration, opened, options);
  });
}

/** Not `auto`, which on a machine without an adapter would compare with another backend. */
function recordedDevice({ environment }: RecordedRun): Configuration['device'] {
  const { adapter } = environment;
  // Adapters have vendors; the CPU backend's description names none.
  return typeof adapter === 'object' && adapter !== null && 'vendor' in adapter ? 'webgpu' : 'cpu';
}

async function compare(
  path: string,
  recorded: RecordedRun,
  configuration: Configuration,
  opened: Opened,
  { steps = Infinity, signal }: VerifyOptions,
): Promise<Receipt> {
  const isWhole = recorded.weightsSha256 !== null && recorded.records.every(({ step }) => step <= steps);
  // The test follows the last step, which a part does not reach.
  const due = recorded.records.filter(({ step, kind }) => step <= steps && (isWhole || kind !== 'test'));
  if (due.length === 0) throw nothingToCompare(recorded);
  const enough = new AbortController();
  const follower = new Follower(due, () => {
    if (follower.difference || !isWhole) enough.abort();
  });
  const datasets = await opened.data;
  const { device } = opened;
  const environment = withDeviceAndData(opened.environment, device, datasets);
  requireSameData(path, recorded.environment, environment);
  const summary = await retrain({ configuration, device, datasets, signal }, follower, enough.signal);
  const weightsSha256 = { recorded: recorded.weightsSha256, now: summary?.weightsSha256 ?? null };
  return {
    run: basename(path),
    reproduced: follower.isComplete && (!isWhole || weightsSha256.now === weightsSha256.recorded),
    extent: isWhole ? 'run' : 'part',
    equalReadings: follower.equalReadings,
    equalSteps: follower.equalSteps,
    firstDifference: follower.difference ?? null,
    weightsSha256,
    environmentDifferences: environmentDifferences(recorded.environment, environment),
    environment,
  };
}

/** The summary; undefined where the training ended because enough was compared. */
async function retrain(
  parts: Pick<Training, 'configuration' | 'device' | 'datasets' | 'signal'>,
  follower: Follower,
  enough: AbortSignal,
): Promise<RunSummary | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'wgrad-verify-'));
  try {
    const { configuration, signal } = parts;
    const directory = await createRunDirectory(folder, configuration.name);
    const model = initialModel(configuration, parts.datasets.train.set.description);
    await loadInitialWeights(directory.path, configuration, model);
    const journal = openJournal(join(directory.path, 'metrics.jsonl'));
    try {
      return await train({
        ...parts,
        model,
        directory,
        journal: follower.watch(journal),
        signal: AbortSignal.any([signal, enough]),
      });
    } finally {
      journal.close();
    }
  } catch (error) {
    if (!(error instanceof Interruption)) throw error;
    if (parts.signal.aborted) throw new Interruption('interrupted; nothing was written', { cause: error });
    return undefined;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function nothingToCompare({ records: [first] }: RecordedRun): WgradError {
  return new WgradError(
    first
      ? `There is no reading to compare with up to there: the first is at step ${first.step}.`
      : 'There is no reading to compare with: the run was stopped before its first.',
  );
}
