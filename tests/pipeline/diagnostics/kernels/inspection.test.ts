import { describe, expect, test } from 'vitest';
import { inspectKernel } from '../../../../src/pipeline/diagnostics/kernels/inspection.ts';
import { kernelNames, kernelSource } from '../../../../src/platform/node/kernels.ts';

const SOURCE = `
// example: shows what the inspector sees.
enable subgroups;
struct Params { size: u32, strides: vec3<i32> }
struct Mixed {
  flag: bool, // not 'other: u32,'
  place: vec3<f32>,
  half: array<vec2f, 3>,
}
alias Element = f32;
const TILE_ROWS = 8;
const LOADS = TILE_ROWS / 2;
const NONE = 0u;
override LANES: u32 = 4u;
override ROWS: u32 = 8u;
override DEEP: bool = true;
override DIVISOR: f32 = 0.5f;
@group(0) @binding(0) var<storage, read> x: array<Element>;
@group(0) @binding(1) var<storage, read_write> out: array<vec4<f32>>;
@group(0) @binding(2) var<uniform> params: Params;
var<workgroup> partials: array<Element, LANES * (ROWS + 1u)>;
var<workgroup> mixed: Mixed;
@compute @workgroup_size(LANES, ROWS)
fn main(@builtin(global_invocation_id) id: vec3u) { out[id.x] = vec4<f32>(x[id.x]); }
`;

describe('a kernel under the inspector', () => {
  test('shows all that its file declares', () => {
    expect(inspectKernel('example', SOURCE)).toEqual({
      name: 'example',
      title: 'shows what the inspector sees.',
      entryPoint: 'main',
      workgroupSize: 'LANES, ROWS',
      workgroupVariables: [
        { name: 'partials', type: 'array<Element, LANES * (ROWS + 1u)>' },
        { name: 'mixed', type: 'Mixed' },
      ],
      buffers: [
        { name: 'x', access: 'read', element: 'Element' },
        { name: 'out', access: 'write', element: 'vec4<f32>' },
      ],
      params: [
        { name: 'size', type: 'u32', offset: 0 },
        { name: 'strides', type: 'vec3<i32>', offset: 16 },
      ],
      paramsSize: 32,
      overrides: [
        { name: 'LANES', type: 'u32', default: 4 },
        { name: 'ROWS', type: 'u32', default: 8 },
        { name: 'DEEP', type: 'bool', default: true },
        { name: 'DIVISOR', type: 'f32', default: 0.5 },
      ],
      tiles: [{ name: 'TILE_ROWS', default: 8 }],
      aliases: [{ name: 'Element', default: 'f32' }],
      codes: { NONE: 0 },
      features: ['subgroups'],
    });
  });

  test('must have a default for each override', () => {
    const source = SOURCE.replace('DIVISOR: f32 = 0.5f', 'DIVISOR: f32');
    expect(() => inspectKernel('broken', source)).toThrow(
      /broken\.wgsl: takes overrides with a literal default, got DIVISOR/,
    );
  });

  test('names the file that wgsl_reflect cannot parse', () => {
    expect(() => inspectKernel('broken', SOURCE.replace('let', '').replace('= vec4', '= = vec4'))).toThrow(
      /kernels\/broken\.wgsl.*cannot parse its declarations: ./,
    );
  });
});

test('every kernel can be inspected, and binds no more buffers than every WebGPU device allows', () => {
  for (const name of kernelNames()) {
    const facts = inspectKernel(name, kernelSource(name));
    expect(facts).toMatchObject({ name, entryPoint: 'main' });
    expect([name, facts.title]).toEqual([name, expect.stringMatching(/\w/)]);
    expect(facts.buffers.length).toBeLessThanOrEqual(8);
    for (const { element } of facts.buffers) expect(element).not.toBe('');
  }
});
