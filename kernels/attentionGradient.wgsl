// attentionGradient: the gradients of attention in queries, keys and values. Scores are computed again.
//
//   p[i, j]  = exp(s[i, j] - m_i) / t_i,   d_i = Σ_c gradient[i, c] · out[i, c]            (s, m, t: see attention.wgsl)
//   ds[i, j] = p[i, j] · (Σ_c gradient[i, c] · v[j, c] - d_i)
//   dq[i, c] = scale · Σ_j ds[i, j] · k[j, c],   dk[j, c] = scale · Σ_i ds[i, j] · q[i, c]
//   dv[j, c] = Σ_i p[i, j] · gradient[i, c]
//
// Where a key is left out (CAUSAL, CHOSEN), ds is 0.
//
// Shapes     as in attention.wgsl; gradient like out. `gradients` holds dq from 0, dk from dkOffset and dv from dvOffset,
//            in layouts of their own.
// Launch     two kinds of workgroups, of ROWS rows of a batch with LANES invocations each. The first ones have rows of queries
//            and pass over the keys, for dq; the others have rows of keys and pass over the queries, for dk and dv. queryBatch
//            and keyBatch are the number of batches, or 0 where those gradients are not needed. x: workgroups; y folds grids
//            that are too wide. Columns are shared as in attention.wgsl. TILE_ROWS rows at a time pass through workgroup
//            memory.
// Numerics   each sum belongs to one invocation, in the order of the rows that pass: the same bits every time.
// Source     Dao: FlashAttention-2 (2023).

struct Params {
  qStrides: vec4<i32>,
  kStrides: vec4<i32>,
  vStrides: vec4<i32>,
  maskStrides: vec4<i32>,
  outStrides: vec4<i32>,
  gradientStrides: vec4<i32>,
  dqStrides: vec4<i32>,
  dkStrides: vec4<i32>,
  dvStrides: vec4<i32>,
  queryBatch: u32,
  keyBatch: u32,
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
  gradientOffset: i32,
  dkOffset: i32,
  dvOffset: i32,
}

@group(0) @binding(0) var<storage, read> q: array<f32>;
@group(0) @binding(1) var<storage, read> k: array<f32>;
@group(0) @binding(2) var<storage, read> v: array<f32>;
@group(0) @binding(3) var<storage, read> mask: array<u32>;
@group(0) @binding(4) var<storage, read> out: array<f32>;
@group(0) @binding(5) var<storage, read> stats: array<f32>;
@group(0) @binding(6) var<storage, read> gradient: array<f32>;
@group(0) @binding(7) var<storage, read_write> gradients: array<f32>;
@group(0) @binding(8) var<uniform> params: Params;

override LANES: u32 = 4u;
override ROWS: u32 = 16u;
override FORM: u32 = 0u;

const TILE_PARTS = 4;
const TILE_ROWS = 8;

// As in attention.wgsl.
const PLAIN = 0u;
const CAUSAL = 1u;
const CHOSEN = 2u;
const ADDED = 3u;

// The rows that pass: keys and values, or queries and gradients, with the terms of d.
var<workgroup> firstTile: array<vec4f, u32(TILE_ROWS * TILE_PARTS) * LANES>;
var<workgroup> secondTile: array<vec4f, u32(TILE_ROWS * TILE_PARTS) * LANES>;
var<workgroup> terms: array<f32, u32(TILE_ROWS * TILE_PARTS) * LANES>;
var<workgroup> partials: array<vec2f, u32(TILE_ROWS) * LANES * ROWS>;

fn isNan(value: f32) -> bool {
  return (bitcast<u32>(value) & 0x7fffffffu) > 0x7f800000u;
}

// WGSL does not define exp(NaN), and drivers differ.
fn exponential(value: f32) -> f32 {
  return select(exp(value), value, isNan(value));
}

