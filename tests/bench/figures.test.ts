import { describe, expect, it } from 'vitest';
import { benchFigures } from '../../bench/figures.ts';
import { BROWSER_CONTENDERS } from '../../bench/contenders/list.ts';
import type { BenchResult } from '../../bench/results.ts';
import { GROWTH, training, type Workload, WORKLOADS } from '../../bench/workloads.ts';
import { renderFigure } from '../../src/pipeline/reporting/figures/render.ts';

function result(workloads: readonly Workload[]): BenchResult {
  const milliseconds = (median: number) => ({ median, min: median, max: median, samples: 1 });
  return {
    preset: 'full',
    startedAt: '2026-01-01T00:00:00.000Z',
    machine: { cpu: 'a processor', cores: 2, memoryBytes: 1, node: 'v20', platform: 'linux x64' },
    loadAverage: { before: 0, after: 0 },
    versions: { dawn: null, commit: null, dirty: false },
    rounds: 1,
    participants: [
      { name: 'wgrad-cpu', label: 'wgrad CPU', library: 'wgrad' },
      { name: 'pytorch', label: 'PyTorch, all threads', library: 'PyTorch' },
    ],
    results: workloads.map((workload) => ({
      workload,
      measurements: [
        { contender: 'wgrad-cpu', milliseconds: milliseconds(2) },
        { contender: 'pytorch', milliseconds: milliseconds(3) },
        { contender: 'jax-wasm', milliseconds: milliseconds(9), failure: 'its loss does not fall' },
      ],
    })),
    firstSteps: [],
  };
}

describe('figures of the benchmarks', () => {
  it('show every contender that counts, and no other', async () => {
    const [ratios, training, ...others] = benchFigures(result(WORKLOADS));
    expect(others).toEqual([]);
    expect([ratios!.name, training!.name]).toEqual(['ratios', 'training']);
    const { svg, png } = await renderFigure(ratios!.specification);
    for (const text of ['matmul 1024³', 'wgrad CPU', 'PyTorch, all threads']) expect(svg).toContain(text);
    expect(svg).not.toContain('jax');
    expect(png.length).toBeGreaterThan(1000);
  });

  it('show how the cost grows, where it was measured', async () => {
    const growth = benchFigures(result([...WORKLOADS, ...GROWTH])).find(({ name }) => name === 'growth')!;
    const { svg } = await renderFigure(growth.specification);
    for (const text of ['MLP by batch', 'MLP by width', 'CNN by batch']) expect(svg).toContain(text);
  });

  it('give every contender of a browser a colour of its own', () => {
    const whole = result([training('mlp')]);
    const all = BROWSER_CONTENDERS.map(({ name, label, library }) => ({ name, label, library }));
    const milliseconds = { median: 1, min: 1, max: 1, samples: 1 };
    const measurements = all.map(({ name }) => ({ contender: name, milliseconds }));
    const [ratios] = benchFigures({
      ...whole,
      versions: { ...whole.versions, browser: 'Chromium 150.0' },
      participants: all,
      results: [{ workload: training('mlp'), measurements }],
    });
    const { encoding, title } = ratios!.specification as unknown as {
      encoding: Record<'color', { scale: { domain: string[]; range: string[] } }>;
      title: { subtitle: string };
    };
    const { domain, range } = encoding.color.scale;
    expect(new Set(domain)).toEqual(new Set(all.map(({ label }) => label)));
    expect(new Set(range).size).toBe(all.length);
    expect(title.subtitle).toContain('; Chromium 150.0; a processor, 2 cores; 2026-01-01');
  });

  it('are none of nothing', () => {
    expect(benchFigures(result([]))).toEqual([]);
  });
});
