/** Versions of the data set on the disk: `data/processed/NAME`, with `data/processed/NAME.dvc` beside it. */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setImmediate as breathe } from 'node:timers/promises';

import { PIXELS, SIZE } from '../corruptions/image.ts';
import { type DataFile, md5 } from '../dataFile.ts';
import { describeDirectory, hashDirectory } from '../dvc/hash.ts';
import {
  describePath,
  findPointer,
  type Pointer,
  pointerPath,
  sameVersion,
  writePointer,
} from '../dvc/pointer.ts';
import { DataError } from '../errors.ts';
import { FASHION_MNIST_FILES, type FashionMnist, type ImageSet, loadFashionMnist } from '../fashionMnist.ts';
import { writeIdxImages, writeIdxLabels } from '../idx.ts';
import type { Reporter } from '../reporter.ts';
import { storeFile } from '../../files/atomicFile.ts';
import { CARD, croissant, datasetCard, METADATA } from './card.ts';
import { DEFINITIONS, type Definition, readDefinition, requireVariantName } from './definition.ts';
import { applySteps, imagesOf, type ImageSource } from './images.ts';

export interface PrepareOptions {
  /** Gives the images that versions are made from. */
  readonly source: () => Promise<FashionMnist>;
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
  /** Folder of the definitions; default {@link DEFINITIONS}. */
  readonly definitions?: string;
  /** What to do where a pointer file names another version: write it anew, or refuse; default refuse. */
  readonly repoint?: boolean;
}

/** A version on the disk. */
export interface Prepared {
  readonly folder: string;
  /** DVC's hash of the folder. */
  readonly md5: string;
  /** Whether it had to be made. */
  readonly made: boolean;
}

/** Where a version is kept: beside the folder of the data set itself. */
export function variantFolder(root: string, name: string): string {
  requireVariantName(name);
  return join(dirname(root), 'processed', name);
}

/**
 * Makes a version of the data set, unless an intact one is there already: one that its pointer file names. It appears
 * whole or not at all: it is made in a temporary folder beside it, which is renamed.
 *
 * @throws DataError when there is no such definition, a step is impossible, or a pointer file names another version
 *   than the one made
 * @throws FileError when the disk cannot be written
 */
export async function prepareVariant(root: string, name: string, options: PrepareOptions): Promise<Prepared> {
  const folder = variantFolder(root, name);
  const definition = await readDefinition(name, options.definitions ?? DEFINITIONS);
  const pointer = await findPointer(folder);
  if (pointer !== undefined && existsSync(folder)) {
    const problem = await findProblem(folder, pointer, definition);
    if (problem === undefined) return { folder, md5: pointer.md5, made: false };
    options.reporter.note(`${folder}: ${problem}; it is made anew`);
  }
  const files = await materialise(definition, await options.source(), options);
  return await replaceFolder(folder, files, options);
}

/**
 * Loads a version, after comparing every file with the pointer file.
 *
 * @throws DataError when folder or pointer file are missing, or do not belong together
 */
export async function loadVariant(root: string, name: string): Promise<FashionMnist> {
  const folder = variantFolder(root, name);
  const fix = `run: npx tsx src/data.ts prepare ${name}`;
  const pointer = await findPointer(folder);
  if (pointer === undefined || !existsSync(folder)) {
    throw new DataError(`${folder}: not there, or without its pointer file`, { fix });
  }
  const found = await hashDirectory(folder);
  if (found.md5 !== pointer.md5) {
    throw new DataError(`${folder}: changed`, {
      expected: `md5 ${pointer.md5}, as ${pointerPath(folder)} says`,
      got: found.md5,
      fix,
    });
  }
  const sums = new Map(found.files.map((file) => [file.relpath, file]));
  const described = ({ name: file }: DataFile): DataFile => {
    const { size, md5 } = sums.get(file) ?? { size: 0, md5: '' };
    return { name: file, bytes: size, md5 };
  };
  const { trainImages, trainLabels, testImages, testLabels } = FASHION_MNIST_FILES;
  return loadFashionMnist(folder, {
    files: {
      trainImages: described(trainImages),
      trainLabels: described(trainLabels),
      testImages: described(testImages),
      testLabels: described(testLabels),
    },
  });
}

