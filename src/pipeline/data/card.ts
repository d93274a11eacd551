/** Dataset cards for people, and Croissant metadata for programs. */
import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { stringify } from 'yaml';
import { FASHION_MNIST } from '../config/data.ts';
import { jsonText } from '../files/json.ts';
import { md5 } from './dataFile.ts';
import { CLASS_NAMES, type ImageSet } from './images.ts';

/** The home page of Fashion-MNIST. */
export const HOMEPAGE = 'https://github.com/zalandoresearch/fashion-mnist';

export const CITATION =
  'H. Xiao, K. Rasul, R. Vollgraf: Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning Algorithms, arXiv:1708.07747, 2017';

/** A file of a data set. */
export interface CardFile {
  /** Path, relative to the card. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

const DESCRIPTION = `${CLASS_NAMES.length} kinds of clothing as grey images of 28 × 28 pixels, in IDX files.`;

/** The dataset card of Fashion-MNIST: Markdown with the front matter that the Hugging Face Hub reads. */
export function datasetCard(files: readonly CardFile[], train: ImageSet, test: ImageSet): string {
  const frontMatter = stringify({
    pretty_name: 'Fashion-MNIST',
    license: 'mit',
    task_categories: ['image-classification'],
    size_categories: [sizeCategory(train.count + test.count)],
    tags: ['clothing', 'grey images'],
  });
  return `---
${frontMatter}---

# Fashion-MNIST

${DESCRIPTION} All numbers below were computed from the files themselves.

\`npx tsx src/data.ts fetch\` obtains the files and checks them; every run that uses them checks them again.

## Images

28 × 28 grey pixels of 8 bits, 0 is background.

${classTable(train.labels, test.labels)}
| pixels, scaled to [0, 1] | training | test |
| ------------------------ | -------: | ---: |
${pixelRows(train, test)}
Images that are there more than once, byte for byte: ${repeated(train)} among the training images, ${repeated(test)}
among the test images. ${shared(train, test)} test images are also training images.

## Files

${fileTable(files)}
## Source

${CITATION}. ${HOMEPAGE}
`;
}

/** The metadata of Fashion-MNIST; see `croissantText`. */
export function datasetCroissant(files: readonly CardFile[]): string {
  return croissantText({ name: FASHION_MNIST, description: DESCRIPTION, files });
}

/** The contents of Croissant metadata. */
export interface CroissantFacts {
  readonly name: string;
  readonly description: string;
  readonly files: readonly CardFile[];
  /** The original data set. */
  readonly isBasedOn?: object;
}

/**
 * Croissant 1.0 metadata as JSON-LD: the files with their checksums, and the classes. Croissant cannot describe the
 * contents of an IDX file.
 *
 * Source: https://docs.mlcommons.org/croissant/docs/croissant-spec.html
 */
export function croissantText({ name, description, files, isBasedOn }: CroissantFacts): string {
  return jsonText({
    '@context': {
      '@language': 'en',
      '@vocab': 'https://schema.org/',
      citeAs: 'cr:citeAs',
      conformsTo: 'dct:conformsTo',
      cr: 'http://mlcommons.org/croissant/',
      data: { '@id': 'cr:data', '@type': '@json' },
      dataType: { '@id': 'cr:dataType', '@type': '@vocab' },
      dct: 'http://purl.org/dc/terms/',
      field: 'cr:field',
      key: 'cr:key',
      md5: 'cr:md5',
      recordSet: 'cr:recordSet',
      sc: 'https://schema.org/',
    },
    '@type': 'sc:Dataset',
    conformsTo: 'http://mlcommons.org/croissant/1.0',
    name,
    description,
    license: 'https://spdx.org/licenses/MIT.html',
    url: HOMEPAGE,
    citeAs: CITATION,
    ...(isBasedOn && { isBasedOn }),
    distribution: files.map(({ name: path, bytes }) => ({
      '@type': 'cr:FileObject',
      '@id': path,
      name: basename(path),
      contentUrl: path,
      contentSize: `${bytes.length} B`,
      encodingFormat: 'application/octet-stream',
      sha256: createHash('sha256').update(bytes).digest('hex'),
      md5: md5(bytes),
    })),
    recordSet: [
      {
        '@type': 'cr:RecordSet',
        '@id': 'classes',
        name: 'classes',
        dataType: 'sc:Enumeration',
        key: { '@id': 'classes/label' },
        field: [
          { '@type': 'cr:Field', '@id': 'classes/label', name: 'classes/label', dataType: 'sc:Integer' },
          { '@type': 'cr:Field', '@id': 'classes/name', name: 'classes/name', dataType: 'sc:Text' },
        ],
        data: CLASS_NAMES.map((text, label) => ({ 'classes/label': label, 'classes/name': text })),
      },
    ],
  });
}

/** A Markdown table of the classes and how many images each has. */
export function classTable(trainLabels: Uint8Array, testLabels: Uint8Array): string {
  const [train, test] = [countClasses(trainLabels), countClasses(testLabels)];
  return `| label | class | training | test |
| ----: | ----- | -------: | ---: |
${CLASS_NAMES.map((name, label) => `| ${label} | ${name} | ${train[label]!} | ${test[label]!} |\n`).join('')}|  | all | ${trainLabels.length} | ${testLabels.length} |
`;
}

/** A Markdown table of files. */
export function fileTable(files: readonly CardFile[]): string {
  return `| file | bytes | md5 |
| ---- | ----: | --- |
${files.map(({ name, bytes }) => `| ${name} | ${bytes.length} | ${md5(bytes)} |\n`).join('')}`;
}

/** The Hugging Face Hub's category for this number of images. */
export function sizeCategory(images: number): string {
  const limits = [
    [1e3, 'n<1K'],
    [1e4, '1K<n<10K'],
    [1e5, '10K<n<100K'],
  ] as const;
  return limits.find(([limit]) => images < limit)?.[1] ?? '100K<n<1M';
}

function countClasses(labels: Uint8Array): number[] {
  return CLASS_NAMES.map((_, label) => labels.reduce((count, one) => count + (one === label ? 1 : 0), 0));
}

function pixelRows(train: ImageSet, test: ImageSet): string {
  const [ofTrain, ofTest] = [pixelStatistics(train), pixelStatistics(test)];
  const row = (name: string, key: 'mean' | 'std' | 'background'): string =>
    `| ${name} | ${ofTrain[key].toFixed(4)} | ${ofTest[key].toFixed(4)} |\n`;
  return (
    row('mean', 'mean') + row('standard deviation', 'std') + row('share of pixels that are 0', 'background')
  );
}

function pixelStatistics({ images }: ImageSet): { mean: number; std: number; background: number } {
  const histogram = new Array<number>(256).fill(0);
  for (const value of images) histogram[value]!++;
  const moment = (power: number): number =>
    histogram.reduce((sum, count, value) => sum + count * (value / 255) ** power, 0) / images.length;
  const mean = moment(1);
  return { mean, std: Math.sqrt(moment(2) - mean * mean), background: histogram[0]! / images.length };
}

/** How many images are equal to one before them. */
function repeated(set: ImageSet): number {
  const hashes = imageHashes(set);
  return hashes.length - new Set(hashes).size;
}

/** How many images of `test` are also in `train`. */
function shared(train: ImageSet, test: ImageSet): number {
  const known = new Set(imageHashes(train));
  return imageHashes(test).filter((hash) => known.has(hash)).length;
}

function imageHashes({ images, count }: ImageSet): string[] {
  const size = images.length / count;
  return Array.from({ length: count }, (_, at) =>
    createHash('sha256')
      .update(images.subarray(at * size, (at + 1) * size))
      .digest('base64'),
  );
}
