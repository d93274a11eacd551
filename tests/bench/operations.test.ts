import { describe, expect, it } from 'vitest';
import { widestSimd } from '../../bench/machine.ts';
import { untimed } from '../../bench/operations/cases.ts';
import { operationsFigure } from '../../bench/operations/figure.ts';
import { operationsTable } from '../../bench/operations/report.ts';
import { type OperationsResult, resultText } from '../../bench/operations/results.ts';
import { renderFigure } from '../../src/pipeline/reporting/figures/render.ts';

const result = (): OperationsResult => ({
  startedAt: '2026-01-01T00:00:00.000Z',
  machine: { cpu: 'a processor', simd: 'AVX2', cores: 2, memoryBytes: 1, node: 'v24', platform: 'linux x64' },
  loadAverage: { before: 0, after: 0 },
  device: 'a device',
  threads: 1,
  versions: { commit: null, dirty: false },
  torch: { torch: '1.13', capability: 'AVX2', threads: 1 },
  sizes: [1024, 102_400],
  costs: [
    // The cost of the call alone: the limit is not for it.
    { name: 'exp', elements: 1024, pass: 'forward', microseconds: 10, torchMicroseconds: 1 },
    { name: 'exp', elements: 102_400, pass: 'forward', microseconds: 100, torchMicroseconds: 50 },
    { name: 'pow', elements: 1024, pass: 'both', microseconds: 4.00049, torchMicroseconds: 2 },
    { name: 'pow', elements: 102_400, pass: 'both', microseconds: 350, torchMicroseconds: 100 },
    { name: 'erf', elements: 1024, pass: 'forward', microseconds: 1, failure: 'results differ' },
    { name: 'erf', elements: 102_400, pass: 'forward', microseconds: 1, failure: 'results differ' },
  ],
});

describe('the benchmark of operations', () => {
  it('times every operation of the table', () => {
    expect(untimed).toEqual([]);
  });

  it('puts the dearest last, and marks what is above the limit at sizes that count', () => {
    expect(operationsTable(result()).split('\n')).toEqual([
      'a device; PyTorch 1.13, AVX2, threads: 1',
      '                    µs, 1024  PyTorch  ratio  µs, 102400  PyTorch  ratio',
      'erf                     1.00        –      –        1.00        –      –',
      'exp                     10.0     1.00   10.0         100     50.0   2.00',
      'pow, with backward      4.00     2.00   2.00         350      100   3.50  !',
      'not compared: erf, forward, 1024: results differ',
      'not compared: erf, forward, 102400: results differ',
      'above 3 × PyTorch: 1 of 2',
    ]);
  });

  it('writes a line for each cost, with four digits', () => {
    const text = resultText(result());
    expect(text.split('\n').filter((line) => line.includes('"pow"'))).toEqual([
      '    {"name":"pow","elements":1024,"pass":"both","microseconds":4,"torchMicroseconds":2},',
      '    {"name":"pow","elements":102400,"pass":"both","microseconds":350,"torchMicroseconds":100},',
    ]);
    const { machine, costs } = JSON.parse(text) as OperationsResult;
    expect(machine).toEqual(result().machine);
    expect(costs).toHaveLength(6);
  });

  it('draws the shares and the dearest cases', async () => {
    const { svg } = await renderFigure(operationsFigure(result()));
    for (const text of ['102,400 elements', 'pow, with backward', 'exp', 'AVX2']) expect(svg).toContain(text);
    expect(svg).not.toContain('erf');
  });
});

describe('the widest SIMD', () => {
  it.each([
    ['flags\t\t: fpu sse4_1 avx avx2 avx512f', 'AVX-512'],
    ['flags\t\t: fpu sse4_1 avx avx2\nflags\t\t: fpu avx512f', 'AVX2'],
    ['Features\t: fp asimd', 'NEON'],
    ['', undefined],
  ])('of %j is %s', (info, simd) => {
    expect(widestSimd(info)).toBe(simd);
  });
});
