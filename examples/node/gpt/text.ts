import { readFileSync } from 'node:fs';

/** The first six chapters of Alice's Adventures in Wonderland (Lewis Carroll, 1865), which are in the public domain. */
export const TEXT: string = readFileSync(new URL('alice.txt', import.meta.url), 'utf8');

/** The characters of the text; a character's token is its place in this list. */
export const CHARACTERS: readonly string[] = [...new Set(TEXT)].sort();

const TOKEN_OF = new Map(CHARACTERS.map((character, token) => [character, token]));

export function encode(text: string): Int32Array {
  return Int32Array.from(text, (character) => TOKEN_OF.get(character)!);
}

export function decode(tokens: Iterable<number>): string {
  return Array.from(tokens, (token) => CHARACTERS[token]).join('');
}
