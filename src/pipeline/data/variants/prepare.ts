/** Versions of the data set on the disk: `data/processed/NAME`, with `data/processed/NAME.dvc` beside it. */
import { existsSync } from 'node:fs';
import { readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { storeFile, temporaryName } from '../../files/atomicFile.ts';
import { jsonText } from '../../files/json.ts';
import { shellWord } from '../../text/shellWord.ts';
import type { CardFile } from '../card.ts';
import { PIXELS, SIZE } from '../corruptions/image.ts';
import { md5 } from '../dataFile.ts';
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
import {
  DEFAULT_ROOT,
  FASHION_MNIST_FILES,
  type FashionMnist,
  loadFashionMnist,
  mapFiles,
} from '../fashionMnist.ts';
import { writeIdxImages, writeIdxLabels } from '../idx.ts';
import type { Reporter } from '../reporter.ts';
import { CARD, METADATA, variantCard, variantCroissant } from './card.ts';
import { DEFINITIONS, type Definition, readDefinition, requireVariantName } from './definition.ts';
import { applySteps, imagesOf, type LazyImages } from './images.ts';

export interface PrepareOptions {
  /** Loads the original images. */
  readonly original: () => Promise<FashionMnist>;
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
  /** Folder of the definitions; default {@link DEFINITIONS}. */
  readonly definitions?: string;
  /** Whether to rewrite a pointer file that names another version; by default it is refused. */
  readonly repoint?: boolean;
  /** Whether to replace a folder of other content. By default it is refused. */
  readonly replace?: boolean;
}

/** A version on the disk. */
export interface Prepared {
  readonly folder: string;
  /** DVC's hash of the folder. */
  readonly md5: string;
  /** Whether it had to be made. */
  readonly made: boolean;
}

/** The folder of a version: beside that of the data set itself. */
export function variantFolder(root: string, name: string): string {
  requireVariantName(name);
  return join(dirname(root), 'processed', name);
}

/**
 * Makes a version of the data set, unless the one that its pointer file names exists and is intact. The folder appears
 * atomically: it is made under another name, and renamed. A folder that is not as it was prepared may hold the user's own
 * files: it is refused, unless `replace` is set.
 *
 * @throws DataError when there is no such definition, a step is impossible, the pointer file names another version, or
 *   the folder holds something else
 * @throws FileError when the disk cannot be written
 */
export async function prepareVariant(root: string, name: string, options: PrepareOptions): Promise<Prepared> {
  const folder = variantFolder(root, name);
  const definition = await readDefinition(name, options.definitions ?? DEFINITIONS);
  const pointer = await findPointer(folder);
  if (existsSync(folder)) {
    const problem = await findProblem(folder, pointer, definition);
    if (problem === undefined) return { folder, md5: pointer!.md5, made: false };
    if (!problem.isPrepared && !options.replace) throw notPrepared(root, folder, problem.text);
    options.reporter.note(`${folder}: ${problem.text}; it is made again`);
  }
  const files = await materialise(definition, await options.original(), options);
  return replaceFolder(folder, files, options);
}

/**
 * Loads a version, after comparing every file with the pointer file.
 *
 * @throws DataError when folder or pointer file are missing, or do not belong together
 */
export async function loadVariant(root: string, name: string): Promise<FashionMnist> {
  const folder = variantFolder(root, name);
  const pointer = await findPointer(folder);
  if (pointer === undefined || !existsSync(folder)) {
    const fix = `run: ${prepareCommand(root, name)}`;
    throw new DataError(`${folder}: not there, or without its pointer file`, { fix });
  }
  const found = await hashDirectory(folder);
  if (found.md5 !== pointer.md5) {
    throw new DataError(`${folder}: changed`, {
      expected: `md5 ${pointer.md5}, as ${pointerPath(folder)} says`,
      got: found.md5,
      fix: `run: ${prepareCommand(root, name)} --replace`,
    });
  }
  const files = mapFiles(({ name: file }) => {
    const { size = 0, md5 = '' } = found.files.find(({ relpath }) => relpath === file) ?? {};
    return { name: file, bytes: size, md5 };
  });
  return loadFashionMnist(folder, { files });
}

function prepareCommand(root: string, name: string): string {
  const folder = root === DEFAULT_ROOT ? '' : ` --root ${shellWord(root)}`;
  return `npx tsx src/data.ts prepare ${name}${folder}`;
}

interface Problem {
  readonly text: string;
  /** Whether the folder is as it was prepared, so that nothing is lost with it. */
  readonly isPrepared: boolean;
}

/** Why a folder is not the version of a definition; undefined where it is. */
async function findProblem(
  folder: string,
  pointer: Pointer | undefined,
  definition: Definition,
): Promise<Problem | undefined> {
  if (pointer === undefined) return { text: `without ${pointerPath(folder)}`, isPrepared: false };
  if (!sameVersion(pointer, await describePath(folder))) {
    return { text: `not the version that ${pointerPath(folder)} names`, isPrepared: false };
  }
  const text = await readFile(join(folder, DEFINITION), 'utf8').catch(() => '');
  return text === jsonText(definition)
    ? undefined
    : { text: 'made from another definition', isPrepared: true };
}

function notPrepared(root: string, folder: string, problem: string): DataError {
  return new DataError(`${folder}: ${problem}; nothing was written`, {
    expected: 'a folder that was prepared and is unchanged, or none',
    fix:
      'if it holds files of your own, move it away\n' +
      `to replace the folder: ${prepareCommand(root, basename(folder))} --replace`,
  });
}

/** The file of a version that holds its definition. */
const DEFINITION = 'definition.json';

/** The files of a version: four IDX archives, its card, its metadata and its definition. */
async function materialise(
  definition: Definition,
  original: FashionMnist,
  { reporter, signal }: PrepareOptions,
): Promise<CardFile[]> {
  const { name, seed } = definition;
  const { trainImages, trainLabels, testImages, testLabels } = FASHION_MNIST_FILES;
  const train = applySteps(imagesOf(original.train), definition.train, seed);
  const test = applySteps(imagesOf(original.test), definition.test, seed);
  const total = train.labels.length + test.labels.length;
  let done = 0;
  const report = (images: number): void => {
    done += images;
    reporter.progress(name, done * PIXELS, total * PIXELS);
    signal.throwIfAborted();
  };
  try {
    const archives = [
      { name: trainImages.name, bytes: await imageArchive(train, report) },
      { name: trainLabels.name, bytes: writeIdxLabels(train.labels) },
      { name: testImages.name, bytes: await imageArchive(test, report) },
      { name: testLabels.name, bytes: writeIdxLabels(test.labels) },
    ];
    const evidence = {
      definition,
      originals: original.checksums,
      files: archives,
      trainLabels: train.labels,
      testLabels: test.labels,
    };
    return [
      ...archives,
      { name: CARD, bytes: Buffer.from(variantCard(evidence)) },
      { name: METADATA, bytes: Buffer.from(variantCroissant(evidence)) },
      { name: DEFINITION, bytes: Buffer.from(jsonText(definition)) },
    ];
  } finally {
    reporter.progressEnd();
  }
}

const CHUNK = 500;

/** Draws every image; between chunks, interruptions are noticed. */
async function imageArchive(
  { labels, image }: LazyImages,
  report: (images: number) => void,
): Promise<Buffer> {
  const count = labels.length;
  const pixels = new Uint8Array(count * PIXELS);
  for (let start = 0; start < count; start += CHUNK) {
    const end = Math.min(count, start + CHUNK);
    for (let index = start; index < end; index++) pixels.set(image(index), index * PIXELS);
    await nextTurn();
    report(end - start);
  }
  return writeIdxImages({ count, rows: SIZE, columns: SIZE, pixels });
}

async function replaceFolder(
  folder: string,
  files: readonly CardFile[],
  options: PrepareOptions,
): Promise<Prepared> {
  const temporary = temporaryName(folder);
  const name = basename(folder);
  const made = join(temporary, name);
  // Not hashed on the disk: .dvcignore excludes temporary folders.
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
