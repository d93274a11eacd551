import { realpath } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { type CardFile, datasetCard, datasetCroissant } from '../../data/card.ts';
import { FASHION_MNIST_FILES, listFiles, loadFashionMnist } from '../../data/fashionMnist.ts';
import { readRawFile } from '../../data/rawFolder.ts';
import { storeFile } from '../../files/atomicFile.ts';
import { runCard } from './runCard.ts';
import { readRunRecords } from './runRecords.ts';

/**
 * Writes the card of a run as `MODEL_CARD.md` into its folder and into the folder of reports.
 *
 * @returns the paths of the files
 * @throws FileError where the run is not finished or not evaluated
 */
export async function writeModelCard(run: string, reports: string): Promise<string[]> {
  const path = await realpath(run);
  const card = runCard(await readRunRecords(path));
  return writeAll([path, reports].map((folder) => [join(folder, 'MODEL_CARD.md'), card]));
}

/**
 * Writes the card and the Croissant metadata of Fashion-MNIST.
 *
 * @param root the folder of the data files
 * @param out where `README.md` and `croissant.json` are written
 * @returns the paths of the files
 */
export async function writeDataCard(root: string, out: string): Promise<string[]> {
  const { train, test } = await loadFashionMnist(root);
  const files: CardFile[] = [];
  for (const file of listFiles(FASHION_MNIST_FILES)) {
    files.push({
      name: relative(out, join(root, file.name)).replaceAll('\\', '/'),
      bytes: await readRawFile(root, file),
    });
  }
  return writeAll([
    [join(out, 'README.md'), datasetCard(files, train, test)],
    [join(out, 'croissant.json'), datasetCroissant(files)],
  ]);
}

async function writeAll(files: readonly [path: string, content: string][]): Promise<string[]> {
  for (const [path, content] of files) await storeFile(path, content);
  return files.map(([path]) => path);
}
