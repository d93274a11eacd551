import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { openDevice } from '../../../backend/webgpu/adapter.ts';
import { type AdapterInfo, type Choice, choiceText } from '../../../backend/webgpu/tuning/choice.ts';
import { Tuning } from '../../../backend/webgpu/tuning/tuning.ts';
import { WebGpuBackend } from '../../../backend/webgpu/webgpu.ts';
import { writeFileAtomic } from '../../files/atomicFile.ts';
import { writeError } from '../../files/fileError.ts';
import { ChoiceError, compareChoices, type ContestResult } from './contest.ts';
import { tuningRecord } from './identity.ts';
import type { TunedLaunch } from './launches.ts';
import { storedChoices, tuningPath } from './stored.ts';

export interface TuneOptions {
  /** Part of the adapter's name. */
  readonly adapter?: string | undefined;
  /** How long all comparisons may take; what time is left is shared evenly among the classes that are left. */
  readonly seconds: number;
  /** Aborted by Ctrl-C: what was measured until then counts. */
  readonly signal: AbortSignal;
  readonly onStart: (device: WebGpuBackend) => void;
  readonly onResult: (shape: string, result: ContestResult) => void;
  readonly onFailure: (shape: string, error: ChoiceError) => void;
}

/** What a tuning found. */
export interface TuneOutcome {
  readonly info: AdapterInfo;
  /** All choices that beat the built-in rules, those of earlier tunings for other classes included. */
  readonly choices: ReadonlyMap<string, Choice>;
  readonly measured: number;
}

/** Measures which kernel and tile is best for each launch on the present adapter. */
export async function tune(
  launches: readonly TunedLaunch[],
  { adapter, seconds, signal, onStart, onResult, onFailure }: TuneOptions,
): Promise<TuneOutcome> {
  const open = async (): Promise<WebGpuBackend> => {
    const opened = await openDevice(adapter);
    return new WebGpuBackend(opened, { tuning: new Tuning(opened.info) });
  };
  let device = await open();
  const { info } = device;
  const choices = new Map(Object.entries(storedChoices(info)) as [string, Choice][]);
  const end = performance.now() + 1000 * seconds;
  let measured = 0;
  onStart(device);
  try {
    for (const [index, launch] of launches.entries()) {
      const now = performance.now();
      const deadline = now + (end - now) / (launches.length - index);
      const failed = new Set<string>();
      let result: ContestResult | undefined;
      while (!result && !signal.aborted) {
        try {
          result = await compareChoices(device, launch, { deadline, signal, failed });
        } catch (error) {
          if (!(error instanceof ChoiceError)) throw error;
          failed.add(error.choice);
          onFailure(launch.shape, error);
          device.destroy();
          device = await open();
        }
      }
      if (!result || signal.aborted) break;
      if (result.choice) choices.set(launch.shape, result.choice);
      else if (result.complete) choices.delete(launch.shape);
      measured++;
      onResult(launch.shape, result);
    }
  } finally {
    device.destroy();
  }
  return { info, choices, measured };
}

/**
 * Keeps the choices for the devices that are opened from now on, and returns the file's path.
 *
 * @throws FileError where it cannot be written
 */
export async function storeChoices({ info, choices }: TuneOutcome): Promise<string> {
  const path = tuningPath(info);
  await mkdir(dirname(path), { recursive: true }).catch((error: unknown) => {
    throw writeError(dirname(path), error);
  });
  const record = tuningRecord(info, Object.fromEntries(choices));
  await writeFileAtomic(path, `${JSON.stringify(record, null, 2)}\n`);
  return path;
}

/** One line about a class of launches. */
export function formatResult(shape: string, { choice, builtIn, best, ...result }: ContestResult): string {
  const outcome = choice
    ? `${text(best)} by ${choiceText(choice)}, ${(builtIn / best).toFixed(2)} times as fast`
    : 'nothing faster';
  const { compared, candidates, complete } = result;
  const extent = complete
    ? ` of ${compared}`
    : `; the time was up, with ${compared} of ${candidates} compared`;
  return `${shape}: built-in ${text(builtIn)}; ${outcome}${extent}`;
}

function text(milliseconds: number): string {
  return milliseconds < 1 ? `${(1000 * milliseconds).toFixed(1)} µs` : `${milliseconds.toFixed(2)} ms`;
}
