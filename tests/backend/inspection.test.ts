import { describe, expect, test } from 'vitest';
import { KernelError } from '../../src/backend/errors.ts';
import {
  beyondLimits,
  footprint,
  GUARANTEED_LIMITS,
  inspectKernel,
} from '../../src/pipeline/diagnostics/kernels/inspection.ts';
import { kernelNames, kernelSource } from '../../src/platform/node/kernels.ts';
import { WgslConstants } from '../../src/pipeline/diagnostics/kernels/wgslConstants.ts';

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
override ROWS: u32 = LANES * 2u;
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

  test('takes what its constants say of the device', () => {
    // 4 · 9 floats are 144 bytes; Mixed is 4, at 16 twelve, at 32 twenty-four, rounded up to 64.
    expect(footprint('example', SOURCE)).toEqual({ workgroup: [4, 8, 1], invocations: 32, memory: 208 });
    const wide = footprint('example', SOURCE, { LANES: 32, ROWS: 16 });
    expect(wide).toEqual({ workgroup: [32, 16, 1], invocations: 512, memory: 32 * 17 * 4 + 64 });
    expect(beyondLimits({ buffers: [] }, wide, GUARANTEED_LIMITS)).toEqual([
      '512 invocations a workgroup, and maxComputeInvocationsPerWorkgroup is 256',
    ]);
    const large = footprint('example', SOURCE, { ROWS: 2000 });
    expect(beyondLimits({ buffers: [] }, large, GUARANTEED_LIMITS)).toEqual([
      '8000 invocations a workgroup, and maxComputeInvocationsPerWorkgroup is 256',
      '2000 invocations in y, and maxComputeWorkgroupSizeY is 256',
      '32080 bytes of workgroup memory, and maxComputeWorkgroupStorageSize is 16384',
    ]);
  });

  test.each([
    ['7 + 2 * 3', 13],
    ['(7u + 2u) * 3u', 27],
    ['7 / 2 % 2 - 4', -3],
    ['-LOADS * 0x10', -64],
    ['TILE_ROWS', 8],
    ['DEEP', 1],
  ])('evaluates %s', (expression, value) => {
    expect(new WgslConstants(SOURCE).evaluate(expression)).toBe(value);
  });

  test.each(['max(1, 2)', '1 +', '2 3', '(1', 'OTHER', ''])(
    'says that it cannot evaluate %j',
    (expression) => {
      expect(() => new WgslConstants(SOURCE).evaluate(expression)).toThrow(KernelError);
    },
  );

  test.each([
    ['vec3<u32>', 12, 16],
    ['vec2h', 4, 4],
    ['vec4f', 16, 16],
    ['mat4x3<f32>', 64, 16],
    ['mat2x2f', 16, 8],
    ['atomic<u32>', 4, 4],
    ['array<vec3<f32>, 4>', 64, 16],
    ['array<array<f16, 3>, LOADS>', 24, 2],
    ['bool', 4, 4],
  ])('knows the layout of %s', (type, size, align) => {
    expect(new WgslConstants(SOURCE).layout(type)).toEqual({ size, align });
  });

  test('must have a default for each override', () => {
    const source = SOURCE.replace('DIVISOR: f32 = 0.5f', 'DIVISOR: f32');
    expect(() => inspectKernel('broken', source)).toThrow(
      /broken\.wgsl: takes overrides with a default, got DIVISOR/,
    );
  });

  test('names the file that wgsl_reflect cannot parse', () => {
    expect(() => inspectKernel('broken', SOURCE.replace('let', '').replace('= vec4', '= = vec4'))).toThrow(
      /kernels\/broken\.wgsl.*cannot parse its declarations: ./,
    );
  });
});

test('every kernel can be inspected, and fits what every WebGPU device has', () => {
  for (const name of kernelNames()) {
    const facts = inspectKernel(name, kernelSource(name));
    expect(facts).toMatchObject({ name, entryPoint: 'main' });
    expect([name, facts.title]).toEqual([name, expect.stringMatching(/\w/)]);
    expect([name, beyondLimits(facts, footprint(name, kernelSource(name)), GUARANTEED_LIMITS)]).toEqual([
      name,
      [],
    ]);
    for (const { element } of facts.buffers) expect(element).not.toBe('');
  }
});
