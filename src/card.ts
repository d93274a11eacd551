/** The command that writes model and data cards from what was recorded and measured: see HELP. */
import { realpath } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { type CardFile, sourceCard, sourceCroissant } from './pipeline/data/card.ts';
import {
  DEFAULT_ROOT,
  FASHION_MNIST_FILES,
  listFiles,
  loadFashionMnist,
} from './pipeline/data/fashionMnist.ts';
import { readRawFile } from './pipeline/data/rawFolder.ts';
import { storeFile } from './pipeline/files/atomicFile.ts';
import { runCard } from './pipeline/reporting/cards/runCard.ts';
import { readRunRecords } from './pipeline/reporting/cards/runRecords.ts';
import { parseCommandLine, runCommand, UsageError } from './pipeline/cli/commandLine.ts';
import { resolveRun } from './pipeline/runs/directory.ts';

const HELP = `usage: npx tsx src/card.ts model <run> [options]
       npx tsx src/card.ts data [options]

model   the card of a run that was trained to its end and evaluated (latest, an id, or a folder): to MODEL_CARD.md in the
        run's folder and in reports. All of it comes from the run's records
data    the card of Fashion-MNIST to data/README.md, and its Croissant metadata to data/croissant.json. All numbers are
        computed from the files; versions of the data set get theirs from npx tsx src/data.ts prepare

options
  --root <folder>     model: where runs are looked up (default runs)
  --reports <folder>  model: where the card is written, too (default reports)
  --data <folder>     data: where the files are kept (default ${DEFAULT_ROOT})
  --out <folder>      data: where the card is written (default data)
  --help              print this

exit codes: 0 done, 1 failed, 2 wrong usage`;

async function main(args: string[]): Promise<void> {
  const { values, positionals } = parse(args);
  if (values.help) {
    console.log(HELP);
    return;
  }
  const [kind, reference, ...rest] = positionals;
  if (kind !== 'model' && kind !== 'data') {
    throw new UsageError(kind === undefined ? 'give model or data' : `takes model or data, got ${kind}`);
  }
  if (kind === 'model' && reference === undefined)
    throw new UsageError('give a run: latest, an id, or a folder');
  const more = kind === 'model' ? rest : positionals.slice(1);
  if (more.length > 0) throw new UsageError(`one card at a time, got also: ${more.join(' ')}`);
  const written =
    kind === 'model'
      ? await writeModelCard(await resolveRun(values.root, reference!), values.reports)
      : await writeDataCard(values.data, values.out);
  console.log(`written  ${written.join(', ')}`);
}

async function writeModelCard(run: string, reports: string): Promise<string[]> {
  const path = await realpath(run);
  const card = runCard(await readRunRecords(path));
  return writeAll([path, reports].map((folder) => [join(folder, 'MODEL_CARD.md'), card]));
}

async function writeDataCard(root: string, out: string): Promise<string[]> {
  const { train, test } = await loadFashionMnist(root);
  const files: CardFile[] = [];
  for (const file of listFiles(FASHION_MNIST_FILES)) {
    files.push({
      name: relative(out, join(root, file.name)).replaceAll('\\', '/'),
      bytes: await readRawFile(root, file),
    });
  }
  return writeAll([
    [join(out, 'README.md'), sourceCard({ files, train, test })],
    [join(out, 'croissant.json'), sourceCroissant({ files })],
  ]);
}

async function writeAll(files: readonly [path: string, content: string][]): Promise<string[]> {
  for (const [path, content] of files) await storeFile(path, content);
  return files.map(([path]) => path);
}

function parse(args: string[]) {
  return parseCommandLine({
    args,
    allowPositionals: true,
    options: {
      root: { type: 'string', default: 'runs' },
      reports: { type: 'string', default: 'reports' },
      data: { type: 'string', default: DEFAULT_ROOT },
      out: { type: 'string', default: 'data' },
      help: { type: 'boolean', short: 'h' },
    },
  });
}

await runCommand(main, HELP);
