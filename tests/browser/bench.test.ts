import { execFileSync, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { once } from 'node:events';
import { expect, onTestFinished, test, vi } from 'vitest';
import { browserRuntime } from '../../bench/browser/runtime.ts';
import { BROWSER_CONTENDERS } from '../../bench/contenders/list.ts';
import { BROWSER } from '../../bench/presets.ts';
import type { Runtime } from '../../bench/protocol.ts';
import { startResult } from '../../bench/results.ts';
import { Suite } from '../../bench/suite.ts';
import { training, type Workload, WORKLOADS } from '../../bench/workloads.ts';
import { chromiumOrSkip } from './browser.ts';

const own = BROWSER_CONTENDERS.filter(({ library }) => library === 'wgrad');
const rounds = { ...BROWSER.rounds, warmUpSeconds: 0.01, rounds: 2, sampleMilliseconds: 1, steps: 3 };

async function openRuntime(): Promise<Runtime> {
  const runtime = await browserRuntime();
  onTestFinished(() => runtime.close());
  return runtime;
}

test('pages of a browser measure what Node does: threads, one thread and WebGPU compute the same', async (context) => {
  await chromiumOrSkip(context);
  const runtime = await openRuntime();
  const product = WORKLOADS.find(({ name }) => name === 'matmul 256³')!;
  const workloads: Workload[] = [training('mlp', 8, 16), product];
  const result = await startResult('browser', rounds.rounds, runtime.browser);
  const lines: string[] = [];
  const reporter = {
    progress: () => undefined,
    print: (more: readonly string[]) => void lines.push(...more),
  };
  const suite = new Suite({ ...BROWSER, rounds, workloads, contenders: own }, runtime, result, reporter);
  await suite.run();
  await suite.stop();
  expect(result.versions.browser).toMatch(/^\D+ \d+\./);
  expect(result.participants.map(({ name, facts }) => [name, facts?.device])).toEqual([
    ['wgrad-cpu', expect.stringMatching(/, \d+ threads$/)],
    ['wgrad-cpu-1', expect.stringMatching(/, one thread$/)],
    ['wgrad-webgpu', 'google swiftshader'],
  ]);
  expect(result.results.map(({ workload: { name } }) => name)).toEqual(workloads.map(({ name }) => name));
  for (const { measurements } of result.results) {
    expect(measurements.map(({ failure, verdict }) => [failure, verdict?.same])).toEqual(
      own.map(() => [undefined, true]),
    );
    for (const { milliseconds, processorMilliseconds } of measurements) {
      expect(milliseconds?.samples).toBe(2);
      expect(milliseconds?.median).toBeGreaterThan(0);
      expect(processorMilliseconds?.max).toBeGreaterThanOrEqual(0);
    }
    expect(measurements[2]?.counts?.dispatches).toBeGreaterThan(0);
  }
  expect(lines.join('\n')).toMatch(/MLP step, batch 8, width 16[^]*wgrad CPU, 1 thread .*samples\/s/);
});

test('a page that takes too long is ended, and so is one whose runtime closes', async (context) => {
  await chromiumOrSkip(context);
  const runtime = await openRuntime();
  const [late, working] = [runtime.start(own[0]!), runtime.start(own[1]!)];
  await expect(late.ask({ action: 'open' }, 0.001)).rejects.toThrow('took longer than 0.001 s');
  expect(late.ended).toBe(true);
  await expect(late.ask({ action: 'release' }, 1)).rejects.toThrow('its browser ended');
  await working.ask({ action: 'open' }, 60);
  const calls = working.ask({ action: 'run', calls: 1 }, 60);
  await expect(calls).rejects.toThrow('no workload is ready');
  expect(working.ended).toBe(false);
  await runtime.close();
  await expect(working.ask({ action: 'release' }, 1)).rejects.toThrow('its browser ended');
  expect(() => runtime.start(own[0]!)).toThrow('the runtime is closed');
});

/** A process and all that it has started, by id. */
function family(root: number): number[] {
  const rows = execFileSync('ps', ['-eo', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n');
  const pairs = rows.map((row) => row.trim().split(/\s+/).map(Number) as [number, number]);
  const members = [root];
  for (const member of members) {
    members.push(...pairs.filter(([, parent]) => parent === member).map(([child]) => child));
  }
  return members;
}

test('Ctrl-C ends the benchmark and its browsers', async (context) => {
  await chromiumOrSkip(context);
  const options = ['--browser', '--only', 'MLP', '--contenders', 'wgrad-cpu', '--rounds', '100000'];
  const bench = spawn(process.execPath, ['--import', 'tsx', 'bench/main.ts', ...options]);
  onTestFinished(() => void bench.kill('SIGKILL'));
  const ended = once(bench, 'close');
  const complaints: string[] = [];
  createInterface({ input: bench.stderr }).on('line', (line) => complaints.push(line));
  // The first line says that the contender is open.
  await once(createInterface({ input: bench.stdout }), 'line');
  const browser = family(bench.pid!).slice(1);
  expect(browser.length).toBeGreaterThan(2);
  bench.kill('SIGINT');
  expect(await ended).toEqual([130, null]);
  expect(complaints).toEqual(['interrupted; no figures were written']);
  const isAlive = (id: number): boolean => family(1).includes(id);
  await vi.waitUntil(() => !browser.some(isAlive), { timeout: 30_000 });
});
