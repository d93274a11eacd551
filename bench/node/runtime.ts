import type { Entry } from '../contenders/list.ts';
import type { Runtime } from '../protocol.ts';
import { measureFirstStep } from './firstStep.ts';
import { WorkerProcess, type WorkerOptions } from './workerProcess.ts';

/** Contenders in processes of Node and Python. */
export function nodeRuntime(options: WorkerOptions): Runtime {
  const workers: WorkerProcess[] = [];
  let closed = false;
  const start = (entry: Entry, environment?: WorkerOptions['environment']): WorkerProcess => {
    if (closed) throw new Error('the runtime is closed');
    const worker = new WorkerProcess(entry, { ...options, ...(environment && { environment }) });
    workers.push(worker);
    return worker;
  };
  return {
    start,
    firstSteps: (entry, workload, starts) =>
      measureFirstStep(workload, starts, entry, (environment) => start(entry, environment)),
    close: async () => {
      closed = true;
      await Promise.all(workers.map((worker) => worker.stop()));
    },
  };
}
