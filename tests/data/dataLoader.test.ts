import { beforeAll, describe, expect, it } from 'vitest';
import {
  collate,
  DataLoader,
  type Dataset,
  randomSplit,
  Subset,
  TensorDataset,
} from '../../src/data/index.ts';
import { arange, open, setDefaultDevice, tensor, Tensor } from '../../src/index.ts';

beforeAll(async () => {
  setDefaultDevice(await open('cpu'));
});

/** The numbers 0 to length - 1, each a promise. */
const numbers = (length: number): Dataset<number> => ({ length, get: (index) => Promise.resolve(index) });
const list = (samples: number[]): number[] => samples;

async function epoch<T>(loader: DataLoader<number, T>): Promise<T[]> {
  const batches: T[] = [];
  for await (const batch of loader) batches.push(batch);
  return batches;
}

describe('a DataLoader', () => {
  it('gives batches in order, the last one smaller unless it is left out', async () => {
    expect(await epoch(new DataLoader(numbers(5), { batchSize: 2, collate: list }))).toEqual([
      [0, 1],
      [2, 3],
      [4],
    ]);
    const loader = new DataLoader(numbers(5), { batchSize: 2, dropLast: true, collate: list });
    expect([await epoch(loader), loader.length]).toEqual([
      [
        [0, 1],
        [2, 3],
      ],
      2,
    ]);
  });

  it('shuffles each epoch anew, the same for the same seed', async () => {
    const make = (seed: number): DataLoader<number, number[]> =>
      new DataLoader(numbers(8), { batchSize: 8, shuffle: true, seed, collate: list });
    const [one, same, other] = [make(1), make(1), make(2)];
    const epochs = [await epoch(one), await epoch(one)];
    expect([await epoch(same), await epoch(same)]).toEqual(epochs);
    expect(epochs[0]).not.toEqual(epochs[1]);
    expect(await epoch(other)).not.toEqual(epochs[0]);
    expect(epochs[0]![0]!.toSorted()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it.each([0, 3])('continues from a state, with %i batches read ahead', async (prefetch) => {
    const options = { batchSize: 2, shuffle: true, prefetch, collate: list };
    const whole = new DataLoader(numbers(6), options);
    const expected = [...(await epoch(whole)), ...(await epoch(whole))];
    const first = new DataLoader(numbers(6), options);
    const batches = await epoch(first);
    for await (const batch of first) {
      batches.push(batch);
      break;
    }
    expect(first.state()).toEqual({ epoch: 1, batch: 1 });
    const second = new DataLoader(numbers(6), options);
    second.loadState(first.state());
    expect([...batches, ...(await epoch(second))]).toEqual(expected);
    // A loop after one that ended early is the next epoch.
    expect(await epoch(first)).toEqual(await epoch(second));
    expect(second.state()).toEqual({ epoch: 3, batch: 0 });
  });

  it('reads as many batches ahead as it is told', async () => {
    const asked: number[] = [];
    const dataset: Dataset<number> = { length: 6, get: (index) => (asked.push(index), index) };
    const loop = new DataLoader(dataset, { prefetch: 2, collate: list })[Symbol.asyncIterator]();
    expect([(await loop.next()).value, asked]).toEqual([[0], [0, 1, 2]]);
    expect([(await loop.next()).value, asked]).toEqual([[1], [0, 1, 2, 3]]);
  });

  it('throws the error of a sample where its batch is asked for', async () => {
    const dataset: Dataset<number> = {
      length: 3,
      get: (index) => (index === 1 ? Promise.reject(new Error('no sample 1')) : index),
    };
    const loop = new DataLoader(dataset, { prefetch: 3, collate: list })[Symbol.asyncIterator]();
    expect((await loop.next()).value).toEqual([0]);
    await expect(loop.next()).rejects.toThrow('no sample 1');
  });

  it('takes rows of tensors, on their device', async () => {
    const set = new TensorDataset(arange(8).reshape([4, 2]), tensor([0, 1, 2, 3], { dtype: 'int32' }));
    const shown = [];
    for await (const [x, y] of new DataLoader(set, { batchSize: 3 }))
      shown.push(await x!.toArray(), await y!.toArray());
    expect(shown).toEqual([
      [
        [0, 1],
        [2, 3],
        [4, 5],
      ],
      [0, 1, 2],
      [[6, 7]],
      [3],
    ]);
    expect(await set.get(2)[0]!.toArray()).toEqual([4, 5]);
  });

  it('an epoch has the samples that there were at its beginning', async () => {
    const changing = (after: number): Dataset<number> => {
      const set = { length: 4, get: (index: number): number => ((set.length = after), index) };
      return set;
    };
    for (const shuffle of [false, true]) {
      const options = { batchSize: 3, shuffle, collate: list };
      const grown = new DataLoader(changing(9), options);
      expect((await epoch(grown)).flat().toSorted()).toEqual([0, 1, 2, 3]);
      expect((await epoch(grown)).flat()).toHaveLength(9);
      await expect(epoch(new DataLoader(changing(2), options))).rejects.toThrow('got    a length of 2');
    }
  });

  it('refuses options that do not fit', () => {
    expect(() => new DataLoader(numbers(3), { batchSize: 0 })).toThrow('batchSize ≥ 1');
    expect(() => new DataLoader({} as never)).toThrow(
      'takes  a data set: an object with length and get(index)',
    );
    expect(() => new DataLoader(numbers(3)).loadState({ epoch: -1, batch: 0 })).toThrow('{ epoch, batch }');
    expect(() => new TensorDataset()).toThrow('at least one tensor');
    expect(() => new TensorDataset(tensor([1]), tensor([1, 2]))).toThrow('float32[1], float32[2]');
    const long = new Uint8Array(10_000);
    expect(() => new TensorDataset(long as never)).toThrow(/got {4}an object of Uint8Array$/);
    expect(() => new Subset(numbers(3), [3])).toThrow('an integer from 0 to 2');
    expect(() => new Subset(numbers(3), null as never)).toThrow('Subset: invalid indices');
  });
});

it('collate stacks tensors and numbers in arrays and objects', async () => {
  const batch = collate([
    { x: tensor([1, 2]), y: [1, 'a'] },
    { x: tensor([3, 4]), y: [2, 'b'] },
  ]) as { x: Tensor; y: [Tensor, string[]] };
  expect(await batch.x.toArray()).toEqual([
    [1, 2],
    [3, 4],
  ]);
  expect([await batch.y[0].toArray(), batch.y[0].dtype, batch.y[1]]).toEqual([[1, 2], 'int32', ['a', 'b']]);
  expect((collate([1.5, 2]) as Tensor).dtype).toBe('float32');
  expect(() => collate([[1], [1, 2]])).toThrow('the samples differ');
});

it('randomSplit gives disjoint parts, the same for the same seed', () => {
  const parts = randomSplit(numbers(10), [0.75, 0.25], { seed: 3 });
  expect(parts.map(({ length }) => length)).toEqual([8, 2]);
  expect(parts.flatMap(({ indices }) => indices).toSorted()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(randomSplit(numbers(10), [8, 2], 3).map(({ indices }) => indices)).toEqual(
    parts.map(({ indices }) => indices),
  );
  expect(randomSplit(numbers(10), [8, 2], 4)[1]!.indices).not.toEqual(parts[1]!.indices);
  expect(() => randomSplit(numbers(10), [5, 4])).toThrow('integers that sum to 10');
});
