import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { Backend } from '../../src/backend/backend.ts';
import { candidates } from '../../src/backend/webgpu/tuning/candidates.ts';
import { traitsOf } from '../../src/backend/webgpu/tuning/choice.ts';
import { shapeClass } from '../../src/backend/webgpu/tuning/shapeClass.ts';
import { Tuning } from '../../src/backend/webgpu/tuning/tuning.ts';
import { webgpuOrSkip } from '../adapter.ts';
import { temporaryFolder } from '../experiment/disks.ts';
import { runCommand, trainTiny } from './runCommand.ts';

function weightsOf(run: string): unknown {
  return (JSON.parse(readFileSync(join(run, 'summary.json'), 'utf8')) as { weightsSha256: string })
    .weightsSha256;
}

/** Choices that change the last bits: the first layer's product through workgroup memory, which adds by fused steps. */
function otherChoices({ info }: Backend): object {
  const choice = candidates('matmul', { ...traitsOf(info), software: false }).find(
    ({ kernel }) => kernel === 'matmulWorkgroup',
  )!;
  const sizes = {
    m: 50,
    n: 16,
    k: 784,
    batch: 1,
    aRowStride: 784,
    aColumnStride: 1,
    bRowStride: 1,
    bColumnStride: 784,
  };
  const places = { aOffset: 0, aBatchStride: 0, bOffset: 0, bBatchStride: 0, biasOffset: 0, outOffset: 0 };
  // A long sum with few outputs is added up in parts.
  const shapes = [1, 2, 3, 4].map((parts) =>
    shapeClass('matmul', { ...sizes, ...places, chunk: Math.ceil(784 / parts) }, {}),
  );
  return new Tuning(info, new Map(shapes.map((shape) => [shape, choice]))).record();
}

test('a run goes on, and is done again, with the choices of kernels that it has recorded', async (context) => {
  const device = await webgpuOrSkip(context);
  const file = join(temporaryFolder(), 'tuning.json');
  writeFileSync(file, JSON.stringify(otherChoices(device)));
  const train = async (tuning: string, epochs: number): Promise<string> => {
    vi.stubEnv('WGRAD_TUNING', tuning);
    const root = temporaryFolder();
    await trainTiny(root, 'device=webgpu', `train.epochs=${epochs}`);
    return join(root, 'latest');
  };
  onTestFinished(() => void vi.unstubAllEnvs());
  const whole = await train(file, 2);
  const stopped = await train(file, 1);
  // The choices do matter: without them the bits are others.
  const untuned = await train('none', 2);
  expect(weightsOf(untuned)).not.toBe(weightsOf(whole));
  // From here on, only the runs know of them.
  const resumed = await runCommand('train', '--resume', stopped, 'train.epochs=2');
  expect(resumed.code, resumed.stderr).toBe(0);
  expect(resumed.stderr).toContain('kernels measured for');
  expect(weightsOf(stopped)).toBe(weightsOf(whole));
  const verified = await runCommand('verify', whole);
  expect(verified.stdout, verified.stderr).toMatch(/verdict +reproduced\n/);
}, 480_000);
