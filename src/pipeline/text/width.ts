import { table } from './table.ts';

/** The width of the terminal that a command prints to; Infinity where the output is a file or a pipe. */
export function terminalColumns(stream: { readonly isTTY?: boolean; readonly columns?: number }): number {
  return stream.isTTY ? (stream.columns ?? 80) : Infinity;
}

/** A text of at most `width` characters; a longer one ends with `…`. */
export function cutTo(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
}

/** A table at most `columns` wide: the last column goes first, and then the ends of lines. */
export function fitTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  columns: number,
): string {
  const widest = (text: string): number => Math.max(...text.split('\n').map(({ length }) => length));
  const whole = table(header, rows);
  if (widest(whole) <= columns) return whole;
  const part = table(
    header.slice(0, -1),
    rows.map((row) => row.slice(0, -1)),
  );
  return part
    .split('\n')
    .map((line) => cutTo(line, columns))
    .join('\n');
}
