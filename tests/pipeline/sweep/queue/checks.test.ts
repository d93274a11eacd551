import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parseConfiguration } from '../../../../src/pipeline/config/configuration.ts';
import { writeIdxImages, writeIdxLabels } from '../../../../src/pipeline/data/idx.ts';
import { dataVersion } from '../../../../src/pipeline/data/datasets.ts';
import { codeVersion } from '../../../../src/pipeline/runs/codeVersion.ts';
import { requireSameVersions, requireTrueRecords } from '../../../../src/pipeline/sweep/queue/checks.ts';
import { makeTrial, prepareTrial } from '../../../../src/pipeline/sweep/trial.ts';
import { temporaryFolder } from '../../files/disks.ts';

/** Two images of one pixel in each part. */
function writeData(root: string, grey: number): void {
  for (const part of ['train', 't10k']) {
    const images = writeIdxImages({ count: 2, rows: 1, columns: 1, pixels: Uint8Array.of(grey, 255) });
    writeFileSync(join(root, `${part}-images-idx3-ubyte`), images);
    writeFileSync(join(root, `${part}-labels-idx1-ubyte`), writeIdxLabels(Uint8Array.of(0, 1)));
  }
}

it('data that change under a worker cost it one training, and not one after the other', async () => {
  const root = temporaryFolder();
  writeData(root, 1);
  const configuration = parseConfiguration({
    name: 'x',
    data: { name: 'mine', format: 'idx', root, validation: 0 },
    model: { name: 'mlp' },
    optimizer: { name: 'adam' },
    run: { dir: temporaryFolder() },
  });
  const { signal } = new AbortController();
  const code = codeVersion();
  const trial = makeTrial([], configuration, { data: await dataVersion(configuration.data, signal), code });
  await requireSameVersions(trial, signal);

  // Behind its back: it has found out the version of these data, and keeps that.
  writeData(root, 2);
  await requireSameVersions(trial, signal);
  await prepareTrial(trial);
  const record = { codeVersion: code, dataVersion: await dataVersion(configuration.data, signal) };
  writeFileSync(join(trial.path, 'environment.json'), JSON.stringify(record));
  const refusal = `other data: the trial takes ${trial.versions.data.slice(0, 12)}`;
  await expect(requireTrueRecords(trial)).rejects.toThrow(refusal);
  await expect(requireSameVersions(trial, signal)).rejects.toThrow(refusal);
});
