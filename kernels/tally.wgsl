// tally: stores the loss of a batch, and counts the rows that are classified correctly.
//
//   cells[lossAt]  = loss[lossOffset]
//   cells[hitsAt] += number of rows r with labels[r] = argmax_j x[r, j]
//
// Shapes     x [rows, classes], contiguous from `offset`; labels [rows] int32, any stride; loss: one element; cells:
//            one element per loss, and one for the hits.
// Launch     one workgroup; lane l counts rows l, l + LANES, …
// Numerics   counts are integers below 2^24, so their sums are exact. As in argreduce, NaN counts as the greatest, the
//            first NaN wins, and ties go to the first class.

struct Params {
  rows: u32,
  classes: u32,
  offset: u32,
  labelOffset: i32,
  labelStride: i32,
  lossOffset: u32,
  lossAt: u32,
  hitsAt: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> labels: array<i32>;
@group(0) @binding(2) var<storage, read> loss: array<f32>;
@group(0) @binding(3) var<storage, read_write> cells: array<f32>;
@group(0) @binding(4) var<uniform> params: Params;

override LANES: u32 = 64u;

var<workgroup> counts: array<u32, LANES>;

fn isNan(value: f32) -> bool {
  return (bitcast<u32>(value) & 0x7fffffffu) > 0x7f800000u;
}

fn isHit(row: u32) -> bool {
  let start = params.offset + row * params.classes;
  var best = x[start];
  var position = 0u;
  for (var j = 1u; j < params.classes; j++) {
    let candidate = x[start + j];
    if (!isNan(best) && (isNan(candidate) || candidate > best)) {
      best = candidate;
      position = j;
    }
  }
  return labels[params.labelOffset + i32(row) * params.labelStride] == i32(position);
}

@compute @workgroup_size(LANES)
fn main(@builtin(local_invocation_index) lane: u32) {
  var count = 0u;
  for (var row = lane; row < params.rows; row += LANES) {
    count += u32(isHit(row));
  }
  counts[lane] = count;
  workgroupBarrier();
  if (lane > 0u) {
    return;
  }
  var total = 0u;
  for (var other = 0u; other < LANES; other++) {
    total += counts[other];
  }
  cells[params.lossAt] = loss[params.lossOffset];
  cells[params.hitsAt] += f32(total);
}
