import { describe, expect, it } from 'vitest';
import { nearestName, requireKnown } from '../../../src/pipeline/text/didYouMean.ts';
import { duration, percent, thousands } from '../../../src/pipeline/text/numbers.ts';
import { shellWord } from '../../../src/pipeline/text/shellWord.ts';
import { cell, markdownTable, table } from '../../../src/pipeline/text/table.ts';
import { errorText } from '../../../src/pipeline/text/errorText.ts';
import { valueText } from '../../../src/pipeline/text/valueText.ts';
import { cutTo, fitTable, terminalColumns } from '../../../src/pipeline/text/width.ts';

describe('numbers', () => {
  it.each([
    [0, '0'],
    [999, '999'],
    [1000, '1,000'],
    [12_345, '12,345'],
    [1_234_567, '1,234,567'],
    [1_000_000_000, '1,000,000,000'],
  ])('%d is %s', (count, text) => {
    expect(thousands(count)).toBe(text);
  });

  it.each([
    [0, '0:00'],
    [59.4, '0:59'],
    [59.5, '1:00'],
    [3599, '59:59'],
    [3600, '1:00:00'],
    [3729, '1:02:09'],
    [7325, '2:02:05'],
    [36_000, '10:00:00'],
    [undefined, '–'],
  ])('%s seconds are %s', (seconds, text) => {
    expect(duration(seconds)).toBe(text);
  });

  it.each([
    [0, '0.00 %'],
    [0.92235, '92.23 %'],
    [1, '100.00 %'],
    [undefined, '–'],
  ])('a share of %s is %s', (share, text) => {
    expect(percent(share)).toBe(text);
  });
});

describe('a word of a shell', () => {
  it.each([
    ['runs/latest', 'runs/latest'],
    ['a@b%c+d=e:f,g.h-i_J', 'a@b%c+d=e:f,g.h-i_J'],
    ['', "''"],
    ['a b', "'a b'"],
    ['$HOME', "'$HOME'"],
    ["it's 'here'", "'it'\\''s '\\''here'\\'''"],
    ['a\n', "'a\n'"],
    ['ü', "'ü'"],
  ])('%j is %s', (text, word) => {
    expect(shellWord(text)).toBe(word);
  });
});

describe('tables', () => {
  const rows = [
    ['a', '1', '2'],
    ['long', '10', '300'],
  ];

  it('align numbers from one column on, and leave no spaces at the ends', () => {
    expect(table(['name', 'x', 'y'], rows, 1)).toBe('name   x    y\na      1    2\nlong  10  300');
    expect(table(['name', 'x', 'y'], rows, 2)).toBe('name  x     y\na     1     2\nlong  10  300');
    expect(table(['name', 'x', 'y'], rows)).toBe('name  x   y\na     1   2\nlong  10  300');
    expect(table(['name', 'x'], [])).toBe('name  x');
    expect(table(['name', 'x'], [['a']])).toBe('name  x\na');
  });

  it('are as wide as the terminal: the last column goes first', () => {
    const whole = 'name  x   y\na     1   2\nlong  10  300';
    expect(fitTable(['name', 'x', 'y'], rows, 13)).toBe(whole);
    expect(fitTable(['name', 'x', 'y'], rows, 12)).toBe('name  x\na     1\nlong  10');
    expect(fitTable(['name', 'x', 'y'], rows, 8)).toBe('name  x\na     1\nlong  10');
    expect(fitTable(['name', 'x', 'y'], rows, 7)).toBe('name  x\na     1\nlong  …');
  });

  it('of Markdown keep each cell in its place', () => {
    expect(markdownTable(['a', 'b|c'], [['x|y|z', '1\n2\n3']])).toBe(
      '| a | b\\|c |\n| --- | ---: |\n| x\\|y\\|z | 1 2 3 |',
    );
  });

  it('show values on one line', () => {
    expect([undefined, 'text', 1.5, [1, 2], null, { a: 1 }].map(cell)).toEqual([
      '–',
      'text',
      '1.5',
      '[1,2]',
      'null',
      '{"a":1}',
    ]);
  });
});

it('a long text is cut to the width, the sign included', () => {
  expect([cutTo('abcd', 4), cutTo('abcde', 4), cutTo('', 0)]).toEqual(['abcd', 'abc…', '']);
});

it('the width is that of a terminal, which may not know it', () => {
  expect([{ isTTY: true, columns: 70 }, { isTTY: true }, { columns: 70 }, {}].map(terminalColumns)).toEqual([
    70,
    80,
    Infinity,
    Infinity,
  ]);
});

it('values in messages are short, and on one line', () => {
  const circular: unknown[] = [];
  circular.push(circular);
  expect([undefined, null, NaN, 'a', [1], circular].map(valueText)).toEqual([
    'nothing',
    'null',
    'NaN',
    "'a'",
    '[ 1 ]',
    '<ref *1> [ [Circular *1] ]',
  ]);
  expect(valueText(Array.from({ length: 11 }, (_, at) => at))).toBe(
    '[ 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, ... 1 more item ]',
  );
  expect(valueText(['line\n'.repeat(10)])).toBe(`[ '${'line\\n'.repeat(10)}' ]`);
  const keys = (size: number): object => ({ ['k'.repeat(size)]: 1 });
  // { k…: 1 }
  expect(valueText(keys(113))).toHaveLength(120);
  expect(valueText(keys(113))).toMatch(/: 1 \}$/);
  expect(valueText(keys(114))).toBe(`{ ${'k'.repeat(114)}:...`.slice(0, 117).padEnd(120, '.'));
  expect([new Error('why'), 'text', 7].map(errorText)).toEqual(['why', 'text', '7']);
});

describe('names', () => {
  it.each([
    ['batch_sise', 'batchSize'],
    ['BATCH-SIZE', 'batchSize'],
    ['gpu', 'webgpu'],
    ['gp', undefined],
    ['epoch', 'epochs'],
    ['eposhs', 'epochs'],
    ['eqqqhs', undefined],
    ['xyz', undefined],
  ])('%s probably means %s', (got, name) => {
    expect(nearestName(got, ['batchSize', 'epochs', 'cpu', 'webgpu'])).toBe(name);
  });

  it('that are far from all: the first 40 are listed', () => {
    const known = Array.from({ length: 41 }, (_, at) => `name${at}`);
    expect(() => requireKnown('key', 'zzz', known)).toThrow(
      `unknown key 'zzz'; there are ${known.slice(0, 40).join(', ')}`,
    );
    expect(() => requireKnown('key', 'zzz', known)).toThrow(/, name39$/);
    expect(() => requireKnown('key', 'name40', known)).not.toThrow();
  });
});
