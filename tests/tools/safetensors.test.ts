import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, type TestContext } from 'vitest';
import { encodings } from '../../src/formats/safetensors/format.ts';
import {
  decodeSafetensors,
  encodeSafetensors,
  type SafeTensor,
} from '../../src/formats/safetensors/index.ts';
import { temporaryFolder } from '../pipeline/files/disks.ts';
import { runScript, toolsPython } from './toolsPython.ts';

interface Read {
  readonly names: string[];
  readonly metadata: Record<string, string>;
  /** By name: dtype, shape, bytes. */
  readonly tensors: Record<string, [string, number[], string]>;
  readonly numbers: Record<string, number[]> | null;
}

/** What the library reads in our file, and the file that it writes with the same. */
async function exchange(
  context: TestContext,
  bytes: Uint8Array,
): Promise<{ read: Read; written: Uint8Array }> {
  const python = toolsPython(context, 'safetensors');
  const [source, target] = ['source', 'target'].map((name) => join(temporaryFolder(), name)) as [
    string,
    string,
  ];
  writeFileSync(source, bytes);
  const read = (await runScript(python, 'safetensors_exchange.py', source, target)) as Read;
  return { read, written: new Uint8Array(readFileSync(target)) };
}

function bytesOf({ data }: SafeTensor): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

const F32: SafeTensor = { dtype: 'F32', shape: [3], data: new Float32Array([1.5, -2, 0.25]) };

describe('with the library safetensors itself', () => {
  test('numbers, names and metadata of our file are read', async (context) => {
    const tensors: Record<string, SafeTensor> = {
      w: F32,
      'größe "1"\n': { dtype: 'I64', shape: [1, 2], data: new BigInt64Array([-1n, 2n ** 40n]) },
      none: { dtype: 'F64', shape: [2, 0], data: new Float64Array(0) },
      one: { dtype: 'U8', shape: [], data: new Uint8Array([7]) },
    };
    const { read } = await exchange(context, encodeSafetensors(tensors, { name: 'ü' }));
    expect(read.names.sort()).toEqual(Object.keys(tensors).sort());
    expect(read.metadata).toEqual({ name: 'ü' });
    expect(read.numbers).toEqual({ w: [1.5, -2, 0.25], 'größe "1"\n': [-1, 2 ** 40], none: [], one: [7] });
  });

  test('every dtype keeps its bits, there and back', async (context) => {
    const tensors = Object.fromEntries(
      [...encodings].map(([dtype, { bits, array }]) => {
        // Eight elements fill whole bytes in every dtype.
        const bytes = Uint8Array.from({ length: bits }, (_, at) => (at * 37 + bits) % 251);
        // A byte of BOOL is 0 or 1.
        if (dtype === 'BOOL') bytes.forEach((value, at) => (bytes[at] = value % 2));
        return [`x${dtype}`, { dtype, shape: [2, 4], data: new array(bytes.buffer) } as SafeTensor];
      }),
    );
    const { read, written } = await exchange(context, encodeSafetensors(tensors));
    const expected = Object.entries(tensors).map(([name, each]) => [
      name,
      [each.dtype, each.shape, Buffer.from(bytesOf(each)).toString('hex')],
    ]);
    expect(read.tensors).toEqual(Object.fromEntries(expected));
    const writable = Object.entries(tensors).filter(([name]) => !name.startsWith('xF6_'));
    expect(writable).toHaveLength(encodings.size - 2);
    expect(Object.fromEntries(decodeSafetensors(written).tensors)).toEqual(Object.fromEntries(writable));
  });
});
