import { OnnxError } from '../error.ts';

/** A field of a protobuf message. */
export interface Field {
  readonly number: number;
  /** The number of an integer or a float; the length of bytes. */
  readonly value: number;
  /** The content of a field of bytes; undefined for a number. */
  readonly bytes: Uint8Array | undefined;
}

/**
 * The most fields of all messages of a file. Each needs some memory, and a file of small ones would need a hundred times its
 * own size.
 */
const MOST_FIELDS = 1_000_000;

/** Counts the fields of a file. */
export class Budget {
  #left = MOST_FIELDS;

  spend(): void {
    if (--this.#left < 0) throw new OnnxError(`importOnnx: more than ${MOST_FIELDS} fields in one file`);
  }
}

/**
 * The fields of a protobuf message, in order. Bytes are views, not copies.
 *
 * Source: Protocol Buffers, Encoding.
 *
 * @throws OnnxError if the bytes are not a message
 */
export function* fieldsOf(message: Uint8Array, budget: Budget): Generator<Field> {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  let at = 0;
  const varint = (): number => {
    const read = varintAt(message, at);
    at = read.end;
    return read.value;
  };
  const take = (length: number): Uint8Array => {
    if (length < 0 || length > message.length - at) {
      throw damaged(`a field of ${length} bytes, where ${message.length - at} are left`);
    }
    return message.subarray(at, (at += length));
  };
  while (at < message.length) {
    budget.spend();
    const tag = varint();
    const number = Math.floor(tag / 8);
    if (number < 1 || number >= 2 ** 29) throw damaged(`field number ${number}`);
    switch (tag % 8) {
      case 0:
        yield { number, value: varint(), bytes: undefined };
        break;
      case 1: {
        const start = at;
        take(8);
        yield { number, value: view.getFloat64(start, true), bytes: undefined };
        break;
      }
      case 2: {
        const bytes = take(varint());
        yield { number, value: bytes.length, bytes };
        break;
      }
      case 5: {
        const start = at;
        take(4);
        yield { number, value: view.getFloat32(start, true), bytes: undefined };
        break;
      }
      default:
        throw damaged(`wire type ${tag % 8}`);
    }
  }
}

/** The integers of a repeated field: one, or a run of them. */
export function integersOf({ value, bytes }: Field): number[] {
  if (!bytes && !Number.isInteger(value)) throw damaged(`${value} in place of an integer`);
  if (!bytes) return [value];
  const found: number[] = [];
  for (let at = 0; at < bytes.length;) {
    const read = varintAt(bytes, at);
    found.push(read.value);
    at = read.end;
  }
  return found;
}

/** The signed 64-bit integer at a position, as the nearest number. */
function varintAt(bytes: Uint8Array, start: number): { value: number; end: number } {
  let [low, high] = [0, 0];
  let at = start;
  for (let shift = 0; ; shift += 7) {
    if (at >= bytes.length) throw damaged('a number is cut off');
    if (shift > 63) throw damaged('a number of more than ten bytes');
    const byte = bytes[at++]!;
    const bits = byte & 127;
    if (shift < 28) low |= bits << shift;
    else if (shift === 28) {
      low |= bits << 28;
      high = bits >> 4;
    } else high |= bits << (shift - 32);
    if (byte < 128) return { value: (high | 0) * 2 ** 32 + (low >>> 0), end: at };
  }
}

/** Bytes of a field that must be text. */
export function textOf({ bytes }: Field): string {
  if (!bytes) throw damaged('a number in place of text');
  return new TextDecoder('utf-8', { fatal: false }).decode(bytes);
}

/** Bytes of a field that must be a message or bytes. */
export function bytesOf({ bytes }: Field): Uint8Array {
  if (!bytes) throw damaged('a number in place of a message');
  return bytes;
}

/** An error for bytes that are not ONNX. */
export function damaged(what: string): OnnxError {
  return new OnnxError(`importOnnx: not an ONNX file, or a damaged one: ${what}`);
}
