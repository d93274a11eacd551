import { beforeEach, expect, it, vi } from 'vitest';
import type { AdapterCounts } from '../../bench/countsBaseline.ts';
import { callMain } from '../commands/commands.ts';

const counted = vi.hoisted(() => ({ adapter: '', counts: {} }));
vi.mock('../../bench/counts.ts', () => ({ countSteps: () => Promise.resolve(counted) }));

const { default: committed } = (await import('../../bench/counts.json', { with: { type: 'json' } })) as {
  default: Record<string, AdapterCounts>;
};
const [adapter, figures] = Object.entries(committed)[0]!;

beforeEach(() => {
  Object.assign(counted, { adapter, counts: structuredClone(figures) });
});

it('npm run bench -- --counts --check ends with 0 while no figure grew', async () => {
  const { code, stdout } = await callMain('bench/main.ts', '--counts', '--check');
  expect({ code, stdout }).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('all figures are those') as string,
  });
});

it('npm run bench -- --counts --check ends with 1, and names the figure, when one grew', async () => {
  const { mlp, ...others } = figures;
  const dispatches = mlp!.step['dispatches']! + 1;
  counted.counts = { ...others, mlp: { ...mlp!, step: { ...mlp!.step, dispatches } } };
  const { code, stdout } = await callMain('bench/main.ts', '--counts', '--check');
  expect(code).toBe(1);
  expect(stdout).toContain(`dispatches a step grew from ${dispatches - 1} to ${dispatches}`);
});
