import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { BenchResult } from '../../bench/results.ts';
import { temporaryFolder } from '../pipeline/files/disks.ts';

const run = (...args: string[]): Promise<{ stdout: string }> =>
  promisify(execFile)(process.execPath, ['--import', 'tsx', 'bench/main.ts', ...args], { timeout: 120_000 });

describe('npm run bench', () => {
  it('measures one workload on wgrad’s CPU backend alone, and writes the figures', async () => {
    const file = join(temporaryFolder(), 'speed.json');
    const only = ['--only', 'cross-entropy 128', '--contenders', 'wgrad-cpu'];
    const { stdout } = await run('--rounds', '2', ...only, '--out', file);
    expect(stdout).toMatch(/cross-entropy 128×10[^]+wgrad CPU .*1\.00 ×/);
    const result = JSON.parse(readFileSync(file, 'utf8')) as BenchResult;
    expect(result.machine.cores).toBeGreaterThan(0);
    expect(result.participants.map(({ name }) => name)).toEqual(['wgrad-cpu']);
    const [{ measurements } = { measurements: [] }] = result.results;
    expect(measurements[0]?.milliseconds?.samples).toBe(2);
    expect(measurements[0]?.milliseconds?.median).toBeGreaterThan(0);
    expect(measurements[0]?.verdict?.same).toBe(true);
  }, 120_000);

  it('names what there is where it is called wrongly', async () => {
    await expect(run('--contenders', 'keras')).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--contenders takes wgrad-cpu') as string,
    });
    await expect(run('--only', 'rnn')).rejects.toMatchObject({ code: 2 });
  }, 120_000);
});
