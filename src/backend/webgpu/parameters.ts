import type { ParamField } from '../reflection.ts';

/** Parameters of one launch, as the kernel's struct lays them out in memory. */
export class ParameterBlock {
  readonly words: Uint32Array;
  readonly #signed: Int32Array;
  readonly #floats: Float32Array;

  constructor(bytes: number) {
    this.words = new Uint32Array(bytes / 4);
    this.#signed = new Int32Array(this.words.buffer);
    this.#floats = new Float32Array(this.words.buffer);
  }

  /** Writes `values` by name at their fields' places, from word `start` on. */
  write(
    fields: readonly ParamField[],
    values: Readonly<Record<string, number | readonly number[]>>,
    start = 0,
  ): void {
    for (const { name, scalar, lanes, offset } of fields) {
      const value = values[name]!;
      const target = scalar === 'f32' ? this.#floats : scalar === 'i32' ? this.#signed : this.words;
      const at = start + offset / 4;
      if (typeof value === 'number') target[at] = value;
      else for (let lane = 0; lane < lanes; lane++) target[at + lane] = value[lane]!;
    }
  }
}
