import { createHash } from 'node:crypto';
import { SafetensorsError, arrayOf, elementCount, isText, maximumHeader, metadataKey } from './format.ts';
import type { SafeTensor } from './format.ts';

export { decodeSafetensors } from './decode.ts';
export type { SafetensorsFile } from './decode.ts';
export { SafetensorsError } from './format.ts';
export type { SafeTensor, SafetensorsDtype, TensorValues } from './format.ts';

type Entries<T> = ReadonlyMap<string, T> | Readonly<Record<string, T>>;

/**
 * Tensors as a safetensors file. The same tensors and metadata give the same bytes, whatever order they
 * come in: tensors are laid out by element size, the largest first, and then by name; metadata by key.
 *
 * A file is the header's length N (u64, little-endian), N bytes of JSON padded with spaces to a multiple of 8,
 * and the tensors' bytes one after the other, little-endian as the machines that WebGPU runs on.
 *
 * @throws SafetensorsError where a shape does not fit its data, an array its dtype, or a name cannot be written.
 * @example encodeSafetensors({ '0.weight': { dtype: 'F32', shape: [2, 3], data: new Float32Array(6) } })
 * @see https://github.com/huggingface/safetensors#format
 */
export function encodeSafetensors(tensors: Entries<SafeTensor>, metadata: Entries<string> = {}): Uint8Array {
  const parts = safetensorsParts(tensors, metadata);
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

/** The bytes of `encodeSafetensors`, one part after the other: the header, and views of the tensors' own bytes. */
export function safetensorsParts(
  tensors: Entries<SafeTensor>,
  metadata: Entries<string> = {},
): readonly Uint8Array[] {
  const sorted = entries(tensors).map(([name, tensor]) => ({
    name,
    tensor,
    size: checkTensor(name, tensor),
  }));
  sorted.sort((a, b) => b.size - a.size || byBytes(a.name, b.name));

  const members: string[] = [];
  const strings = entries(metadata).sort(([a], [b]) => byBytes(a, b));
  if (strings.length > 0) members.push(member(metadataKey, `{${strings.map(metadataMember).join(',')}}`));
  let end = 0;
  for (const { name, tensor } of sorted) {
    const begin = end;
    end += tensor.data.byteLength;
    const { dtype, shape } = tensor;
    members.push(member(name, JSON.stringify({ dtype, shape, data_offsets: [begin, end] })));
  }

  const json = Buffer.from(`{${members.join(',')}}`);
  const headerLength = Math.ceil(json.length / 8) * 8;
  if (headerLength > maximumHeader) {
    throw new SafetensorsError(
      `the header takes ${headerLength} bytes; at most ${maximumHeader} can be read`,
    );
  }
  const header = new Uint8Array(8 + headerLength);
  new DataView(header.buffer).setBigUint64(0, BigInt(headerLength), true);
  header.fill(0x20, 8).set(json, 8);
  const bodies = sorted.map(
    ({ tensor: { data } }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  );
  return [header, ...bodies];
}

/**
 * The SHA-256, in hex, of the tensors as a safetensors file. Without metadata it is equal for two runs exactly where
 * their weights are equal in name, dtype, shape and every bit.
 */
export function weightsSha256(tensors: Entries<SafeTensor>, metadata: Entries<string> = {}): string {
  const hash = createHash('sha256');
  for (const part of safetensorsParts(tensors, metadata)) hash.update(part);
  return hash.digest('hex');
}

function entries<T>(from: Entries<T>): [string, T][] {
  return from instanceof Map ? [...(from as Map<string, T>)] : Object.entries(from as Record<string, T>);
}

/** The bytes an element takes. */
function checkTensor(name: string, { dtype, shape, data }: SafeTensor): number {
  if (name === metadataKey || !isText(name)) {
    throw new SafetensorsError(`no tensor can have the name ${JSON.stringify(name)}`);
  }
  const array = arrayOf.get(dtype);
  if (!array || !(data instanceof array)) {
    const takes = array ? `${dtype} takes a ${array.name}` : `dtype takes ${[...arrayOf.keys()].join(', ')}`;
    throw new SafetensorsError(`tensor ${name}: ${takes}; got ${dtype} with a ${data.constructor.name}`);
  }
  if (elementCount(shape) !== data.length) {
    throw new SafetensorsError(
      `tensor ${name}: shape and data do not fit; got shape [${shape.join(', ')}] with ${data.length} elements`,
    );
  }
  return array.BYTES_PER_ELEMENT;
}

function metadataMember([key, value]: [string, string]): string {
  if (!isText(key) || !isText(value)) {
    throw new SafetensorsError(
      `metadata takes strings; got ${JSON.stringify(key)}: ${JSON.stringify(value)}`,
    );
  }
  return member(key, JSON.stringify(value));
}

/** Written by hand: in a JavaScript object, names such as "0" would move to the front. */
function member(key: string, json: string): string {
  return `${JSON.stringify(key)}:${json}`;
}

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
