import { describe, expect, it } from 'vitest';
import { roofOver } from '../../../../src/pipeline/diagnostics/profiling/roof.ts';

describe('the roof of a launch', () => {
  const peaks = {
    flops: 1e9,
    bandwidths: [
      { bytes: 100, bytesPerSecond: 1e6 },
      { bytes: 1000, bytesPerSecond: 1e5 },
    ],
    launch: 1e-5,
  };
  it.each([
    [
      { flops: 1e6, bytes: 1 },
      { bound: 'arithmetic', seconds: 1e-3 },
    ],
    [
      { flops: 0, bytes: 100 },
      { bound: 'memory', seconds: 1e-4 },
    ],
    [
      { flops: 0, bytes: 101 },
      { bound: 'memory', seconds: 101 / 1e5 },
    ],
    [
      { flops: 0, bytes: 5000 },
      { bound: 'memory', seconds: 5000 / 1e5 },
    ],
    [
      { flops: 0, bytes: 1 },
      { bound: 'launch', seconds: 1e-5 },
    ],
    // Of equals the first.
    [
      { flops: 1e5, bytes: 100 },
      { bound: 'arithmetic', seconds: 1e-4 },
    ],
  ])('%j is %j', (work, roof) => {
    expect(roofOver(work, peaks)).toEqual(roof);
  });
});
