// mergeRuns: one pass of a stable merge sort of rows, as positions.
//
//   out[r, …] = the positions of the elements of row r, run after run, each run in ascending order
//
// With FIRST, runs of `width` elements are sorted, each element by the number of those that precede it. Otherwise two
// runs of `width` in `order` become one of 2 · width: the place of an element is its place in its run plus the number of
// elements of the other run that precede it, which a binary search finds. Equal elements keep their order.
//
// Shapes     x [rows, length], contiguous from `offset`; order and out [rows, length]. Only the first `keep` elements of
//            each run are read and written: those that can be among the first `keep` of the row.
// Elements   words of float32, or of int32 and bool (FLOATING false). With DESCENDING, the greatest comes first.
// Launch     a grid of any size in x: each invocation handles elements one grid width apart.
// Numerics   exact. NaN counts as greatest, and -0 as 0. Elements are compared as unsigned integers in their order.

struct Params {
  size: u32,
  length: u32,
  keep: u32,
  width: u32,
  offset: u32,
}

@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read> order: array<u32>;
@group(0) @binding(2) var<storage, read_write> out: array<u32>;
@group(0) @binding(3) var<uniform> params: Params;

override WORKGROUP: u32 = 256u;
override FIRST: bool = false;
override DESCENDING: bool = false;
override FLOATING: bool = true;

// An unsigned integer for each value, in the order of the values.
fn keyOf(bits: u32) -> u32 {
  var key = bits ^ 0x80000000u;
  if (FLOATING) {
    let magnitude = bits & 0x7fffffffu;
    if (magnitude > 0x7f800000u) {
      key = 0xffffffffu;
    } else if (magnitude == 0u) {
      key = 0x80000000u;
    } else if (bits > 0x80000000u) {
      key = ~bits;
    }
  }
  return select(key, ~key, DESCENDING);
}

fn positionAt(row: u32, place: u32) -> u32 {
  if (FIRST) {
    return place;
  }
  return order[row + place];
}

fn keyAt(row: u32, place: u32) -> u32 {
  return keyOf(x[params.offset + row + positionAt(row, place)]);
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>) {
  for (var element = id.x; element < params.size; element += grid.x * WORKGROUP) {
    let place = element % params.length;
    let row = element - place;
    let start = place - place % params.width;
    let rank = place - start;
    var before = 0u;
    var first = start;
    if (FIRST) {
      let key = keyAt(row, place);
      let end = min(start + params.width, params.length);
      for (var other = start; other < end; other++) {
        let rival = keyAt(row, other);
        before += select(0u, 1u, rival < key || (rival == key && other < place));
      }
    } else {
      if (rank >= params.keep) {
        continue;
      }
      let isRight = (start / params.width) % 2u == 1u;
      let key = keyAt(row, place);
      let other = select(start + params.width, start - params.width, isRight);
      first = min(start, other);
      // Between `before` and `most`: elements of the other run that are not compared yet.
      var most = min(min(params.width, params.keep), params.length - min(other, params.length));
      while (before < most) {
        let middle = (before + most) / 2u;
        let rival = keyAt(row, other + middle);
        // Equal elements of the left run precede those of the right one.
        if (rival < key || (isRight && rival == key)) {
          before = middle + 1u;
        } else {
          most = middle;
        }
      }
      before += rank;
    }
    if (before < params.keep) {
      out[row + first + before] = positionAt(row, place);
    }
  }
}
