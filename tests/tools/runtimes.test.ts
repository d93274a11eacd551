import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test, type TestContext } from 'vitest';
import { openCpu } from '../../src/backend/cpu/cpu.ts';
import * as wgrad from '../../src/index.ts';
import { webgpuOrSkip } from '../adapter.ts';
import { enableRelaxedSimd } from '../relaxedSimd.ts';
import { train } from '../training.ts';
import { trainingProgram } from '../trainingProgram.ts';
import { installedPackage, run, succeed } from './installedPackage.ts';
import { runtimeOrSkip } from './runtimes.ts';

const PROGRAM = `
import { train } from './training.mjs';
const [device, module] = (globalThis.Deno?.args ?? process.argv).slice(-2);
const wgrad = await import(module);
const { info } = await wgrad.init(device);
console.log(JSON.stringify({ ...info, losses: await train(wgrad) }));
`;

interface Printed {
  threads: number;
  relaxedSimd: boolean;
  losses: number[];
}

let [project, dist] = ['', ''];
/** Of the portable build, and of that with relaxed SIMD. */
let expected: [plain: number[], relaxed: number[]];
beforeAll(async () => {
  ({ project, dist } = await installedPackage());
  writeFileSync(join(project, 'training.mjs'), trainingProgram());
  writeFileSync(join(project, 'program.mjs'), PROGRAM);
  const example = /^```ts\n(import .*?)^```/ms.exec(readFileSync(join(dist, 'README.md'), 'utf8'))![1]!;
  writeFileSync(join(project, 'example.ts'), example);
  writeFileSync(join(project, 'exampleOnWebGpu.ts'), example.replace("init('auto')", "init('webgpu')"));
  enableRelaxedSimd();
  const losses = async (relaxedSimd: boolean): Promise<number[]> => {
    wgrad.setDefaultDevice(await openCpu({ relaxedSimd }));
    return train(wgrad);
  };
  expected = [await losses(false), await losses(true)];
}, 240_000);

/** Runs a file of the project: in Deno without any permission. */
function runIn(context: TestContext, runtime: 'deno' | 'bun', ...args: string[]): Promise<string> {
  return succeed(
    run(
      runtimeOrSkip(context, runtime),
      [...(runtime === 'deno' ? ['run', '--no-prompt'] : []), ...args],
      project,
    ),
  );
}

async function outcome(...args: Parameters<typeof runIn>): Promise<Printed> {
  return JSON.parse(await runIn(...args)) as Printed;
}

describe.each(['deno', 'bun'] as const)('%s', (runtime) => {
  test('trains on the CPU backend with threads, to the bits of Node, and ends', async (context) => {
    const { threads, relaxedSimd, losses } = await outcome(context, runtime, 'program.mjs', 'cpu', 'wgrad');
    expect(threads).toBe((await openCpu()).info['threads']);
    expect(losses).toEqual(expected[Number(relaxedSimd)]);
  });

  test('runs the example of the package', async (context) => {
    expect(await runIn(context, runtime, 'example.ts')).toMatch(/^(cpu|webgpu) \d\.\d+\n/);
  });

  test('has one thread in the single file for browsers', async (context) => {
    const found = await outcome(context, runtime, 'program.mjs', 'cpu', 'wgrad/wgrad.min.js');
    expect(found.threads).toBe(1);
    expect(found.losses).toEqual(expected[Number(found.relaxedSimd)]);
  });
});

describe('deno on its own WebGPU', () => {
  test.for(['wgrad', 'wgrad/wgrad.min.js'])(
    'trains with %s as the CPU backend does',
    async (module, context) => {
      await webgpuOrSkip(context);
      const { losses } = await outcome(context, 'deno', 'program.mjs', 'webgpu', module);
      expect(losses).toHaveLength(expected[0].length);
      losses.forEach((loss, step) => expect(loss).toBeCloseTo(expected[0][step]!, 5));
    },
  );

  test('runs the example of the package', async (context) => {
    await webgpuOrSkip(context);
    expect(await runIn(context, 'deno', 'exampleOnWebGpu.ts')).toMatch(/^webgpu \d\.\d+\n/);
  });
});

test('deno saves and loads safetensors with the permission for files', async (context) => {
  writeFileSync(
    join(project, 'files.ts'),
    `import { init, loadSafetensorsFile, saveSafetensorsFile, tensor } from 'wgrad';
await init('cpu');
await saveSafetensorsFile('x.safetensors', { x: tensor([1, 2, 3]) });
const { tensors } = await loadSafetensorsFile('x.safetensors');
console.log(await tensors.x!.toArray());
`,
  );
  const allowed = ['--allow-read', '--allow-write'];
  expect(await runIn(context, 'deno', ...allowed, 'files.ts')).toBe('[ 1, 2, 3 ]\n');
});
