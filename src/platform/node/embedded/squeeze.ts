/** Lines that `specialise` edits, or that signatures are read from: they stay lines. */
const KEPT = /^(const|alias) /;

/**
 * A kernel's text without comments and without the white space that WGSL does not need. WGSL has no strings in which a comment's
 * mark could stand, and the kernels have no block comments.
 */
export function squeeze(text: string): string {
  const lines = text
    .replaceAll(/\/\/.*$/gm, '')
    .split('\n')
    .map(squeezeLine)
    .filter((line) => line !== '');
  return lines.map((line, at) => (at === 0 ? line : separator(lines[at - 1]!, line) + line)).join('');
}

/** A space where two words, or two operators, would become one. */
function separator(before: string, line: string): string {
  if (KEPT.test(line) || KEPT.test(before)) return '\n';
  return squeezeLine(`${before.at(-1)!} ${line[0]!}`).length === 3 ? ' ' : '';
}

/** Removes a space unless it stands between two words, or between two operators. */
function squeezeLine(line: string): string {
  return line
    .trim()
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/ (?=[()[\]{},;:@])|(?<=[()[\]{},;:]) |(?<=\w) (?=[^\w])|(?<=[^\w]) (?=\w)/g, '');
}
