import {
  SafetensorsError,
  elementCount,
  encodings,
  entries,
  isText,
  maximumHeader,
  metadataKey,
} from './format.ts';
import type { Entries, SafeTensor } from './format.ts';

/**
 * Encodes tensors as a safetensors file. The same tensors and metadata give the same bytes in any input order: tensors
 * are sorted by element size, largest first, and then by name; metadata by key.
 *
 * A file is the header's length N (u64, little-endian), N bytes of JSON padded with spaces to a multiple of 8, and the
 * tensors' bytes in sequence, little-endian as all machines with WebGPU are.
 *
 * @throws SafetensorsError if a shape does not match its data, an array its dtype, or a name cannot be written.
 * @example encodeSafetensors({ '0.weight': { dtype: 'F32', shape: [2, 3], data: new Float32Array(6) } })
 * @see https://github.com/huggingface/safetensors#format
 */
export function encodeSafetensors(tensors: Entries<SafeTensor>, metadata: Entries<string> = {}): Uint8Array {
  return joined(safetensorsParts(tensors, metadata));
}

/** Concatenates the parts of a file. */
export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

/** The bytes of `encodeSafetensors` in parts: the header, and views of the tensors' own bytes. */
export function safetensorsParts(
  tensors: Entries<SafeTensor>,
  metadata: Entries<string> = {},
): readonly Uint8Array[] {
  const sorted = entries(tensors).map(([name, tensor]) => ({
    name,
    tensor,
    bits: checkTensor(name, tensor),
  }));
  sorted.sort((a, b) => b.bits - a.bits || byBytes(a.name, b.name));

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

  const json = new TextEncoder().encode(`{${members.join(',')}}`);
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

/** Checks a tensor and returns the bits of an element. */
function checkTensor(name: string, { dtype, shape, data }: SafeTensor): number {
  if (name === metadataKey || !isText(name)) {
    throw new SafetensorsError(`no tensor can have the name ${JSON.stringify(name)}`);
  }
  const encoding = encodings.get(dtype);
  if (!encoding || !(data instanceof encoding.array)) {
    const takes = encoding
      ? `${dtype} takes a ${encoding.array.name}`
      : `dtype takes ${[...encodings.keys()].join(', ')}`;
    throw new SafetensorsError(`tensor ${name}: ${takes}; got ${dtype} with a ${data.constructor.name}`);
  }
  if ((elementCount(shape) ?? NaN) * encoding.bits !== data.byteLength * 8) {
    throw new SafetensorsError(
      `tensor ${name}: shape and data do not fit; got ${dtype} of shape [${shape.join(', ')}] ` +
        `in an array of ${data.length} elements`,
    );
  }
  return encoding.bits;
}

function metadataMember([key, value]: [string, string]): string {
  if (!isText(key) || !isText(value)) {
    throw new SafetensorsError(
      `metadata takes strings; got ${JSON.stringify(key)}: ${JSON.stringify(value)}`,
    );
  }
  return member(key, JSON.stringify(value));
}

/** Written by hand, because a JavaScript object would move names such as "0" to the front. */
function member(key: string, json: string): string {
  return `${JSON.stringify(key)}:${json}`;
}

/** The order of the names' UTF-8 bytes, which is that of their code points. */
function byBytes(left: string, right: string): number {
  const a = new TextEncoder().encode(left);
  const b = new TextEncoder().encode(right);
  const at = a.findIndex((byte, index) => byte !== b[index]);
  return at === -1 ? a.length - b.length : at < b.length ? a[at]! - b[at]! : 1;
}
