import { expect, test } from 'vitest';
import type { Backend, KernelName, Params } from '../../src/backend/backend.ts';
import { inspectKernel, readSignature } from '../../src/backend/inspection.ts';
import { kernelNames, kernelSource } from '../../src/backend/sources.ts';
import { geometries } from '../../src/backend/webgpu/geometry.ts';
import { type KnobValues, launchedVariants } from '../../src/backend/webgpu/variants.ts';
import { open, rand, scope } from '../../src/index.ts';
import { temporaryFolder } from '../experiment/disks.ts';
import { trainSmall } from '../experiment/trainingFixture.ts';
import { evaluate } from '../gradients/check.ts';
import { table } from '../gradients/table.ts';
import { trainingErrors, trainingRuns } from '../parity/training.ts';

/** Kernels that stand for another one on some devices. */
const STAND_INS: Partial<Record<KernelName, KernelName>> = { matmul: 'matmulSubgroup' };

const facts = new Map(kernelNames().map((name) => [name, inspectKernel(name, kernelSource(name))]));

/** A kernel and all of its constants' values, defaults included. */
function keyOf(kernel: string, settings: KnobValues): string {
  const { overrides, tiles, aliases } = facts.get(kernel)!;
  const values = [...overrides, ...tiles, ...aliases].map((knob) => {
    const value = settings[knob.name] ?? knob.default;
    return `${knob.name}=${String(typeof value === 'boolean' ? Number(value) : value)}`;
  });
  return [kernel, ...values].join(' ');
}

/** The device, noting every variant that WebGPU would compile for its launches. */
function recording(device: Backend, launched: Set<string>): Backend {
  return new Proxy(device, {
    get(target, property) {
      if (property === 'run') {
        return (kernel: KernelName, buffers: never, params: Params<never>, variant: KnobValues = {}) => {
          for (const name of [kernel, STAND_INS[kernel]]) {
            if (!name) continue;
            const { settings } = geometries[name](params);
            launched.add(keyOf(name, { ...(settings as KnobValues), ...variant }));
          }
          target.run(kernel, buffers, params, variant);
        };
      }
      const value: unknown = Reflect.get(target, property, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

test('launches take no variant that launchedVariants does not list', async () => {
  const launched = new Set<string>();
  const device = recording(await open('cpu'), launched);
  // Every operation has its row in the table, and every optimizer its training run.
  for (const { cases } of Object.values(table)) {
    for (const each of cases) await evaluate(each, device, 'float32');
  }
  for (const run of trainingRuns) await trainingErrors(run, device);
  const changes = { epochs: 1, dropout: 0.1, augmentation: { flip: 0.5, shift: 1, erase: 0.5 } };
  await trainSmall({ device, folder: temporaryFolder(), changes });
  // Long rows, few and many of them, take other numbers of lanes.
  for (const length of [2, 33, 100, 400, 1000, 3000]) {
    scope(() => {
      rand([3, length], { device }).softmax(1);
      rand([3, length], { device }).sum(1);
      rand([100, length], { device }).amax(0);
    });
  }
  const listed = new Set(
    kernelNames().flatMap((name) =>
      launchedVariants(name, readSignature(name, kernelSource(name))).map((variant) => keyOf(name, variant)),
    ),
  );
  expect([...launched].filter((key) => !listed.has(key))).toEqual([]);
  // The recording has seen enough to mean something.
  const kernels = new Set([...launched].map((key) => key.split(' ')[0]));
  expect(kernelNames().filter((name) => !kernels.has(name))).toEqual([]);
});

test('no variant is listed twice', () => {
  for (const name of kernelNames()) {
    const keys = launchedVariants(name, readSignature(name, kernelSource(name))).map((variant) =>
      keyOf(name, variant),
    );
    expect([name, new Set(keys).size]).toEqual([name, keys.length]);
  }
});
