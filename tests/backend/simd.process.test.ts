import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';

/** What a program prints, which fails if it hangs. */
function printed(program: string): string {
  const root = new URL('../..', import.meta.url);
  const args = ['--import', 'tsx', '--input-type=module', '--eval', program];
  return execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8', timeout: 50_000 }).trim();
}

test('threads keep nobody from exiting, asleep or not', () => {
  const program = `
    import { init, rand } from './src/index.ts';
    const device = await init('cpu');
    const product = rand([600, 600]).matmul(rand([600, 600]));
    console.log((await product.data()).length);`;
  expect(printed(program)).toBe('360000');
});

test('after a task that throws in the main thread, as one without stack does, the next job is computed by itself', () => {
  // The main thread starts with the last task, which lies past the end of the memory.
  const program = `
    import { compileCpuModule } from '#cpuModule';
    import { SimdModule } from './src/backend/cpu/simd/module.ts';
    const module = new SimdModule(await compileCpuModule(false), 3);
    const [taskSize, tasks] = [2 ** 19, 64];
    const x = module.heap.array('float32', tasks * taskSize);
    const at = x.byteOffset;
    const double = (count) =>
      module.run(
        'sgd',
        {
          ...{ gradients: at, parameters: at, velocity: at, size: count * taskSize, taskSize, sign: 1, lr: -1 },
          ...{ momentum: 0, oneMinusDampening: 1, weightDecay: 0, firstStep: 0, nesterov: 0 },
        },
        { tasks: count, work: 2 ** 30 },
      );
    const found = new Set();
    for (let round = 0; round < 5; round++) {
      try {
        double(tasks + 1);
        found.add('no error');
      } catch {}
      x.fill(1);
      double(tasks);
      found.add(x.every((value) => value === 2));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    console.log(...found);`;
  expect(printed(program)).toBe('true');
});
