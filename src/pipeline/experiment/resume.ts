import { readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Backend } from '../../backend/backend.ts';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { newestCheckpoint } from '../checkpoint/files.ts';
import {
  type Configuration,
  ConfigurationError,
  loadConfiguration,
  parseConfiguration,
} from '../config/configuration.ts';
import { isTemporary } from '../files/atomicFile.ts';
import { FileError } from '../files/fileError.ts';
import { tryReadJson } from '../files/json.ts';
import { changedLeaves } from '../files/leaves.ts';
import { parseYaml } from '../files/yamlValue.ts';
import type { RunDirectory } from '../runs/directory.ts';
import { deviceText, type Environment } from '../runs/environment.ts';
import { rewindJournal } from '../runs/journal/journal.ts';
import { type RunSummary, tryReadSummary } from '../runs/summary.ts';
import { percent } from '../text/numbers.ts';
import { valueText } from '../text/valueText.ts';
import { FinishedError } from '../training/errors.ts';

/** A run that starts or continues. */
export interface Run {
  readonly directory: RunDirectory;
  readonly configuration: Configuration;
  /** Undefined where the run starts, or was stopped before its first checkpoint. */
  readonly checkpoint?: Checkpoint | undefined;
  /** The recorded environment; undefined where the run starts, or was stopped before it was written. */
  readonly environment?: ResumedEnvironment | undefined;
}

/** The environment in which a run started, and those in which it continued. */
export interface ResumedEnvironment extends Environment {
  readonly resumed?: readonly Environment[];
}

/** The keys that a resumed run may change: they affect no step that was taken. */
const CHANGEABLE = new Set([
  'device',
  'adapter',
  'train.epochs',
  'train.maxMinutes',
  'train.capture',
  'train.checkpointEvery',
  'train.keepLast',
  'tracking',
  'run.tags',
  'run.notes',
]);

/**
 * Opens a run to continue it from its newest intact checkpoint.
 *
 * @param path the run's folder, locked by this process
 * @param overrides new values of the keys that can change
 * @param note gets messages for the user, about corrupt checkpoints
 * @throws FinishedError where nothing is left to do, ConfigurationError for other changes, FileError where a file is
 *   unusable
 */
export async function reopenRun(
  path: string,
  overrides: readonly string[],
  note: (text: string) => void,
): Promise<Run> {
  const checkpoints = join(path, 'checkpoints');
  const configuration = loadConfiguration(join(path, 'config.yaml'), overrides);
  const checkpoint = await newestCheckpoint(checkpoints, (reason) =>
    note(`${reason}\nLooking for the checkpoint before it.`),
  );
  if (checkpoint) {
    checkChanges(parseConfiguration(parseYaml(checkpoint.configuration).value), configuration);
    checkUnfinished(path, configuration, checkpoint, await tryReadSummary(path));
  }
  return {
    directory: { id: basename(path), path, checkpoints },
    configuration,
    checkpoint,
    environment: await tryReadJson<ResumedEnvironment>(join(path, 'environment.json')),
  };
}

/** Removes what the run wrote after its checkpoint, and files that were half-written when it was killed. */
export async function rewindRun({ directory, checkpoint }: Run): Promise<void> {
  const { path, checkpoints } = directory;
  await rm(join(path, 'summary.json'), { force: true });
  for (const folder of [path, checkpoints]) {
    const torn = (await readdir(folder)).filter(isTemporary);
    for (const name of torn) await rm(join(folder, name), { recursive: true, force: true });
  }
  const journal = join(path, 'metrics.jsonl');
  if (!checkpoint) return rm(journal, { force: true });
  const { epoch, step } = checkpoint.position;
  // Records of an epoch's end belong to the checkpoint after it. The test and the end come again.
  await rewindJournal(journal, (record) => {
    if (record.kind === 'train') return record.step <= step;
    return record.kind !== 'test' && record.kind !== 'end' && record.epoch <= epoch;
  });
}

/**
 * Warnings about changes because of which the bits of the result may differ.
 *
 * @throws FileError where the data differ
 */
