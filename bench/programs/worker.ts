/**
 * One program in a process of its own: reads requests from standard input, a line of JSON each, and answers each on standard
 * output. `main.ts` starts it.
 *
 *   npx tsx bench/programs/worker.ts gpt cpu captured
 */
import { createInterface } from 'node:readline';
import { capture, init, scope } from '../../src/index.ts';
import { PROGRAMS } from './list.ts';
import type { Answer, Request } from './peer.ts';

const [, , name = '', device = 'cpu', mode = 'captured'] = process.argv;
const { description } = await init(device === 'webgpu' ? 'webgpu' : 'cpu');
const program = PROGRAMS[name]!();
const step =
  mode === 'eager'
    ? (...batch: Parameters<typeof program.step>) => scope(() => program.step(...batch))
    : capture(program.step);
let steps = 0;

async function next(): Promise<number> {
  const loss = step(...program.batches[steps++ % program.batches.length]!);
  const value = await loss.item();
  if (mode === 'eager') loss.dispose();
  program.after?.();
  return value;
}

async function answer(request: Request): Promise<Answer> {
  const losses: number[] = [];
  const usage = process.cpuUsage();
  const start = performance.now();
  while (losses.length < request.steps || performance.now() - start < request.milliseconds) {
    losses.push(await next());
  }
  const milliseconds = (performance.now() - start) / losses.length;
  const { user, system } = process.cpuUsage(usage);
  const processorMilliseconds = (user + system) / 1000 / losses.length;
  const peakBytes = process.resourceUsage().maxRSS * 1024;
  return { description, losses, milliseconds, processorMilliseconds, peakBytes };
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line) as Request))}\n`);
}
process.exit(0);
