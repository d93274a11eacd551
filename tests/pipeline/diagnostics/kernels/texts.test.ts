import { describe, expect, it } from 'vitest';
import type { KernelCheck } from '../../../../src/pipeline/diagnostics/kernels/compile.ts';
import type { KernelMessage } from '../../../../src/pipeline/diagnostics/kernels/messages.ts';
import { checkKernel } from '../../../../src/pipeline/diagnostics/kernels/check.ts';
import { inspectKernel } from '../../../../src/pipeline/diagnostics/kernels/inspection.ts';
import { listKernel, type KernelListing } from '../../../../src/pipeline/diagnostics/kernels/listing.ts';
import {
  listKernels,
  namedKernels,
  showKernel,
} from '../../../../src/pipeline/diagnostics/kernels/report.ts';
import { kernelSettings } from '../../../../src/pipeline/diagnostics/kernels/settings.ts';
import {
  type KernelTarget,
  lackingFeatures,
  problemsOn,
} from '../../../../src/pipeline/diagnostics/kernels/target.ts';
import {
  formatCheck,
  formatListing,
  formatSettings,
  formatTarget,
  formatTotals,
} from '../../../../src/pipeline/diagnostics/kernels/text.ts';

const limits = {
  maxComputeInvocationsPerWorkgroup: 256,
  maxComputeWorkgroupStorageSize: 16_384,
  maxStorageBuffersPerShaderStage: 8,
};
const none: KernelTarget = { description: 'no adapter\nfor a reason', limits, immediateLimit: 0 };
const device = (...features: string[]) => ({ features: new Set(features) }) as unknown as GPUDevice;
const target = (...features: string[]): KernelTarget => ({
  description: 'an adapter',
  limits,
  immediateLimit: 64,
  device: device(...features),
});

describe('settings of a kernel', () => {
  it('are numbers, codes, truth values and element types', () => {
    expect(kernelSettings('unary', ['RANK=2'])).toEqual({ RANK: 2 });
    const { GELU } = inspectKernelOf('unary').codes;
    expect(kernelSettings('unary', ['OPERATION=GELU'])).toEqual({ OPERATION: GELU });
    expect(kernelSettings('matmul', ['TILE_ROWS=16', 'BIAS=true', 'RELU=false'])).toEqual({
      TILE_ROWS: 16,
      BIAS: true,
      RELU: false,
    });
    expect(kernelSettings('copy', ['Element=f16'])).toEqual({ Element: 'f16' });
    expect(kernelSettings('unary', [])).toEqual({});
  });

  it.each([
    ['unry', [], "unknown kernel 'unry'. Did you mean unary?"],
    ['unary', ['RNK=2'], "unknown constant 'RNK'. Did you mean RANK?"],
    ['unary', ['RANK=-1'], "RANK takes a whole number or a code of the kernel; got '-1'"],
    ['unary', ['RANK'], "RANK takes a whole number or a code of the kernel; got ''"],
    ['unary', ['OPERATION=NOPE'], "got 'NOPE'"],
    ['matmul', ['TILE_ROWS=GELU'], "TILE_ROWS takes a whole number; got 'GELU'"],
    ['matmul', ['BIAS=1'], "unknown truth value '1'"],
    ['copy', ['Element=f64'], "unknown element type 'f64'"],
  ])('%s %j are refused', (name, words, message) => {
    expect(() => kernelSettings(name, words)).toThrow(message);
  });

  it('are written as they are read', () => {
    expect(formatSettings({ RANK: 2, BIAS: true, Element: 'f16' })).toBe('RANK=2 BIAS=true Element=f16');
  });
});

function inspectKernelOf(name: string): KernelListing {
  return listKernel(name, none);
}

