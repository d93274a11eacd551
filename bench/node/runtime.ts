import type { Entry } from '../contenders/list.ts';
import type { Runtime } from '../protocol.ts';
import { Workers } from '../workers.ts';
import { measureFirstStep } from './firstStep.ts';
import { WorkerProcess, type WorkerOptions } from './workerProcess.ts';

/** Contenders in processes of Node and Python. */
export function nodeRuntime(options: WorkerOptions): Runtime {
  const workers = new Workers();
  const start = (entry: Entry, environment?: WorkerOptions['environment']): WorkerProcess =>
    workers.start(() => new WorkerProcess(entry, { ...options, ...(environment && { environment }) }));
  return {
    start,
    firstSteps: (entry, workload, starts) =>
      measureFirstStep(workload, starts, entry, (environment) => start(entry, environment)),
    close: () => workers.close(),
  };
}
