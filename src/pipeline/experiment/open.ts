import type { Backend } from '../../backend/backend.ts';
import { init, type InitOptions } from '../../tensor/device.ts';
import type { Configuration } from '../config/configuration.ts';
import { loadTuning, type TuningSource } from '../diagnostics/tuning/stored.ts';
import { type Datasets, obtainDatasets } from '../data/datasets.ts';
import { collectEnvironment, type Environment } from '../runs/environment.ts';

/** What an experiment needs from outside. */
export interface Opened {
  readonly device: Backend;
  /** The data on the device. They may still be read. */
  readonly data: Promise<Datasets>;
  /** What the experiment runs on, except the device and the data. */
  readonly environment: Environment;
}

/**
 * Opens the device and reads the data at the same time, calls `action` with both, and closes the device.
 *
 * @throws what opening the device, reading the data or `action` throws
 */
export async function withOpened<T>(
  configuration: Configuration,
  tuning: TuningSource,
  signal: AbortSignal,
  action: (opened: Opened) => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  // Starts before the device is opened, which blocks the main thread: git answers meanwhile.
  const facts = collectEnvironment();
  let note: string | undefined;
  const opening = openDevice(configuration, (info) => {
    const found = loadTuning(info, tuning);
    note = found.note;
    return found.choices;
  });
  const data = obtainDatasets(configuration, opening, AbortSignal.any([signal, over.signal]));
  data.catch(() => undefined); // awaited by `action`
  try {
    const [device, environment] = await Promise.all([opening, facts]);
    performance.mark('device');
    process.stderr.write(`device  ${device.name}: ${device.description}\n`);
    if (device.tuning) {
      process.stderr.write(`kernels ${device.tuning.description}\n`);
      if (note !== undefined) process.stderr.write(`warning: ${note}\n`);
    }
    return await action({ device, data, environment });
  } finally {
    over.abort();
    void opening.then((device) => device.destroy()).catch(() => undefined);
  }
}

function openDevice(
  { device, adapter }: Configuration,
  tuning: NonNullable<InitOptions['tuning']>,
): Promise<Backend> {
  return init(device, {
    tuning,
    ...(adapter === undefined ? {} : { adapter }),
    onFallback: (reason) => process.stderr.write(`${reason}\nTraining on the CPU backend.\n\n`),
  });
}
