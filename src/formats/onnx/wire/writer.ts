import { OnnxError } from '../error.ts';

/** A protobuf message has at most this many bytes. */
const MOST_BYTES = 2 ** 31 - 1;

/**
 * Writes one protobuf message. Fields are written in the order of the calls. Byte strings are kept as they are and joined
 * once at the end.
 *
 * Source: Protocol Buffers, Encoding.
 */
export class Writer {
  readonly #parts: Uint8Array[] = [];
  #small: number[] = [];
  #length = 0;

  /** A field of an integer; negative ones take ten bytes. */
  integer(field: number, value: number | bigint): this {
    this.#varint(field * 8);
    return this.#varint(value);
  }

  /** A field of a 32-bit floating-point number. */
  float(field: number, value: number): this {
    this.#varint(field * 8 + 5);
    return this.#append(new Uint8Array(Float32Array.of(value).buffer));
  }

  /** A field of bytes. */
  bytes(field: number, value: Uint8Array): this {
    this.#varint(field * 8 + 2);
    this.#varint(value.length);
    return this.#append(value);
  }

  text(field: number, value: string): this {
    return this.bytes(field, new TextEncoder().encode(value));
  }

  /** A field of a message. */
  message(field: number, message: Writer): this {
    this.#varint(field * 8 + 2);
    this.#varint(message.#length);
    message.#flush();
    for (const part of message.#parts) this.#append(part);
    return this;
  }

  /** A field of integers in one run of bytes. */
  packed(field: number, values: readonly number[]): this {
    const inner = new Writer();
    for (const value of values) inner.#varint(value);
    return this.message(field, inner);
  }

  /** The message. */
  finish(): Uint8Array {
    this.#flush();
    if (this.#length > MOST_BYTES) {
      throw new OnnxError(
        `exportOnnx: the file would have ${this.#length} bytes; protobuf allows ${MOST_BYTES}`,
      );
    }
    const whole = new Uint8Array(this.#length);
    let at = 0;
    for (const part of this.#parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }

  #varint(value: number | bigint): this {
    let rest = BigInt.asUintN(64, BigInt(value));
    const before = this.#small.length;
    while (rest > 127n) {
      this.#small.push(Number(rest & 127n) | 128);
      rest >>= 7n;
    }
    this.#small.push(Number(rest));
    this.#length += this.#small.length - before;
    return this;
  }

  #append(bytes: Uint8Array): this {
    this.#flush();
    if (bytes.length > 0) this.#parts.push(bytes);
    this.#length += bytes.length;
    return this;
  }

  #flush(): void {
    if (this.#small.length > 0) this.#parts.push(Uint8Array.from(this.#small));
    this.#small = [];
  }
}
