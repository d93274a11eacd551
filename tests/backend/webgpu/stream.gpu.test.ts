import { describe, expect, test } from 'vitest';
import { add, fill, openOwn, upload, values } from './devices.ts';

describe.each([
  ['immediates', true],
  ['the uniform ring', false],
] as const)('the command stream with parameters in %s', (_, immediates) => {
  test('launches go to the queue in batches of 64, and nothing waits for the device', async (context) => {
    const { backend } = await openOwn(context, { immediates });
    const out = backend.allocate('float32', 4);
    for (let launch = 0; launch < 640; launch++) fill(backend, out, launch);
    expect(backend.stats()).toMatchObject({ dispatches: 640, submits: 10, reads: 0 });
    fill(backend, out, 7);
    expect(backend.stats().submits).toBe(10);
    backend.flush();
    backend.flush();
    expect(backend.stats().submits).toBe(11);
    expect(await values(backend, out)).toEqual([7, 7, 7, 7]);
  });

  test('each of a thousand launches keeps its own parameters', async (context) => {
    const { backend } = await openOwn(context, { immediates });
    const outs = Array.from({ length: 1000 }, () => backend.allocate('float32', 1));
    for (const [index, out] of outs.entries()) fill(backend, out, index);
    const read = await Promise.all(outs.map((out) => values(backend, out)));
    expect(read.flat()).toEqual(outs.map((_, index) => index));
  });

  test('launches that depend on one another run in order, over many batches', async (context) => {
    const { backend } = await openOwn(context, { immediates });
    let sum = upload(backend, [0, 100]);
    let next = backend.allocate('float32', 2);
    const step = upload(backend, [1, 0.5]);
    for (let launch = 0; launch < 500; launch++) {
      add(backend, sum, step, next);
      [sum, next] = [next, sum];
    }
    expect(await values(backend, sum)).toEqual([500, 350]);
  });

  test('kernels of all kinds of parameters: vectors, signed numbers, several constants', async (context) => {
    const { backend } = await openOwn(context, { immediates });
    const x = upload(backend, [1, 2, 3, 4, 5, 6]);
    const out = backend.allocate('float32', 6);
    const shape = [1, 1, 2, 3] as const;
    const dense = [0, 0, 3, 1] as const;
    // Rows in reverse: a negative stride.
    backend.run(
      'copy',
      { x, out },
      { size: 6, xOffset: 3, outOffset: 0, shape, xStrides: [0, 0, -3, 1], outStrides: dense },
      { RANK: 2 },
    );
    expect(await values(backend, out)).toEqual([4, 5, 6, 1, 2, 3]);

    const total = backend.allocate('float32', 2);
    backend.run(
      'reduce',
      { x, out: total },
      {
        outputs: 2,
        length: 3,
        chunk: 3,
        offset: 0,
        outOffset: 0,
        keptSize: 2,
        reducedSize: 3,
        keptStrides: [0, 3],
        reducedStrides: [0, 1],
      },
      { OPERATION: 0, FLOATING: true, Element: 'f32' },
    );
    expect(await values(backend, total)).toEqual([6, 15]);

    const product = backend.allocate('float32', 4);
    backend.run(
      'matmul',
      { a: x, b: x, bias: x, out: product },
      {
        m: 2,
        n: 2,
        k: 3,
        batch: 1,
        chunk: 3,
        aOffset: 0,
        aBatchStride: 0,
        aRowStride: 3,
        aColumnStride: 1,
        bOffset: 0,
        bBatchStride: 0,
        bRowStride: 1,
        bColumnStride: 3,
        biasOffset: 0,
        outOffset: 0,
      },
    );
    expect(await values(backend, product)).toEqual([14, 32, 32, 77]);
  });

  test('the same launch again makes no bind group, pipeline or buffer', async (context) => {
    const { backend } = await openOwn(context, { immediates });
    const [a, b] = [upload(backend, [1, 2]), upload(backend, [3, 4])];
    const out = backend.allocate('float32', 2);
    add(backend, a, b, out);
    await values(backend, out);
    const { buffersCreated, bindGroupsCreated, pipelinesCreated } = backend.stats();
    for (let launch = 0; launch < 200; launch++) add(backend, a, b, out);
    expect(await values(backend, out)).toEqual([4, 6]);
    expect(backend.stats()).toMatchObject({ buffersCreated, bindGroupsCreated, pipelinesCreated });
  });
});

