import { describe, expect, test } from 'vitest';
import { KernelError } from '../../src/backend/errors.ts';
import { reflect } from '../../src/platform/node/reflection.ts';
import { kernelNames, kernelSource } from '../../src/platform/node/kernels.ts';
import { ParameterBlock } from '../../src/backend/webgpu/parameters.ts';
import { specialise } from '../../src/backend/webgpu/pipelines.ts';
import { checkCodes, checkLaunch, type Program } from '../../src/backend/webgpu/program.ts';
import { checkLimits } from '../../src/backend/webgpu/adapter.ts';

const SOURCE = `
struct Params { size: u32, shift: i32, scale: f32, strides: vec3<i32> }
alias Element = f32;
const TILE_ROWS = 8u;
override WORKGROUP: u32 = 64;
@group(0) @binding(0) var<storage, read> x: array<Element>;
@group(0) @binding(1) var<storage, read_write> out: array<Element>;
@group(0) @binding(2) var<uniform> params: Params;
@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u) { out[id.x] = x[id.x] * params.scale; }
`;
const signature = reflect('example', SOURCE);
const program = { name: 'example', source: SOURCE, signature, immediates: true } as unknown as Program;

describe('a kernel file', () => {
  test('is read whatever the order of its bindings, and with types that are left out', () => {
    const source = SOURCE.replace(
      '@binding(0) var<storage, read> x',
      '@binding(7) var<storage, read> x',
    ).replace(
      'override WORKGROUP: u32 = 64;',
      'override WORKGROUP: u32 = 64;\noverride SHARE = 0.5;\noverride COUNT: i32 = 1;\noverride BIG: bool = false;',
    );
    const { buffers, overrides, constants, aliases, params } = reflect('example', source);
    expect(buffers).toEqual([
      { name: 'out', binding: 1, access: 'write' },
      { name: 'x', binding: 7, access: 'read' },
    ]);
    expect([...overrides]).toEqual([
      ['WORKGROUP', 'u32'],
      ['SHARE', 'f32'],
      ['COUNT', 'i32'],
      ['BIG', 'bool'],
    ]);
    expect([...constants]).toEqual([['TILE_ROWS', 8]]);
    expect([...aliases]).toEqual([['Element', 'f32']]);
    expect(params.map(({ name, scalar, lanes, offset }) => [name, scalar, lanes, offset])).toEqual([
      ['size', 'u32', 1, 0],
      ['shift', 'i32', 1, 4],
      ['scale', 'f32', 1, 8],
      ['strides', 'i32', 3, 16],
    ]);
  });

  test.each([
    ['two entry points', `${SOURCE}@compute @workgroup_size(1)\nfn other() {}\n`, /got 2 and 1/],
    ['no entry point', SOURCE.replace('@compute @workgroup_size(WORKGROUP)\n', ''), /got 0 and 1/],
    ['no params', SOURCE.replace('@group(0) @binding(2) var<uniform> params: Params;', ''), /got 1 and 0/],
    ['params that are a number', SOURCE.replace('params: Params', 'params: f32'), /'params' is not a struct/],
    [
      'a half in params',
      SOURCE.replace('scale: f32', 'scale: f16'),
      /takes f32, i32, u32 and bool .* got f16/,
    ],
  ])('with %s is refused', (_, source, message) => {
    expect(() => reflect('example', source)).toThrow(KernelError);
    expect(() => reflect('example', source)).toThrow(message);
  });
});

describe('parameters', () => {
  const values = { size: 3, shift: -2, scale: 0.5, strides: [1, -1, 7] };

  test('lie where WGSL has them', () => {
    const block = new ParameterBlock(signature.paramsSize);
    block.write('example', signature.params, values);
    expect(signature.paramsSize).toBe(32);
    expect(new Int32Array(block.words.buffer)).toEqual(
      Int32Array.of(3, -2, new Int32Array(Float32Array.of(0.5).buffer)[0]!, 0, 1, -1, 7, 0),
    );
  });

  test.each([
    [
      { ...values, size: undefined },
      /example: parameter 'size' takes u32, got undefined: run `npm run signatures`/,
    ],
    [{ ...values, strides: [1, 2] }, /'strides' takes 3 i32, got 1,2/],
    [{ ...values, strides: 1 }, /'strides' takes 3 i32, got 1/],
    [{ ...values, strides: [1, 2, 0.5] }, /'strides' takes 3 i32, got 1,2,0\.5/],
    [{ ...values, shift: NaN }, /'shift' takes i32, got NaN/],
    [{ ...values, shift: 2 ** 31 }, /'shift' takes i32, got 2147483648/],
    [{ ...values, size: 2 ** 32 }, /'size' takes u32, got 4294967296/],
    [{ ...values, size: -1 }, /'size' takes u32, got -1/],
    [{ ...values, scale: [1] }, /'scale' takes f32, got 1/],
  ])('are refused when they do not fit', (wrong, message) => {
    const block = new ParameterBlock(signature.paramsSize);
    expect(() => block.write('example', signature.params, wrong as typeof values)).toThrow(message);
  });

  test('NaN and infinity are numbers for f32', () => {
    const block = new ParameterBlock(signature.paramsSize);
    block.write('example', signature.params, { ...values, scale: -Infinity });
    expect(new Float32Array(block.words.buffer)[2]).toBe(-Infinity);
  });
});

