import { expect, it, type TestContext } from 'vitest';
import {
  type Backend,
  capture,
  full,
  ones,
  rand,
  scope,
  setDefaultDevice,
  Tensor,
  tensor,
} from '../../src/index.ts';

type Step = (x: Tensor) => Tensor;

/** Steps that depend on a variable of their own, which `next` changes before each call. */
const courses: [string, () => { step: Step; next: (index: number, last: Tensor | undefined) => void }][] = [
  ['an operand', () => counting((x, index) => x.mul(index))],
  ['an exponent', () => counting((x, index) => x.pow(index))],
  ['a bound', () => counting((x, index) => x.clamp({ min: index / 10 }))],
  ['a fill', () => counting((x, index) => x.add(full([3], index)))],
  ['a position', () => counting((x, index) => x.slice(null, [index % 3, (index % 3) + 1]).mul(2))],
  ['a size', () => counting((x, index) => x.slice([0, (index % 4) + 1]).sum(0))],
  ['a branch', () => counting((x, index) => (index % 2 === 0 ? x.mul(2) : x.add(1)))],
  [
    'a rate',
    () => {
      const w = tensor([1, 2, 3], { requiresGrad: true });
      return counting((x, index) => {
        w.zeroGrad();
        x.mul(w).square().sum().backward();
        return w.detach().sub(w.grad!.mul(0.1 / index));
      });
    },
  ],
  [
    'a batch',
    () => {
      let batch: Tensor;
      return { step: (x) => x.add(batch), next: (index) => void (batch = tensor([index, 0, 1])) };
    },
  ],
  [
    'a view of the data',
    () => {
      const data = rand([20, 3], { seed: 1, stream: 0 });
      let batch: Tensor;
      return { step: (x) => x.add(batch), next: (index) => void (batch = data.slice([index, index + 1])) };
    },
  ],
  [
    'a state that follows from the last result',
    () => {
      let h = ones([5, 3]);
      return {
        step: (x) => h.add(x),
        next: (_, last) => {
          if (last) h = last.mul(0.5);
        },
      };
    },
  ],
];

function counting(body: (x: Tensor, index: number) => Tensor): { step: Step; next: (index: number) => void } {
  let present = 0;
  return { step: (x) => body(x, present), next: (index) => void (present = index) };
}

/** Variables of the user's that change from call to call, which a recording would freeze. */
export function captureUnsteadySuite(open: (context: TestContext) => Promise<Backend>): void {
  it.for(courses)(
    'runs a step as it stands while %s changes from call to call',
    async ([, make], context) => {
      setDefaultDevice(await open(context));
      const course = async (captured: boolean): Promise<number[]> => {
        const { step, next } = make();
        const take = captured ? capture(step) : step;
        const numbers: number[] = [];
        let last: Tensor | undefined;
        for (let index = 1; index < 9; index++) {
          next(index, last);
          const x = rand([5, 3], { seed: 9, stream: index });
          last = scope(() => take(x));
          numbers.push(...(await last.data()));
        }
        return numbers;
      };
      expect(await course(true)).toEqual(await course(false));
    },
  );

  it('runs a step as it stands while it uses a tensor that was made right after the last call', async (context) => {
    setDefaultDevice(await open(context));
    let batch: Tensor;
    const step = capture(() => batch.mul(2));
    let result: Tensor;
    for (let index = 1; index < 6; index++) {
      batch = tensor([index]);
      result = step();
    }
    expect(await result!.item()).toBe(10);
    step.dispose();
  });

  it('keeps no memory of steps that it does not record', async (context) => {
    const device = await open(context);
    setDefaultDevice(device);
    const x = ones([50]);
    let size = 0;
    const step = capture((given: Tensor) => given.slice([0, (size % 3) + 1]).mul(2));
    const alive: number[] = [];
    for (let call = 0; call < 12; call++) {
      size++;
      step(x).dispose();
      alive.push(device.stats().buffersAlive);
    }
    expect(alive.slice(2)).toEqual(new Array(10).fill(alive[2]));
    step.dispose();
  });

  it('takes a step that returns nothing, or nothing in places', async (context) => {
    setDefaultDevice(await open(context));
    for (const nothing of [null, undefined]) {
      const step = capture((x: Tensor) => ({ sum: x.mul(2), nothing, list: [nothing] }));
      const empty = capture((x: Tensor) => {
        x.mul(2);
        return nothing;
      });
      for (let call = 0; call < 4; call++) {
        const result = step(ones([1]));
        expect([await result.sum.item(), result.nothing, result.list]).toEqual([2, nothing, [nothing]]);
        expect(empty(ones([1]))).toBe(nothing);
      }
      step.dispose();
      empty.dispose();
    }
  });

  it('records a step when it has settled', async (context) => {
    setDefaultDevice(await open(context));
    let factor = 1;
    let runs = 0;
    const step = capture((x: Tensor) => {
      runs++;
      return x.mul(factor);
    });
    for (let index = 1; index < 12; index++) {
      factor = Math.min(index, 4);
      const result = step(ones([1]));
      expect(await result.item()).toBe(factor);
      result.dispose();
    }
    expect(runs).toBe(5);
  });
}
