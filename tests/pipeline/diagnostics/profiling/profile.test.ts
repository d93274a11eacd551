import { describe, expect, it } from 'vitest';
import { type CountedLaunch, countLaunches } from '../../../../src/diagnostics/costs/launchFacts.ts';
import { covered, kernelRows, profileOf } from '../../../../src/pipeline/diagnostics/profiling/profile.ts';
import { profileText } from '../../../../src/pipeline/diagnostics/profiling/text.ts';
import type { ProfiledWindow } from '../../../../src/pipeline/diagnostics/profiling/stepProfiler.ts';
import { traceOf } from '../../../../src/pipeline/diagnostics/profiling/trace.ts';
import { open } from '../../../../src/index.ts';
import { profileSuite } from './profileSuite.ts';
import { expectTrace } from './traceRules.ts';
import { profileRequests } from '../../../../src/diagnostics/profiling/profile.ts';

const peaks = {
  flops: 1e10,
  bandwidths: [
    { bytes: 1000, bytesPerSecond: 1e10 },
    { bytes: 1_000_000, bytesPerSecond: 1e9 },
  ],
  launch: 1e-6,
};

function launch(kernel: string, start: number, milliseconds: number, bytes = 1e6): CountedLaunch {
  return { kernel, variant: 'RELU', shape: '2×3', flops: 4e6, bytes, start, milliseconds };
}

/** Two steps of 4 ms from 100 ms on: the device runs three launches, the last two at once. */
const window: ProfiledWindow = {
  steps: [
    { step: 21, start: 100, milliseconds: 2 },
    { step: 22, start: 104, milliseconds: 2 },
  ],
  start: 100,
  milliseconds: 8,
  device: {
    launches: [launch('matmul', 101.5, 2), launch('matmul', 105, 1), launch('adam', 105.5, 1, 500)],
    host: [
      { what: 'submit', start: 101, milliseconds: 0.5 },
      { what: 'submit', start: 106.25, milliseconds: 0.25 },
      { what: 'wait', start: 106.5, milliseconds: 1 },
      { what: 'wait', start: 107, milliseconds: 1 },
    ],
    onHost: false,
    method: 'made up',
    clockError: 0.25,
  },
  after: { steps: [{ step: 23, start: 110, milliseconds: 1 }], start: 110, milliseconds: 3 },
};

const device = { name: 'webgpu', description: 'none' } as const;

