/** What accompanies a version of the data set: a dataset card for people, Croissant metadata for programs. */
import { createHash } from 'node:crypto';

import { stringify } from 'yaml';

import { md5 } from '../dataFile.ts';
import { CLASS_NAMES } from '../fashionMnist.ts';
import { type Definition, SOURCE_NAME, type Step } from './definition.ts';

/** Name of the dataset card within the folder. */
export const CARD = 'README.md';

/** Name of the Croissant metadata within the folder. */
export const METADATA = 'croissant.json';

const SOURCE = 'https://github.com/zalandoresearch/fashion-mnist';
const CITATION =
  'H. Xiao, K. Rasul, R. Vollgraf: Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning Algorithms, arXiv:1708.07747, 2017';

/** What was made, counted and summed up. */
export interface Evidence {
  readonly definition: Definition;
  /** MD5 of each file that it was made from. */
  readonly sources: Readonly<Record<string, string>>;
  readonly files: readonly { readonly name: string; readonly bytes: Buffer }[];
  readonly trainLabels: Uint8Array;
  readonly testLabels: Uint8Array;
}

/** How many images each class has. */
export function countClasses(labels: Uint8Array): number[] {
  return CLASS_NAMES.map((_, label) => labels.reduce((count, one) => count + (one === label ? 1 : 0), 0));
}

/** The dataset card: Markdown with the front matter that the Hugging Face Hub reads. */
export function datasetCard({ definition, sources, files, trainLabels, testLabels }: Evidence): string {
  const [train, test] = [countClasses(trainLabels), countClasses(testLabels)];
  const frontMatter = stringify({
    pretty_name: definition.name,
    license: 'mit',
    task_categories: ['image-classification'],
    size_categories: [sizeCategory(trainLabels.length + testLabels.length)],
    source_datasets: ['extended|fashion_mnist'],
  });
  return `---
${frontMatter}---

# ${definition.name}

${definition.description}

Made from Fashion-MNIST (${SOURCE}) by \`npx tsx src/data.ts prepare ${definition.name}\`. The same definition and
the same source files give the same bytes, on every machine.

## Images

28 × 28 grey pixels of 8 bits, 0 is background; IDX files as those of Fashion-MNIST.

| label | class | training | test |
| ----: | ----- | -------: | ---: |
${CLASS_NAMES.map((name, label) => `| ${label} | ${name} | ${train[label]} | ${test[label]} |\n`).join('')}|  | all | ${trainLabels.length} | ${testLabels.length} |

## How it was made

Seed ${definition.seed}.

${recipe('training', definition.train)}
${recipe('test', definition.test)}
## Files

| file | bytes | md5 |
| ---- | ----: | --- |
${files.map(({ name, bytes }) => `| ${name} | ${bytes.length} | ${md5(bytes)} |\n`).join('')}
Made from:

| file | md5 |
| ---- | --- |
${Object.entries(sources)
  .map(([name, sum]) => `| ${name} | ${sum} |\n`)
  .join('')}
## Source

${CITATION}.
`;
}

/** The metadata: Croissant 1.0 (https://docs.mlcommons.org/croissant/docs/croissant-spec.html), JSON-LD. */
export function croissant({ definition, sources, files }: Evidence): string {
  const metadata = {
    '@context': {
      '@language': 'en',
      '@vocab': 'https://schema.org/',
      cr: 'http://mlcommons.org/croissant/',
      dct: 'http://purl.org/dc/terms/',
      sc: 'https://schema.org/',
      conformsTo: 'dct:conformsTo',
      md5: 'cr:md5',
      recordSet: 'cr:recordSet',
    },
    '@type': 'sc:Dataset',
    conformsTo: 'http://mlcommons.org/croissant/1.0',
    name: definition.name,
    description: definition.description,
    license: 'https://spdx.org/licenses/MIT.html',
    url: SOURCE,
    citeAs: CITATION,
    isBasedOn: {
      '@type': 'sc:Dataset',
      name: SOURCE_NAME,
      url: SOURCE,
      distribution: Object.entries(sources).map(([name, sum]) => ({
        '@type': 'cr:FileObject',
        name,
        md5: sum,
      })),
    },
    distribution: files.map(({ name, bytes }) => ({
      '@type': 'cr:FileObject',
      '@id': name,
      name,
      contentUrl: name,
      contentSize: `${bytes.length} B`,
      encodingFormat: 'application/octet-stream',
      sha256: createHash('sha256').update(bytes).digest('hex'),
      md5: md5(bytes),
    })),
  };
  return `${JSON.stringify(metadata, null, 2)}\n`;
}

function recipe(part: string, steps: readonly Step[]): string {
  if (steps.length === 0) return `The ${part} images are those of the source.\n`;
  const lines = steps.map((step, at) => `${at + 1}. ${describeStep(step)}\n`);
  return `The ${part} images:\n\n${lines.join('')}`;
}

function describeStep({ step, ...settings }: Step): string {
  const texts = Object.entries(settings).map(([key, value]) => `${key} ${JSON.stringify(value)}`);
  return `\`${step}\`: ${texts.join(', ')}`;
}

function sizeCategory(images: number): string {
  const limits = [
    [1e3, 'n<1K'],
    [1e4, '1K<n<10K'],
    [1e5, '10K<n<100K'],
  ] as const;
  return limits.find(([limit]) => images < limit)?.[1] ?? '100K<n<1M';
}
