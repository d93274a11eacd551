/**
 * The parts of jax-js that the suite uses. An array that is passed on is used up; `ref` gives one more use.
 */
export interface JaxArray {
  readonly ref: JaxArray;
  readonly shape: number[];
  add(other: JaxArray | number): JaxArray;
  sub(other: JaxArray | number): JaxArray;
  mul(other: JaxArray | number): JaxArray;
  div(other: JaxArray | number): JaxArray;
  reshape(shape: readonly number[]): JaxArray;
  transpose(axes?: readonly number[]): JaxArray;
  data(): Promise<Float32Array>;
  blockUntilReady(): Promise<JaxArray>;
  dispose(): void;
}

type Padding = readonly (readonly [number, number])[];

export interface Jax {
  init: (device: string) => Promise<string[]>;
  defaultDevice: (device: string) => string;
  jit: <F>(body: F) => F;
  grad: <Arguments extends unknown[]>(
    body: (...args: Arguments) => JaxArray,
  ) => (...args: Arguments) => Arguments[0];
  valueAndGrad: <Arguments extends unknown[]>(
    body: (...args: Arguments) => JaxArray,
  ) => (...args: Arguments) => [JaxArray, Arguments[0]];
  blockUntilReady: (arrays: readonly JaxArray[]) => Promise<unknown>;
  numpy: {
    int32: unknown;
    array: (values: Float32Array | Int32Array | number, options?: { dtype: unknown }) => JaxArray;
    zeros: (shape: readonly number[]) => JaxArray;
    matmul: (a: JaxArray, b: JaxArray) => JaxArray;
    max: (x: JaxArray, axes: readonly number[]) => JaxArray;
    sum: (x: JaxArray, axis?: number) => JaxArray;
    mean: (x: JaxArray) => JaxArray;
    sqrt: (x: JaxArray) => JaxArray;
    square: (x: JaxArray) => JaxArray;
    power: (base: number, exponent: JaxArray) => JaxArray;
  };
  nn: {
    relu: (x: JaxArray) => JaxArray;
    logSoftmax: (x: JaxArray) => JaxArray;
    oneHot: (labels: JaxArray, classes: number) => JaxArray;
  };
  lax: {
    conv: (x: JaxArray, filter: JaxArray, strides: readonly number[], padding: Padding) => JaxArray;
  };
}
