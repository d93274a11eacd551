import { expect, it, type TestContext } from 'vitest';
import {
  arange,
  autocast,
  type Backend,
  grad,
  nn,
  ones,
  optim,
  rand,
  setDefaultDevice,
  ShapeError,
  tensor,
  type Tensor,
  zeros,
} from '../../src/index.ts';

type Open = (context: TestContext) => Promise<Backend>;

const values = async (x: Tensor): Promise<number[]> => Array.from(await x.data());

/** Values at which the definition of an operation has a case of its own, and arguments that it refuses. */
export function edgesSuite(open: Open): void {
  it('whole numbers to negative powers are reciprocals, truncated', async (context) => {
    const device = await open(context);
    const base = tensor([1, -1, -1, 2, 2, -3, -3, 0, 0, 1, 3, -2], { dtype: 'int32', device });
    const exponent = tensor([-3, -3, -2, -1, -2, -1, -2, -1, -2, -2, 4, 31], { dtype: 'int32', device });
    expect(await values(base.pow(exponent))).toEqual([1, -1, 1, 0, 0, 0, 0, 0, 0, 1, 81, -(2 ** 31)]);
  });

  it('derivatives of powers past their degree are 0, also at 0', async (context) => {
    const device = await open(context);
    for (const [power, wanted] of [[0], [1, 1], [2, 0, 2], [3, 0, 0, 6]].entries()) {
      const x = tensor([0], { device, requiresGrad: true });
      let slope = x.pow(power);
      for (let order = 1; order < power + 3; order++) {
        [slope] = grad(slope, [x], { createGraph: true });
        expect(await slope.item(), `derivative ${order} of x^${power}`).toBe(wanted[order] ?? 0);
      }
    }
  });

  it('the slope of a power changes with an exponent of 0', async (context) => {
    const device = await open(context);
    const base = tensor([2, 0], { device, requiresGrad: true });
    const exponent = tensor([0, 0], { device, requiresGrad: true });
    const [slope] = grad(base.pow(exponent).sum(), [base], { createGraph: true });
    // The derivative of b a^(b - 1) by b is a^(b - 1) (1 + b ln a); at 0 it is taken as 0.
    expect(await values(grad(slope.sum(), [exponent])[0])).toEqual([0.5, 0]);
  });

  it('smoothed absolute errors are curved where there is no error', async (context) => {
    const device = await open(context);
    for (const loss of [nn.functional.huberLoss, nn.functional.smoothL1Loss]) {
      const x = tensor([0, 0.5, -3, 3], { device, requiresGrad: true });
      const [slope] = grad(loss(x, zeros([4], { device }), { reduction: 'sum' }), [x], { createGraph: true });
      expect((await values(slope)).map((each) => each + 0)).toEqual([0, 0.5, -1, 1]);
      expect(await values(grad(slope.sum(), [x])[0])).toEqual([1, 1, 0, 0]);
    }
  });

  it('truth values with some filled are truth values', async (context) => {
    const device = await open(context);
    const [x, mask] = [tensor([true, false], { device }), tensor([false, true], { device })];
    for (const value of [0, 1, 0.5, NaN]) {
      const filled = x.maskedFill(mask, value);
      expect(filled.dtype).toBe('bool');
      expect(await values(filled)).toEqual([1, Number(value !== 0)]);
    }
  });

  it('integers and a number that int32 does not hold divide as floating numbers', async (context) => {
    const device = await open(context);
    const x = tensor([7, -7], { dtype: 'int32', device });
    for (const result of [x.floorDivide(2 ** 40), x.remainder(2 ** 40)]) expect(result.dtype).toBe('float32');
    expect(await values(x.floorDivide(2 ** 40))).toEqual([0, -1]);
  });

  it('images of another size take each pixel from its neighbours only, and are not rounded', async (context) => {
    const device = await open(context);
    const images = [
      [1, 2, 3, NaN],
      [4, 5, 6, 7],
      [-Infinity, 70001, 70003, 8],
    ];
    const x = tensor([[images]], { device });
    const resize = (): Tensor => x.interpolate([6, 4], { mode: 'bilinear' });
    const found = await values(device.supports('float16') ? autocast('float16', resize) : resize());
    expect(found.map((each) => Math.round(each * 4) / 4)).toEqual(
      [
        [1, 2, 3, NaN],
        [1.75, 2.75, 3.75, NaN],
        [3.25, 4.25, 5.25, NaN],
        [-Infinity, 17504, 17505.25, 7.25],
        [-Infinity, 52502, 52503.75, 7.75],
        [-Infinity, 70001, 70003, 8],
      ].flat(),
    );
  });

  it('the nearest pixels are those of PyTorch, also half-way', async (context) => {
    const device = await open(context);
    const nearest = async (from: number, to: number): Promise<number[]> =>
      values(arange(from, { device }).reshape([1, 1, from]).interpolate(to));
    // 11 · 30 / 22 is 15, and 11 · 26 / 22 is 13 without rounding.
    expect((await nearest(30, 22)).slice(10, 13)).toEqual([13, 15, 16]);
    expect((await nearest(26, 22)).slice(10, 13)).toEqual([11, 12, 14]);
  });

  it('integers are compared with any number exactly', async (context) => {
    const device = await open(context);
    const integers = [-(2 ** 31), -(2 ** 24) - 1, -1, 0, 1, 2 ** 24 + 1, 2 ** 31 - 1];
    const numbers = [
      NaN,
      Infinity,
      -Infinity,
      0.5,
      -0.5,
      2 ** 24 + 0.5,
      -(2 ** 24) - 0.5,
      2 ** 31,
      -(2 ** 31) - 1,
    ];
    const relations: Record<'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge', (a: number, b: number) => boolean> = {
      eq: (a, b) => a === b,
      ne: (a, b) => a !== b,
      lt: (a, b) => a < b,
      le: (a, b) => a <= b,
      gt: (a, b) => a > b,
      ge: (a, b) => a >= b,
    };
    for (const [x, kept] of [
      [tensor(integers, { dtype: 'int32', device }), integers],
      [tensor([false, true], { device }), [0, 1]],
    ] as const) {
      for (const number of numbers) {
        for (const [name, holds] of Object.entries(relations) as [
          keyof typeof relations,
          typeof relations.eq,
        ][]) {
          const wanted = kept.map((each) => Number(holds(each, number)));
          expect(await values(x[name](number)), `${name} ${number}`).toEqual(wanted);
        }
      }
    }
  });

  it('an infinite gradient does not reach what has a slope of 0', async (context) => {
    const device = await open(context);
    const exponents = tensor([0, 0], { device });
    const functions: Record<string, (x: Tensor) => Tensor> = {
      'x^0': (x) => x.pow(0).sub(1),
      'x^exponents': (x) => x.pow(exponents).sub(1),
      '0^x': (x) => exponents.pow(x),
      norm: (x) => x.sub(x.detach()).norm(),
      std: (x) => x.std(),
    };
    for (const [name, call] of Object.entries(functions)) {
      const x = tensor([2, 2], { device, requiresGrad: true });
      call(x).sqrt().sum().backward();
      expect(
        (await values(x.grad!)).map((each) => each + 0),
        name,
      ).toEqual([0, 0]);
    }
  });

  it('powers are those of C in their special cases', async (context) => {
    const device = await open(context);
    const cases: readonly (readonly [base: number, exponent: number, power: number])[] = [
      [1, NaN, 1],
      [1, Infinity, 1],
      [-1, Infinity, 1],
      [-1, -Infinity, 1],
      [-1, NaN, NaN],
      [NaN, 0, 1],
      [0, 0, 1],
      [0, -1, Infinity],
      [-2, 3, -8],
      [-2, 2, 4],
      [-2, 0.5, NaN],
      [0.5, Infinity, 0],
      [0.5, -Infinity, Infinity],
      [-Infinity, 3, -Infinity],
      [-Infinity, 2, Infinity],
      [Infinity, -1, 0],
    ];
    const base = tensor(
      cases.map(([a]) => a),
      { device },
    );
    const exponent = tensor(
      cases.map(([, b]) => b),
      { device },
    );
    expect(await values(base.pow(exponent))).toEqual(cases.map(([, , power]) => power));
  });

  it('whole quotients are exact where divisors exceed the 24 bits of a float32', async (context) => {
    const device = await open(context);
    const a = [-1, -5, 5, 19999999, 2147483647, -2147483648, -7, 2147483647, 100000007, -9];
    const b = [20000000, 2147483647, -2147483647, 20000000, 3, 3, -20000000, -20000000, 33554433, 3];
    const [left, right] = [a, b].map((numbers) => tensor(numbers, { dtype: 'int32', device })) as [
      Tensor,
      Tensor,
    ];
    const quotients = a.map((each, at) => Math.floor(each / b[at]!));
    expect(await values(left.floorDivide(right))).toEqual(quotients);
    expect(await values(left.remainder(right))).toEqual(
      a.map((each, at) => each - quotients[at]! * b[at]! + 0),
    );
  });

  it('the rest of a division of floating numbers is exact', async (context) => {
    const device = await open(context);
    const special = [
      1e10,
      3,
      -3,
      0.1,
      -0.1,
      1e-30,
      7.5,
      2 ** 24 + 2,
      3.4e38,
      -3.4e38,
      5e-20,
      0,
      NaN,
      Infinity,
      -Infinity,
    ];
    const odd = Array.from({ length: 40 }, (_, i) => Math.sin(i * i + 1) * 10 ** ((i % 13) * 3 - 18));
    const numbers = [...special, ...odd].map(Math.fround);
    const x = tensor(numbers, { device });
    const rests = await x.unsqueeze(1).remainder(x).data();
    const quotients = await x.unsqueeze(1).floorDivide(x).data();
    const wrong: unknown[] = [];
    numbers.forEach((a, row) =>
      numbers.forEach((b, column) => {
        const truncated = a % b;
        const rest = truncated !== 0 && truncated < 0 !== b < 0 ? truncated + b : truncated;
        const at = row * numbers.length + column;
        if (!Object.is(Math.fround(rest) + 0, rests[at]! + 0))
          wrong.push(['remainder', a, b, rest, rests[at]]);
        const quotient = Math.floor(a / b);
        // The floor of a rounded quotient may be one too many; above 2²² a quotient has the error of a division.
        const exact = Math.abs(quotient) < 2 ** 22 ? Math.round((a - rest) / b) : quotient;
        if (Math.abs(b) === Infinity || Number.isNaN(exact)) return;
        const error = Math.abs(quotients[at]! - exact) / Math.max(1, Math.abs(exact));
        const allowed = Math.abs(exact) < 2 ** 22 ? 0 : 4e-7;
        if (exact !== quotients[at]! && !(error <= allowed) && Math.abs(exact) < 3.4e38)
          wrong.push(['floorDivide', a, b, exact, quotients[at]]);
      }),
    );
    expect(wrong).toEqual([]);
    const ends = tensor([1, -1, 0], { device });
    expect((await values(ends.floorDivide(Infinity))).map((each) => each + 0)).toEqual([0, -1, 0]);
    expect(await values(ends.remainder(Infinity))).toEqual([1, Infinity, 0]);
    expect(await values(ends.floorDivide(0))).toEqual([Infinity, -Infinity, NaN]);
  });

  it('the gradient of a quotient is right where the square of the divisor is not a float32', async (context) => {
    const device = await open(context);
    const x = tensor([1, 1, 0, 3], { device });
    const y = tensor([1e-19, 2e25, 1e-25, -1e-15], { device, requiresGrad: true });
    x.mul(y.detach()).div(y).sum().backward();
    const slopes = await values(y.grad!);
    const expected = [-1e19, -5e-26, 0, 3e15];
    slopes.forEach((slope, at) =>
      expect(slope / (expected[at]! || 1)).toBeCloseTo(expected[at] === 0 ? 0 : 1, 5),
    );
  });

  it('norms of any power have a gradient of 0 at zeros, as in PyTorch', async (context) => {
    const device = await open(context);
    const slopes = async (p: number): Promise<number[]> => {
      const x = tensor(
        [
          [0, 0],
          [0, 2],
        ],
        { device, requiresGrad: true },
      );
      x.norm(p, 1).sum().backward();
      return (await values(x.grad!)).map((slope) => Number(slope.toFixed(5)));
    };
    for (const p of [3, 1.5, 0.5]) expect(await slopes(p), `p = ${p}`).toEqual([0, 0, 0, 1]);
    expect(await slopes(-1)).toEqual([0, 0, 0, 0]);
  });

  it('triangles of truth values are truth values', async (context) => {
    const device = await open(context);
    const all = ones([2, 2], { device }).gt(0);
    expect([all.tril().dtype, await values(all.tril())]).toEqual(['bool', [1, 0, 1, 1]]);
    expect([all.triu().dtype, await values(all.triu())]).toEqual(['bool', [1, 1, 0, 1]]);
  });

  it('a number as the second operand is taken with its sign, also where it is 0 or not finite', async (context) => {
    const device = await open(context);
    const numbers = [0, -0, 1, -1, 4, Infinity, -Infinity, NaN];
    const x = tensor(numbers, { device });
    const least = (a: number, b: number): number => (Number.isNaN(a + b) && a !== -b ? NaN : Math.min(a, b));
    const greatest = (a: number, b: number): number =>
      Number.isNaN(a + b) && a !== -b ? NaN : Math.max(a, b);
    const operations: Record<string, [(b: number) => Tensor, (a: number, b: number) => number]> = {
      add: [(b) => x.add(b), (a, b) => a + b],
      sub: [(b) => x.sub(b), (a, b) => a - b],
      mul: [(b) => x.mul(b), (a, b) => a * b],
      div: [(b) => x.div(b), (a, b) => a / b],
      maximum: [(b) => x.maximum(b), greatest],
      minimum: [(b) => x.minimum(b), least],
      eq: [(b) => x.eq(b), (a, b) => Number(a === b)],
      ne: [(b) => x.ne(b), (a, b) => Number(a !== b)],
      lt: [(b) => x.lt(b), (a, b) => Number(a < b)],
      le: [(b) => x.le(b), (a, b) => Number(a <= b)],
      gt: [(b) => x.gt(b), (a, b) => Number(a > b)],
      ge: [(b) => x.ge(b), (a, b) => Number(a >= b)],
    };
    // 0 and -0 are equal here: which of them a GPU returns is not fixed.
    const plain = (each: number): number => each + 0;
    for (const [name, [call, define]] of Object.entries(operations)) {
      for (const b of [...numbers, ...numbers.toReversed()]) {
        const found = (await values(call(b))).map(plain);
        expect(found, `${name} ${Object.is(b, -0) ? '-0' : b}`).toEqual(
          numbers.map((a) => plain(define(a, b))),
        );
      }
    }
  });

  it('an infinite gradient of a maximum goes to the greater one only', async (context) => {
    const device = await open(context);
    for (const [operation, wanted] of [
      ['maximum', [0, Infinity, 0.5]],
      ['minimum', [-Infinity, 0, -0.5]],
    ] as const) {
      const x = tensor([-1, 1, 0], { device, requiresGrad: true });
      const sign = operation === 'maximum' ? 1 : -1;
      x[operation](0)
        .mul(tensor([Infinity, Infinity, 1], { device }).mul(sign))
        .sum()
        .backward();
      expect((await values(x.grad!)).map((each) => each + 0)).toEqual(wanted);
    }
  });

  it('a scale of the loss stops growing before it is infinite', async (context) => {
    const device = await open(context);
    const parameter = new nn.Parameter(zeros([1], { device }));
    const optimizer = new optim.SGD([parameter], { lr: 0 });
    const scaler = new optim.GradScaler({ initScale: 2 ** 126, growthInterval: 2, device });
    const scales: number[] = [];
    for (let step = 0; step < 5; step++) {
      parameter.grad = zeros([1], { device });
      scaler.step(optimizer);
      scaler.update();
      scales.push(Math.log2(await scaler.getScale()));
    }
    expect(scales).toEqual([126, 127, 127, 127, 127]);
  });

  it('log-softmax keeps the differences of large logits, and softmax those of small probabilities', async (context) => {
    const device = await open(context);
    for (const inner of [1, 3]) {
      const large = [0, 2, 4, 2, 0].map((each) => 2 ** 24 + each);
      const shape = [5, inner];
      const x = tensor(
        large.flatMap((each) => Array.from({ length: inner }, () => each)),
        { shape, device },
      );
      const total = 4 + Math.log(1 + 2 * Math.exp(-2) + 2 * Math.exp(-4));
      const found = await values(x.logSoftmax(0));
      for (const [at, each] of found.entries()) {
        expect(each).toBeCloseTo(large[Math.floor(at / inner)]! - 2 ** 24 - total, 5);
      }
    }
    for (let power = 0; power < 86; power++) {
      const found = await values(tensor([0, -power, -power, -power, -power], { device }).softmax(0));
      const wanted = Math.exp(-power) / (1 + 4 * Math.exp(-power));
      expect(found[1]! / wanted, `e^-${power}`).toBeCloseTo(1, 4);
      expect(found.slice(2)).toEqual([found[1], found[1], found[1]]);
    }
    // What float32 cannot hold is 0, not the least number before it.
    expect(await values(tensor([0, -104, -200, -1e30, -Infinity], { device }).softmax(0))).toEqual([
      1, 0, 0, 0, 0,
    ]);
  });

  it('erf reaches 1 no sooner than it does', async (context) => {
    const device = await open(context);
    const x = [0.5, 2, 3, -3, 3.5, 4, 7, -7];
    const wanted = [
      0.5204998778, 0.995322265, 0.9999779095, -0.9999779095, 0.9999992569, 0.9999999846, 1, -1,
    ];
    const found = await values(tensor(x, { device }).erf());
    found.forEach((each, at) => expect(each, `erf ${x[at]}`).toBeCloseTo(wanted[at]!, 6));
  });

  it('batch norm of two elements a channel has their variance', async (context) => {
    const device = await open(context);
    setDefaultDevice(device);
    const norm = new nn.BatchNorm2d(2, { momentum: 1 });
    norm.forward(tensor([1, -4, 3, 4], { shape: [2, 2, 1, 1], device }));
    expect(await values(norm.runningMean!)).toEqual([2, 0]);
    expect(await values(norm.runningVar!)).toEqual([2, 32]);
  });

  it('batch norm by a variance of 0 without eps, and by an infinite one', async (context) => {
    const device = await open(context);
    const [mean, variance] = [zeros([3], { device }), tensor([0, Infinity, 4], { device })];
    const x = tensor([1, 2, 6, -1, 2, -6], { shape: [2, 3, 1, 1], device });
    const found = nn.functional.batchNorm(x, mean, variance, { eps: 0 });
    expect(await values(found)).toEqual([Infinity, 0, 3, -Infinity, 0, -3]);
  });

  it('dropout keeps an element whose random number is p, and drops those below', async (context) => {
    const device = await open(context);
    const origin = { seed: 7, stream: 3 };
    const drawn = await values(rand([40], { ...origin, device }));
    for (const at of [0, 5, 17, 39]) {
      const p = drawn[at]!;
      const found = await values(nn.functional.dropout(ones([40], { device }), { p, ...origin }));
      expect(found.map((each) => each !== 0)).toEqual(drawn.map((each) => each >= p));
    }
  });

  it('a tally adds up the hits of its batches: the first of equals wins, and the first NaN', async (context) => {
    const device = await open(context);
    const rows = [
      [1, 3, 3],
      [2, NaN, NaN],
      [NaN, 9, 9],
      [-Infinity, -Infinity, -Infinity],
      [-3, -2, -1],
    ];
    const x = tensor([[0, 0, 0], ...rows], { device });
    // A column between two others: strides and an offset.
    const labels = tensor(
      [1, 1, 0, 0, 2].map((label) => [7, label, 7]),
      { dtype: 'int32', device },
    );
    const loss = tensor([5, 0.5], { device });
    const cells = zeros([3], { device });
    const places = {
      rows: 5,
      classes: 3,
      offset: 3,
      labelOffset: 1,
      labelStride: 3,
      lossOffset: 1,
      hitsAt: 2,
    };
    const buffers = {
      x: x.storage.buffer,
      labels: labels.storage.buffer,
      loss: loss.storage.buffer,
      cells: cells.storage.buffer,
    };
    device.run('tally', buffers, { ...places, lossAt: 0 });
    expect(await values(cells)).toEqual([0.5, 0, 5]);
    device.run('tally', buffers, { ...places, rows: 2, lossOffset: 0, lossAt: 1 });
    expect(await values(cells)).toEqual([0.5, 5, 7]);
    device.run('tally', buffers, { ...places, labelOffset: 0, lossAt: 1 });
    expect(await values(cells)).toEqual([0.5, 0.5, 7]);
  });

  it('an element of a scalar is selected by index 0', async (context) => {
    const device = await open(context);
    const index = tensor([0], { dtype: 'int32', device });
    const picked = tensor(7, { device }).indexSelect(0, index);
    expect([picked.shape, await values(picked)]).toEqual([[], [7]]);
  });

  it('sumToSize sums what expand copied', async (context) => {
    const device = await open(context);
    const x = tensor(
      [
        [
          [1, 2],
          [3, 4],
        ],
      ],
      { device },
    );
    expect(await values(x.sumToSize(2))).toEqual([4, 6]);
    expect(await values(x.sumToSize(2, 1))).toEqual([3, 7]);
    expect(await values(x.sumToSize(1, 2, 2))).toEqual([1, 2, 3, 4]);
    expect(x.sumToSize(2, 2).shape).toEqual([2, 2]);
    expect(await values(x.sumToSize([]))).toEqual([10]);
    for (const sizes of [[3], [3, 2], [1, 1, 2, 2]]) expect(() => x.sumToSize(sizes)).toThrow(ShapeError);
  });

  it('shapes that do not fit are refused', async (context) => {
    const device = await open(context);
    const x = zeros([2, 3], { device });
    const index = zeros([2], { dtype: 'int32', device });
    const refused: (() => unknown)[] = [
      () => x.flatten(1, 0),
      () => nn.functional.mseLoss(x, zeros([3], { device })),
      () => nn.functional.mseLoss(x, zeros([3, 2], { device })),
      () => x.gather(0, index),
      () => x.gather(1, zeros([3, 1], { dtype: 'int32', device })),
      () => x.indexSelect(0, index.unsqueeze(0)),
      () => x.scatterAdd(0, zeros([2, 3], { dtype: 'int32', device }), zeros([2, 2], { device })),
      () => x.scatterAdd(0, zeros([2, 2], { dtype: 'int32', device }), zeros([2, 3], { device })),
    ];
    for (const call of refused) expect(call).toThrow(ShapeError);
    expect(x.gather(0, zeros([1, 3], { dtype: 'int32', device })).shape).toEqual([1, 3]);
    expect(x.gather(0, zeros([5, 2], { dtype: 'int32', device })).shape).toEqual([5, 2]);
  });
}
