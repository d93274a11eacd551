/** A name and a text. */
type Named = readonly [string, string];

const WORD = /\b[A-Za-z_]\w*/g;
const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'.split('');
/** No word of WGSL is a letter and a digit. */
const SHORT = [
  ...LETTERS,
  ...LETTERS.flatMap((letter) => Array.from('0123456789', (digit) => letter + digit)),
];

/**
 * Shortens the names of variables, functions and their parameters in squeezed kernels. A name becomes the same short one in all
 * of them, so that texts that share statements still do.
 *
 * @param kept the names in a text that launches use
 */
export function shorten(texts: readonly Named[], kept: (text: string) => readonly string[]): Named[] {
  const words = texts.map(([name, text]) => ({ name, text, own: ownNames(text, kept(text)) }));
  const uses = new Map<string, number>();
  for (const { text, own } of words) {
    for (const [word] of text.matchAll(WORD)) if (own.has(word)) uses.set(word, (uses.get(word) ?? 0) + 1);
  }
  const taken = new Set(texts.flatMap(([, text]) => text.match(WORD)));
  const free = SHORT.filter((name) => !taken.has(name));
  const mostUsed = [...uses].sort(([, left], [, right]) => right - left);
  const shorter = new Map(mostUsed.map(([name], at) => [name, free[at] ?? name]));
  return words.map(({ name, text, own }) => [
    name,
    text.replaceAll(WORD, (word) => (own.has(word) ? shorter.get(word)! : word)),
  ]);
}

/** The names that a text declares, except those that have another meaning in it as well. */
function ownNames(text: string, kept: readonly string[]): Set<string> {
  const wordsOf = (pattern: RegExp): string[] =>
    (text.match(pattern) ?? []).flatMap((part) => part.match(WORD)!);
  const functions = wordsOf(/(?<=\bfn )\w+/g);
  const declared = [
    ...functions,
    ...wordsOf(/(?<=\b(?:let|const|var) |\bvar<\w+>)[A-Za-z_]\w*/g),
    ...wordsOf(/(?<=\bfn \w+\([^{]*)\b[A-Za-z_]\w*(?=:)/g),
  ];
  const called = wordsOf(/(?<!\bfn )\b[A-Za-z_]\w*(?=\()/g);
  const others = new Set([
    ...kept,
    ...called.filter((name) => !functions.includes(name)),
    ...wordsOf(/(?<=\.)[A-Za-z_]\w*/g),
    ...wordsOf(/(?<=\bstruct )\w+\{[^}]*/g),
    ...wordsOf(/@\w+\([^)]*|\bvar<[^>]*/g),
  ]);
  return new Set(declared.filter((name) => name.length > 1 && !others.has(name)));
}
