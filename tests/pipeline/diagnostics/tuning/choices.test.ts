import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { deviation } from '../../../../src/pipeline/diagnostics/tuning/bench.ts';
import { tuningRecord } from '../../../../src/pipeline/diagnostics/tuning/identity.ts';
import { choicesIn } from '../../../../src/pipeline/diagnostics/tuning/record.ts';
import { keepTuning, tuningOf } from '../../../../src/pipeline/diagnostics/tuning/runTuning.ts';
import { loadTuning, tuningPath } from '../../../../src/pipeline/diagnostics/tuning/stored.ts';
import { formatResult } from '../../../../src/pipeline/diagnostics/tuning/tune.ts';
import { info } from './fakeDevice.ts';
import { temporaryFolder } from '../../files/disks.ts';

describe('choices of kernels', () => {
  it('are compared by the largest difference, as a share of the largest number', () => {
    expect(deviation([1, 2.5], [1, 2])).toBe(0.25);
    expect(deviation([0.5, 0], [0, 0])).toBe(0.5);
    expect(deviation([NaN, 1], [0, 1])).toBeNaN();
    // What follows a NaN does not make up for it.
    expect(deviation([1, NaN, 1], [1, 1, 1])).toBeNaN();
    expect(deviation([9, NaN, 1], [1, 1, 1])).toBeNaN();
    expect(deviation([1, 1], [1, Infinity])).not.toBeLessThan(1);
    expect(deviation([], [])).toBe(0);
  });

  it('are told in words', () => {
    const result = { choice: undefined, builtIn: 2, best: 2, compared: 3, candidates: 5, complete: true };
    expect(formatResult('s', result)).toBe('s: built-in 2.00 ms; nothing faster of 3');
    const faster = { ...result, best: 0.5, complete: false, choice: { kernel: 'matmul', tile: {} } as never };
    expect(formatResult('s', faster)).toMatch(
      /^s: built-in 2\.00 ms; 500\.0 µs by matmul.*, 4\.00 times as fast; the time was up, with 3 of 5 compared$/,
    );
  });

  const shape = 'matmul 128x256x1024 NT';
  const choices = { [shape]: { kernel: 'matmul', tile: { TILE_ROWS: 4, WORKGROUP_SIZE: 8 } } } as never;
  const record = (changes: object = {}): object => ({ ...tuningRecord(info, choices), ...changes });

  it('of a record hold for its adapter and its kernels', () => {
    expect(choicesIn(record(), info)).toEqual({ choices });
    const problem = (value: unknown): string => (choicesIn(value, info) as { problem: string }).problem;
    expect(problem(null)).toContain('is no record of a tuning');
    expect(problem(record({ format: 'wgrad tuning 2' }))).toContain("at 'format'");
    expect(problem(record({ kernels: 'f'.repeat(64) }))).toBe('is of other versions of the kernels');
    expect(problem(record({ kernels: 'f' }))).toContain("at 'kernels'");
    expect(problem(tuningRecord({ ...info, device: 'other' }, choices))).toContain(
      "of another adapter or driver: device 'other'",
    );
    expect(problem(record({ choices: { 'softmax 1': { kernel: 'matmul', tile: {} } } }))).toContain(
      'chooses what is no choice here',
    );
    expect(
      problem(
        record({ choices: { [shape]: { kernel: 'matmul', tile: { TILE_ROWS: 5, WORKGROUP_SIZE: 8 } } } }),
      ),
    ).toContain('no choice here');
    expect(problem(record({ choices: { [shape]: { kernel: 'matmul', tile: { TILE_ROWS: 0 } } } }))).toContain(
      'at ',
    );
  });

  it('stored for a device are found by WGRAD_TUNING, and what is not used is said', () => {
    const folder = temporaryFolder();
    onTestFinished(() => void vi.unstubAllEnvs());
    vi.stubEnv('WGRAD_TUNING', 'none');
    expect(loadTuning(info)).toEqual({ choices: {} });
    const path = join(folder, 'mine.json');
    vi.stubEnv('WGRAD_TUNING', path);
    expect(tuningPath(info)).toBe(path);
    expect(loadTuning(info).note).toMatch(/^WGRAD_TUNING is .*mine\.json, and there is no such file\./);
    writeFileSync(path, JSON.stringify(record()));
    expect(loadTuning(info)).toEqual({ choices });
    expect(loadTuning(info, 'built-in')).toEqual({ choices: {} });
    // What a run has kept goes first; what does not fit gives way to what is stored.
    expect(loadTuning(info, { record: record({ choices: {} }), of: 'run' })).toEqual({ choices: {} });
    const other = loadTuning(info, { record: 7, of: 'runs/a/tuning.json' });
    expect(other.choices).toEqual(choices);
    expect(other.note).toMatch(
      /^the choice of kernels in runs\/a\/tuning\.json is no record of a tuning.*; it is not used\.$/,
    );
    writeFileSync(path, '{');
    expect(loadTuning(info)).toMatchObject({
      choices: {},
      note: expect.stringContaining('cannot be read') as string,
    });
    writeFileSync(path, JSON.stringify(record()).padEnd(2 ** 20));
    expect(loadTuning(info)).toEqual({ choices });
    writeFileSync(path, JSON.stringify(record()).padEnd(2 ** 20 + 1));
    expect(loadTuning(info).note).toContain('is too large: at most 1048576 bytes, got 1048577');
    vi.stubEnv('WGRAD_TUNING', '');
    vi.stubEnv('XDG_CACHE_HOME', folder);
    expect(dirname(tuningPath(info))).toBe(join(folder, 'wgrad', 'tuning'));
    expect(loadTuning(info)).toEqual({ choices: {} });
    mkdirSync(dirname(tuningPath(info)), { recursive: true });
    const older = tuningPath(info).replace(/[0-9a-f]{16}\.json$/, `${'0'.repeat(16)}.json`);
    writeFileSync(older, '{}');
    expect(loadTuning(info).note).toContain(
      `${older} is of another driver or of other versions of the kernels`,
    );
  });

  it('of a run are those that it has kept; without them it has the built-in ones once it has started', async () => {
    const folder = temporaryFolder();
    expect(await tuningOf(folder)).toBe('stored');
    await keepTuning(folder, { info, tuning: { choices, description: '' } } as never);
    expect(await tuningOf(folder)).toEqual({ record: record(), of: join(folder, 'tuning.json') });
    await keepTuning(folder, { info } as never);
    expect(await tuningOf(folder)).toBe('stored');
    writeFileSync(join(folder, 'environment.json'), '{}');
    expect(await tuningOf(folder)).toBe('built-in');
    writeFileSync(join(folder, 'tuning.json'), '{');
    expect(await tuningOf(folder)).toEqual({ record: undefined, of: join(folder, 'tuning.json') });
  });
});
