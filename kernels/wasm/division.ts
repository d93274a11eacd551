// a - b ⌊a / b⌋ and ⌊a / b⌋ of float32 numbers, in float64: exact, then rounded once.

/** The product of a quotient below this, of 28 bits, and a float32 number is exact, and so is the difference. */
const MOST: f64 = 268435456;

/** Four remainders, or with `floors` four quotients. */
export function divided(floors: bool, a: v128, b: v128): v128 {
  const low = pair(floors, f64x2.promote_low_f32x4(a), f64x2.promote_low_f32x4(b));
  const high = pair(floors, upper(a), upper(b));
  return v128.shuffle<f32>(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 1, 4, 5);
}

@inline
function upper(x: v128): v128 {
  return f64x2.promote_low_f32x4(v128.shuffle<f32>(x, x, 2, 3, 2, 3));
}

function pair(floors: bool, a: v128, b: v128): v128 {
  const quotient = f64x2.trunc(f64x2.div(a, b));
  const isSmall = f64x2.lt(f64x2.abs(quotient), f64x2.splat(MOST));
  if (!i64x2.all_true(v128.and(isSmall, f64x2.lt(f64x2.abs(b), f64x2.splat(Infinity))))) {
    const first = single(floors, f64x2.extract_lane(a, 0), f64x2.extract_lane(b, 0));
    return f64x2.replace_lane(f64x2.splat(first), 1, single(floors, f64x2.extract_lane(a, 1), f64x2.extract_lane(b, 1)));
  }
  const zero = f64x2.splat(0);
  const rest = f64x2.sub(a, f64x2.mul(quotient, b));
  const isOther = v128.and(f64x2.ne(rest, zero), v128.xor(f64x2.lt(rest, zero), f64x2.lt(b, zero)));
  const remainder = v128.bitselect(f64x2.add(rest, b), rest, isOther);
  return floors ? f64x2.nearest(f64x2.div(f64x2.sub(a, remainder), b)) : remainder;
}

/** Any numbers. */
function single(floors: bool, a: f64, b: f64): f64 {
  if (floors && b == 0) return a / b;
  if (floors && Math.abs(b) == Infinity && isFinite(a)) return a != 0 && a < 0 != b < 0 ? -1 : 0;
  const quotient = trunc(a / b);
  const rest = Math.abs(quotient) < MOST && isFinite(b) ? a - quotient * b : a % b;
  const remainder = rest != 0 && rest < 0 != b < 0 ? rest + b : rest;
  return floors ? nearest((a - remainder) / b) : remainder;
}
