import { describe, expect, it } from 'vitest';
import {
  listOf,
  milliseconds,
  oneOf,
  port,
  readValue,
  wholeNumber,
} from '../../../src/pipeline/cli/values.ts';
import { nearestName, requireKnown, UsageError } from '../../../src/pipeline/text/didYouMean.ts';

describe('values of options', () => {
  it.each([
    [wholeNumber(), '1', 1],
    [wholeNumber(0), '0', 0],
    [wholeNumber(0), '9007199254740991', Number.MAX_SAFE_INTEGER],
    [port, '65535', 65_535],
    [milliseconds(100), '100', 100],
    [oneOf(['a', 'b']), 'b', 'b'],
    [listOf(['a', 'b']), 'b, a', ['b', 'a']],
  ])('%o reads %s', (value, text, expected) => {
    expect(readValue<unknown>('--x', value, text)).toEqual(expected);
  });

  it.each([
    [wholeNumber(), ['0', '-1', '1.5', '1e3', '0x10', ' 1', '', 'one', '9007199254740992']],
    [wholeNumber(2, 4), ['1', '5']],
    [port, ['65536', '-1', 'http']],
    [milliseconds(0, 10), ['11', '2s']],
    [oneOf(['a', 'b']), ['', 'c', 'a,b']],
    [listOf(['a', 'b']), ['', 'a,', 'a,c']],
  ])('%o refuses %j', (value, texts) => {
    for (const text of texts) {
      expect(() => readValue<unknown>('--x', value, text)).toThrow(UsageError);
      expect(() => readValue<unknown>('--x', value, text)).toThrow(/^--x takes .*; got '/);
    }
  });
});

describe('Did you mean', () => {
  it.each([
    ['fetsh', ['fetch', 'status'], 'fetch'],
    ['batch_size', ['batchSize'], 'batchSize'],
    ['gpu', ['cpu', 'webgpu'], 'webgpu'],
    ['wine', ['model', 'data'], undefined],
  ])('%s among %j', (got, known, near) => {
    expect(nearestName(got, known)).toBe(near);
  });

  it('names what is known where nothing is near', () => {
    expect(() => requireKnown('card', 'wine', ['model', 'data'])).toThrow(
      "unknown card 'wine'; there are model, data",
    );
    expect(() => requireKnown('card', 'modl', ['model'])).toThrow("unknown card 'modl'. Did you mean model?");
    requireKnown('card', 'data', ['model', 'data']);
  });
});
