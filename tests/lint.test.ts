import { Linter } from 'eslint';
import { expect, test } from 'vitest';

interface Entry {
  readonly files?: readonly string[];
  readonly rules?: Linter.RulesRecord;
}

/** Has no declaration, so that its path is hidden from the type checker. */
const config = String(new URL('../eslint.config.js', import.meta.url));
const { default: entries } = (await import(config)) as { readonly default: readonly Entry[] };
const { rules } = entries.find(({ files }) => files?.includes('src/backend/cpu/**/*.ts'))!;

/** What the rules of the CPU backend's loops say about a program. */
function complaints(program: string): string[] {
  return new Linter().verify(program, [{ rules: rules! }]).map(({ message }) => message);
}

test.each([
  'for (let i = 0; i < n; i++) { visit(() => i); }',
  'for (let i = 0; i < n; i++) visit(() => i);',
  'for (const each of all) { if (each) { visit(function () {}); } }',
  'while (more()) { visit(() => 1); }',
  'do { visit(() => 1); } while (more());',
  'eachRow(shape, a, b, (index) => { visit(() => index); });',
  'eachRow(shape, a, b, (index) => visit(() => index));',
  'all.forEach((each) => { visit(() => each); });',
])('a function that is made for every element is found: %s', (program) => {
  expect(complaints(program)).toEqual(['Create functions outside of loops: see PairLoop.']);
});

test.each([
  'const visit = () => 1; for (let i = 0; i < n; i++) { visit(i); }',
  'eachRow(shape, a, b, (index) => loop(index));',
  'const loops = { add: (a) => { for (const each of a) use(each); } };',
])('a function that is made once is not: %s', (program) => {
  expect(complaints(program)).toEqual([]);
});
