// reduce: combines the elements of some axes into one.
//
//   out[s, o] = fold over r in [s·chunk, min((s+1)·chunk, length)) of x[o, r],   fold chosen by OPERATION
//
// Shapes     x: up to two kept axes and up to two reduced ones (after merging), any strides; `length` is the product of
//            the reduced sizes. out [splits, outputs], contiguous from `outOffset`.
// Splits     a long reduction with few outputs is cut into chunks. A second pass folds the partial results.
// Elements   float32 or int32 (FLOATING false). length ≥ 1; no chunk is empty.
// Launch     a workgroup holds OUTPUTS outputs of LANES invocations each. x: outputs, y: splits; z folds grids that are
//            too wide in x. Lane l folds elements l, l + LANES, …; then the lanes fold pairwise in workgroup memory.
// Numerics   the order depends only on length, LANES and chunk: the same bits every time. MAX and MIN give NaN if any
//            element is NaN.

alias Element = f32;

struct Params {
  outputs: u32,
  length: u32,
  chunk: u32,
  offset: i32,
  outOffset: u32,
  keptSize: u32, // of the last kept axis
  reducedSize: u32, // of the last reduced axis
  keptStrides: vec2<i32>,
  reducedStrides: vec2<i32>,
}

@group(0) @binding(0) var<storage, read> x: array<Element>;
@group(0) @binding(1) var<storage, read_write> out: array<Element>;
@group(0) @binding(2) var<uniform> params: Params;

override LANES: u32 = 1u; // a power of two
override OUTPUTS: u32 = 256u;
override OPERATION: u32 = 0u;
override FLOATING: bool = true;

const SUM = 0u;
const MAX = 1u;
const MIN = 2u;
const PROD = 3u;

var<workgroup> partials: array<Element, LANES * OUTPUTS>;

fn isNan(value: Element) -> bool {
  return FLOATING && (bitcast<u32>(value) & 0x7fffffffu) > 0x7f800000u;
}

fn fold(left: Element, right: Element) -> Element {
  switch OPERATION {
    case MAX: { return select(right, left, isNan(left) || (!isNan(right) && left > right)); }
    case MIN: { return select(right, left, isNan(left) || (!isNan(right) && left < right)); }
    case PROD: { return left * right; }
    default: { return left + right; }
  }
}

@compute @workgroup_size(LANES, OUTPUTS)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) grid: vec3<u32>,
  @builtin(local_invocation_id) local: vec3<u32>,
) {
  // Invocations past the last output repeat it, so all of them reach the barriers; they store nothing.
  let output = (group.z * grid.x + group.x) * OUTPUTS + local.y;
  let kept = min(output, params.outputs - 1u);
  let keptAt = vec2<i32>(vec2<u32>(kept / params.keptSize, kept % params.keptSize));
  let start = params.offset + dot(keptAt, params.keptStrides);

  let first = group.y * params.chunk;
  let last = min(first + params.chunk, params.length);
  var total = Element(select(0, 1, OPERATION == PROD));
  if (OPERATION == MAX || OPERATION == MIN) {
    let firstAt = vec2<i32>(vec2<u32>(first / params.reducedSize, first % params.reducedSize));
    total = x[start + dot(firstAt, params.reducedStrides)];
  }
  // The coordinates are advanced step by step, because one division per step would cost more than all the rest.
  let step = vec2<i32>(vec2<u32>(LANES / params.reducedSize, LANES % params.reducedSize));
  let begin = first + local.x;
  var at = vec2<i32>(vec2<u32>(begin / params.reducedSize, begin % params.reducedSize));
  for (var position = begin; position < last; position += LANES) {
    total = fold(total, x[start + dot(at, params.reducedStrides)]);
    at += step;
    if (at.y >= i32(params.reducedSize)) {
      at += vec2<i32>(1, -i32(params.reducedSize));
    }
  }

  let slot = local.y * LANES + local.x;
  if (LANES > 1u) {
    partials[slot] = total;
    for (var half = LANES / 2u; half > 0u; half /= 2u) {
      workgroupBarrier();
      if (local.x < half) {
        partials[slot] = fold(partials[slot], partials[slot + half]);
      }
    }
    total = partials[slot];
  }
  if (local.x == 0u && output < params.outputs) {
    out[params.outOffset + group.y * params.outputs + output] = total;
  }
}
