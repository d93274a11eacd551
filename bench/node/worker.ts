/**
 * One contender in a process of its own: reads requests from standard input, a line of JSON each, and answers each on
 * standard output. `bench/main.ts` starts it.
 *
 *   npx tsx bench/node/worker.ts wgrad-cpu
 */
import { createInterface } from 'node:readline';
import { Answerer } from '../answers.ts';
import { openNamed } from '../contenders/open.ts';
import type { Request } from '../protocol.ts';
import { nodeHost } from './host.ts';

// What libraries print must not be taken for answers.
console.log = console.info = console.warn = console.debug = console.error;

const answerer = new Answerer({
  open: () => openNamed(process.argv[2] ?? '', nodeHost),
  processorTime: () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  },
  peakBytes: () => process.resourceUsage().maxRSS * 1024,
});

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await answerer.answer(JSON.parse(line) as Request))}\n`);
}
process.exit(0);
