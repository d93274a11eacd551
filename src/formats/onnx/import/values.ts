import type { Backend } from '../../../backend/backend.ts';
import { widened, widenedBfloat16 } from '../../safetensors/floats.ts';
import type { TensorProto } from '../model.ts';
import { tensor } from '../../../tensor/create.ts';
import { unscoped } from '../../../tensor/scope.ts';
import { outsideCapture } from '../../../backend/recorder.ts';
import { sizeOf } from '../../../tensor/shape.ts';
import { Tensor } from '../../../tensor/tensor.ts';
import { OnnxError } from '../error.ts';

/** A small tensor on the host: shapes, axes and other constants, which decide what is computed. */
export class HostTensor {
  readonly dims: readonly number[];
  readonly values: readonly number[];
  readonly kind: HostKind;
  readonly #kept: boolean;
  #tensor: Tensor | undefined;

  /** @param kept whether the file has it, so that its copy on the device stays for the next forward pass */
  constructor(dims: readonly number[], values: readonly number[], kind: HostKind, kept: boolean = false) {
    this.dims = dims;
    this.values = values;
    this.kind = kind;
    this.#kept = kept;
  }

  /** The same on a device. */
  on(device: Backend): Tensor {
    if (this.#tensor?.device === device) return this.#tensor;
    const most = Math.max(0, ...this.values.map(Math.abs));
    if (this.kind === 'int' && most > 2 ** 31 - 1)
      throw new OnnxError(`an integer of ${most} exceeds 32 bits`);
    const dtype = ({ int: 'int32', bool: 'bool', float: 'float32' } as const)[this.kind];
    const data = dtype === 'float32' ? Float32Array.from(this.values) : Int32Array.from(this.values);
    const make = (): Tensor => tensor(data, { shape: this.dims, dtype, device });
    if (!this.#kept) return make();
    this.dispose();
    return (this.#tensor = outsideCapture(() => unscoped(make)));
  }

  /** Frees the copy on the device. */
  dispose(): void {
    this.#tensor?.dispose();
    this.#tensor = undefined;
  }
}

/** Integers, truth values, or floating-point numbers. */
export type HostKind = 'int' | 'bool' | 'float';

/** A value of the graph during a forward pass. */
export type Value = Tensor | HostTensor;

/** The shape of a value. */
export function shapeOf(value: Value): readonly number[] {
  return value instanceof Tensor ? value.shape : value.dims;
}

/** A vector of integers on the host. */
export function integers(values: readonly number[]): HostTensor {
  return new HostTensor([values.length], values, 'int');
}

/** The elements of a constant as numbers. */
export function numbersOf({ type, raw, name }: TensorProto): ArrayLike<number> {
  // A copy is aligned.
  const { buffer } = raw.slice();
  switch (type) {
    case 'float32':
      return new Float32Array(buffer);
    case 'float64':
      return new Float64Array(buffer);
    case 'int32':
      return new Int32Array(buffer);
    case 'int64':
      return Array.from(new BigInt64Array(buffer), Number);
    case 'uint64':
      return Array.from(new BigUint64Array(buffer), Number);
    case 'uint32':
      return new Uint32Array(buffer);
    case 'uint16':
      return new Uint16Array(buffer);
    case 'int16':
      return new Int16Array(buffer);
    case 'int8':
      return new Int8Array(buffer);
    case 'uint8':
    case 'bool':
      return new Uint8Array(buffer);
    case 'float16':
      return widened('F16', new Uint16Array(buffer));
    case 'bfloat16':
      return widenedBfloat16(new Uint16Array(buffer));
    case 'string':
      throw new OnnxError(`importOnnx: the tensor '${name}' has strings`);
  }
}

/** Whether the elements of a constant are floating-point numbers. */
export function isFloatingType({ type }: TensorProto): boolean {
  return type.includes('float');
}

/** The most elements of a host tensor: more belong on the device. */
const MOST_HOST = 2 ** 20;

/** A constant on the host. */
export function hostTensor(proto: TensorProto): HostTensor {
  checkHost(sizeOf(proto.dims));
  const kind = proto.type === 'bool' ? 'bool' : isFloatingType(proto) ? 'float' : 'int';
  return new HostTensor(proto.dims, Array.from(numbersOf(proto)), kind, true);
}

/** Throws OnnxError for more elements than the host computes with. */
export function checkHost(count: number): void {
  if (count > MOST_HOST)
    throw new OnnxError(`a constant of ${count} elements, where ${MOST_HOST} are allowed`);
}
