import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseConfiguration, printConfiguration } from '../../../src/pipeline/config/configuration.ts';
import type { TrackerName } from '../../../src/pipeline/config/configuration.ts';
import { FASHION_MNIST_DESCRIPTION } from '../../../src/pipeline/data/description.ts';
import { type JournalRecord, openJournal } from '../../../src/pipeline/runs/journal/journal.ts';
import type { TrackedRun } from '../../../src/pipeline/tracking/tracker.ts';
import { temporaryFolder } from '../files/disks.ts';

export const STARTED: number = Date.parse('2026-11-24T13:44:55Z');
export const ID = '20261124-134455-small';

/** The records of a run of `epochs` epochs of 10 steps each, and of its end. */
export function sampleRecords(epochs: number): JournalRecord[] {
  const records: JournalRecord[] = [];
  const add = (record: JournalRecord): void => {
    records.push({ ...record, time: STARTED + 1000 * (records.length + 1) });
  };
  for (let epoch = 1; epoch <= epochs; epoch++) {
    for (const step of [10 * epoch - 5, 10 * epoch]) {
      add({ kind: 'train', epoch, step, metrics: { loss: 1 / step, accuracy: 0.5 } });
    }
    const place = { epoch, step: 10 * epoch };
    add({ kind: 'validation', ...place, metrics: { accuracy: 0.25, loss: epoch === 1 ? NaN : 0.5 } });
    const wrong = [{ row: 3, actual: 3, predicted: 6 }];
    add({
      kind: 'predictions',
      ...place,
      confusion: [
        [2, 1],
        [0, 3],
      ],
      wrong,
    });
    const weight = { min: -1, max: 2, sum: 3.5, sumSquares: 7.25, counts: [1, 0, 3] };
    add({ kind: 'histograms', ...place, histograms: { '1.weight': weight } });
  }
  add({ kind: 'test', epoch: epochs, step: 10 * epochs, metrics: { accuracy: 0.75, loss: 0.5 } });
  add({ kind: 'end', epoch: epochs, step: 10 * epochs, status: 'finished' });
  return records;
}

interface RunParts {
  readonly tracking?: readonly TrackerName[];
  readonly lr?: number;
  readonly tags?: readonly string[];
}

/** A run's folder under `root`, with the records in its journal. */
export function writeRun(
  root: string,
  id: string,
  records: readonly JournalRecord[],
  { tracking = [], lr = 0.01, tags = [] }: RunParts = {},
): TrackedRun {
  const path = join(root, id);
  const configuration = parseConfiguration({
    name: 'small',
    model: { name: 'mlp', hidden: [] },
    optimizer: { name: 'adam', lr },
    run: { dir: root, tags },
    tracking,
  });
  const environment = { startedAt: new Date(STARTED).toISOString(), git: { commit: 'a'.repeat(40) } };
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, 'config.yaml'), printConfiguration(configuration));
  writeFileSync(join(path, 'environment.json'), JSON.stringify(environment));
  const journal = openJournal(join(path, 'metrics.jsonl'));
  for (const record of records) journal.append(record);
  journal.close();
  const images = Uint8Array.from({ length: 5 * 784 }, (_, at) => at % 251);
  const set = { images, labels: Uint8Array.from([0, 1, 2, 3, 4]), count: 5 };
  return {
    id,
    path,
    configuration,
    labels: configuration.run,
    environment,
    startedAt: STARTED,
    data: () =>
      Promise.resolve({
        train: set,
        test: set,
        checksums: {},
        version: '',
        description: FASHION_MNIST_DESCRIPTION,
      }),
  };
}

export function sampleRun(records: readonly JournalRecord[] = []): TrackedRun {
  return writeRun(temporaryFolder(), ID, records);
}
