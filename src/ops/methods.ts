import type { Backend } from '../backend/backend.ts';
import { backward, type BackwardArguments } from '../tensor/backward.ts';
import type { Maybe } from '../tensor/arguments.ts';
import { Tensor } from '../tensor/tensor.ts';
import { max, min } from './extremes.ts';
import { multinomial } from './draws.ts';
import { type InPlace, inPlace } from './inPlace.ts';
import { maskedSelect, nonzero } from './nonzero.ts';
import * as table from './table.ts';
import { toDevice } from './to.ts';
import { unique, type UniqueOptions } from './unique.ts';
import { where } from './where.ts';

type Operations = typeof table;

/** An operation as a method: its parameters after the tensor, which is `this`. */
type Method<F> = F extends (x: Tensor, ...rest: infer Rest) => infer Result
  ? (...rest: Rest) => Result
  : never;

type Methods = { [Name in keyof Operations]: Method<Operations[Name]> };

declare module '../tensor/tensor.ts' {
  interface Tensor extends Methods, InPlace {
    /** Draws indices in proportion to weights: see `multinomial`. */
    multinomial: Method<typeof multinomial>;
    /** The greatest elements: see `max`. */
    max(other?: Tensor): Tensor;
    /** The greatest elements along a dim, and their places: see `max`. */
    max(dim: number, keepdim?: Maybe<boolean>): [values: Tensor, indices: Tensor];
    /** The greatest elements along a dim, and their places: see `max`. */
    max(options: { dim: number; keepdim?: Maybe<boolean> }): [values: Tensor, indices: Tensor];
    /** The least elements: see `min`. */
    min(other?: Tensor): Tensor;
    /** The least elements along a dim, and their places: see `min`. */
    min(dim: number, keepdim?: Maybe<boolean>): [values: Tensor, indices: Tensor];
    /** The least elements along a dim, and their places: see `min`. */
    min(options: { dim: number; keepdim?: Maybe<boolean> }): [values: Tensor, indices: Tensor];
    /** The places of the elements other than 0: see `nonzero`. */
    nonzero(): Promise<Tensor>;
    /** The elements where a mask is true: see `maskedSelect`. */
    maskedSelect(mask: Tensor): Promise<Tensor>;
    /** The distinct elements in ascending order: see `unique`. */
    unique(options?: Maybe<{ returnInverse?: Maybe<false>; returnCounts?: Maybe<false> }>): Promise<Tensor>;
    /** The distinct elements, and where they are: see `unique`. */
    unique(options: UniqueOptions): Promise<Tensor[]>;
    /** This tensor where the condition holds, otherwise `other`: `where(condition, this, other)`. */
    where(condition: Tensor, other: Tensor | number): Tensor;
    /** A copy on another device: see `toDevice`. */
    toDevice(device: Backend): Promise<Tensor>;
    /** Computes gradients of all leaves that this tensor depends on: see `backward`. */
    backward(...rest: BackwardArguments): void;
  }
}

for (const [name, operation] of Object.entries({
  ...table,
  ...inPlace,
  max,
  min,
  nonzero,
  maskedSelect,
  multinomial,
  unique,
}) as unknown as [string, (x: Tensor, ...rest: never[]) => unknown][]) {
  define(name, function (this: Tensor, ...rest: never[]) {
    return operation(this, ...rest);
  });
}
define('where', function (this: Tensor, condition: Tensor, other: Tensor | number, ...rest: []) {
  return where(condition, this, other, ...rest);
});
define('toDevice', function (this: Tensor, device: Backend, ...rest: []) {
  return toDevice(this, device, ...rest);
});
define('backward', function (this: Tensor, ...rest: never[]) {
  backward(this, ...(rest as unknown as BackwardArguments));
});

function define(name: string, method: (this: Tensor, ...rest: never[]) => unknown): void {
  Object.defineProperty(Tensor.prototype, name, { value: method, writable: true, configurable: true });
}
