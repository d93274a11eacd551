import { expect, test } from 'vitest';
import type { Backend, KernelName } from '../../src/backend/backend.ts';
import { isTuned, kernelsOf } from '../../src/backend/webgpu/tuning/choice.ts';
import { open } from '../../src/index.ts';
import { kernelNames, kernelSignature } from '../../src/platform/node/kernels.ts';
import { evaluate, evaluatePlaced, sameBits } from '../gradients/check.ts';
import { table } from '../gradients/table.ts';
import { lossFixtures } from '../parity/losses.ts';
import { differences, operationFixtures } from '../parity/operations.ts';
import { watched } from '../pipeline/diagnostics/everyLaunch.ts';
import { programs, resultsOf } from './middles.ts';

const cpu = await open('cpu');
const reference = await open('cpu', { reference: true });

test.each(programs)('$name: the same bits from the middle of buffers on the CPU', async (program) => {
  for (const device of [cpu, reference]) {
    const expected = await resultsOf(program, device, 0);
    for (const lead of [5, 8]) expect(await resultsOf(program, device, lead)).toEqual(expected);
  }
});

/** A check of the tests that work in the middle of buffers; false where it fails. */
type Check = (device: Backend) => Promise<boolean>;

const checks: Check[] = [
  ...Object.values(table)
    .flatMap(({ cases }) => cases)
    .map((each) => async (device: Backend) => {
      const expected = await evaluate(each, cpu, 'float32');
      return sameBits(await evaluatePlaced(each, device, 'float32'), expected);
    }),
  ...[...operationFixtures, ...lossFixtures].map((fixture) => async (device: Backend) => {
    return (await differences(fixture, device, 'placed')).length === 0;
  }),
  ...programs.map((program) => async (device: Backend) => {
    const [found, expected] = [await resultsOf(program, device, 5), await resultsOf(program, cpu, 0)];
    return JSON.stringify(found) === JSON.stringify(expected);
  }),
];

/** The device, with one parameter of one kernel always 0. */
function without(device: Backend, kernel: KernelName, name: string): Backend {
  return new Proxy(device, {
    get(target, property) {
      if (property === 'run') {
        return (launched: KernelName, buffers: never, params: object, variant: never) =>
          target.run(launched, buffers, launched === kernel ? { ...params, [name]: 0 } : params, variant);
      }
      const value: unknown = Reflect.get(target, property, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

/** Kernels that the device chooses for others: tests/backend/webgpu/choices.gpu.test.ts runs them with offsets. */
const chosen = new Set<string>(
  Object.values(kernelsOf)
    .flat()
    .filter((name) => !isTuned(name)),
);

const offsets = kernelNames()
  .filter((kernel) => !chosen.has(kernel))
  .flatMap((kernel) =>
    kernelSignature(kernel)
      .params.filter(({ name }) => /offset$/i.test(name))
      .map(({ name }) => [kernel as KernelName, name] as const),
  );

/** The checks in which an offset is not 0. */
const uses = new Map<string, Check[]>();
for (const check of checks) {
  const seen = new Set<string>();
  await check(
    watched(cpu, ({ kernel, params }) => {
      for (const [name, value] of Object.entries(params)) if (value !== 0) seen.add(`${kernel} ${name}`);
    }),
  );
  for (const each of seen) uses.set(each, [...(uses.get(each) ?? []), check]);
}

/** Checks that are tried before an offset counts as unnoticed. */
const TRIES = 20;

test.each(offsets)('a kernel %s without its %s is noticed', async (kernel, name) => {
  const broken = without(cpu, kernel, name);
  for (const check of (uses.get(`${kernel} ${name}`) ?? []).slice(0, TRIES)) {
    if (!(await check(broken).catch(() => false))) return;
  }
  expect.unreachable('no check fails');
});