describe('a profile', () => {
  it('adds up launches by kernel, variant and shape, and holds them against the roof', () => {
    expect(kernelRows(window.device.launches, peaks)).toEqual([
      {
        kernel: 'matmul',
        variant: 'RELU',
        shape: '2×3',
        calls: 2,
        flops: 4e6,
        bytes: 1e6,
        milliseconds: 3,
        median: 2,
        // 0.4 ms of arithmetic, 1 ms of traffic.
        roof: { bound: 'memory', seconds: 1e-3 },
      },
      expect.objectContaining({ kernel: 'adam', calls: 1, roof: { bound: 'arithmetic', seconds: 4e-4 } }),
    ]);
    const tiny = { ...launch('tally', 1, 1), flops: 10, bytes: 10 };
    expect(kernelRows([tiny], peaks)[0]!.roof).toEqual({ bound: 'launch', seconds: 1e-6 });
    const vast = { ...launch('copy', 1, 1), flops: 0, bytes: 1e9 };
    expect(kernelRows([vast], peaks)[0]!.roof).toEqual({ bound: 'memory', seconds: 1 });
  });

  it('tells what the host does', () => {
    const { host, unprofiled } = profileOf(window, device, undefined);
    // The second submit and the waits lie between steps, and the waits overlap.
    expect(host).toEqual({ encode: 3.5, submit: 0.75, wait: 1.5, kernels: 0, other: 2.25 });
    expect(unprofiled).toEqual({ steps: 1, milliseconds: 3, host: 1 });
    const onHost = profileOf(
      { ...window, device: { ...window.device, onHost: true, host: [] } },
      device,
      undefined,
    );
    expect(onHost.host).toMatchObject({ kernels: 3.5, submit: 0, wait: 0 });
    expect(covered([])).toBe(0);
  });

  it('prints rates of the median launch and shares of the step', () => {
    const text = profileText(profileOf(window, device, peaks));
    const cells = (name: string): string[] => RegExp(`^${name} .*$`, 'm').exec(text)![0].split(/ {2,}/);
    // Two calls in two steps: 1.5 ms of 4 a step; 4 MFLOP and 1 MB in 2 ms, for which 1 ms would do.
    expect(cells('matmul')).toEqual([
      'matmul',
      'RELU',
      '2×3',
      '1',
      '1.500',
      '37.50 %',
      '2000.0',
      '2.00',
      '0.50',
      '50.00 %',
      'memory',
    ]);
    expect(cells('all')).toEqual(['all', '1.50', '2.000', '50.00 %']);
    expect(text).toContain('steps 21 to 22');
    expect(text).toContain('4.000 ms, in which the host makes launches 1.750 ms (43.75 %)');
    expect(text).toContain('not profiled   3.000 ms');
    expect(text).toContain('arithmetic at 10.0 GFLOP/s');
  });

  it('prints calls alone where the device keeps no time', () => {
    const launches = window.device.launches.map((each) => ({
      ...each,
      start: undefined,
      milliseconds: undefined,
    }));
    const untimed = { ...window, device: { ...window.device, launches } };
    const profile = profileOf(untimed, device, undefined);
    expect(profile.kernels[0]).toMatchObject({
      kernel: 'matmul',
      calls: 2,
      milliseconds: null,
      median: null,
    });
    expect(profileText(profile)).toMatch(/^matmul +RELU +2×3 +1 +– +– +– +– +– +– +–$/m);
    expect(profileText(profile)).toContain('no peaks are measured');
    expectTrace(traceOf(untimed, 'none'));
  });

  it('draws a trace whose rows nest, overlapping launches in rows of their own', () => {
    const trace = traceOf(window, 'a device');
    const spans = expectTrace(trace);
    expect(spans.map(({ name, pid, tid, ts, dur }) => [name, pid, tid, ts, dur])).toEqual([
      ['step', 1, 1, 0, 2000],
      ['submit', 1, 1, 1000, 500],
      ['step', 1, 1, 4000, 2000],
      ['submit', 1, 1, 6250, 250],
      ['wait', 1, 1, 6500, 1000],
      ['step, not profiled', 1, 1, 10000, 1000],
      ['wait', 1, 2, 7000, 1000],
      ['matmul', 2, 1, 1500, 2000],
      ['matmul', 2, 1, 5000, 1000],
      ['adam', 2, 2, 5500, 1000],
    ]);
    expect(spans.at(-1)!.args).toEqual({ variant: 'RELU', shape: '2×3', flops: 4e6, bytes: 500 });
  });
});

describe('profiling on the CPU', () => {
  profileSuite(() => open('cpu'));
});

describe('profiling the plain CPU backend', () => {
  it('says which kernels ran in WebAssembly', async () => {
    const variants = async (reference: boolean): Promise<string[]> => {
      const backend = await open('cpu', { reference });
      const out = backend.allocate('float32', 4);
      const x = backend.allocate('float32', 4);
      const profiling = profileRequests(backend);
      backend.run('accumulate', { x, out }, { size: 4, xOffset: 0, outOffset: 0 });
      backend.run('fill', { out }, { size: 4, value: 1 }, { Element: 'f32' });
      const { launches, onHost } = await profiling.stop();
      expect(onHost).toBe(true);
      return countLaunches(launches).map(({ kernel, variant, bytes }) => `${kernel} ${variant} ${bytes}`);
    };
    expect(await variants(false)).toEqual(['accumulate SIMD 48', 'fill  16']);
    expect(await variants(true)).toEqual(['accumulate  48', 'fill  16']);
  });
});
