import { readFileSync } from 'node:fs';
import { transformSync } from 'esbuild';
import type { Page } from 'playwright-core';
import { expect, test, type TestContext } from 'vitest';
import * as wgrad from '../../src/index.ts';
import { SOME } from '../runtimes/share.ts';
import { type Trained, trainNetwork } from './networks.ts';
import { ISOLATION, libraryFiles, openEmptyPage } from './site.ts';

/** Relative: rounding differences grow from step to step. */
const TOLERANCE = 1e-4;

async function openPage(
  context: Pick<TestContext, 'skip'>,
  headers: Record<string, string> = {},
): Promise<{ page: Page; faults: string[] }> {
  const networks = readFileSync(new URL('networks.ts', import.meta.url), 'utf8');
  const { code } = transformSync(networks, { loader: 'ts', format: 'esm' });
  return openEmptyPage(context, { ...(await libraryFiles()), '/networks.js': code }, headers);
}

function trainThere(page: Page, device: string, name: string, steps: number): Promise<Trained> {
  return page.evaluate(`(async () => {
    const wgrad = await import('/wgrad.min.js');
    const { trainNetwork } = await import('/networks.js');
    return trainNetwork(wgrad, await wgrad.init('${device}'), '${name}', ${steps});
  })()`);
}

async function trainHere(name: 'mlp' | 'cnn', steps: number): Promise<Trained> {
  const device = await wgrad.open('cpu');
  wgrad.setDefaultDevice(device);
  return trainNetwork(wgrad, device, name, steps);
}

/** Nothing is created, and nothing is left, in steps that repeat. The collector may free what was there before. */
function expectSteady({ created: { buffers, pipelines, bytesAlive } }: Trained): void {
  expect({ buffers, pipelines }).toEqual({ buffers: 0, pipelines: 0 });
  expect(bytesAlive).toBeLessThanOrEqual(0);
}

test.for([
  ['mlp', SOME ? 60 : 200],
  ['cnn', SOME ? 30 : 50],
] as const)('%s: %i captured steps in Chromium have the losses of Node', async ([name, steps], context) => {
  const expected = await trainHere(name, steps);
  expect(expected.losses).toHaveLength(steps);
  expect(expected.losses.at(-1)).toBeLessThan(0.8 * expected.losses[0]!);
  expectSteady(expected);
  for (const headers of [{}, ISOLATION]) {
    const { page, faults } = await openPage(context, headers);
    const found = await trainThere(page, 'cpu', name, steps);
    expect(found.losses).toEqual(expected.losses);
    expectSteady(found);
    expect(faults).toEqual([]);
  }
  const { page, faults } = await openPage(context);
  const found = await trainThere(page, 'webgpu', name, steps);
  const { losses } = found;
  const errors = losses.map((loss, at) => Math.abs(loss - expected.losses[at]!) / expected.losses[at]!);
  console.log(
    `${name}, ${steps} steps: WebGPU in Chromium differs by ${Math.max(...errors).toExponential(1)}`,
  );
  expect(Math.max(...errors)).toBeLessThan(TOLERANCE);
  expectSteady(found);
  expect(faults).toEqual([]);
});

const MANY = SOME ? 200 : 1000;

test(`memory stays flat over ${MANY} steps in Chromium`, async (context) => {
  const { page } = await openPage(context);
  for (const device of ['webgpu', 'cpu']) {
    const found = await trainThere(page, device, 'mlp', MANY);
    expectSteady(found);
    expect(found.losses.every(Number.isFinite), device).toBe(true);
  }
});

test('a device that is lost in Chromium says so, and a new one works', async (context) => {
  const { page, faults } = await openPage(context);
  const answers = await page.evaluate(`(async () => {
    const { loseDevice } = await import('/networks.js');
    return loseDevice(await import('/wgrad.min.js'));
  })()`);
  expect(answers).toEqual([
    expect.stringMatching(/DeviceLostError: .*device is lost \(destroyed\).*init\(\)/s),
    '2,2',
  ]);
  expect(faults).toEqual([]);
});
