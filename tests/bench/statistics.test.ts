import { describe, expect, it } from 'vitest';
import { callsFor, median, summarise } from '../../bench/statistics.ts';

describe('statistics', () => {
  it('takes the middle value, or the mean of the two middle ones', () => {
    expect(median([5, 1, 100])).toBe(5);
    expect(median([4, 1, 100, 2])).toBe(3);
    expect(median([])).toBeNaN();
  });

  it('says how far samples lie apart', () => {
    expect(summarise([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3, samples: 3 });
  });

  it('calls what is short often enough for a sample, and what is long once', () => {
    expect(callsFor(0.5, 100)).toBe(200);
    expect(callsFor(5000, 100)).toBe(1);
    expect(callsFor(0, 100)).toBe(2000);
  });
});
