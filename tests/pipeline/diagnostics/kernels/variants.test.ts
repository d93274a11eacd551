import { expect, test } from 'vitest';
import type { KernelName } from '../../../../src/backend/backend.ts';
import { inspectKernel, readSignature } from '../../../../src/pipeline/diagnostics/kernels/inspection.ts';
import { kernelNames, kernelSource } from '../../../../src/platform/node/kernels.ts';
import { geometryOf } from '../../../../src/backend/webgpu/geometry.ts';
import { candidates } from '../../../../src/pipeline/diagnostics/tuning/candidates.ts';
import { isTuned, kernelsOf, type Tile } from '../../../../src/backend/webgpu/tuning/choice.ts';
import {
  closedKnobs,
  type KnobValues,
  launchedVariants,
} from '../../../../src/pipeline/diagnostics/kernels/variants.ts';
import { everyLaunch } from '../everyLaunch.ts';

const cut = geometryOf as unknown as (
  kernel: KernelName,
  params: unknown,
  variant: KnobValues,
  tile: Tile,
  software: boolean,
) => { settings: KnobValues };

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
    [8, 4].flatMap((subgroup) =>
      candidates(kernel, { software, subgroup, memory: 32_768, invocations: 256 }),
    ),
  );
  return [...own, ...tried];
}

test('launches take no variant that launchedVariants does not list', async () => {
  const launched = new Set<string>();
  await everyLaunch(({ kernel, params, variant }) => {
    for (const { kernel: name, tile } of choicesFor(kernel)) {
      for (const software of [true, false])
        launched.add(keyOf(name, { ...cut(name, params, variant, tile, software).settings, ...variant }));
    }
  });
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
