import { Writable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createProgress } from '../../../src/pipeline/training/progress.ts';

class Screen extends Writable {
  readonly isTTY: boolean;
  readonly columns: number;
  text = '';

  constructor(isTTY: boolean, columns = 200) {
    super();
    this.columns = columns;
    this.isTTY = isTTY;
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

const metrics = { loss: 0.51234, accuracy: 0.8125, samplesPerSecond: 12_345.6 };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('prints plain lines at most every ten seconds, and the last', () => {
  const stream = new Screen(false);
  const progress = createProgress({ total: 100, label: 'epoch 1/2', stream });
  for (let done = 1; done <= 100; done++) {
    progress.update(done, metrics);
    vi.advanceTimersByTime(250);
  }
  progress.update(100, metrics);
  progress.stop();
  expect(stream.text.split('\n')).toEqual([
    'epoch 1/2  1% 1/100  loss 0.5123  accuracy 81.25 %  12,346 samples/s  left 0:00',
    'epoch 1/2  41% 41/100  loss 0.5123  accuracy 81.25 %  12,346 samples/s  left 0:15',
    'epoch 1/2  81% 81/100  loss 0.5123  accuracy 81.25 %  12,346 samples/s  left 0:05',
    'epoch 1/2  100% 100/100  loss 0.5123  accuracy 81.25 %  12,346 samples/s  left 0:00',
    '',
  ]);
});

it('prints notes as they are', () => {
  const stream = new Screen(false);
  createProgress({ total: 1, label: 'x', stream }).note('checkpoint written');
  expect(stream.text).toBe('checkpoint written\n');
});

it('counts the time left from where a resumed run started', () => {
  const stream = new Screen(false);
  const progress = createProgress({ total: 10_000, label: 'x', stream });
  progress.update(5000, metrics);
  vi.advanceTimersByTime(10_000);
  progress.update(5010, metrics);
  expect(stream.text).toMatch(/left 1:23:10\n$/);
});

it('draws a bar on a terminal, with notes above it', () => {
  const stream = new Screen(true);
  const progress = createProgress({ total: 100, label: 'epoch 1/2', stream });
  progress.update(1, metrics);
  vi.advanceTimersByTime(1000);
  progress.update(50, metrics);
  vi.advanceTimersByTime(1000);
  progress.note('checkpoint written');
  vi.advanceTimersByTime(1000);
  progress.stop();
  expect(vi.getTimerCount()).toBe(0);
  const text = stripVTControlCharacters(stream.text);
  const bar =
    'epoch 1/2 ██████████░░░░░░░░░░ 50% 50/100  loss 0.5123  accuracy 81.25 %  12,346 samples/s  left 0:01';
  expect(text).toContain(bar);
  expect(text.slice(text.indexOf('checkpoint written\n'))).toContain(bar);
});

it('counts the epochs that come later for the time left', () => {
  const stream = new Screen(false);
  const progress = createProgress({ total: 100, later: 900, label: 'epoch 1/10', stream });
  progress.update(10, metrics);
  vi.advanceTimersByTime(10_000);
  progress.update(20, metrics);
  expect(stream.text).toMatch(/left 16:20\n$/);
});

it.each([
  [80, '████████░░ 83%  loss 12.3457  99.99 %  123,457/s  left 2:46:40'],
  [74, '████░ 83%  loss 12.3457  99.99 %  123,457/s  left 2:46:40'],
  [64, '83%  loss 12.3457  99.99 %  123,457/s  left 2:46:40'],
])('keeps rate and time left within %i columns', (columns, expected) => {
  const stream = new Screen(true, columns);
  const progress = createProgress({ total: 60_000, label: 'epoch 10/10', stream });
  const last = { loss: 12.34567, accuracy: 0.9999, samplesPerSecond: 123_456.7 };
  progress.update(49_990, last);
  vi.advanceTimersByTime(10_000);
  progress.update(50_000, last);
  progress.stop();
  const drawn = stripVTControlCharacters(stream.text)
    .split('epoch 10/10 ')
    .map((line) => line.trimEnd());
  expect(drawn.at(-1)).toBe(expected);
  for (const line of drawn) expect('epoch 10/10 '.length + line.length).toBeLessThan(columns);
});

it.each([true, false])('takes a total of 0 (terminal: %s)', (isTTY) => {
  const stream = new Screen(isTTY);
  const progress = createProgress({ total: 0, label: 'x', stream });
  progress.update(0, { loss: NaN, accuracy: NaN, samplesPerSecond: 0 });
  progress.stop();
  const text = stripVTControlCharacters(stream.text);
  expect(text).toContain('100% 0/0  loss NaN  accuracy NaN %  0 samples/s  left 0:00');
});
