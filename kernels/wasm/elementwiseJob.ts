// The job of elementwise.ts and its operations.

@unmanaged
export class ElementwiseJob {
  operation: i32;
  a: usize;
  a0: i32;
  a1: i32;
  a2: i32;
  a3: i32;
  b: usize;
  b0: i32;
  b1: i32;
  b2: i32;
  b3: i32;
  c: usize;
  c0: i32;
  c1: i32;
  c2: i32;
  c3: i32;
  out: usize;
  /** Sizes of the last three axes. */
  n1: i32;
  n2: i32;
  n3: i32;
  size: i32;
  taskSize: i32;
  /** Whether all rows are long, and their elements adjacent or one. */
  direct: i32;
  /** How each operand is read otherwise: see below. */
  aWay: i32;
  bWay: i32;
  cWay: i32;
  /** Numbers that some functions of one operand take: in place of b and c. Those of two operands take beta. */
  alpha: f32;
  beta: f32;
}

// The values of OPERATION in kernels/binary.wgsl, from 100 on those in kernels/unary.wgsl, and from 200 on those in
// kernels/compare.wgsl, whose GT and GE are LT and LE of the operands in the other order.
export const ADD: i32 = 0;
export const SUB: i32 = 1;
export const MUL: i32 = 2;
export const DIV: i32 = 3;
export const POW: i32 = 4;
export const MAXIMUM: i32 = 5;
export const MINIMUM: i32 = 6;
export const RELU_GRADIENT: i32 = 7;
export const ATAN2: i32 = 8;
export const GELU_GRADIENT: i32 = 9;
export const GELU_TANH_GRADIENT: i32 = 10;
export const SILU_GRADIENT: i32 = 11;
export const LEAKY_RELU_GRADIENT: i32 = 12;
export const CROSS_ENTROPY: i32 = 13;
export const REMAINDER: i32 = 14;
export const FLOOR_DIVIDE: i32 = 15;
export const NEG: i32 = 100;
export const ABS: i32 = 101;
export const EXP: i32 = 102;
export const LOG: i32 = 103;
export const SQRT: i32 = 104;
export const RSQRT: i32 = 105;
export const RECIPROCAL: i32 = 106;
export const SQUARE: i32 = 107;
export const SIN: i32 = 108;
export const COS: i32 = 109;
export const TANH: i32 = 110;
export const SIGMOID: i32 = 111;
export const RELU: i32 = 112;
export const LEAKY_RELU: i32 = 113;
export const GELU: i32 = 114;
export const GELU_TANH: i32 = 115;
export const SILU: i32 = 116;
export const SOFTPLUS: i32 = 117;
export const CLAMP: i32 = 118;
export const SIGN: i32 = 119;
export const FLOOR: i32 = 120;
export const ERF: i32 = 121;
export const CEIL: i32 = 122;
export const TRUNC: i32 = 123;
export const ROUND: i32 = 124;
export const LOG1P: i32 = 125;
export const EXPM1: i32 = 126;
// Conversions, which take one operand, too.
export const FLOAT_TO_WHOLE: i32 = 180;
export const WHOLE_TO_FLOAT: i32 = 181;
export const FLOAT_TO_HALF: i32 = 182;
export const EQ: i32 = 200;
export const NE: i32 = 201;
export const LT: i32 = 202;
export const LE: i32 = 203;
export const WHERE: i32 = 300;
// The same of whole numbers.
export const WHOLE_ADD: i32 = 400;
export const WHOLE_SUB: i32 = 401;
export const WHOLE_MUL: i32 = 402;
export const WHOLE_MAXIMUM: i32 = 405;
export const WHOLE_MINIMUM: i32 = 406;
export const WHOLE_EQ: i32 = 600;
export const WHOLE_NE: i32 = 601;
export const WHOLE_LT: i32 = 602;
export const WHOLE_LE: i32 = 603;
// Logic: functions of truth values, sixteen at a time.
export const AND: i32 = 700;
export const OR: i32 = 701;
export const XOR: i32 = 702;
export const EQUAL: i32 = 703;

/** Whether the results are truth values of numbers. */
@inline
export function isRelation(operation: i32): bool {
  return (operation >= EQ && operation <= LE) || (operation >= WHOLE_EQ && operation <= WHOLE_LE);
}

/** The binary logarithm of the size of an operand's elements, and of the result's. */
@inline
export function shiftOf(operation: i32): i32 {
  return operation >= AND ? 0 : 2;
}
@inline
export function outShiftOf(operation: i32): i32 {
  return operation >= AND || isRelation(operation) ? 0 : 2;
}
