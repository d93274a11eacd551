import { expect, test } from 'vitest';
import { keepPrinting } from '../../../src/pipeline/cli/output.ts';

test('many commands of one process watch its streams once', () => {
  const first = keepPrinting();
  const listeners = [process.stdout, process.stderr].map((stream) => stream.listenerCount('error'));
  for (let command = 0; command < 20; command++) expect(keepPrinting()).toBe(first);
  expect([process.stdout, process.stderr].map((stream) => stream.listenerCount('error'))).toEqual(listeners);
});
