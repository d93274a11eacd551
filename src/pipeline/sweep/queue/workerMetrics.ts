import { setTimeout as sleep } from 'node:timers/promises';
import { Queue } from 'bullmq';
import { Gauge, type Registry } from 'prom-client';
import { TrialMetrics } from '../trialMetrics.ts';
import { connect, PREFIX, queueName } from './connection.ts';

/** Milliseconds that Redis has to answer. */
const PATIENCE = 2000;

/**
 * Metrics of a worker: its trials, and how many wait in the queues from which it takes them.
 *
 * @param queues the address of Redis, and the labels of the queues
 */
export function workerMetrics(
  registry: Registry,
  { url, labels }: { readonly url: string; readonly labels: readonly string[] },
): { readonly trials: TrialMetrics; readonly close: () => void } {
  const redis = connect(url, () => undefined);
  const queues = labels.map((label) => {
    const queue = new Queue(queueName(label), { connection: redis, prefix: PREFIX });
    queue.on('error', () => undefined);
    return { label, queue };
  });
  new Gauge({
    name: 'wgrad_trials_waiting',
    help: 'Trials that wait in a queue, by label; missing while Redis cannot be reached.',
    labelNames: ['label'],
    registers: [registry],
    async collect() {
      this.reset();
      // A command would wait for it.
      if (redis.status !== 'ready') return;
      const counts = queues.map(async ({ label, queue }) => {
        const { waiting = 0, delayed = 0 } = await queue.getJobCounts('waiting', 'delayed');
        return { label, count: waiting + delayed };
      });
      // The other metrics do not wait for a server that is silent: who asks would take the worker for dead.
      const known = await Promise.race([
        Promise.all(counts).catch(() => []),
        sleep(PATIENCE, [], { ref: false }),
      ]);
      for (const { label, count } of known) this.set({ label }, count);
    },
  });
  return {
    trials: new TrialMetrics(registry),
    close: () => {
      redis.endAll();
    },
  };
}
