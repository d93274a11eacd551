import { listFiles, FASHION_MNIST_FILES, type FashionMnistFiles } from './fashionMnist.ts';
import { inspectRawFile, type RawFileState } from './rawFolder.ts';

/** Looks at the four files in `root`, checksums included. */
export async function inspectFiles(
  root: string,
  files: FashionMnistFiles = FASHION_MNIST_FILES,
): Promise<RawFileState[]> {
  const states: RawFileState[] = [];
  for (const file of listFiles(files)) states.push(await inspectRawFile(root, file));
  return states;
}

/** The states as a table: file, state, published size, published md5; then what is wrong, a line each. */
export function formatStatus(states: readonly RawFileState[]): string {
  const rows = [
    ['file', 'state', 'bytes', 'md5'],
    ...states.map(({ file, state, path }) => [
      file.name,
      path?.endsWith('.gz') ? `${state} (.gz)` : state,
      String(file.bytes),
      file.md5,
    ]),
  ];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]!.length)));
  const table = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
  return [...table, ...states.flatMap(({ problem }) => problem ?? [])].join('\n');
}
