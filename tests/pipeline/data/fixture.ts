import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { onTestFinished } from 'vitest';

import { type DataFile, md5 } from '../../../src/pipeline/data/dataFile.ts';
import { type FashionMnistFiles, listFiles } from '../../../src/pipeline/data/fashionMnist.ts';
import { writeIdxImages, writeIdxLabels } from '../../../src/pipeline/data/idx.ts';
import { type Reporter } from '../../../src/pipeline/data/reporter.ts';

/** A folder that is removed when the test ends. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'wgrad-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A data set of the real form and names with a handful of images, and the bytes of its files by name. */
export interface SmallDataSet {
  readonly files: FashionMnistFiles;
  readonly bytes: ReadonlyMap<string, Buffer>;
}

export function smallDataSet(): SmallDataSet {
  const bytes = new Map<string, Buffer>();
  const describe = (name: string, content: Buffer): DataFile => {
    bytes.set(name, content);
    return { name, bytes: content.length, md5: md5(content) };
  };
  const files: FashionMnistFiles = {
    trainImages: describe('train-images-idx3-ubyte', images(20)),
    trainLabels: describe('train-labels-idx1-ubyte', labels(20)),
    testImages: describe('t10k-images-idx3-ubyte', images(10)),
    testLabels: describe('t10k-labels-idx1-ubyte', labels(10)),
  };
  return { files, bytes };
}

/** The bytes of each file, in the order of the list. */
export function contents({ files, bytes }: SmallDataSet): [DataFile, Buffer][] {
  return listFiles(files).map((file) => [file, bytes.get(file.name)!]);
}

export interface RecordingReporter extends Reporter {
  readonly notes: string[];
}

export function recordingReporter(): RecordingReporter {
  const notes: string[] = [];
  return {
    notes,
    note: (message) => notes.push(message),
    progress: () => undefined,
    progressEnd: () => undefined,
  };
}

function images(count: number): Buffer {
  // Noise, so that compressing it does not make it small: transfers should take several packets.
  const pixels = Uint8Array.from({ length: count * 784 }, (_, i) => Math.imul(i + count, 2654435761) >>> 24);
  return writeIdxImages({ count, rows: 28, columns: 28, pixels });
}

function labels(count: number): Buffer {
  return writeIdxLabels(Uint8Array.from({ length: count }, (_, i) => i % 10));
}
