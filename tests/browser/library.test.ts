import type { Page } from 'playwright-core';
import { describe, expect, test, type TestContext } from 'vitest';
import * as wgrad from '../../src/index.ts';
import { openCpu } from '../../src/backend/cpu/cpu.ts';
import { ISOLATION, libraryFiles, openEmptyPage } from './site.ts';
import { train } from '../training.ts';

/** Opens a device and trains; its value is what `Outcome` says. */
const PROGRAM = `async (device) => {
  const wgrad = await import('/wgrad.min.js');
  const { train } = await import('/training.js');
  const { description, info } = await wgrad.init(device);
  return { description, threads: info.threads, losses: await train(wgrad) };
}`;

/** PROGRAM in a Worker of a page. */
const IN_WORKER = `(device) => new Promise((resolve, reject) => {
  const worker = new Worker('/worker.js', { type: 'module' });
  worker.onmessage = ({ data }) => resolve(data);
  worker.onerror = ({ message }) => reject(new Error(message));
  worker.postMessage(device);
})`;
const WORKER = `onmessage = async ({ data }) => postMessage(await (${PROGRAM})(data));`;

interface Outcome {
  description: string;
  threads: number;
  losses: number[];
}

async function open(
  context: Pick<TestContext, 'skip'>,
  headers: Record<string, string>,
): Promise<{ page: Page; faults: string[] }> {
  return openEmptyPage(context, { ...(await libraryFiles()), '/worker.js': WORKER }, headers);
}

function run(page: Page, program: string, device: string): Promise<Outcome> {
  return page.evaluate(`(${program})('${device}')`);
}

/** The losses on Node's CPU backend. */
async function expectedLosses(): Promise<number[]> {
  wgrad.setDefaultDevice(await openCpu());
  return train(wgrad);
}

describe.each([
  ['a page', PROGRAM],
  ['a worker', IN_WORKER],
])('the CPU backend in %s', (_, program) => {
  test('has one thread where memory cannot be shared, and computes the bits of Node', async (context) => {
    const { page, faults } = await open(context, {});
    const { description, losses } = await run(page, program, 'cpu');
    expect(description).toBe('WebAssembly relaxed SIMD on the CPU, one thread');
    expect(losses).toEqual(await expectedLosses());
    expect(faults).toEqual([]);
  });

  test('has a thread for each processor where the page is isolated, and computes the bits of Node', async (context) => {
    const { page, faults } = await open(context, ISOLATION);
    const processors = Math.min(16, await page.evaluate<number>('navigator.hardwareConcurrency'));
    expect(processors).toBeGreaterThan(1);
    const { threads, losses } = await run(page, program, 'cpu');
    expect(threads).toBe(processors);
    expect(losses).toEqual(await expectedLosses());
    expect(page.workers()).toHaveLength(processors - (program === PROGRAM ? 1 : 0));
    expect(faults).toEqual([]);
  });
});

test.for([
  ['a page', PROGRAM],
  ['a worker', IN_WORKER],
] as const)('WebGPU in %s trains as the CPU backend does', async ([, program], context) => {
  const { page, faults } = await open(context, {});
  const { description, losses } = await run(page, program, 'webgpu');
  expect(description).toBe('google swiftshader');
  const expected = await expectedLosses();
  losses.forEach((loss, step) => expect(loss).toBeCloseTo(expected[step]!, 5));
  expect(faults).toEqual([]);
});

test('the main thread of a page waits for the others without sleeping, which browsers forbid', async (context) => {
  const { page } = await open(context, ISOLATION);
  // Tasks of several milliseconds, far longer than a thread polls before it sleeps.
  const products = `(async () => {
    const { init, manualSeed, rand } = await import('/wgrad.min.js');
    await init('cpu');
    manualSeed(1);
    const weight = rand([1024, 1024]).sub(0.5);
    let x = weight;
    for (let count = 0; count < 8; count++) x = x.matmul(weight).div(16);
    return x.square().sum().item();
  })()`;
  wgrad.setDefaultDevice(await openCpu());
  wgrad.manualSeed(1);
  const weight = wgrad.rand([1024, 1024]).sub(0.5);
  let x = weight;
  for (let count = 0; count < 8; count++) x = x.matmul(weight).div(16);
  const expected = await x.square().sum().item();
  expect(expected).toBeGreaterThan(0);
  expect(await page.evaluate(products)).toBe(expected);
});

test('where a policy forbids workers, the CPU backend has one thread', async (context) => {
  const policy = { 'content-security-policy': "script-src 'self' 'unsafe-eval'; worker-src 'none'" };
  const { page } = await open(context, { ...ISOLATION, ...policy });
  const { threads, losses } = await run(page, PROGRAM, 'cpu');
  expect(threads).toBe(1);
  expect(losses).toEqual(await expectedLosses());
});
