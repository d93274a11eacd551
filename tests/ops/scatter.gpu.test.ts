import { describe, expect, it } from 'vitest';
import { tensor } from '../../src/index.ts';
import { webgpuOrSkip } from '../adapter.ts';
import { scatterSuite } from './scatterSuite.ts';

describe('on WebGPU', () => scatterSuite(webgpuOrSkip));

for (const [dtype, expected] of [
  ['float32', [NaN, 5, NaN]],
  ['int32', [-(2 ** 31), 5, -(2 ** 31)]],
  ['bool', [0, 1, 0]],
] as const) {
  it(`an index out of range selects the documented value of ${dtype}`, async (context) => {
    const device = await webgpuOrSkip(context);
    const x = tensor([4, 5, 6], { dtype, device });
    const index = tensor([3, 1, -1], { dtype: 'int32', device });
    expect([...(await x.gather(0, index).data())]).toEqual(expected);
    expect([...(await x.indexSelect(0, index).data())]).toEqual(expected);
  });
}
