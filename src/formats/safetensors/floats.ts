import { halfValue } from '../../backend/half.ts';

// Conversion of floats without a JavaScript array to float32, which represents each of their numbers exactly.
//
// Sources    bfloat16: the upper half of a float32. OCP 8-bit Floating Point Specification (E4M3, E5M2), OCP
//            Microscaling Formats (E8M0). FNUZ ("finite, unsigned zero"): arXiv:2206.02915.

/** The number that the bits of a float with a sign, an exponent and `fractionBits` of fraction represent. */
function small(bits: number, fractionBits: number, bias: number): number {
  const exponent = (bits & 0x7f) >>> fractionBits;
  const fraction = bits & (2 ** fractionBits - 1);
  const significand = exponent === 0 ? fraction : fraction + 2 ** fractionBits;
  const magnitude = significand * 2 ** (Math.max(1, exponent) - bias - fractionBits);
  return bits & 0x80 ? -magnitude : magnitude;
}

type Widened = 'F16' | 'F8_E5M2' | 'F8_E4M3' | 'F8_E5M2FNUZ' | 'F8_E4M3FNUZ' | 'F8_E8M0';

const numberOf: Readonly<Record<Widened, (bits: number) => number>> = {
  F16: halfValue,
  // The upper half of a float16.
  F8_E5M2: (bits) => halfValue(bits << 8),
  F8_E4M3: (bits) => ((bits & 0x7f) === 0x7f ? NaN : small(bits, 3, 7)),
  F8_E5M2FNUZ: (bits) => (bits === 0x80 ? NaN : small(bits, 2, 16)),
  F8_E4M3FNUZ: (bits) => (bits === 0x80 ? NaN : small(bits, 3, 8)),
  F8_E8M0: (bits) => (bits === 0xff ? NaN : 2 ** (bits - 127)),
};

/** The float32 equal to each float. */
export function widened(dtype: Widened, codes: Uint16Array | Uint8Array): Float32Array {
  const length = 2 ** (8 * codes.BYTES_PER_ELEMENT);
  // A lookup table is faster than computation for all but the smallest tensors.
  const table =
    codes.length < length ? undefined : Float32Array.from({ length }, (_, code) => numberOf[dtype](code));
  return Float32Array.from(codes, table ? (code) => table[code]! : numberOf[dtype]);
}

/** The float32 equal to each bfloat16, including the payloads of NaNs. */
export function widenedBfloat16(codes: Uint16Array): Float32Array {
  return new Float32Array(Uint32Array.from(codes, (code) => code * 2 ** 16).buffer);
}
