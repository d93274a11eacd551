import { PassThrough } from 'node:stream';

import { expect, test } from 'vitest';

import { lineReporter, streamReporter } from '../../../src/pipeline/data/reporter.ts';

function capture(isTTY: boolean): { stream: NodeJS.WriteStream; text: () => string } {
  const stream = Object.assign(new PassThrough(), { isTTY, cursorTo: () => true, clearLine: () => true });
  // Some versions of Node give all that was written at once, others piece by piece.
  const text = (): string => {
    let written = '';
    for (let piece; (piece = stream.read() as Buffer | null);) written += piece.toString();
    return written;
  };
  return { stream: stream as unknown as NodeJS.WriteStream, text };
}

test('plain lines tell the start and each quarter', () => {
  const lines: string[] = [];
  const reporter = lineReporter((line) => lines.push(line));
  for (let received = 0; received <= 8e6; received += 1e5) reporter.progress('file', received, 8e6);
  expect(lines).toEqual([0, 2, 4, 6, 8].map((part) => `file: ${part}.0 of 8.0 MB`));
});

test('plain lines go by size where the total is unknown', () => {
  const lines: string[] = [];
  const reporter = lineReporter((line) => lines.push(line));
  for (let received = 0; received <= 20 * 2 ** 20; received += 2 ** 20)
    reporter.progress('file', received, undefined);
  expect(lines).toHaveLength(3);
});

test('a log gets no control characters', () => {
  const { stream, text } = capture(false);
  const reporter = streamReporter(stream);
  reporter.progress('file', 1e6, 4e6);
  reporter.progressEnd();
  reporter.note('done');
  expect(text()).toBe('file: 1.0 of 4.0 MB\ndone\n');
});

test('a terminal gets a bar', () => {
  const { stream, text } = capture(true);
  const reporter = streamReporter(stream);
  reporter.progress('file', 1e6, 4e6);
  reporter.note('news');
  reporter.progress('file', 4e6, undefined);
  reporter.progressEnd();
  const written = text();
  expect(written).toContain('file [');
  expect(written).toContain('1.0 / 4.0 MB');
  expect(written).toContain('news\n');
});
