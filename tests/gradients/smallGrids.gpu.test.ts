import { afterAll, describe, expect, test, type TestContext } from 'vitest';
import { openDevice } from '../../src/backend/webgpu/adapter.ts';
import { type Geometry, geometryOf } from '../../src/backend/webgpu/geometry.ts';
import { WebGpuBackend } from '../../src/backend/webgpu/webgpu.ts';
import { kernelNames } from '../../src/platform/node/kernels.ts';
import { webgpuOrSkip } from '../adapter.ts';
import { temporaryFolder } from '../pipeline/files/disks.ts';
import { type Changes, trainSmall } from '../pipeline/training/trainingFixture.ts';
import { named, type SeenLaunch, watched } from '../pipeline/diagnostics/everyLaunch.ts';
import type { Case } from './cases.ts';
import { deviation, DEVIATION_BOUND, evaluate, openReference } from './check.ts';
import { table } from './table.ts';

const anyGeometry = geometryOf as unknown as (
  kernel: string,
  params: object,
  ...more: unknown[]
) => Geometry<'unary'>;

/** Kernels whose invocations walk over what a smaller grid leaves; sizes do not matter for the question. */
const ones = new Proxy({}, { get: () => 1 });
const walking = kernelNames().filter((name) => anyGeometry(name, ones, {}, {}, false).walks);
const walked = new Set<string>();

/** Two invocations for every launch of those, so that all walk, which small inputs would not make them do. */
const smallest = ((name, ...launch) => {
  const geometry = anyGeometry(name, ...launch);
  if (!geometry.walks) return geometry;
  walked.add(name);
  return { settings: { ...geometry.settings, WORKGROUP: 2 }, workgroups: [1, 1, 1] };
}) satisfies typeof anyGeometry as unknown as typeof geometryOf;

const cpu = await openReference();

/** Elements of a launch whose invocations walk several times, four elements at a time as well. */
const FAR = 20;

/**
 * Cases of the table that launch a kernel that walks with a constant, a type or a flag that no case before them has. Which
 * of the operations it computes makes no difference to how it walks.
 */
const cases: (readonly [name: string, each: Case, bound: number])[] = [];
const seen = new Set<string>();
for (const [name, row] of Object.entries(table)) {
  for (const each of row.cases) {
    const before = seen.size;
    const see = ({ kernel, variant, params }: SeenLaunch): void => {
      const elements = Number(params['size'] ?? params['outputs'] ?? params['tiles']);
      if (!walking.includes(kernel) || !(elements >= FAR)) return;
      for (const [knob, value] of Object.entries({ ...variant, OPERATION: 0 }))
        seen.add(`${kernel} ${knob}=${value}`);
    };
    await evaluate(each, named(watched(cpu, see), 'webgpu'), 'float32');
    if (seen.size > before)
      cases.push([`${name}: ${each.name}`, each, DEVIATION_BOUND * (row.looser?.factor ?? 1)]);
  }
}

let opened: WebGpuBackend | undefined;

async function openSmallest(context: TestContext): Promise<WebGpuBackend> {
  await webgpuOrSkip(context);
  return (opened ??= new WebGpuBackend(await openDevice(), { geometry: smallest }));
}

afterAll(() => opened?.destroy());

describe('on a grid of two invocations', () => {
  test.for(cases)('%s agrees with the CPU', { timeout: 120_000 }, async ([, each, bound], context) => {
    expect(await deviation(each, cpu, await openSmallest(context))).toBeLessThanOrEqual(bound);
  });

  test('trainings end with the bits of the usual grids, and every kernel that walks was run', async (context) => {
    const usual = await webgpuOrSkip(context);
    const small = await openSmallest(context);
    const half = usual.supports('float16');
    const common: Changes = {
      epochs: 1,
      clipGradNorm: 1,
      accumulate: 2,
      augmentation: { flip: 0.5, shift: 1, erase: 0 },
    };
    const optimizers = ['sgd', 'adam', 'rmsprop', 'nadam'].map((name) => ({ name, lr: 0.01 }));
    for (const optimizer of optimizers) {
      const changes: Changes = { ...common, optimizer, precision: half ? 'float16' : 'float32' };
      const [expected, found] = [
        await trainSmall({ device: usual, folder: temporaryFolder(), changes }),
        await trainSmall({ device: small, folder: temporaryFolder(), changes }),
      ];
      expect(found.summary.weightsSha256).toBe(expected.summary.weightsSha256);
    }
    const ofHalf = ['roundToHalf', 'unscale'];
    expect([...walked].sort()).toEqual(walking.filter((name) => half || !ofHalf.includes(name)).sort());
  });
});
