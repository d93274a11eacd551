// attention: means of values, weighted by the softmax of scores. No matrix of scores is stored.
//
//   s[i, j] = scale · Σ_c q[i, c] · k[j, c] + mask[i, j],   m_i = max_j s[i, j],   t_i = Σ_j exp(s[i, j] - m_i)
//   out[i, c] = Σ_j exp(s[i, j] - m_i) / t_i · v[j, c],     stats[i] = (m_i, t_i)
//
// FORM says which keys j a query i attends to:
//   PLAIN    all, and nothing is added to the scores
//   CAUSAL   j ≤ i; later keys and values are not read
//   CHOSEN   those whose mask is not 0; a score that is left out is -Inf
//   ADDED    all; the mask is float32, as bits
//
// Shapes     q [batch, queries, width], k [batch, keys, width], v [batch, keys, valueWidth], mask [batch, queries, keys] and
//            out [batch, queries, valueWidth], where batch = outer × inner. Their strides are of outer, inner, row and
//            column. stats [batch, queries, 2], contiguous. Without a mask, any buffer is bound in its place.
// Launch     a workgroup handles ROWS queries of a batch with LANES invocations each. x: workgroups; y folds grids that are
//            too wide. Lane l holds the columns 4 · (l + LANES · part), …, + 3: width and valueWidth are at most
//            4 · LANES · TILE_PARTS. TILE_KEYS keys and values at a time pass through workgroup memory.
// Numerics   one pass: what is summed is scaled whenever a block of keys raises the maximum. The order of the sums depends
//            only on sizes and constants. A query that attends to no key gives NaN, and t_i = NaN.
// Source     Dao: FlashAttention-2 (2023); Milakov, Gimelshein: Online normalizer calculation for softmax (2018).

struct Params {
  qStrides: vec4<i32>,
  kStrides: vec4<i32>,
  vStrides: vec4<i32>,
  maskStrides: vec4<i32>,
  outStrides: vec4<i32>,
  batch: u32,
  inner: u32,
  queries: u32,
  keys: u32,
  width: u32,
  valueWidth: u32,
  scale: f32,
  qOffset: i32,
  kOffset: i32,
  vOffset: i32,
  maskOffset: i32,
}

@group(0) @binding(0) var<storage, read> q: array<f32>;
@group(0) @binding(1) var<storage, read> k: array<f32>;
@group(0) @binding(2) var<storage, read> v: array<f32>;
@group(0) @binding(3) var<storage, read> mask: array<u32>;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;
@group(0) @binding(5) var<storage, read_write> stats: array<f32>;
@group(0) @binding(6) var<uniform> params: Params;

override LANES: u32 = 4u;
override ROWS: u32 = 16u;
override FORM: u32 = 0u;

const TILE_PARTS = 4;
const TILE_KEYS = 8;

const PLAIN = 0u;
const CAUSAL = 1u;
const CHOSEN = 2u;
const ADDED = 3u;

const LOWEST = -3.4028234e38;

var<workgroup> keyTile: array<vec4f, u32(TILE_KEYS * TILE_PARTS) * LANES>;
var<workgroup> valueTile: array<vec4f, u32(TILE_KEYS * TILE_PARTS) * LANES>;
var<workgroup> partials: array<f32, u32(TILE_KEYS) * LANES * ROWS>;

fn isNan(value: f32) -> bool {
  return (bitcast<u32>(value) & 0x7fffffffu) > 0x7f800000u;
}

// From its bits: WGSL has no literal for NaN, and the variable keeps the expression from being constant.
fn nan() -> f32 {
  var bits = 0x7fc00000u;
  return bitcast<f32>(bits);
}

// WGSL does not define exp(NaN), and drivers differ.
fn exponential(value: f32) -> f32 {
  return select(exp(value), value, isNan(value));
}

fn larger(left: f32, right: f32) -> f32 {
  return select(right, left, isNan(left) || (!isNan(right) && left > right));
}

fn startOf(strides: vec4i, z: u32) -> i32 {
  return i32(z / params.inner) * strides.x + i32(z % params.inner) * strides.y;
}

// Four columns of a row; past its end, the last one.
fn places(row: i32, step: i32, column: vec4u, width: u32) -> vec4i {
  return row + step * vec4i(min(column, vec4u(width - 1u)));
}

fn queryAt(row: i32, column: vec4u) -> vec4f {
  let at = places(row, params.qStrides.w, column, params.width);
  return select(vec4f(), vec4f(q[at.x], q[at.y], q[at.z], q[at.w]), column < vec4u(params.width));
}

fn keyAt(row: i32, column: vec4u) -> vec4f {
  let at = places(row, params.kStrides.w, column, params.width);
  return select(vec4f(), vec4f(k[at.x], k[at.y], k[at.z], k[at.w]), column < vec4u(params.width));
}

fn valueAt(row: i32, column: vec4u) -> vec4f {
  let at = places(row, params.vStrides.w, column, params.valueWidth);
  return select(vec4f(), vec4f(v[at.x], v[at.y], v[at.z], v[at.w]), column < vec4u(params.valueWidth));
}