fn rowOf(strides: vec4i, z: u32, row: u32) -> i32 {
  return dot(strides.xyz, vec3i(vec3u(z / params.inner, z % params.inner, row)));
}

// Four columns of a row; past its end, the last one.
fn places(row: i32, step: i32, column: vec4u, width: u32) -> vec4i {
  return row + step * vec4i(min(column, vec4u(width - 1u)));
}

// Four columns of a query, scaled, or of a key.
fn firstOf(ofQuery: bool, z: u32, row: u32, column: vec4u) -> vec4f {
  var found: vec4f;
  if (ofQuery) {
    let at = places(params.qOffset + rowOf(params.qStrides, z, row), params.qStrides.w, column, params.width);
    found = params.scale * vec4f(q[at.x], q[at.y], q[at.z], q[at.w]);
  } else {
    let at = places(params.kOffset + rowOf(params.kStrides, z, row), params.kStrides.w, column, params.width);
    found = vec4f(k[at.x], k[at.y], k[at.z], k[at.w]);
  }
  return select(vec4f(), found, column < vec4u(params.width));
}

// Four columns of a query's gradient, or of a value.
fn secondOf(ofQuery: bool, z: u32, row: u32, column: vec4u) -> vec4f {
  var found: vec4f;
  if (ofQuery) {
    let strides = params.gradientStrides;
    let at = places(params.gradientOffset + rowOf(strides, z, row), strides.w, column, params.valueWidth);
    found = vec4f(gradient[at.x], gradient[at.y], gradient[at.z], gradient[at.w]);
  } else {
    let at = places(params.vOffset + rowOf(params.vStrides, z, row), params.vStrides.w, column, params.valueWidth);
    found = vec4f(v[at.x], v[at.y], v[at.z], v[at.w]);
  }
  return select(vec4f(), found, column < vec4u(params.valueWidth));
}