test('a variant is told by its values, whatever the order of its keys', async (context) => {
  const { backend } = await openOwn(context);
  const x = upload(backend, [-4]);
  const out = backend.allocate('float32', 1);
  const params = {
    size: 1,
    offset: 0,
    alpha: 0,
    beta: 0,
    shape: [1, 1, 1, 1],
    strides: [0, 0, 0, 1],
  } as const;
  // ABS is 1 and EXP is 2: confused with the rank, one would be taken for the other.
  backend.run('unary', { x, out }, params, { RANK: 2, OPERATION: 1 });
  expect(await values(backend, out)).toEqual([4]);
  backend.run('unary', { x, out }, params, { OPERATION: 2, RANK: 1 });
  expect((await values(backend, out))[0]).toBeCloseTo(Math.exp(-4), 6);
});

test('uploads, launches and reads in flight keep their order', async (context) => {
  const { backend } = await openOwn(context);
  const x = upload(backend, [1]);
  const out = backend.allocate('float32', 1);
  const reads: Promise<number[]>[] = [];
  for (let round = 0; round < 20; round++) {
    backend.write(x, Float32Array.of(round));
    add(backend, x, x, out);
    reads.push(values(backend, out));
  }
  expect((await Promise.all(reads)).flat()).toEqual(Array.from({ length: 20 }, (_, round) => 2 * round));
});

describe('reads', () => {
  test('a part of a buffer, at any offset', async (context) => {
    const { backend } = await openOwn(context);
    const x = upload(
      backend,
      Array.from({ length: 1000 }, (_, i) => i),
    );
    expect(Array.from(await backend.read(x, 997, 3))).toEqual([997, 998, 999]);
    expect(Array.from(await backend.read(x, 5, 1))).toEqual([5]);
    expect(await backend.read(x, 1000, 0)).toHaveLength(0);
    await expect(backend.read(x, 999, 2)).rejects.toThrow(/got 2 from 999/);
  });

  test.for([1, 2, 3, 4, 5, 255, 257])('%i bytes, written and read at offsets', async (length, context) => {
    const { backend } = await openOwn(context);
    const bytes = Uint8Array.from({ length }, (_, index) => index + 1);
    const buffer = backend.allocate('uint8', length);
    backend.write(buffer, bytes);
    for (let offset = 0; offset < Math.min(length, 6); offset++) {
      expect(await backend.read(buffer, offset, length - offset)).toEqual(bytes.slice(offset));
    }
  });

  test('bytes from the middle of an array', async (context) => {
    const { backend } = await openOwn(context);
    const buffer = backend.allocate('uint8', 3);
    backend.write(buffer, Uint8Array.of(9, 9, 1, 2, 3, 9).subarray(2, 5));
    expect(await backend.read(buffer, 0, 3)).toEqual(Uint8Array.of(1, 2, 3));
  });

  test('int32 and bool come back in their own arrays', async (context) => {
    const { backend } = await openOwn(context);
    const integers = backend.allocate('int32', 2);
    backend.write(integers, Int32Array.of(-1, 2 ** 31 - 1));
    expect(await backend.read(integers, 0, 2)).toEqual(Int32Array.of(-1, 2 ** 31 - 1));
    const flags = backend.allocate('bool', 2);
    backend.write(flags, Uint32Array.of(1, 0));
    expect(await backend.read(flags, 0, 2)).toEqual(Uint32Array.of(1, 0));
  });

  test('staging buffers are kept and counted', async (context) => {
    const { backend } = await openOwn(context);
    const x = upload(backend, [1, 2, 3]);
    await values(backend, x);
    const { buffersCreated, reads, bytesRead } = backend.stats();
    for (let round = 0; round < 5; round++) await values(backend, x);
    expect(backend.stats()).toMatchObject({ buffersCreated, reads: reads + 5, bytesRead: bytesRead + 60 });
  });

  test('large reads come back whole', async (context) => {
    const { backend } = await openOwn(context);
    const length = 5_000_001;
    const x = backend.allocate('float32', length);
    fill(backend, x, 3);
    const read = await backend.read(x, 1, length - 1);
    expect(read.every((value) => value === 3)).toBe(true);
  });
});
