/** What accompanies a version of the data set: a dataset card for people, Croissant metadata for programs. */
import { stringify } from 'yaml';

import { CITATION, classTable, croissantDataset, fileTable, sizeCategory, SOURCE } from '../card.ts';
import type { Definition, Step } from './definition.ts';
import { SOURCE_NAME } from '../../config/dataDefaults.ts';

/** Name of the dataset card within the folder. */
export const CARD = 'README.md';

/** Name of the Croissant metadata within the folder. */
export const METADATA = 'croissant.json';

/** What was made, counted and summed up. */
export interface Evidence {
  readonly definition: Definition;
  /** MD5 of each file that it was made from. */
  readonly sources: Readonly<Record<string, string>>;
  readonly files: readonly { readonly name: string; readonly bytes: Buffer }[];
  readonly trainLabels: Uint8Array;
  readonly testLabels: Uint8Array;
}

/** The dataset card: Markdown with the front matter that the Hugging Face Hub reads. */
export function datasetCard({ definition, sources, files, trainLabels, testLabels }: Evidence): string {
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
${Object.entries(sources)
  .map(([name, sum]) => `| ${name} | ${sum} |\n`)
  .join('')}
## Source

${CITATION}.
`;
}

/** The metadata: Croissant 1.0 (https://docs.mlcommons.org/croissant/docs/croissant-spec.html), JSON-LD. */
export function croissant({ definition, sources, files }: Evidence): string {
  const metadata = croissantDataset({
    name: definition.name,
    description: definition.description,
    files,
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
  });
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
