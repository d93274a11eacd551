import { table } from '../text/table.ts';
import { FASHION_MNIST_FILES, type FashionMnistFiles, listFiles } from './fashionMnist.ts';
import { inspectRawFile, type RawFileState } from './rawFolder.ts';

/** The states of the four files in `root`, by their checksums. */
export async function inspectFiles(
  root: string,
  files: FashionMnistFiles = FASHION_MNIST_FILES,
): Promise<RawFileState[]> {
  const states: RawFileState[] = [];
  for (const file of listFiles(files)) states.push(await inspectRawFile(root, file));
  return states;
}

/** The states as a table: file, state, published size, published MD5; then the problems, one line each. */
export function formatStatus(states: readonly RawFileState[]): string {
  const rows = states.map(({ file, state, path }) => [
    file.name,
    path?.endsWith('.gz') ? `${state} (.gz)` : state,
    String(file.bytes),
    file.md5,
  ]);
  const problems = states.flatMap(({ problem }) => problem ?? []);
  return [table(['file', 'state', 'bytes', 'md5'], rows), ...problems].join('\n');
}
