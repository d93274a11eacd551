/** The dataset card and the Croissant metadata of a version of the data set. */
import { stringify } from 'yaml';
import { FASHION_MNIST } from '../../config/data.ts';
import {
  type CardFile,
  CITATION,
  classTable,
  croissantText,
  fileTable,
  HOMEPAGE,
  sizeCategory,
} from '../card.ts';
import type { Definition, Transform } from './definition.ts';

/** Name of the dataset card within the folder. */
export const CARD = 'README.md';

/** Name of the Croissant metadata within the folder. */
export const METADATA = 'croissant.json';

/** What a card describes. */
export interface Evidence {
  readonly definition: Definition;
  /** MD5 of each original file. */
  readonly originals: Readonly<Record<string, string>>;
  readonly files: readonly CardFile[];
  readonly trainLabels: Uint8Array;
  readonly testLabels: Uint8Array;
}

/** The dataset card: Markdown with the front matter that the Hugging Face Hub reads. */
export function variantCard({ definition, originals, files, trainLabels, testLabels }: Evidence): string {
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

Made from Fashion-MNIST (${HOMEPAGE}) by \`npx tsx src/data.ts prepare ${definition.name}\`. The same definition and
the same source files give the same bytes, on every machine.

## Images

28 × 28 grey pixels of 8 bits, 0 is background; IDX files as those of Fashion-MNIST.

${classTable(trainLabels, testLabels)}
## How it was made

Seed ${definition.seed}.

${recipe('training', definition.train)}
${recipe('test', definition.test)}
## Files

${fileTable(files)}
Made from:

| file | md5 |
| ---- | --- |
${Object.entries(originals)
  .map(([name, sum]) => `| ${name} | ${sum} |\n`)
  .join('')}
## Source

${CITATION}.
`;
}

/** The metadata of a version; see `croissantText`. */
export function variantCroissant({ definition: { name, description }, originals, files }: Evidence): string {
  const distribution = Object.entries(originals).map(([file, md5]) => ({
    '@type': 'cr:FileObject',
    name: file,
    md5,
  }));
  const isBasedOn = { '@type': 'sc:Dataset', name: FASHION_MNIST, url: HOMEPAGE, distribution };
  return croissantText({ name, description, files, isBasedOn });
}

function recipe(part: string, steps: readonly Transform[]): string {
  if (steps.length === 0) return `The ${part} images are those of the source.\n`;
  const lines = steps.map((step, at) => `${at + 1}. ${describeStep(step)}\n`);
  return `The ${part} images:\n\n${lines.join('')}`;
}

function describeStep({ step, ...settings }: Transform): string {
  const texts = Object.entries(settings).map(([key, value]) => `${key} ${JSON.stringify(value)}`);
  return `\`${step}\`: ${texts.join(', ')}`;
}