fn attends(at: i32) -> bool {
  return FORM != CHOSEN || mask[at] != 0u;
}

fn scoreOf(place: u32, at: i32) -> f32 {
  var score = 0.0;
  for (var lane = 0u; lane < LANES; lane++) {
    score += partials[place + lane];
  }
  if (FORM == ADDED) {
    score += bitcast<f32>(mask[at]);
  }
  return score;
}

fn columnsOf(lane: u32) -> vec4u {
  return 4u * lane + vec4u(0u, 1u, 2u, 3u);
}

@compute @workgroup_size(LANES, ROWS)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) grid: vec3<u32>,
  @builtin(local_invocation_id) local: vec3<u32>,
  @builtin(local_invocation_index) index: u32,
) {
  let tiles = (params.queries + ROWS - 1u) / ROWS;
  let tile = group.y * grid.x + group.x;
  if (tile >= tiles * params.batch) {
    return;
  }
  // Invocations past the last query repeat it, so all of them reach the barriers; they store nothing.
  let z = tile / tiles;
  let first = tile % tiles * ROWS;
  let wanted = first + local.y;
  let row = min(wanted, params.queries - 1u);
  let kStart = params.kOffset + startOf(params.kStrides, z);
  let vStart = params.vOffset + startOf(params.vStrides, z);
  let maskStart = params.maskOffset + startOf(params.maskStrides, z) + i32(row) * params.maskStrides.z;
  let columns = LANES * u32(TILE_PARTS);
  let place = local.y * LANES * u32(TILE_KEYS);
  var limit = params.keys;
  var last = params.keys;
  if (FORM == CAUSAL) {
    limit = min(limit, row + 1u);
    last = min(last, first + ROWS);
  }

  var query: array<vec4f, TILE_PARTS>;
  var sums: array<vec4f, TILE_PARTS>;
  let qStart = params.qOffset + startOf(params.qStrides, z) + i32(row) * params.qStrides.z;
  for (var part = 0; part < TILE_PARTS; part++) {
    query[part] = params.scale * queryAt(qStart, columnsOf(local.x + LANES * u32(part)));
  }
  var greatest = LOWEST;
  var total = 0.0;

  for (var start = 0u; start < last; start += u32(TILE_KEYS)) {
    for (var at = index; at < u32(TILE_KEYS) * columns; at += LANES * ROWS) {
      let key = i32(min(start + at / columns, params.keys - 1u));
      keyTile[at] = keyAt(kStart + key * params.kStrides.z, columnsOf(at % columns));
      valueTile[at] = valueAt(vStart + key * params.vStrides.z, columnsOf(at % columns));
    }
    workgroupBarrier();

    // Both bounds are variable on purpose: drivers that unroll this take a minute to compile it.
    let stop = min(start + u32(TILE_KEYS), last);
    for (var key = start; key < stop; key++) {
      let j = key - start;
      var product = vec4f();
      for (var part = 0; part < TILE_PARTS; part++) {
        product += query[part] * keyTile[j * columns + local.x + LANES * u32(part)];
      }
      partials[place + j * LANES + local.x] = (product.x + product.y) + (product.z + product.w);
    }
    workgroupBarrier();

    var highest = greatest;
    for (var key = start; key < stop; key++) {
      let j = key - start;
      let at = maskStart + i32(key) * params.maskStrides.w;
      if (key < limit && attends(at)) {
        highest = larger(highest, scoreOf(place + j * LANES, at));
      }
    }
    let factor = exponential(greatest - highest);
    greatest = highest;
    total *= factor;
    for (var part = 0; part < TILE_PARTS; part++) {
      sums[part] *= factor;
    }
    for (var key = start; key < stop; key++) {
      let j = key - start;
      if (key < limit) {
        let at = maskStart + i32(key) * params.maskStrides.w;
        let weight = select(0.0, exponential(scoreOf(place + j * LANES, at) - greatest), attends(at));
        total += weight;
        for (var part = 0; part < TILE_PARTS; part++) {
          sums[part] += weight * valueTile[j * columns + local.x + LANES * u32(part)];
        }
      }
    }
    workgroupBarrier();
  }

  if (wanted >= params.queries) {
    return;
  }
  total = select(total, nan(), total == 0.0); // WGSL leaves 0 / 0 open
  if (local.x == 0u) {
    stats[2u * (z * params.queries + row)] = greatest;
    stats[2u * (z * params.queries + row) + 1u] = total;
  }
  let outStart = startOf(params.outStrides, z) + i32(row) * params.outStrides.z;
  for (var part = 0; part < TILE_PARTS; part++) {
    let column = columnsOf(local.x + LANES * u32(part));
    for (var c = 0; c < 4; c++) {
      if (column[c] < params.valueWidth) {
        out[outStart + i32(column[c]) * params.outStrides.w] = sums[part][c] / total;
      }
    }
  }
}
