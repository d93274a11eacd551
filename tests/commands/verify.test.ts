import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readJournal } from '../../src/pipeline/runs/journal/journal.ts';
import type { Receipt } from '../../src/pipeline/runs/verification/receipt.ts';
import { callCommand, copyLatest, spawnCommand, trainTiny } from './commands.ts';

function receiptOf(path: string): Receipt {
  return JSON.parse(readFileSync(join(path, 'verification.json'), 'utf8')) as Receipt;
}

function edit(path: string, from: string | RegExp, to: string): void {
  const text = readFileSync(path, 'utf8');
  const edited = text.replace(from, to);
  expect(edited).not.toBe(text);
  writeFileSync(path, edited);
}

describe('src/verify.ts', () => {
  const root = mkdtempSync(join(tmpdir(), 'wgrad-test-'));
  beforeAll(() => trainTiny(root));
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  it('reproduces a run to its end, weights included', async () => {
    const { code, stdout, stderr } = await spawnCommand('verify', 'latest', '--runs', root);
    expect(stdout).toMatch(/verdict +reproduced\n/);
    expect(stderr).toContain('verification.json');
    expect(code).toBe(0);
    const path = join(root, 'latest');
    const receipt = receiptOf(path);
    const records = readJournal(join(path, 'metrics.jsonl'));
    expect(receipt).toMatchObject({
      reproduced: true,
      extent: 'run',
      equalReadings: records.length,
      equalSteps: 20,
      firstDifference: null,
    });
    expect(receipt.weightsSha256.now).toBe(receipt.weightsSha256.recorded);
    // The training noted the weights at the end of each epoch; the best of them are the final ones.
    const noted = records.flatMap(({ weightsSha256 }) => weightsSha256 ?? []);
    expect(noted).toHaveLength(2);
    expect(noted).toContain(receipt.weightsSha256.now);
  });

  it('reproduces the first steps', async () => {
    const { path } = copyLatest(root);
    const { code, stdout } = await callCommand('verify', path, '--steps', '9', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      reproduced: true,
      extent: 'part',
      equalReadings: 2,
      equalSteps: 8,
      weightsSha256: { now: null },
    });
  });

  it('names the first reading that differs, and what is another in the environment', async () => {
    const { path } = copyLatest(root);
    const { metrics } = readJournal(join(path, 'metrics.jsonl'))[1]!;
    // In the last bit only.
    const other = metrics['loss']! * (1 + Number.EPSILON);
    expect(other).not.toBe(metrics['loss']);
    edit(join(path, 'metrics.jsonl'), String(metrics['loss']), String(other));
    edit(join(path, 'environment.json'), /"node": "[^"]*"/, '"node": "18.0.0"');
    const { code, stdout } = await callCommand('verify', path);
    expect(code).toBe(1);
    expect(stdout).toContain('after step 4, seen at step 8: train loss');
    expect(stdout).toContain('recorded "18.0.0"');
    expect(stdout).toMatch(/verdict +not reproduced/);
    const { firstDifference, environmentDifferences } = receiptOf(path);
    expect(firstDifference).toMatchObject({
      step: 8,
      lastEqualStep: 4,
      recorded: other,
      now: metrics['loss'],
    });
    expect(environmentDifferences).toEqual([
      { field: 'node', recorded: '18.0.0', now: process.versions.node },
    ]);
  });

  it('sees that another seed was used', async () => {
    const { path } = copyLatest(root);
    edit(join(path, 'config.yaml'), 'seed: 42', 'seed: 43');
    const { code } = await callCommand('verify', path);
    expect(code).toBe(1);
    expect(receiptOf(path).firstDifference).toMatchObject({ step: 4, lastEqualStep: 0 });
  });

  it('sees weights that differ where no reading does', async () => {
    const { path } = copyLatest(root);
    edit(
      join(path, 'summary.json'),
      /"weightsSha256": "[0-9a-f]{64}"/,
      `"weightsSha256": "${'0'.repeat(64)}"`,
    );
    const { code } = await callCommand('verify', path);
    expect(code).toBe(1);
    expect(receiptOf(path)).toMatchObject({ reproduced: false, extent: 'run', firstDifference: null });
  });

  it('compares as far as it goes where the time was up, however long that takes now', async () => {
    const { path } = copyLatest(root);
    edit(join(path, 'config.yaml'), 'epochs: 2', 'epochs: 3');
    edit(join(path, 'config.yaml'), 'train:\n', 'train:\n  maxMinutes: 1e-6\n');
    edit(join(path, 'summary.json'), '"stopped": "epochs"', '"stopped": "maxMinutes"');
    const { code, stdout } = await callCommand('verify', path);
    expect(stdout).toMatch(/verdict +reproduced as far as it was compared\n/);
    expect(code).toBe(0);
    expect(receiptOf(path)).toMatchObject({ reproduced: true, extent: 'part', equalSteps: 20 });
  });

  it('compares as far as it goes where a run was stopped', async () => {
    const { path } = copyLatest(root);
    rmSync(join(path, 'summary.json'));
    const lines = readFileSync(join(path, 'metrics.jsonl'), 'utf8').split('\n').slice(0, 3);
    writeFileSync(join(path, 'metrics.jsonl'), `${lines.join('\n')}\n{"kind":"tr`);
    const { code } = await callCommand('verify', path);
    expect(code).toBe(0);
    expect(receiptOf(path)).toMatchObject({
      reproduced: true,
      extent: 'part',
      equalReadings: 3,
      weightsSha256: { recorded: null, now: null },
    });
  });

  it.each([
    ['no journal', 'metrics.jsonl', undefined, 'metrics.jsonl'],
    ['a corrupt journal', 'metrics.jsonl', 'no record\n', 'is not a metrics record'],
    ['an empty journal', 'metrics.jsonl', '', 'no reading to compare with'],
    ['a corrupt environment', 'environment.json', '{', 'is not JSON'],
    ['a corrupt summary', 'summary.json', '{}', 'weightsSha256'],
  ])('refuses a run with %s', async (_, file, content, expected) => {
    const { path } = copyLatest(root);
    if (content === undefined) rmSync(join(path, file));
    else writeFileSync(join(path, file), content);
    const { code, stdout, stderr } = await callCommand('verify', path);
    expect(stderr).toContain(expected);
    expect(stderr).not.toContain('    at ');
    expect(stdout).toBe('');
    expect(code).toBe(1);
  });

  it.each([
    ['no run', [], 'missing argument <run>'],
    ['steps that are none', ['latest', '--steps', 'all'], '--steps'],
    ['an unknown device', ['latest', '--device', 'tpu'], 'webgpu, cpu or auto'],
    ['an unknown option', ['latest', '--fast'], '--fast'],
  ])('refuses %s with exit code 2', async (_, args, expected) => {
    const { code, stderr } = await callCommand('verify', ...args);
    expect(stderr).toContain(expected);
    expect(code).toBe(2);
  });

  it('says where the first reading is when fewer steps are asked for', async () => {
    const { path } = copyLatest(root);
    const { code, stderr } = await callCommand('verify', path, '--steps', '3');
    expect(stderr).toContain('the first is at step 4');
    expect(code).toBe(1);
  });
});
