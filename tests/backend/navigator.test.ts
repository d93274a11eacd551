// navigator.gpu and the files of a page, as a browser offers them.
import { afterEach, expect, test, vi } from 'vitest';
import { AdapterError } from '../../src/platform/errors.ts';
import { platform } from '../../src/platform/browser.ts';
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

test('a module that a server does not find is an error that says where', async () => {
  vi.stubGlobal('fetch', () => Promise.resolve({ ok: false, status: 404, url: 'https://x/cpu.wasm' }));
  await expect(platform.compileCpuModule()).rejects.toThrow('https://x/cpu.wasm answers 404');
});
