import { duplicateKey } from './duplicateKey.ts';
import {
  SafetensorsError,
  elementCount,
  encodings,
  isSizes,
  isText,
  maximumHeader,
  metadataKey,
} from './format.ts';
import type { SafeTensor, SafetensorsDtype } from './format.ts';

/** The contents of a safetensors file, in the order of its header. */
export interface SafetensorsFile {
  readonly tensors: Map<string, SafeTensor>;
  readonly metadata: Map<string, string>;
}

interface Entry {
  readonly name: string;
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/**
 * Reads a safetensors file and trusts nothing in it. The header's length, its JSON and keys, and each shape, dtype and
 * position are checked. The tensors must cover the data exactly, without gap or overlap. The tensors are copies and
 * keep no reference to `bytes`.
 *
 * @throws SafetensorsError naming the error in the file; no other error is thrown.
 * @see https://github.com/huggingface/safetensors#format
 */
export function decodeSafetensors(bytes: Uint8Array): SafetensorsFile {
  const headerEnd = 8 + readHeaderLength(bytes);
  const header = parseHeader(bytes.subarray(8, headerEnd));
  const metadata = new Map<string, string>();
  const layout: Entry[] = [];
  for (const [name, value] of Object.entries(header)) {
    if (name === metadataKey) readMetadata(value, metadata);
    else layout.push(readEntry(name, value));
  }
  const data = bytes.subarray(headerEnd);
  checkFilled(layout, data.length);
  const tensors = new Map(
    layout.map(({ name, dtype, shape, begin, end }) => {
      const copy = new Uint8Array(data.subarray(begin, end)).buffer;
      return [name, { dtype, shape, data: new (encodings.get(dtype)!.array)(copy) }];
    }),
  );
  return { tensors, metadata };
}

function readHeaderLength(bytes: Uint8Array): number {
  if (bytes.length < 8) throw new SafetensorsError(`a file takes at least 8 bytes; got ${bytes.length}`);
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  const limit = Math.min(maximumHeader, bytes.length - 8);
  if (length > BigInt(limit)) {
    throw new SafetensorsError(
      `the header takes at most ${limit} bytes here (${maximumHeader}, and no more than the file); ` +
        `got ${length.toString()}. Is the file cut short, or no safetensors file?`,
    );
  }
  return Number(length);
}

function parseHeader(bytes: Uint8Array): object {
  let text: string;
  let header: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    header = JSON.parse(text);
  } catch (error) {
    throw new SafetensorsError('the header is not JSON in UTF-8', { cause: error });
  }
  if (!isObject(header) || !text.startsWith('{')) {
    throw new SafetensorsError('the header takes one JSON object that starts at its first byte');
  }
  const twice = duplicateKey(text);
  if (twice !== undefined) throw new SafetensorsError(`the header has the key ${valueText(twice)} twice`);
  return header;
}

function readMetadata(value: unknown, metadata: Map<string, string>): void {
  if (!isObject(value)) throw new SafetensorsError(`${metadataKey} takes an object of strings`);
  for (const [key, text] of Object.entries(value)) {
    if (!isText(key) || !isText(text)) {
      throw new SafetensorsError(`${metadataKey} takes strings; got ${valueText(key)}: ${valueText(text)}`);
    }
    metadata.set(key, text);
  }
}

function readEntry(name: string, value: unknown): Entry {
  const refuse = (what: string): SafetensorsError =>
    new SafetensorsError(`tensor ${valueText(name)}: ${what}`);

  if (!isText(name)) throw refuse('the name is not valid text');
  if (!isObject(value)) throw refuse('takes an object with dtype, shape and data_offsets');
  const { dtype, shape, data_offsets: offsets, ...others } = value;
  const other = Object.keys(others)[0];
  if (other !== undefined) throw refuse(`has the unknown key ${valueText(other)}`);
  const encoding = typeof dtype === 'string' ? encodings.get(dtype) : undefined;
  if (!encoding) {
    throw refuse(`dtype takes ${[...encodings.keys()].join(', ')}; got ${valueText(dtype)}`);
  }
  const count = elementCount(shape);
  if (count === undefined) {
    throw refuse(`shape takes whole numbers ≥ 0 whose product is below 2^53; got ${valueText(shape)}`);
  }
  if (!isSizes(offsets) || offsets.length !== 2) {
    throw refuse(`data_offsets takes [begin, end], whole numbers ≥ 0; got ${valueText(offsets)}`);
  }
  const [begin, end] = offsets as [number, number];
  const size = (count * encoding.bits) / 8;
  if (end - begin !== size)
    throw refuse(`takes ${size} bytes for its shape; its data_offsets span ${end - begin}`);
  return { name, dtype: dtype as SafetensorsDtype, shape: shape as number[], begin, end };
}

function checkFilled(layout: readonly Entry[], size: number): void {
  let filled = 0;
  for (const { name, begin, end } of [...layout].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== filled) {
      const what = begin > filled ? 'leaves a hole before it' : 'overlaps the tensor before it';
      throw new SafetensorsError(
        `tensor ${valueText(name)} ${what}: it begins at ${begin}, not at ${filled}`,
      );
    }
    filled = end;
  }
  if (filled !== size) {
    throw new SafetensorsError(`the tensors take ${filled} bytes of data; the file has ${size}`);
  }
}

/** A value for an error message: JSON, at most 120 characters. */
function valueText(value: unknown): string {
  if (value === undefined) return 'nothing';
  let text: string;
  try {
    text = JSON.stringify(value);
  } catch {
    return 'a value that is nested too deeply';
  }
  return text.length > 120 ? `${text.slice(0, 117)}...` : text;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