async function findProblem(
  folder: string,
  pointer: Pointer,
  definition: Definition,
): Promise<string | undefined> {
  if (!sameVersion(pointer, await describePath(folder))) {
    return `not the version that ${pointerPath(folder)} names`;
  }
  const text = await readFile(join(folder, DEFINITION), 'utf8').catch(() => '');
  return text === definitionText(definition) ? undefined : 'made from another definition';
}

/** Keeps what a version was made from with it. */
const DEFINITION = 'definition.json';

function definitionText(definition: Definition): string {
  return `${JSON.stringify(definition, null, 2)}\n`;
}

type Files = readonly { readonly name: string; readonly bytes: Buffer }[];

/** The files of a version: four IDX archives, its card and its metadata. */
async function materialise(
  definition: Definition,
  source: FashionMnist,
  { reporter, signal }: PrepareOptions,
): Promise<Files> {
  const { name, seed } = definition;
  const { trainImages, trainLabels, testImages, testLabels } = FASHION_MNIST_FILES;
  const train = applySteps(imagesOf(source.train), definition.train, seed);
  const test = applySteps(imagesOf(source.test), definition.test, seed);
  const total = train.labels.length + test.labels.length;
  let done = 0;
  const report = (images: number): void => {
    done += images;
    reporter.progress(name, done * PIXELS, total * PIXELS);
    signal.throwIfAborted();
  };
  try {
    const archives = [
      { name: trainImages.name, bytes: imageArchive(await drawAll(train, report)) },
      { name: trainLabels.name, bytes: writeIdxLabels(train.labels) },
      { name: testImages.name, bytes: imageArchive(await drawAll(test, report)) },
      { name: testLabels.name, bytes: writeIdxLabels(test.labels) },
    ];
    const evidence = {
      definition,
      sources: source.checksums,
      files: archives,
      trainLabels: train.labels,
      testLabels: test.labels,
    };
    return [
      ...archives,
      { name: CARD, bytes: Buffer.from(datasetCard(evidence)) },
      { name: METADATA, bytes: Buffer.from(croissant(evidence)) },
      { name: DEFINITION, bytes: Buffer.from(definitionText(definition)) },
    ];
  } finally {
    reporter.progressEnd();
  }
}

const CHUNK = 500;

/** Draws every image, in pieces between which an interruption is noticed. */
async function drawAll({ labels, image }: ImageSource, report: (images: number) => void): Promise<ImageSet> {
  const count = labels.length;
  const images = new Uint8Array(count * PIXELS);
  for (let start = 0; start < count; start += CHUNK) {
    const end = Math.min(count, start + CHUNK);
    for (let index = start; index < end; index++) images.set(image(index), index * PIXELS);
    await breathe();
    report(end - start);
  }
  return { images, labels, count };
}

function imageArchive({ images, count }: ImageSet): Buffer {
  return writeIdxImages({ count, rows: SIZE, columns: SIZE, pixels: images });
}

async function replaceFolder(folder: string, files: Files, options: PrepareOptions): Promise<Prepared> {
  const temporary = join(dirname(folder), `.${randomUUID()}.tmp`);
  const name = folder.slice(dirname(folder).length + 1);
  const made = join(temporary, name);
  // Not hashed on the disk: .dvcignore leaves out temporary folders.
  const { md5: version } = describeDirectory(
    files.map(({ name, bytes }) => ({ relpath: name, md5: md5(bytes), size: bytes.length })),
  );
  try {
    for (const file of files) {
      options.signal.throwIfAborted();
      await storeFile(join(made, file.name), file.bytes);
    }
    const pointer = await findPointer(folder);
    if (pointer !== undefined && pointer.md5 !== version) {
      if (!options.repoint) {
        throw new DataError(`${pointerPath(folder)}: names another version than its definition gives`, {
          expected: pointer.md5,
          got: version,
          fix: `to have the new one, run: npx tsx src/data.ts prepare ${name}`,
        });
      }
      options.reporter.note(`${pointerPath(folder)}: named ${pointer.md5}, now ${version}`);
    }
    const unchanged = existsSync(folder) && (await hashDirectory(folder)).md5 === version;
    if (!unchanged) {
      if (existsSync(folder)) await rename(folder, join(temporary, 'before'));
      await rename(made, folder);
    }
    await writePointer(folder);
    return { folder, md5: version, made: !unchanged };
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}
