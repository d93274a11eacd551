import { describe, expect, it } from 'vitest';
import {
  listOf,
  milliseconds,
  oneOf,
  readValue,
  several,
  text,
  wholeNumber,
} from '../../../src/pipeline/cli/values.ts';
import { keysNamed } from '../../../src/pipeline/cli/keyHelp.ts';
import { UsageError } from '../../../src/pipeline/text/didYouMean.ts';

describe('values of options', () => {
  it.each<[ReturnType<typeof several<unknown>>, string, unknown]>([
    [several(text), 'a, b ,c', ['a', 'b', 'c']],
    [several(wholeNumber(0, 5)), '5,0', [5, 0]],
    [several(text), 'a,,b', undefined],
    [several(text), '', undefined],
    [several(wholeNumber(0, 5)), '5,6', undefined],
  ])('%o reads %j as %j', (value, given, expected) => {
    expect(value.read(given)).toEqual(expected);
  });

  it('take their bounds', () => {
    expect([wholeNumber().takes, wholeNumber(0).takes, wholeNumber(2, 4).takes]).toEqual([
      'a whole number from 1 up',
      'a whole number from 0 up',
      'a whole number from 2 to 4',
    ]);
    expect(milliseconds().read('2147483647')).toBe(2 ** 31 - 1);
    expect(milliseconds().read('2147483648')).toBeUndefined();
    expect(milliseconds(5).takes).toBe('a whole number from 5 to 2147483647, in milliseconds');
    expect([oneOf(['a']).takes, oneOf(['a', 'b', 'c']).takes, listOf(['a', 'b']).takes]).toEqual([
      'a',
      'a, b or c',
      'a and b, separated by commas',
    ]);
  });

  it('name the nearest of the wrong ones in a list, and few names in full', () => {
    const few = listOf(['fog', 'scale']);
    expect(() => readValue('--c', few, 'fog,scal')).toThrow(
      "--c takes fog and scale, separated by commas; got 'fog,scal'. Did you mean scale?",
    );
    const names = (count: number): string[] =>
      Array.from({ length: count }, (_, at) => `name${String.fromCharCode(97 + at)}`);
    expect(() => readValue('--c', oneOf(names(20)), 'namea.')).toThrow(/takes namea, .* or namet; got/);
    expect(() => readValue('--c', oneOf(names(21)), 'namea.')).toThrow(
      /takes one of 21 names; got 'namea\.'\. Did you mean namea\?/,
    );
    expect(() => readValue('--c', few, 'xxxxxxx')).toThrow(UsageError);
  });

  it('of a key are found by its whole name or its last part', () => {
    expect([
      keysNamed('epochs'),
      keysNamed('train.epochs'),
      keysNamed('batch-size'),
      keysNamed('train'),
    ]).toEqual([['train.epochs'], ['train.epochs'], ['train.batchSize'], []]);
    expect(keysNamed('metric')).toEqual([
      'schedule.metric',
      'train.best.metric',
      'train.earlyStopping.metric',
    ]);
  });
});
