import { expect, test } from 'vitest';
import {
  FreedTensorError,
  autocast,
  capture,
  noGrad,
  open,
  ones,
  scope,
  setDefaultDevice,
  tensor,
  type Tensor,
  WgradError,
} from '../../src/index.ts';

const cpu = await open('cpu');
setDefaultDevice(cpu);

test('a scope frees what it does not return', () => {
  const inside: Tensor[] = [];
  const kept = scope(() => {
    const a = ones([2]);
    const b = a.add(1);
    inside.push(a);
    return b;
  });
  expect(inside[0]!.freed).toBe(true);
  expect(kept.freed).toBe(false);
});

test('tensors in returned arrays, objects, maps and sets are kept', () => {
  const [a, b, c, d] = [ones([1]), ones([1]), ones([1]), ones([1])];
  const result = scope(() => ({
    list: [[a.add(1)]],
    map: new Map([['b', b.add(1)]]),
    set: new Set([c.add(1)]),
    nested: { d: d.add(1), nothing: null, missing: undefined },
  }));
  const kept = [result.list[0]![0]!, result.map.get('b')!, [...result.set][0]!, result.nested.d];
  expect(kept.map((each) => each.freed)).toEqual([false, false, false, false]);
});

test('what an inner scope returns passes to the outer one', () => {
  let passed: Tensor | undefined;
  scope(() => {
    passed = scope(() => ones([2]));
    expect(passed.freed).toBe(false);
  });
  expect(passed!.freed).toBe(true);
});

test('a scope that throws frees all it made', () => {
  const made: Tensor[] = [];
  const failing = (): never =>
    scope(() => {
      made.push(ones([2]));
      throw new Error('within');
    });
  expect(failing).toThrow('within');
  expect(made[0]!.freed).toBe(true);
});

test('scope and noGrad refuse asynchronous bodies', () => {
  expect(() => scope(() => Promise.resolve(1))).toThrow(WgradError);
  expect(() => noGrad(() => Promise.resolve(1))).toThrow('await outside of it');
});

test('using frees at the end of a block, and freeing twice is harmless', () => {
  let outside: Tensor;
  {
    using inside = ones([2]);
    outside = inside;
    expect(inside.freed).toBe(false);
  }
  expect(outside.freed).toBe(true);
  outside.dispose();
  expect(outside.freed).toBe(true);
});

test('a freed tensor says so when it is used', async () => {
  const x = tensor([1, 2]);
  x.dispose();
  expect(() => x.add(1)).toThrow(FreedTensorError);
  expect(() => x.t()).toThrow(FreedTensorError);
  await expect(x.data()).rejects.toThrowErrorMatchingInlineSnapshot(
    `[FreedTensorError: A freed tensor float32[2] was used: it was disposed, or its scope ended. Return it from the scope, or make it outside.]`,
  );
});

test('a gradient stays when the scope of its backward ends', async () => {
  const x = tensor([1, 2], { requiresGrad: true });
  scope(() => {
    x.square().sum().backward();
  });
  expect(Array.from(await x.grad!.data())).toEqual([2, 4]);
});

test('backward goes on after the handles of its forward pass were freed', async () => {
  const x = tensor([1, 2], { requiresGrad: true });
  const loss = scope(() => x.exp().log().square().sum());
  loss.backward();
  expect(Array.from(await x.grad!.data(), (value) => Math.round(value * 1e6) / 1e6)).toEqual([2, 4]);
});

test.each([
  ['an array', () => Array.from({ length: 200_000 }, (_, index) => index)],
  ['a map', () => new Map(Array.from({ length: 200_000 }, (_, index) => [index, index]))],
])('a scope returns %s of 200,000 numbers', (_, make) => {
  expect(scope(make as () => unknown)).toEqual(make());
});

test.each([
  ['scope', scope],
  ['noGrad', noGrad],
  ['autocast', (body: () => unknown) => autocast('float32', body)],
  ['capture', (body: () => unknown) => capture(body as () => undefined)()],
] as [string, (body: () => unknown) => unknown][])(
  '%s refuses an async function: its tensors are freed, and its rejection ends nothing',
  async (name, run) => {
    const rejections: unknown[] = [];
    const note = (error: unknown): void => void rejections.push(error);
    process.on('unhandledRejection', note);
    const made: Tensor[] = [];
    const late = async (): Promise<void> => {
      made.push(ones([1000]));
      await Promise.resolve();
      throw new Error('late');
    };
    expect(() => run(late)).toThrow(`${name}: takes a synchronous function`);
    await new Promise((resolve) => setTimeout(resolve, 10));
    process.off('unhandledRejection', note);
    expect(rejections).toEqual([]);
    expect(made.map(({ freed }) => freed)).toEqual(name === 'scope' || name === 'capture' ? [true] : [false]);
  },
);

test('a result that cannot be walked ends the scope too', () => {
  const before = cpu.stats().buffersAlive;
  scope(() => {
    expect(() =>
      scope(() => {
        ones([100], { device: cpu });
        return {
          get broken(): never {
            throw new Error('not readable');
          },
        };
      }),
    ).toThrow('not readable');
    ones([100], { device: cpu });
  });
  expect(cpu.stats().buffersAlive).toBe(before);
});