describe('specialising a kernel', () => {
  test('replaces declared constants and aliases and moves params to immediates, nothing else', () => {
    const text = specialise(program, { TILE_ROWS: 16, Element: 'i32', WORKGROUP: 128 });
    const expected = SOURCE.replace('TILE_ROWS = 8u', 'TILE_ROWS = 16u')
      .replace('Element = f32', 'Element = i32')
      .replace('@group(0) @binding(2) var<uniform> params', 'var<immediate> params');
    expect(text).toBe(expected);
    expect(specialise({ ...program, immediates: false }, {})).toBe(SOURCE);
  });

  test('every kernel file can be moved to immediates, and its own defaults change nothing', () => {
    for (const name of kernelNames()) {
      const source = kernelSource(name);
      const own = reflect(name, source);
      const kernel = { name, source, signature: own } as unknown as Program;
      const defaults = { ...Object.fromEntries(own.constants), ...Object.fromEntries(own.aliases) };
      expect(specialise({ ...kernel, immediates: false }, defaults)).toBe(source);
      expect(specialise({ ...kernel, immediates: true }, {})).toContain('var<immediate> params');
    }
  });

  test('a file whose params are declared otherwise is an error', () => {
    const odd = { ...program, source: SOURCE.replace('var<uniform> params', 'var<uniform> settings') };
    expect(() => specialise(odd, {})).toThrow(KernelError);
  });
});

describe('a kernel file that is newer than its TypeScript signature', () => {
  const buffers = { x: {}, out: {} } as never;
  const params = { size: 1, shift: 0, scale: 1, strides: [0, 0, 0] };

  test.each([
    [{ x: {} }, params, /example: the buffer 'out' is missing; run `npm run signatures`/],
    [
      { x: {}, out: {}, more: {} },
      params,
      /example\.wgsl declares no buffer 'more'; run `npm run signatures`/,
    ],
    [buffers, { size: 1 }, /the parameter 'shift' is missing/],
    [buffers, { ...params, more: 1 }, /declares no parameter 'more'/],
  ])('is noticed at the first launch', (given, values, message) => {
    expect(() => checkLaunch(program, buffers, params)).not.toThrow();
    expect(() => checkLaunch(program, given as never, values as never)).toThrow(message);
  });

  test('is noticed by its named values', () => {
    const source = kernelSource('unary');
    checkCodes('unary', reflect('unary', source));
    const renumbered = reflect('unary', source.replace(/^const EXP = \d+/m, 'const EXP = 77'));
    expect(() => checkCodes('unary', renumbered)).toThrow(
      /unary\.wgsl: EXP is 77, but 2 in .*npm run signatures/,
    );
    const renamed = reflect('unary', source.replace(/^const EXP\b/m, 'const EXPONENTIAL'));
    expect(() => checkCodes('unary', renamed)).toThrow(/EXP is not declared, but 2/);
  });
});

test('an adapter with too small limits is refused by name', () => {
  const limits = {
    maxStorageBuffersPerShaderStage: 4,
    maxComputeInvocationsPerWorkgroup: 128,
    maxComputeWorkgroupSizeX: 256,
  } as GPUSupportedLimits;
  const info = { description: 'Tiny GPU' } as GPUAdapterInfo;
  expect(() => checkLimits({ limits, info })).toThrow(
    /Tiny GPU is too small.*maxStorageBuffersPerShaderStage ≥ 8, got 4; .*≥ 256, got 128.*device: cpu/,
  );
});
