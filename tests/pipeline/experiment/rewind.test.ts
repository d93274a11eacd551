import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Checkpoint } from '../../../src/pipeline/checkpoint/checkpoint.ts';
import { rewindRun } from '../../../src/pipeline/experiment/resume.ts';
import { temporaryFolder } from '../files/disks.ts';

const all = [
  { kind: 'train', epoch: 1, step: 2, metrics: { loss: 2 } },
  { kind: 'train', epoch: 1, step: 4, metrics: { loss: 1 } },
  { kind: 'validation', epoch: 1, step: 4, metrics: { loss: 1.5 } },
  { kind: 'predictions', epoch: 1, step: 4, confusion: [[1]], wrong: [] },
  { kind: 'histograms', epoch: 1, step: 4, histograms: {} },
  { kind: 'train', epoch: 2, step: 6, metrics: { loss: 0.5 } },
  { kind: 'train', epoch: 2, step: 8, metrics: { loss: 0.4 } },
  { kind: 'validation', epoch: 2, step: 8, metrics: { loss: 1 } },
  { kind: 'predictions', epoch: 2, step: 8, confusion: [[1]], wrong: [] },
  { kind: 'histograms', epoch: 2, step: 8, histograms: {} },
  { kind: 'test', epoch: 2, step: 8, metrics: { loss: 1 } },
  { kind: 'end', epoch: 2, step: 8, status: 'finished' },
];

function runFolder(): string {
  const path = temporaryFolder();
  mkdirSync(join(path, 'checkpoints'));
  writeFileSync(join(path, 'metrics.jsonl'), all.map((record) => `${JSON.stringify(record)}\n`).join(''));
  writeFileSync(join(path, 'summary.json'), '{}');
  for (const folder of ['.', 'checkpoints']) {
    writeFileSync(join(path, folder, '.half.json.0123456789ab.tmp'), 'half');
  }
  return path;
}

async function rewound(position?: Checkpoint['position']): Promise<string> {
  const path = runFolder();
  const directory = { id: 'run', path, checkpoints: join(path, 'checkpoints') };
  const checkpoint = position && ({ position } as Checkpoint);
  await rewindRun({ directory, checkpoint } as Parameters<typeof rewindRun>[0]);
  expect(readdirSync(path).filter((name) => name !== 'metrics.jsonl')).toEqual(['checkpoints']);
  expect(readdirSync(join(path, 'checkpoints'))).toEqual([]);
  return join(path, 'metrics.jsonl');
}

test.each([
  ['the end of the last epoch: what comes again goes', { epoch: 2, step: 8 }, all.slice(0, 10)],
  ['the middle of an epoch', { epoch: 1, step: 6 }, all.slice(0, 6)],
  ['the end of an epoch', { epoch: 1, step: 4 }, all.slice(0, 5)],
  ['the middle of the first epoch', { epoch: 0, step: 3 }, all.slice(0, 1)],
])('a journal goes back to %s', async (_, position, kept) => {
  const lines = readFileSync(await rewound(position), 'utf8')
    .trimEnd()
    .split('\n');
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(kept);
});

test('without a checkpoint nothing of the journal stays', async () => {
  expect(existsSync(await rewound())).toBe(false);
});
