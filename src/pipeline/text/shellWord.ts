/**
 * A text as one word of a POSIX shell, in quotes where it needs them.
 *
 * @example shellWord("it's here") // "'it'\\''s here'"
 */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
