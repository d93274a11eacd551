import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { storeFiles } from '../../files/atomicFile.ts';
import { shellWord } from '../../text/shellWord.ts';
import { type DataFile, decodeDataFile, isAbsent, maxCompressedBytes, md5 } from '../dataFile.ts';
import { hashDirectory } from '../dvc/hash.ts';
import { DataError } from '../errors.ts';
import { FASHION_MNIST_CONTENTS, FASHION_MNIST_FILES, type FashionMnistFiles } from '../fashionMnist.ts';
import { writeIdxImages, writeIdxLabels } from '../idx.ts';
import { IMAGE_SIZE } from '../images.ts';
import { type Reporter, silentReporter } from '../reporter.ts';
import { contentHash } from './content.ts';
import { readCsvSet } from './csv.ts';
import { type Offer, offersAt } from './offers.ts';

/** What is published, by which imported files are judged. */
export interface Published {
  readonly files: FashionMnistFiles;
  /** See `contentHash`. */
  readonly contents: Readonly<Record<'train' | 'test', string>>;
}

export interface ImportOptions {
  /** Default: Fashion-MNIST. */
  readonly published?: Published;
  /** Whether to replace files of other content. By default they are refused, and nothing is written. */
  readonly replace?: boolean;
  readonly reporter?: Reporter;
  /** Aborts the import before anything is written. */
  readonly signal?: AbortSignal;
}

/** What an import has written. */
export interface Imported {
  readonly files: readonly {
    readonly name: string;
    readonly state: 'written' | 'intact';
    readonly md5: string;
  }[];
  /** The parts whose images are the published ones in another order, as in Kaggle's CSV files. */
  readonly reordered: readonly ('train' | 'test')[];
  /** The version of the folder, `<md5>.dir`. */
  readonly version: string;
}

interface Part {
  readonly name: 'train' | 'test';
  readonly images: DataFile;
  readonly labels: DataFile;
  readonly csv: RegExp;
}

/** The files of a part, to be written. */
interface Read {
  readonly name: Part['name'];
  readonly files: readonly (readonly [DataFile, Uint8Array])[];
  readonly reordered: boolean;
}

/**
 * Fills a folder with Fashion-MNIST from files at hand: Kaggle's archive (zalando-research/fashionmnist), its two CSV files, or the
 * four IDX files, plain or gzip. IDX files go before CSV files.
 *
 * IDX files must be the published ones, byte for byte. The images of a CSV file may come in another order, as Kaggle's do: they are
 * compared as a set, by `contentHash`, and keep their order. All is checked before anything is written; then the files are
 * replaced together.
 *
 * @throws DataError for files that are missing, damaged or not Fashion-MNIST's, and for other files in the folder's place
 * @throws FileError when the folder cannot be written
 * @example await importFashionMnist(['archive.zip'], 'data/raw');
 */
export async function importFashionMnist(
  paths: readonly string[],
  root: string,
  options: ImportOptions = {},
): Promise<Imported> {
  const {
    published = { files: FASHION_MNIST_FILES, contents: FASHION_MNIST_CONTENTS },
    replace = false,
    reporter = silentReporter,
    signal = new AbortController().signal,
  } = options;
  const { trainImages, trainLabels, testImages, testLabels } = published.files;
  const parts: Part[] = [
    { name: 'train', images: trainImages, labels: trainLabels, csv: /(^|[-_.])train\.csv(\.gz)?$/i },
    { name: 'test', images: testImages, labels: testLabels, csv: /(^|[-_.])test\.csv(\.gz)?$/i },
  ];
  const offers = await offersAt(paths);
  const chosen = parts.map((part) => choose(part, offers, paths));
  const reads: Read[] = [];
  for (const [at, part] of parts.entries()) {
    signal.throwIfAborted();
    reads.push(await chosen[at]!(part, published, reporter, signal));
  }
  signal.throwIfAborted();
  const states = await Promise.all(
    reads
      .flatMap(({ files }) => files)
      .map(async ([file, bytes]) => ({ file, bytes, present: await presence(root, file, bytes) })),
  );
  const changed = states.filter(({ present }) => present === 'changed');
  if (changed.length > 0 && !replace) {
    throw new DataError(`${root}: other files are there; nothing was written`, {
      got: changed.map(({ file }) => join(root, file.name)).join('\n'),
      fix: `to replace them, add --replace; for another folder, add --root`,
    });
  }
  const written = states.filter(({ present }) => present !== 'intact');
  await storeFiles(root, new Map(written.map(({ file, bytes }) => [file.name, bytes])));
  return {
    files: states.map(({ file, bytes, present }) => ({
      name: file.name,
      state: present === 'intact' ? 'intact' : 'written',
      md5: md5(bytes),
    })),
    reordered: reads.filter(({ reordered }) => reordered).map(({ name }) => name),
    version: (await hashDirectory(root)).md5,
  };
}

