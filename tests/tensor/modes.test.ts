import { describe, expect, test } from 'vitest';
import {
  autocast,
  grad,
  nn,
  noGrad,
  ones,
  open,
  scope,
  setDefaultDevice,
  type Tensor,
} from '../../src/index.ts';

const cpu = await open('cpu');
setDefaultDevice(cpu);
const w = ones([2, 2], { requiresGrad: true });

/** What tells the present modes: whether operations record, and the bits of a product that autocast rounds. */
async function modes(): Promise<unknown[]> {
  const third = ones([2, 2]).div(3);
  return [w.mul(2).requiresGrad, (await third.matmul(third).data())[0]];
}

const failing = (): never => {
  throw new Error('inside');
};

/** Functions that change a mode for the time of their body, or of a call. */
const changes: Record<string, (body: () => unknown) => unknown> = {
  noGrad: (body) => noGrad(body),
  'autocast to float16': (body) => autocast('float16', body),
  'autocast to float32': (body) => autocast('float32', body),
  scope: (body) => scope(body),
  backward: (body) => {
    const other = ones([2], { requiresGrad: true });
    const loss = other.square().sum();
    body();
    loss.backward();
  },
  'grad with a graph': (body) => {
    const other = ones([2], { requiresGrad: true });
    const loss = other.square().sum();
    body();
    grad(loss, [other], { createGraph: true });
  },
  summary: (body) => {
    nn.summary(new nn.Linear(2, 2), [1, 2]);
    body();
  },
};

describe.each(Object.entries(changes))('%s', (outerName, outer) => {
  test.each(Object.entries(changes))('leaves its mode as it was after %s inside it', async (_, inner) => {
    const before = await modes();
    // A backward without a graph does not start inside noGrad.
    const within: Promise<unknown[]>[] = [];
    const look = (): void => void within.push(modes());
    const quietly = (body: () => unknown): void => {
      try {
        body();
      } catch (error) {
        expect(String(error)).toMatch(/inside|needs no gradient|require gradients/);
      }
    };
    outer(() => {
      look();
      quietly(() => inner(() => undefined));
      look();
      quietly(() => inner(failing));
      look();
    });
    const [first, ...others] = await Promise.all(within);
    for (const each of others) expect(each, outerName).toEqual(first);
    expect(await modes()).toEqual(before);
  });
});

test('noGrad inside noGrad, and backward inside noGrad, do not record', () => {
  const recorded = noGrad(() => {
    noGrad(() => 1);
    return w.mul(2);
  });
  expect(recorded.requiresGrad).toBe(false);
  const loss: Tensor = w.square().sum();
  const after = noGrad(() => {
    loss.backward();
    return w.mul(2);
  });
  expect(after.requiresGrad).toBe(false);
});
