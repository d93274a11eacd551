import type { DType } from '../../src/index.ts';
import type * as operations from '../../src/ops/index.ts';
import type { Tensor } from '../../src/tensor/tensor.ts';
import type { Input } from './inputs.ts';

/** One call of an operation, to be checked. */
export interface Case {
  name: string;
  inputs: readonly Input[];
  /** The call; strided operands are made inside, from the contiguous inputs. */
  fn: (...inputs: Tensor[]) => Tensor;
  /**
   * Numbers that one element of the result, or of a gradient, sums up. The bound between the backends grows with
   * its root, as rounding errors of a random walk do.
   */
  terms?: number;
  /** Why central differences cannot check it: NaN, infinities, kinks. Values and gradients are compared all the same. */
  notNumerically?: string;
}

/** An operation's row in the table. */
export interface Row {
  cases: readonly Case[];
  /** False for operations without a gradient, such as comparisons. */
  differentiable: boolean;
  /** A wider bound between the backends than the common one, in its units, and why. */
  looser?: { factor: number; why: string };
}

/** Exports of the operations' index that are functions. */
export type OperationName = {
  [Name in keyof typeof operations]: (typeof operations)[Name] extends (...args: never[]) => unknown
    ? Name
    : never;
}[keyof typeof operations];

/** The rows of a family of operations. */
export type Rows<Names extends OperationName = OperationName> = { readonly [Name in Names]: Row };

/** The dtype that an input has on a backend: float64 on the reference. */
export type Floating = Extract<DType, 'float32' | 'float64'>;
