/** The command that runs and controls the trials of a queue. */
import { fileURLToPath } from 'node:url';
import { argument, command, type CommandGroup, flag, option, optional } from './pipeline/cli/command.ts';
import { path } from './pipeline/cli/folder.ts';
import { interruptSignal } from './pipeline/cli/interrupt.ts';
import { runCommand } from './pipeline/cli/run.ts';
import { artifacts, json, label, metricsHost, metricsPort, print, redisUrl } from './pipeline/cli/shared.ts';
import { several, wholeNumber } from './pipeline/cli/values.ts';
import type { StatusView } from './pipeline/sweep/queue/statusText.ts';
import { UsageError } from './pipeline/text/didYouMean.ts';

const queue = option('<url>', redisUrl, 'the queue: redis://host:port (default: the variable WGRAD_QUEUE)');
const sweep = argument('the sweep, as status lists it');

/** The address of the queue. A variable keeps a password out of the list of processes. */
function requireQueue(given: string | undefined): string {
  const url = given ?? process.env['WGRAD_QUEUE'];
  if (url === undefined) throw new UsageError('missing --queue, such as redis://localhost:6379');
  if (redisUrl.read(url) === undefined) throw new UsageError(`WGRAD_QUEUE takes ${redisUrl.takes}`);
  return url;
}

const worker = command({
  about: `
    Takes trials from a queue and trains them, until it is stopped. Each new checkpoint goes to the artifact store. If the
    worker dies, another one continues its trials from there. Trials of another version of the code or of the data are left
    to other workers.

    SIGTERM or Ctrl-C drains the worker: it takes no more trials, gives those at work the seconds of --grace, and then
    stops them with a checkpoint and puts them back.`,
  options: {
    queue,
    store: artifacts,
    concurrency: option('<n>', wholeNumber(1, 1000), 'trials at a time, of each label', { default: 1 }),
    labels: option(
      '<names>',
      several(label),
      'take trials with these labels, such as any,gpu (default: any)',
    ),
    grace: option('<seconds>', wholeNumber(0, 86_400), 'how long trials may go on after SIGTERM', {
      default: 10,
    }),
    stalledAfter: option(
      '<seconds>',
      wholeNumber(1, 3600),
      'after so many seconds without a sign of life, another worker takes over a trial',
      { default: 30 },
    ),
    work: option('<folder>', path, 'folder for trials at work (default: in the folder for temporary files)'),
    metricsPort,
    metricsHost,
  },
  examples: ['--queue redis://localhost:6379 --store /mnt/artifacts --labels any,gpu'],
  run: async ({ queue, labels = ['any'], grace, stalledAfter, metricsPort, metricsHost, ...options }) => {
    const { runWorker } = await import('./pipeline/sweep/queue/runWorker.ts');
    const train = fileURLToPath(import.meta.resolve('./train.ts'));
    const { startMetrics } = await import('./pipeline/telemetry/telemetry.ts');
    const url = requireQueue(queue);
    const metrics =
      metricsPort === undefined ? undefined : await startMetrics({ host: metricsHost, port: metricsPort });
    await runWorker({
      ...options,
      url,
      registry: metrics?.registry,
      labels,
      stalledAfter: 1000 * stalledAfter,
      grace: 1000 * grace,
      command: [process.execPath, ...process.execArgv, train],
      signal: interruptSignal('stopped'),
      report: (line) => process.stderr.write(`${line}\n`),
    }).finally(() => metrics?.close());
  },
});

/** Milliseconds between two pictures of a sweep that is watched. */
const REFRESH = 1000;

const status = command({
  about: `
    Lists the sweeps of a queue. With a sweep, it shows the trials that run, that failed, or that workers refused, and why.
    --watch shows that until the sweep has ended.`,
  arguments: { sweep: optional('the sweep') },
  options: {
    queue,
    watch: flag('show it again every second, until nothing waits or runs', { without: ['json'] }),
    json,
  },
  run: async ({ sweep, queue, watch, json }) => {
    const { statusAt } = await import('./pipeline/sweep/queue/remote.ts');
    const { statusText, watchStatus } = await import('./pipeline/sweep/queue/statusText.ts');
    const url = requireQueue(queue);
    const look = (): Promise<StatusView> => statusAt(url, sweep);
    if (watch) return watchStatus(look, REFRESH, interruptSignal());
    const view = await look();
    print(json, view, statusText(view));
  },
});

const cancel = command({
  about: `
    Cancels a sweep: trials that wait are removed, trials that run stop with a checkpoint. The command that submitted the
    sweep continues it.`,
  arguments: { sweep },
  options: { queue, json },
  run: async ({ sweep, queue, json }) => {
    const { cancelAt } = await import('./pipeline/sweep/queue/remote.ts');
    const removed = await cancelAt(requireQueue(queue), sweep);
    print(json, { sweep, removed }, `${sweep} is cancelled; ${removed} trials were waiting`);
  },
});

const retry = command({
  about:
    'Puts the trials of a sweep that failed, or that cancel removed or stopped, back into the queue. They continue from their last checkpoint.',
  arguments: { sweep },
  options: { queue, json },
  run: async ({ sweep, queue, json }) => {
    const { retryAt } = await import('./pipeline/sweep/queue/remote.ts');
    const again = await retryAt(requireQueue(queue), sweep);
    print(json, { sweep, again }, `${again} trials of ${sweep} run again`);
  },
});

const control: CommandGroup = {
  about: 'Runs and controls the trials of sweeps that src/train.ts --sweep --queue has submitted.',
  commands: { worker, status, cancel, retry },
  examples: ['worker --queue redis://localhost:6379', 'status mlp-1f0c9a27 --watch', 'retry mlp-1f0c9a27'],
};

await runCommand('npx tsx src/sweep.ts', control);