// The part of d that four columns of a query's gradient add.
fn termOf(slope: vec4f, z: u32, row: u32, column: vec4u) -> f32 {
  let at = places(rowOf(params.outStrides, z, row), params.outStrides.w, column, params.valueWidth);
  // Past the end, the slope is 0, but out may not be finite.
  let product = select(vec4f(), slope * vec4f(out[at.x], out[at.y], out[at.z], out[at.w]), column < vec4u(params.valueWidth));
  return (product.x + product.y) + (product.z + product.w);
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
  let tile = group.y * grid.x + group.x;
  let queryTiles = (params.queries + ROWS - 1u) / ROWS * params.queryBatch;
  let keyTiles = (params.keys + ROWS - 1u) / ROWS * params.keyBatch;
  if (tile >= queryTiles + keyTiles) {
    return;
  }
  // Whether this workgroup's rows are queries; otherwise the rows that pass are.
  let own = tile < queryTiles;
  let rows = select(params.keys, params.queries, own);
  let others = select(params.queries, params.keys, own);
  let tiles = (rows + ROWS - 1u) / ROWS;
  let number = select(tile - queryTiles, tile, own);
  let z = number / tiles;
  let top = number % tiles * ROWS;
  // Invocations past the last row repeat it, so all of them reach the barriers; they store nothing.
  let wanted = top + local.y;
  let row = min(wanted, rows - 1u);
  let columns = LANES * u32(TILE_PARTS);
  var start = 0u;
  var end = others;
  if (FORM == CAUSAL) {
    if (own) {
      end = min(end, top + ROWS);
    } else {
      start = top;
    }
  }

  var first: array<vec4f, TILE_PARTS>;
  var second: array<vec4f, TILE_PARTS>;
  var firstSums: array<vec4f, TILE_PARTS>;
  var secondSums: array<vec4f, TILE_PARTS>;
  var ownTerm = 0.0;
  for (var part = 0; part < TILE_PARTS; part++) {
    let column = columnsOf(local.x + LANES * u32(part));
    first[part] = firstOf(own, z, row, column);
    second[part] = secondOf(own, z, row, column);
    if (own) {
      ownTerm += termOf(second[part], z, row, column);
    }
  }
  let place = local.y * LANES * u32(TILE_ROWS);
  partials[place + local.x].x = ownTerm;
  workgroupBarrier();
  ownTerm = 0.0;
  for (var lane = 0u; lane < LANES; lane++) {
    ownTerm += partials[place + lane].x;
  }
  workgroupBarrier();

  for (; start < end; start += u32(TILE_ROWS)) {
    for (var at = index; at < u32(TILE_ROWS) * columns; at += LANES * ROWS) {
      let other = min(start + at / columns, others - 1u);
      let column = columnsOf(at % columns);
      firstTile[at] = firstOf(!own, z, other, column);
      secondTile[at] = secondOf(!own, z, other, column);
      if (!own) {
        terms[at] = termOf(secondTile[at], z, other, column);
      }
    }
    workgroupBarrier();

    // Both bounds are variable on purpose: drivers that unroll this take a minute to compile it.
    let stop = min(start + u32(TILE_ROWS), end);
    for (var other = start; other < stop; other++) {
      let j = other - start;
      var left = vec4f();
      var right = vec4f();
      for (var part = 0; part < TILE_PARTS; part++) {
        let at = j * columns + local.x + LANES * u32(part);
        left += first[part] * firstTile[at];
        right += second[part] * secondTile[at];
      }
      let both = vec2f((left.x + left.y) + (left.z + left.w), (right.x + right.y) + (right.z + right.w));
      partials[place + j * LANES + local.x] = both;
    }
    workgroupBarrier();

    for (var other = start; other < stop; other++) {
      let j = other - start;
      let query = select(other, row, own);
      let key = select(row, other, own);
      if (FORM != CAUSAL || key <= query) {
        var products = vec2f();
        for (var lane = 0u; lane < LANES; lane++) {
          products += partials[place + j * LANES + lane];
        }
        var attended = true;
        if (FORM >= CHOSEN) {
          let word = mask[params.maskOffset + rowOf(params.maskStrides, z, query) + i32(key) * params.maskStrides.w];
          if (FORM == CHOSEN) {
            attended = word != 0u;
          } else {
            products.x += bitcast<f32>(word);
          }
        }
        var term = ownTerm;
        if (!own) {
          term = 0.0;
          for (var at = 0u; at < columns; at++) {
            term += terms[j * columns + at];
          }
        }
        let stat = 2u * (z * params.queries + query);
        // A query that attends to no key has the total NaN, so that its weights are NaN, too.
        let weight = select(0.0, exponential(products.x - stats[stat]), attended) / stats[stat + 1u];
        let slope = select(0.0, weight * (products.y - term), attended);
        for (var part = 0; part < TILE_PARTS; part++) {
          let at = j * columns + local.x + LANES * u32(part);
          firstSums[part] += slope * firstTile[at];
          if (!own) {
            secondSums[part] += weight * secondTile[at];
          }
        }
      }
    }
    workgroupBarrier();
  }

  if (wanted >= rows) {
    return;
  }
  for (var part = 0; part < TILE_PARTS; part++) {
    let column = columnsOf(local.x + LANES * u32(part));
    for (var c = 0; c < 4; c++) {
      if (column[c] < params.width) {
        if (own) {
          gradients[rowOf(params.dqStrides, z, row) + i32(column[c]) * params.dqStrides.w] = params.scale * firstSums[part][c];
        } else {
          gradients[params.dkOffset + rowOf(params.dkStrides, z, row) + i32(column[c]) * params.dkStrides.w] = firstSums[part][c];
        }
      }
      if (!own && column[c] < params.valueWidth) {
        gradients[params.dvOffset + rowOf(params.dvStrides, z, row) + i32(column[c]) * params.dvStrides.w] = secondSums[part][c];
      }
    }
  }
}
