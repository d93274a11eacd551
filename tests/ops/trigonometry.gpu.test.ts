import { expect, test } from 'vitest';
import { tensor } from '../../src/index.ts';
import { philox4x32 } from '../../src/backend/philox.ts';
import { webgpuOrSkip } from '../adapter.ts';

/** Multiples of π/2, whose rest is small, and numbers of every magnitude. */
const values = Float32Array.from({ length: 20_000 }, (_, at) => {
  const [first, second] = philox4x32([at, 0, 0, 0], [7, 0]);
  if (at % 4 === 0) return (first % 2 ** 24) * (Math.PI / 2);
  return (first % 2 ? 1 : -1) * (1 + second / 2 ** 32) * 2 ** ((first % 136) - 10);
});

test.for(['sin', 'cos'] as const)(
  '%s is within 2e-7 of float64 for every finite number',
  async (name, context) => {
    const device = await webgpuOrSkip(context);
    const found = await tensor(values, { device })[name]().data();
    const errors = values.map((value, at) => Math.abs(Number(found[at]) - Math[name](value)));
    const worst = errors.reduce((most, error, at) => (error <= errors[most]! ? most : at), 0);
    expect(errors[worst], `at ${values[worst]}`).toBeLessThan(2e-7);
    const infinite = tensor([Infinity, -Infinity, NaN], { device })[name]();
    expect([...(await infinite.data())]).toEqual([NaN, NaN, NaN]);
  },
);
