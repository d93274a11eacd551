import { openStore } from '../artifacts/open.ts';
import { addressText } from './connection.ts';
import { SweepWorker, type WorkerOptions } from './worker.ts';
import { withWorkFolder } from './workFolder.ts';
import { trainFromStore } from './workTrial.ts';

export interface RunWorkerOptions extends Omit<WorkerOptions, 'store' | 'work' | 'runTrial' | 'check'> {
  /** The address of the artifact store. */
  readonly store: string;
  /** Where the worker makes its folder; see `withWorkFolder`. */
  readonly work: string | undefined;
  /** The command that trains: `--resume <run>` is added. */
  readonly command: readonly string[];
}

/** Trains the trials of queues until the signal is aborted. @throws FileError where its folder cannot be written */
export async function runWorker({ store, work, command, ...options }: RunWorkerOptions): Promise<void> {
  const { url, labels, report } = options;
  await withWorkFolder(work, async (folder) => {
    const worker = new SweepWorker({
      ...options,
      store: openStore(store),
      work: folder,
      runTrial: trainFromStore(command),
    });
    report(`taking trials of ${labels.join(', ')} from ${addressText(url)}`);
    await worker.run();
  });
}