export function differences(
  { directory, checkpoint, environment: before }: Run,
  device: Backend,
  environment: Environment,
): string[] {
  const found: string[] = [];
  const now = deviceText(device);
  if (checkpoint && checkpoint.device !== now) {
    found.push(
      `the run was trained on ${checkpoint.device}, and goes on on ${now}: the bits of the result may differ`,
    );
  }
  if (!before) return found;
  if (before.codeVersion !== environment.codeVersion) {
    found.push('the code has changed since the run was started: the bits of the result may differ');
  }
  requireSameData(directory.path, before, environment);
  return found;
}

/**
 * @param path the run's folder
 * @throws FileError where a run was trained on other data than those that are there now
 */
export function requireSameData(
  path: string,
  before: { readonly dataChecksums?: unknown },
  now: { readonly dataChecksums: unknown },
): void {
  const [was, is] = [before, now].map(({ dataChecksums }) => JSON.stringify(dataChecksums));
  if (was === is) return;
  throw new FileError(path, `was trained on other data: ${was}, now ${is}; restore them, or start a new run`);
}

/** The environment of a run's start, with those in which it continued. */
export function withEarlier({ environment }: Run, now: Environment): ResumedEnvironment {
  return environment ? { ...environment, resumed: [...(environment.resumed ?? []), now] } : now;
}

/** @throws ConfigurationError naming every key that cannot change */
function checkChanges(before: Configuration, after: Configuration): void {
  const problems = changedLeaves(before, after).flatMap(({ key, before: old, after: now }) => {
    const reason = refusal(key, before, after);
    return reason === undefined ? [] : [`  ${key}: was ${valueText(old)}, got ${valueText(now)}; ${reason}`];
  });
  if (problems.length > 0) {
    throw new ConfigurationError(`a resumed run keeps its configuration\n${problems.join('\n')}`);
  }
}

/** Why a key cannot have its new value. */
function refusal(key: string, before: Configuration, { train, schedule }: Configuration): string | undefined {
  if (!CHANGEABLE.has(key)) return `start a new run for that (${[...CHANGEABLE].join(', ')} can change)`;
  if (key !== 'train.epochs') return undefined;
  if (train.epochs < before.train.epochs) return 'more are possible, less are not';
  const whole = schedule.name === 'onecycle' || (schedule.name === 'cosine' && schedule.tMax === undefined);
  return whole
    ? `schedule ${schedule.name} was laid out for all epochs, so the steps before depend on them`
    : undefined;
}

/** `test accuracy 88.44 %`; without classes `test loss 241.0213`. */
function testResult({ testAccuracy, testLoss }: RunSummary): string {
  return testAccuracy === undefined
    ? `test loss ${testLoss.toFixed(4)}`
    : `test accuracy ${percent(testAccuracy)}`;
}

function checkUnfinished(
  path: string,
  { train }: Configuration,
  { progress, position }: Checkpoint,
  summary: RunSummary | undefined,
): void {
  const minutes = (progress.seconds / 60).toFixed(1);
  if (
    train.maxMinutes !== undefined &&
    progress.seconds >= 60 * train.maxMinutes &&
    position.epoch < train.epochs
  ) {
    const more = Math.ceil(2 * train.maxMinutes);
    throw new FinishedError(
      `${path} has had its time: ${minutes} of ${train.maxMinutes} minutes (epoch ${position.epoch} of ` +
        `${train.epochs}). To go on with it, give it more: train.maxMinutes=${more}`,
    );
  }
  if (!summary || summary.stopped === 'maxMinutes') return;
  if (summary.stopped === 'epochs' && train.epochs > summary.epochs) return;
  const next =
    summary.stopped === 'epochs'
      ? `To train on, give it more epochs: train.epochs=${2 * train.epochs}`
      : 'Early stopping ended it, so more epochs would change nothing.';
  throw new FinishedError(`${path} is finished: ${summary.epochs} epochs, ${testResult(summary)}. ${next}`);
}
