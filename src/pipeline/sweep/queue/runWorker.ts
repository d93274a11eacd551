import type { Registry } from 'prom-client';
import { openStore } from '../artifacts/open.ts';
import { addressText } from './connection.ts';
import { SweepWorker, type WorkerOptions } from './worker.ts';
import { workerMetrics } from './workerMetrics.ts';
import { withWorkFolder } from './workFolder.ts';
import { trainFromStore } from './workTrial.ts';

export interface RunWorkerOptions extends Omit<WorkerOptions, 'store' | 'work' | 'runTrial' | 'check'> {
  /** The address of the artifact store. */
  readonly store: string;
  /** Where the worker makes its folder; see `withWorkFolder`. */
  readonly work: string | undefined;
  /** The command that trains: `--resume <run>` is added. */
  readonly command: readonly string[];
  /** Gets metrics of the queues and the trials; undefined for none. */
  readonly registry?: Registry | undefined;
}

/** Trains the trials of queues until the signal is aborted. @throws FileError where its folder cannot be written */
export async function runWorker({
  store,
  work,
  command,
  registry,
  ...options
}: RunWorkerOptions): Promise<void> {
  const { url, labels, report } = options;
  const runTrial = trainFromStore(command);
  const metrics = registry && workerMetrics(registry, { url, labels });
  await withWorkFolder(work, async (folder) => {
    const worker = new SweepWorker({
      ...options,
      store: openStore(store),
      work: folder,
      runTrial: metrics ? (trial, how) => metrics.trials.watch(trial, () => runTrial(trial, how)) : runTrial,
    });
    report(`taking trials of ${labels.join(', ')} from ${addressText(url)}`);
    await worker.run();
  }).finally(() => metrics?.close());
}
