type Values = Float32Array | Int32Array | Uint8Array;

/** An array whose length is known only at the end. */
export class Growing {
  #values: Values;
  #length = 0;

  constructor(dtype: 'float32' | 'int32' | 'uint8') {
    this.#values = new { float32: Float32Array, int32: Int32Array, uint8: Uint8Array }[dtype](2 ** 12);
  }

  /** A view of `count` more values, to be filled at once. */
  extend(count: number): Values {
    const start = this.#length;
    this.#length += count;
    if (this.#length > this.#values.length) {
      const Kind = this.#values.constructor as new (length: number) => Values;
      const larger = new Kind(Math.max(this.#length, 2 * this.#values.length));
      larger.set(this.#values.subarray(0, start));
      this.#values = larger;
    }
    return this.#values.subarray(start, this.#length);
  }

  /** All values. */
  all(): Values {
    return this.#values.subarray(0, this.#length);
  }
}
