// Loaded before a command by startup.ts: tells the command's marks when it ends.
import { writeFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

const file = process.env.STARTUP_MARKS;
if (isMainThread && file !== undefined) {
  process.once('exit', () => {
    const marks = performance.getEntriesByType('mark').map(({ name, startTime }) => [name, startTime]);
    writeFileSync(file, JSON.stringify([['node', performance.nodeTiming.bootstrapComplete], ...marks]));
  });
}
