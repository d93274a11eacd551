import { describe, expect, test } from 'vitest';
import { arange, noGrad, type Tensor, zeros } from '../../src/index.ts';
import { builds, on, reference } from './builds.ts';

const SHAPE = [16, 5, 7, 33];
const orders = SHAPE.flatMap((_, a) =>
  SHAPE.flatMap((__, b) => SHAPE.flatMap((___, c) => SHAPE.map((____, d) => [a, b, c, d]))),
).filter((order) => new Set(order).size === 4);

const numbers = (): Tensor =>
  arange(SHAPE.reduce((product, size) => product * size))
    .to('float32')
    .reshape(SHAPE);

/** The bits are those of plain code, with each build and any number of threads. */
async function expectSame(body: () => Tensor): Promise<void> {
  const expected = await on(reference, body);
  for (const [one, three] of builds) {
    expect(await on(one, body)).toEqual(expected);
    expect(await on(three, body)).toEqual(expected);
  }
}

describe('copies whose neighbours lie along any axis', () => {
  test.each(orders)('to order, from axes %i %i %i %i', async (...order) => {
    await expectSame(() => numbers().permute(order).contiguous());
  });

  test.each(orders)('from order, to axes %i %i %i %i', async (...order) => {
    await expectSame(() => {
      const x = numbers();
      const out = zeros(SHAPE.map((_, axis) => SHAPE[order.indexOf(axis)]!));
      noGrad(() => out.permute(order).copy_(x));
      return out;
    });
  });

  test.each(orders)('operands of one function, with axes %i %i %i %i', async (...order) => {
    await expectSame(() => {
      const x = numbers().permute(order);
      return x.contiguous().mul(2).sub(x);
    });
  });
});

test('one result for many elements is that of each', async () => {
  for (const size of [1, 15, 16, 17, 40, 129]) {
    await expectSame(() => arange(3).to('float32').sub(1).reshape(3, 1).expand(3, size).rsqrt());
    await expectSame(() => arange(3).reshape(3, 1).expand(3, size).gt(1).to('int32'));
  }
});
