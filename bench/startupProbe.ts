// Loaded before a command by startup.ts: tells the command's marks when the first step is done, and ends the process.
import { writeFileSync } from 'node:fs';
import { PerformanceObserver } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

const file = process.env.STARTUP_MARKS;
if (isMainThread && file !== undefined) {
  const observer = new PerformanceObserver(() => {
    const marks = performance.getEntriesByType('mark').map(({ name, startTime }) => [name, startTime]);
    if (!marks.some(([name]) => name === 'first step')) return;
    writeFileSync(file, JSON.stringify([['node', performance.nodeTiming.bootstrapComplete], ...marks]));
    process.kill(process.pid, 'SIGKILL');
  });
  observer.observe({ entryTypes: ['mark'] });
}
