/**
 * One contender in a process of its own: reads requests from standard input, a line of JSON each, and answers each on
 * standard output. `bench/main.ts` starts it.
 *
 *   npx tsx bench/worker.ts wgrad-cpu
 */
import { createInterface } from 'node:readline';
import { type Contender, type Job, type LaunchCounts, Unsupported } from './contenders/contender.ts';
import { openNamed } from './contenders/open.ts';
import type { Answers, Elapsed, Request } from './protocol.ts';

// What libraries print must not be taken for answers.
console.log = console.info = console.warn = console.debug = console.error;

const LEAST_LOSSES = 3;
let contender: Contender | undefined;
let job: Job | undefined;

function opened(): Contender {
  if (!contender) throw new Error('the contender is not open');
  return contender;
}

function prepared(): Job {
  if (!job) throw new Error('no workload is ready');
  return job;
}

async function elapsed(body: () => Promise<void>): Promise<Elapsed> {
  const [start, usage] = [performance.now(), process.cpuUsage()];
  await body();
  const milliseconds = performance.now() - start;
  const { user, system } = process.cpuUsage(usage);
  return { milliseconds, processorMilliseconds: (user + system) / 1000 };
}

/** Launches of one call: the difference between five and one, so that what ends a series is not counted. */
async function countsOf(contender: Contender, ready: Job): Promise<LaunchCounts | undefined> {
  const during = async (calls: number): Promise<LaunchCounts | undefined> => {
    const before = contender.counts?.();
    if (!before) return undefined;
    await ready.run(calls);
    const after = contender.counts!();
    return { dispatches: after.dispatches - before.dispatches, submits: after.submits - before.submits };
  };
  const [one, five] = [await during(1), await during(5)];
  return (
    one &&
    five && {
      dispatches: (five.dispatches - one.dispatches) / 4,
      submits: (five.submits - one.submits) / 4,
    }
  );
}

async function prepare({ workload, steps, milliseconds }: Extract<Request, { action: 'prepare' }>) {
  job?.dispose();
  job = undefined;
  const start = performance.now();
  const ready = (job = await opened().prepare(workload));
  const values = await ready.read();
  if (workload.kind !== 'training') return withCounts(values);
  while (values.length < steps) {
    if (values.length >= LEAST_LOSSES && performance.now() - start > milliseconds) break;
    values.push(...(await ready.read()));
  }
  return withCounts(values);

  async function withCounts(values: number[]): Promise<Answers['prepare']> {
    if (steps <= 1) return { values };
    const counts = await countsOf(opened(), ready);
    return { values, ...(counts && { counts }) };
  }
}

async function answer(request: Request): Promise<Answers[Request['action']]> {
  switch (request.action) {
    case 'open':
      contender = await openNamed(process.argv[2] ?? '');
      return contender.facts;
    case 'prepare':
      return prepare(request);
    case 'run':
      return elapsed(() => prepared().run(request.calls));
    case 'release':
      job?.dispose();
      job = undefined;
      return {};
    case 'memory':
      return { peakBytes: process.resourceUsage().maxRSS * 1024 };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const reply = await answer(JSON.parse(line) as Request).catch((error: unknown) => ({
    error: error instanceof Error ? error.message : String(error),
    ...(error instanceof Unsupported && { unsupported: true }),
  }));
  process.stdout.write(`${JSON.stringify(reply)}\n`);
}
process.exit(0);
