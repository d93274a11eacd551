// navigator.gpu and workers, as a browser offers them.
import { afterEach, expect, test, vi } from 'vitest';
import { AdapterError } from '../../src/platform/errors.ts';
import { platform } from '../../src/platform/browser.ts';
import type { ThreadTask } from '../../src/platform/platform.ts';
import { startWebWorker, webParallelism } from '../../src/platform/webWorkers.ts';
import { openNavigatorGpu } from '../../src/platform/navigatorGpu.ts';

afterEach(() => {
  vi.unstubAllGlobals();
});

/** Sets `navigator.gpu`, and lists the requests for an adapter. */
function offer(adapter: object | null): { gpu: unknown; requests: unknown[] } {
  const requests: unknown[] = [];
  const requestAdapter = (request: unknown): Promise<object | null> => {
    requests.push(request);
    return Promise.resolve(adapter);
  };
  const gpu = { requestAdapter };
  vi.stubGlobal('navigator', { gpu });
  return { gpu, requests };
}

test('the fast adapter of navigator.gpu is opened, and waits are left to the browser', async () => {
  const adapter = { name: 'adapter' };
  const { gpu, requests } = offer(adapter);
  for (const open of [openNavigatorGpu, () => platform.openGpu()]) {
    const opened = await open();
    expect(opened?.adapter).toBe(adapter);
    expect(opened?.gpu).toBe(gpu);
    const promise = Promise.resolve(3);
    expect(await opened!.wait(promise)).toBe(3);
  }
  expect(requests).toEqual(Array(2).fill({ powerPreference: 'high-performance' }));
});

test('a browser without WebGPU, or without an adapter, says so', async () => {
  offer(null);
  await expect(openNavigatorGpu()).rejects.toThrow(AdapterError);
  await expect(openNavigatorGpu()).rejects.toThrow('WebGPU offers no adapter here');
  for (const navigator of [undefined, {}]) {
    vi.stubGlobal('navigator', navigator);
    expect(await openNavigatorGpu()).toBeUndefined();
    await expect(platform.openGpu()).rejects.toThrow(AdapterError);
    await expect(platform.openGpu()).rejects.toThrow('WebGPU is not available here');
  }
});

test.each([
  { isolated: true, threads: 8 },
  { isolated: false, threads: 1 },
  // In Deno.
  { isolated: undefined, threads: 1 },
])('where crossOriginIsolated is $isolated, $threads of 8 processors are used', ({ isolated, threads }) => {
  vi.stubGlobal('navigator', { hardwareConcurrency: 8 });
  vi.stubGlobal('crossOriginIsolated', isolated);
  expect(webParallelism()).toBe(1);
  vi.stubGlobal('Worker', () => undefined);
  expect(webParallelism()).toBe(threads);
});

test('a worker that cannot start is reported, not thrown', async () => {
  const task = { module: {}, memory: {}, thread: 1 } as unknown as ThreadTask;
  vi.stubGlobal('Worker', undefined);
  const thread = startWebWorker(task);
  expect(await thread.started).toBe(false);
  thread.end();
});
