import { expect, test } from 'vitest';
import type { Backend, KernelName } from '../../src/backend/backend.ts';
import { inspectKernel, readSignature } from '../../src/backend/inspection.ts';
import { kernelNames, kernelSource } from '../../src/backend/sources.ts';
import { geometries } from '../../src/backend/webgpu/geometry.ts';
import { candidates } from '../../src/backend/webgpu/tuning/candidates.ts';
import { isTuned, kernelsOf, type Tile } from '../../src/backend/webgpu/tuning/choice.ts';
import { closedKnobs, type KnobValues, launchedVariants } from '../../src/backend/webgpu/variants.ts';
import { open, rand, scope } from '../../src/index.ts';
import { temporaryFolder } from '../experiment/disks.ts';
import { trainSmall } from '../experiment/trainingFixture.ts';
import { evaluate } from '../gradients/check.ts';
import { table } from '../gradients/table.ts';
import { trainingErrors, trainingRuns } from '../parity/training.ts';

type Choose = (params: unknown, variant: KnobValues, tile: Tile) => { settings: KnobValues };

const names = kernelNames();
const kernels = new Map(
  names.map((name) => {
    const source = kernelSource(name);
    return [name, { facts: inspectKernel(name, source), signature: readSignature(name, source) }];
  }),
);

/** A kernel and its values for all the constants whose values are listed, defaults included. */
function keyOf(kernel: string, settings: KnobValues): string {
  const { facts, signature } = kernels.get(kernel)!;
  const declared = [...facts.overrides, ...facts.tiles, ...facts.aliases];
  const values = closedKnobs(kernel, signature).map((knob) => {
    const value = settings[knob] ?? declared.find(({ name }) => name === knob)!.default;
    return `${knob}=${String(typeof value === 'boolean' ? Number(value) : value)}`;
  });
  return [kernel, ...values].join(' ');
}

/** What devices may take for a launch: a kernel with its own tile, or any that the tuner tries. */
function choicesFor(kernel: KernelName): readonly { kernel: KernelName; tile: Tile }[] {
  if (!isTuned(kernel)) return [{ kernel, tile: {} }];
  const own = kernelsOf[kernel].map((name) => ({ kernel: name, tile: {} }));
  const tried = [true, false].flatMap((software) =>
    candidates(kernel, { software, subgroup: 8, memory: 32_768, invocations: 256 }),
  );
  return [...own, ...tried];
}

/** The device, noting every variant that WebGPU would compile for its launches. */
function recording(device: Backend, launched: Set<string>): Backend {
  return new Proxy(device, {
    get(target, property) {
      if (property === 'run') {
        return (kernel: KernelName, buffers: never, params: never, variant: KnobValues = {}) => {
          for (const { kernel: name, tile } of choicesFor(kernel)) {
            const choose = geometries[name] as unknown as Choose;
            launched.add(keyOf(name, { ...choose(params, variant, tile).settings, ...variant }));
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
  const listed = new Set(names.flatMap((name) => keysOf(name)));
  expect([...launched].filter((key) => !listed.has(key))).toEqual([]);
  // The recording has seen enough to mean something.
  expect(new Set([...launched].map((key) => key.split(' ')[0])).size).toBeGreaterThan(20);
});

function keysOf(name: string): string[] {
  const { signature } = kernels.get(name)!;
  return launchedVariants(name, signature).map((variant) => keyOf(name, variant));
}

test('no variant is listed twice', () => {
  for (const name of names) expect([name, new Set(keysOf(name)).size]).toEqual([name, keysOf(name).length]);
});
