// scan: running sums and products along an axis, and what both are cases of: a linear recurrence.
//
//   out[o, r, i] = a[o, r, i] · out[o, r - 1, i] + x[o, r, i],   out[o, -1, i] = initial
//
// Without SCALED, a is 1: running sums. Without SHIFTED, x is 0: running products. With REVERSE, r runs from the last
// element to the first.
//
// Shapes     a and x [outer, length, inner], contiguous from their offsets; out the same. A row runs along `length`.
// Elements   float32 or int32, which wraps.
// Launch     a workgroup holds ROWS rows of LANES invocations each; x, then y counts them. Each invocation handles
//            `chunk` elements in a row. With SCALED, LANES is 1.
// Numerics   sums: each lane sums its elements from 0, and adds the sums of the lanes before it, in order. So a sum of
//            numbers that are not negative never falls. A NaN affects all later elements of its row.

alias Element = f32;

struct Params {
  rows: u32,
  length: u32,
  inner: u32,
  aOffset: u32,
  xOffset: u32,
  initial: f32,
}

@group(0) @binding(0) var<storage, read> a: array<Element>;
@group(0) @binding(1) var<storage, read> x: array<Element>;
@group(0) @binding(2) var<storage, read_write> out: array<Element>;
@group(0) @binding(3) var<uniform> params: Params;

override LANES: u32 = 1u;
override ROWS: u32 = 256u;
override SCALED: bool = false;
override SHIFTED: bool = true;
override REVERSE: bool = false;

var<workgroup> totals: array<Element, LANES * ROWS>;

fn next(last: Element, place: u32) -> Element {
  var value = last;
  if (SCALED) {
    value *= a[params.aOffset + place];
  }
  if (SHIFTED) {
    value += x[params.xOffset + place];
  }
  return value;
}

fn placeOf(start: u32, r: u32) -> u32 {
  return start + select(r, params.length - 1u - r, REVERSE) * params.inner;
}

@compute @workgroup_size(LANES, ROWS)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) grid: vec3<u32>,
  @builtin(local_invocation_id) local: vec3<u32>,
) {
  // Invocations past the last row repeat it, so all of them reach the barrier; they store nothing.
  let row = (group.y * grid.x + group.x) * ROWS + local.y;
  let known = min(row, params.rows - 1u);
  let start = known / params.inner * params.length * params.inner + known % params.inner;
  let chunk = (params.length + LANES - 1u) / LANES;
  let first = local.x * chunk;
  let last = min(first + chunk, params.length);

  var before = Element(0);
  if (LANES > 1u) {
    var total = Element(0);
    for (var r = first; r < last; r++) {
      total = next(total, placeOf(start, r));
    }
    totals[local.y * LANES + local.x] = total;
    workgroupBarrier();
    for (var lane = 0u; lane < local.x; lane++) {
      before += totals[local.y * LANES + lane];
    }
  }
  if (row < params.rows) {
    var value = Element(params.initial);
    for (var r = first; r < last; r++) {
      let place = placeOf(start, r);
      value = next(value, place);
      out[place] = before + value;
    }
  }
}
