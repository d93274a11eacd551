import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { writeSummary } from '../../../src/pipeline/runs/summary.ts';
import type { Summary } from '../../../src/pipeline/runs/summary.ts';
import { temporaryFolder } from '../files/disks.ts';

const summary: Summary = {
  testAccuracy: 0.8912,
  testLoss: 0.31,
  validation: { accuracy: 0.9, loss: NaN },
  stopped: 'epochs',
  epochs: 10,
  steps: 4300,
  bestEpoch: 9,
  samplesPerSecond: 12_000,
  secondsToFirstStep: 0.9,
  seconds: 51.5,
  device: 'webgpu',
  precision: 'float32',
  seed: 42,
  parameterCount: 235_146,
  weightsSha256: 'ab'.repeat(32),
};

it('writes readable JSON, NaN as a string', async () => {
  const path = join(temporaryFolder(), 'summary.json');
  await writeSummary(path, summary);
  const text = readFileSync(path, 'utf8');
  expect(text).toMatch(/^\{\n {2}"testAccuracy": 0.8912,\n/);
  expect(JSON.parse(text)).toEqual({ ...summary, validation: { accuracy: 0.9, loss: 'NaN' } });
});

it('names what cannot be written', async () => {
  const path = join(temporaryFolder(), 'no', 'summary.json');
  await expect(writeSummary(path, summary)).rejects.toThrow(
    /summary.json: cannot be written: its folder does not/,
  );
});
