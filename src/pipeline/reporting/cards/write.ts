import { realpath } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { type CardFile, datasetCard, datasetCroissant } from '../../data/card.ts';
import { FASHION_MNIST_FILES, listFiles, loadFashionMnist } from '../../data/fashionMnist.ts';
import { readRawFile } from '../../data/rawFolder.ts';
import { storeFile } from '../../files/atomicFile.ts';
import { runCard } from './runCard.ts';
import { readRunRecords } from './runRecords.ts';

/**
 * Writes the card of a run as `MODEL_CARD.md` into its folder, and into a folder of reports.
 *
 * @returns the paths of the files
 * @throws FileError where the run is not finished or not evaluated
 */
export async function writeModelCard(run: string, reports: string | undefined): Promise<string[]> {
  const path = await realpath(run);
  const card = runCard(await readRunRecords(path));
  const folders = reports === undefined ? [path] : [path, reports];
  return writeAll(folders.map((folder) => [join(folder, 'MODEL_CARD.md'), card]));
}

/**
 * The card of Fashion-MNIST, and its Croissant metadata as JSON.
 *
 * @param root the folder of the data files
 * @param out the folder to which paths in the metadata are relative
 */
export async function dataCard(root: string, out: string): Promise<{ card: string; croissant: string }> {
  const { train, test } = await loadFashionMnist(root);
  const files: CardFile[] = [];
  for (const file of listFiles(FASHION_MNIST_FILES)) {
    files.push({
      name: relative(out, join(root, file.name)).replaceAll('\\', '/'),
      bytes: await readRawFile(root, file),
    });
  }
  return { card: datasetCard(files, train, test), croissant: datasetCroissant(files) };
}

/** Writes `README.md` and `croissant.json` of Fashion-MNIST into a folder, and returns their paths; see `dataCard`. */
export async function writeDataCard(root: string, out: string): Promise<string[]> {
  const { card, croissant } = await dataCard(root, out);
  return writeAll([
    [join(out, 'README.md'), card],
    [join(out, 'croissant.json'), croissant],
  ]);
}

async function writeAll(files: readonly [path: string, content: string][]): Promise<string[]> {
  for (const [path, content] of files) await storeFile(path, content);
  return files.map(([path]) => path);
}
