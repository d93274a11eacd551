import { describe, expect, it } from 'vitest';
import type { Measurement } from '../../bench/rounds.ts';
import { columns, verdictTable, workloadTable } from '../../bench/table.ts';
import { flopsOf, training, WORKLOADS } from '../../bench/workloads.ts';

const participants = [
  { name: 'wgrad-webgpu', label: 'wgrad WebGPU', library: 'wgrad' },
  { name: 'jax-webgpu', label: 'jax-js WebGPU', library: 'jax-js' },
  { name: 'tfjs-wasm', label: 'TF.js wasm', library: 'TensorFlow.js' },
] as const;

function measured(contender: string, median: number): Measurement {
  return { contender, milliseconds: { median, min: median / 2, max: median * 2, samples: 3 } };
}

describe('tables', () => {
  it('divide by the better one of wgrad’s own times', () => {
    const measurements = [
      { ...measured('wgrad-webgpu', 10), counts: { dispatches: 15, submits: 0.25 } },
      measured('jax-webgpu', 55),
    ];
    const [title, , ours, theirs] = workloadTable({ workload: training('mlp'), measurements }, participants);
    expect(title).toBe('MLP step, batch 128');
    expect(ours).toMatch(
      /wgrad WebGPU +10\.0 ms +5\.00 ms – 20\.0 ms +12,800 samples\/s +15 \/ 0\.3 +1\.00 ×$/,
    );
    expect(theirs).toMatch(/jax-js WebGPU +55\.0 ms .* 5\.50 ×$/);
  });

  it('say why something does not count, and do not compare with it', () => {
    const failed = { ...measured('wgrad-webgpu', 1), failure: 'its loss does not fall' };
    const lines = workloadTable(
      { workload: training('mlp'), measurements: [failed, measured('jax-webgpu', 55)] },
      participants,
    );
    expect(lines[2]).toContain('does not count: its loss does not fall');
    expect(lines[3]).not.toContain('×');
  });

  it('show rates of products', () => {
    const workload = WORKLOADS.find(({ name }) => name === 'matmul 1024³')!;
    const flops = flopsOf(workload)!;
    expect(flops).toBe(2 ** 31);
    const lines = workloadTable(
      { workload, flops, measurements: [measured('tfjs-wasm', 100)] },
      participants,
    );
    expect(lines[2]).toContain('21.5 GFLOP/s');
  });

  it('compare one thread with one thread, and all threads with the best', () => {
    const measurements = [
      measured('wgrad-cpu', 10),
      measured('wgrad-cpu-1', 16),
      measured('wgrad-webgpu', 4),
      measured('jax-webgpu', 8),
      measured('tfjs-wasm', 32),
      measured('tfjs-wasm-threads', 20),
    ];
    const lines = verdictTable({
      results: [{ workload: training('mlp'), measurements }],
      participants: [],
    });
    expect(lines.slice(2).map((line) => line.trim().split(/ {2,}/).slice(1))).toEqual([
      ['wgrad-webgpu', '2.00 ×', 'jax-webgpu'],
      ['wgrad-cpu', '2.00 ×', 'tfjs-wasm-threads'],
      ['wgrad-cpu-1', '2.00 ×', 'tfjs-wasm'],
    ]);
  });

  it('align columns, but for rows that end early', () => {
    expect(columns([['a', 'long'], ['bb', 'x'], ['c']])).toEqual(['  a   long', '  bb     x', '  c']);
  });
});
