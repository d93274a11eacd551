import { expect, test } from 'vitest';
import { open } from '../../src/index.ts';
import { webgpuOrSkip } from '../adapter.ts';
import { bitsOf } from '../tensor/randomCases.ts';
import { initCases, otherInits } from './initCases.ts';

const cpu = await open('cpu');
const makers = { ...otherInits };
for (const [name, { make }] of Object.entries(initCases)) makers[name] = make;

for (const [name, make] of Object.entries(makers)) {
  test(`${name} has the same bits on WebGPU and the CPU`, async (context) => {
    const webgpu = await webgpuOrSkip(context);
    expect(await bitsOf(make(webgpu))).toBe(await bitsOf(make(cpu)));
  });
}
