import { expect, it, type TestContext } from 'vitest';
import { type Backend, tensor, type Tensor } from '../../src/index.ts';
import { watched } from '../pipeline/diagnostics/everyLaunch.ts';

type Open = (context: TestContext) => Promise<Backend>;

/** A long index of few places and of many, whose columns share it or not. */
const cases: readonly [shape: readonly number[], dim: number, count: number, selects: boolean][] = [
  [[100, 7], 0, 300, true],
  [[3, 100, 5], 1, 77, true],
  [[1000], 0, 3000, true],
  [[64, 3], 0, 500, true],
  [[100, 70], 0, 200, false],
  [[2, 90, 3], 1, 120, false],
  [[5, 200], 1, 300, false],
  [[65, 2], 0, 65, false],
];

const wave = (length: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => Math.fround(Math.sin(i)));

/** What the gradients of gather and indexSelect are, on a device. */
export function scatterSuite(open: Open): void {
  it.for(cases)(
    'gradients of %j along %i, selected %i times',
    async ([shape, dim, count, selects], context) => {
      const device = await open(context);
      const length = shape[dim]!;
      const inner = shape.slice(dim + 1).reduce((size, each) => size * each, 1);
      const outer = shape.slice(0, dim).reduce((size, each) => size * each, 1);
      // Some places often and some never; where each column has an index of its own, all but few of them.
      const placeOf = (i: number, column: number): number =>
        selects ? (i * i + 3 * column) % (length - 7) : (7 * i + 3 * column) % length;
      const gradient = wave(outer * count * inner);
      const index = new Int32Array(selects ? count : gradient.length);
      const wanted = new Float32Array(outer * length * inner);
      for (let o = 0; o < outer; o++) {
        for (let i = 0; i < count; i++) {
          for (let r = 0; r < inner; r++) {
            const at = (o * count + i) * inner + r;
            const place = placeOf(i, selects ? 0 : o * inner + r);
            index[selects ? i : at] = place;
            const target = (o * length + place) * inner + r;
            // In the order of the index, in float32: the bits of a GPU.
            wanted[target] = wanted[target]! + gradient[at]!;
          }
        }
      }
      const chosen = shape.map((size, axis) => (axis === dim ? count : size));
      const given = tensor(index, { shape: selects ? [count] : chosen, device });
      const x = tensor(wave(wanted.length), { shape, device, requiresGrad: true });
      const y = selects ? x.indexSelect(dim, given) : x.gather(dim, given);
      y.backward(tensor(gradient, { shape: chosen, device }));
      const found = await x.grad!.data();
      if (device.name === 'webgpu') expect(found).toEqual(wanted);
      else expect(Math.max(...wanted.map((each, i) => Math.abs(each - found[i]!)))).toBeLessThan(1e-5);
    },
  );

  it.for([
    [[100, 2], 300],
    [[3, 2], 5],
  ] as const)('an index out of range in %j touches no place', async ([[length, width], count], context) => {
    const device = await open(context);
    const x = tensor(new Float32Array(count * width).fill(1), { shape: [count, width], device });
    for (const wrong of [-1, length, 2 ** 31 - 1, -(2 ** 31)]) {
      const places = Int32Array.from({ length: count * width }, (_, at) => (at === 3 ? wrong : 1));
      const index = tensor(places, { shape: [count, width], device });
      if (device.name === 'cpu') {
        expect(() => x.scatterAdd(0, index, length)).toThrow(`from 0 to ${length - 1}, got ${wrong}`);
        continue;
      }
      const expected = new Float32Array(length * width);
      expected[width] = count;
      expected[width + 1] = count - 1;
      expect(await x.scatterAdd(0, index, length).data()).toEqual(expected);
    }
  });

  it('looks at every entry of a long index for a bounded number of places', async (context) => {
    const looks: number[] = [];
    const device = watched(await open(context), ({ kernel, params }) => {
      const of = params as Record<string, number>;
      // The CPU adds entry by entry; on a GPU each place looks at all entries.
      const entryByEntry = device.name === 'cpu';
      if (kernel === 'scatterAdd') {
        looks.push(entryByEntry ? of['size']! + of['count']! * of['inner']! : of['size']! * of['count']!);
      }
      if (kernel === 'indexOrder') looks.push(2 * of['size']! * of['count']!);
      if (kernel === 'scatterAddOrdered') looks.push(of['size']! + of['count']! * of['inner']!);
    });
    const work = (places: number, entries: number, width: number): number => {
      looks.length = 0;
      const x = tensor(wave(places * width), { shape: [places, width], device, requiresGrad: true });
      const index: Tensor = tensor(new Int32Array(entries), { device });
      x.indexSelect(0, index).sum().backward();
      return looks.reduce((total, each) => total + each, 0);
    };
    for (const [places, entries, width] of [
      [1000, 1000, 1],
      [10, 5000, 3],
      [5000, 10, 3],
      [4000, 4000, 16],
    ] as const) {
      expect(work(places, entries, width)).toBeLessThanOrEqual(150 * (places + entries) * width);
    }
  });
}