type Reading = (part: Part, published: Published, reporter: Reporter, signal: AbortSignal) => Promise<Read>;

/** How a part is read: from its IDX files, or else from its CSV file. */
function choose(
  { name, images, labels, csv }: Part,
  offers: readonly Offer[],
  paths: readonly string[],
): Reading {
  const [imageOffer, labelOffer] = [images, labels].map((file) =>
    only(offers, (offered) => offered.replace(/\.gz$/i, '') === file.name),
  );
  if (imageOffer && labelOffer) return (part) => readIdxFiles(part, imageOffer, labelOffer);
  const table = only(offers, (offered) => csv.test(offered));
  if (table) return (...rest) => readTable(table, ...rest);
  const names = offers.map((offer) => offer.name);
  throw new DataError(`${paths.join(', ')}: no ${name === 'train' ? 'training' : 'test'} images`, {
    expected: `${images.name} and ${labels.name}, plain or .gz, or fashion-mnist_${name}.csv`,
    got: names.length > 0 ? `${names.slice(0, 10).join('\n')}${names.length > 10 ? '\n…' : ''}` : 'nothing',
    fix: 'give both parts: the archive of https://www.kaggle.com/datasets/zalando-research/fashionmnist, or the files in it',
  });
}

function only(offers: readonly Offer[], fits: (name: string) => boolean): Offer | undefined {
  // What archives of macOS have beside each file.
  const found = offers.filter(({ name, label }) => fits(name) && !label.includes('__MACOSX/'));
  if (found.length <= 1) return found[0];
  throw new DataError('several files for one part of the data', {
    expected: 'one',
    got: found.map(({ label }) => label).join('\n'),
  });
}

async function readIdxFiles({ name, images, labels }: Part, ...offers: readonly Offer[]): Promise<Read> {
  const files: [DataFile, Uint8Array][] = [];
  for (const [at, file] of [images, labels].entries()) {
    const { label, read } = offers[at]!;
    const bytes = await read(maxCompressedBytes(file));
    try {
      files.push([
        file,
        decodeDataFile(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), file, label),
      ]);
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      throw new DataError(error.headline, { ...error.details, fix: 'download it again' }, error);
    }
  }
  return { name, files, reordered: false };
}

async function readTable(
  offer: Offer,
  { name, images, labels }: Part,
  { contents }: Published,
  reporter: Reporter,
  signal: AbortSignal,
): Promise<Read> {
  const count = labels.bytes - 8;
  const set = await readCsvSet(offer, count, reporter, signal);
  const side = { rows: IMAGE_SIZE, columns: IMAGE_SIZE };
  const files = [
    [images, writeIdxImages({ count, ...side, pixels: set.images })],
    [labels, writeIdxLabels(set.labels)],
  ] as const;
  if (files.every(([file, bytes]) => md5(bytes) === file.md5)) return { name, files, reordered: false };
  const hash = contentHash(set);
  if (hash === contents[name]) return { name, files, reordered: true };
  throw new DataError(`${offer.label}: not the images of Fashion-MNIST`, {
    expected: `its ${count} images with their labels, in any order: ${contents[name]}`,
    got: hash,
    fix: 'download it again; data of your own need no import: see docs/guide/your-own-data.md',
  });
}

async function presence(
  root: string,
  { name }: DataFile,
  bytes: Uint8Array,
): Promise<'missing' | 'intact' | 'changed'> {
  const path = join(root, name);
  try {
    const info = await stat(path);
    if (!info.isFile() || info.size !== bytes.length) return 'changed';
    return Buffer.compare(await readFile(path), bytes) === 0 ? 'intact' : 'changed';
  } catch (error) {
    if (isAbsent(error)) return 'missing';
    throw new DataError(`${path}: cannot be read`, { got: (error as Error).message }, error);
  }
}

/** What an import did, for people, and the next command. */
export function importText(root: string, { files, reordered, version }: Imported): string {
  const where = root === 'data/raw' ? '' : ` data.root=${shellWord(root)}`;
  const lines = files.map(({ name, state, md5 }) => `${name.padEnd(24)}  ${state.padEnd(7)}  md5 ${md5}`);
  if (reordered.length === 0) {
    return [
      ...lines,
      `${root}: the published files, byte for byte`,
      `next  npx tsx src/train.ts configs/mlp.yaml${where}`,
    ].join('\n');
  }
  return [
    ...lines,
    `${root}: the published images and labels; the CSV files have those of ${reordered.join(' and ')} in another order`,
    'compared as a set of images with their labels. The order decides on batches and the validation images, so results differ',
    'a little from those of the published files, and the folder is a version of its own, which a training must name:',
    `next  npx tsx src/train.ts configs/mlp.yaml${where} data.version=${version}`,
  ].join('\n');
}
