import { describe, expect, it } from 'vitest';
import { type AdapterCounts, checkCounts } from '../../bench/countsBaseline.ts';

const ADAPTER = 'llvmpipe, subgroups from 8';
const counts = (dispatches: number, bytesAlive: number): AdapterCounts => ({
  mlp: { step: { dispatches }, total: { bytesAlive } },
});
const baseline = { [ADAPTER]: counts(15, 1000) };

describe('counts against the committed ones', () => {
  it('pass where nothing changed', () => {
    const { passes, lines } = checkCounts(ADAPTER, baseline, counts(15, 1000));
    expect(passes).toBe(true);
    expect(lines).toEqual(['all figures are those of the committed baseline']);
  });

  it('fail, with its name, where a figure grew', () => {
    const { passes, lines } = checkCounts(ADAPTER, baseline, counts(16, 900));
    expect(passes).toBe(false);
    expect(lines).toContain('mlp: dispatches a step grew from 15 to 16');
    expect(lines).toContain('mlp: bytesAlive fell from 1000 to 900');
  });

  it('pass, out loud, where a figure fell', () => {
    const { passes, lines } = checkCounts(ADAPTER, baseline, counts(14, 1000));
    expect(passes).toBe(true);
    expect(lines[0]).toBe('mlp: dispatches a step fell from 15 to 14');
  });

  it('fail where a figure is new and not 0', () => {
    const now = { mlp: { step: { dispatches: 15, bytesRead: 4 }, total: { bytesAlive: 1000 } } };
    expect(checkCounts(ADAPTER, baseline, now).passes).toBe(false);
  });

  it('say where there is nothing to compare with', () => {
    const { passes, lines } = checkCounts('another', baseline, counts(99, 1));
    expect(passes).toBe(true);
    expect(lines[0]).toContain("no figures of an adapter 'another'");
  });
});
