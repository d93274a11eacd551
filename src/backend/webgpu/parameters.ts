import type { ParamField } from '../../platform/kernels.ts';
import { KernelError } from '../errors.ts';
import { Live, type Varying } from '../recorder.ts';

/** Parameters of a launch by name. */
export type ParamValues = Readonly<Record<string, Varying | readonly number[]>>;

/** Parameters of one launch, in the memory layout of the kernel's struct. */
export class ParameterBlock {
  readonly words: Uint32Array<ArrayBuffer>;
  readonly #signed: Int32Array;
  readonly #floats: Float32Array;

  constructor(bytes: number) {
    this.words = new Uint32Array(bytes / 4);
    this.#signed = new Int32Array(this.words.buffer);
    this.#floats = new Float32Array(this.words.buffer);
  }

  /** Writes one number of a field. */
  set(kernel: string, field: ParamField, value: number, start = 0): void {
    if (!fits(field.scalar, value)) refuse(kernel, field, value);
    const target = field.scalar === 'f32' ? this.#floats : field.scalar === 'i32' ? this.#signed : this.words;
    target[start + field.offset / 4] = value;
  }

  /**
   * Writes `values` by name to their fields, from word `start` on.
   *
   * @throws KernelError for a value that is missing, has the wrong length, or is not an integer in
   *   range where one is required
   */
  write(kernel: string, fields: readonly ParamField[], values: ParamValues, start = 0): void {
    for (const field of fields) {
      const { name, scalar, lanes, offset } = field;
      const given = values[name];
      const value = given instanceof Live ? given.value : given;
      const target = scalar === 'f32' ? this.#floats : scalar === 'i32' ? this.#signed : this.words;
      const at = start + offset / 4;
      if (typeof value === 'number') {
        if (lanes !== 1 || !fits(scalar, value)) refuse(kernel, field, value);
        target[at] = value;
      } else {
        if (lanes === 1 || value?.length !== lanes) refuse(kernel, field, value);
        for (let lane = 0; lane < lanes; lane++) {
          const word = value[lane]!;
          if (!fits(scalar, word)) refuse(kernel, field, value);
          target[at + lane] = word;
        }
      }
    }
  }
}

/** Whether a field can hold a number. */
function fits(scalar: ParamField['scalar'], value: number): boolean {
  return scalar === 'f32' || (scalar === 'i32' ? value | 0 : value >>> 0) === value;
}

function refuse(kernel: string, { name, scalar, lanes }: ParamField, value: unknown): never {
  const takes = lanes === 1 ? scalar : `${lanes} ${scalar}`;
  const remedy = value === undefined ? ': run `npm run signatures` and fix the errors that follow' : '';
  throw new KernelError(`${kernel}: parameter '${name}' takes ${takes}, got ${String(value)}${remedy}`);
}