describe('what keeps a kernel from a device', () => {
  const facts = inspectKernelOf('unary');
  const buffers = (count: number) => ({
    ...facts,
    buffers: Array.from({ length: count }, () => facts.buffers[0]!),
  });

  it('is the number of its buffers, or a feature', () => {
    expect(problemsOn(target(), buffers(8))).toEqual([]);
    expect(problemsOn(target(), buffers(9))).toEqual([
      '9 storage buffers, and maxStorageBuffersPerShaderStage is 8',
    ]);
    const half = { ...buffers(9), features: ['f16', 'subgroups'] };
    expect(problemsOn(target('subgroups'), half)).toEqual([
      '9 storage buffers, and maxStorageBuffersPerShaderStage is 8',
      'the device has no f16',
    ]);
    expect(lackingFeatures(half, device('shader-f16'))).toEqual(['subgroups']);
    expect(lackingFeatures(half, device('shader-f16', 'subgroups'))).toEqual([]);
    expect(lackingFeatures(half, undefined)).toEqual([]);
  });

  it('is said in the list, which then fails', () => {
    expect(listKernels(['unary'], none).failed).toBe(false);
    const small = { ...none, limits: { ...limits, maxStorageBuffersPerShaderStage: 1 } };
    const { failed, text, json } = listKernels(['unary', 'matmul'], small);
    expect(failed).toBe(true);
    expect(text).toMatch(/problems {3}\d storage buffers, and maxStorageBuffersPerShaderStage is 1/);
    expect(text).toMatch(/2 kernels, \d+ variants; unary, matmul do not fit WebGPU's guaranteed limits$/);
    expect(json).toMatchObject({ device: { opened: false, immediateLimit: 0 }, unreadable: [] });
    expect(listKernel('unary', { ...none, immediateLimit: facts.paramsSize }).paramsBy).toBe('immediates');
    expect(listKernel('unary', { ...none, immediateLimit: facts.paramsSize - 1 }).paramsBy).toBe(
      'uniform ring',
    );
  });

  it('names all kernels where none is named', () => {
    expect(namedKernels(['unary'])).toEqual(['unary']);
    expect(namedKernels([]).length).toBeGreaterThan(30);
    expect(() => namedKernels(['RANK=2'])).toThrow('settings go with show only: RANK=2');
  });

  it('shows the text with its settings', () => {
    const { text, json } = showKernel('matmul', { TILE_ROWS: 16, BIAS: true }, none);
    expect(text).toContain('\n  set        BIAS=true\n');
    expect(text).toMatch(/const TILE_ROWS.* = 16/);
    expect(json).toMatchObject({ settings: { TILE_ROWS: 16, BIAS: true } });
    expect(showKernel('matmul', {}, none).text).not.toContain('  set  ');
  });
});

describe('texts about kernels', () => {
  const message: KernelMessage = {
    severity: 'error',
    place: 'kernels/a.wgsl:1:2',
    text: 'one\ntwo',
    variants: 1,
    example: { RANK: 2 },
  };
  const check = (changes: Partial<KernelCheck>): KernelCheck => ({
    kernel: 'a',
    variants: 2,
    compiled: 2,
    messages: [],
    ...changes,
  });

  it.each<[Partial<KernelCheck>, string]>([
    [{}, 'ok    a                    2 variants compiled'],
    [{ variants: 1, compiled: 1 }, 'ok    a                    1 variant compiled'],
    [{ compiled: 1 }, 'ok    a                    1 of 2 variants compiled'],
    [{ skipped: 'no device' }, 'ok    a                    read only: no device'],
    [
      { compiled: 1, messages: [message] },
      'fail  a                    1 of 2 variants compiled\n        kernels/a.wgsl:1:2: error: one\n          two [RANK=2]',
    ],
    [
      { messages: [{ ...message, severity: 'warning', text: 'one', variants: 2 }] },
      'ok    a                    2 variants compiled\n        kernels/a.wgsl:1:2: warning: one [RANK=2] and in 1 other variant',
    ],
    [
      { messages: [{ ...message, text: 'one', variants: 4 }] },
      'fail  a                    2 variants compiled\n        kernels/a.wgsl:1:2: error: one [RANK=2] and in 3 other variants',
    ],
    [
      { messages: [{ ...message, text: 'one', variants: 4, example: {} }] },
      'fail  a                    2 variants compiled\n        kernels/a.wgsl:1:2: error: one',
    ],
  ])('%j', (changes, text) => {
    expect(formatCheck(check(changes))).toBe(text);
  });

  it('show ten messages and count the others', () => {
    const lines = (count: number): string[] =>
      formatCheck(
        check({ messages: Array.from({ length: count }, () => ({ ...message, text: 'x' })) }),
      ).split('\n');
    expect(lines(10)).toHaveLength(11);
    expect(lines(11).at(-1)).toBe('        and 1 further message');
    expect(lines(12).at(-1)).toBe('        and 2 further messages');
  });

  it('say what the target is', () => {
    const has = 'workgroups of up to 256 invocations and 16384 bytes';
    expect(formatTarget(target())).toBe(`device  an adapter: ${has}, 64 bytes of immediates`);
    expect(formatTarget(none)).toBe(
      `device  none, so kernels are only read, not compiled, against what WebGPU guarantees: ${has}, 0 bytes of immediates\n        no adapter\n        for a reason`,
    );
    const listing = inspectKernelOf('unary');
    expect(formatTotals([{ ...listing, variants: 1 }], target())).toBe(
      '1 kernel, 1 variant; all fit this device',
    );
    expect(formatTotals([], none)).toBe("0 kernels, 0 variants; all fit WebGPU's guaranteed limits");
    expect(formatListing({ ...listing, problems: ['a', 'b'] })).toMatch(/\n {2}problems {3}a; b$/);
  });
});

it('what is wrong with a kernel’s text is a message, with its place', async () => {
  const checked = await checkKernel('unary', none, '// unary: nothing\nfn main( {');
  expect(checked).toMatchObject({ variants: 0, compiled: 0 });
  expect(checked.messages).toMatchObject([{ severity: 'error', variants: 1, example: {} }]);
  const whole = await checkKernel('unary', none);
  expect(whole).toMatchObject({ compiled: 0, skipped: 'no device to compile for', messages: [] });
  expect(whole.variants).toBeGreaterThan(10);
  const one = await checkKernel('unary', none, undefined, (variants) => variants.slice(0, 1));
  expect(one.variants).toBe(1);
  expect(() => inspectKernel('unary', 'fn main( {')).toThrow(/kernels\/unary\.wgsl/);
});
