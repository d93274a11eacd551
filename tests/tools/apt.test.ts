import { mkdir, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, type TestContext, test, vi } from 'vitest';

import { oneLine } from '../../src/pipeline/data/errors.ts';
import { FASHION_MNIST_FILES } from '../../src/pipeline/data/fashionMnist.ts';
import { aptSource } from '../../src/pipeline/data/sources/apt.ts';
import { type OpenSource } from '../../src/pipeline/data/sources/source.ts';
import { type RecordingReporter, recordingReporter, temporaryFolder } from '../pipeline/data/fixture.ts';
import { skipMissing } from './missing.ts';

// Temporary folders go where the test can see whether they are removed.
let scratch: string;
beforeEach(async () => {
  scratch = join(await temporaryFolder(), 'scratch');
  await mkdir(scratch);
  vi.stubEnv('TMPDIR', scratch);
});
afterEach(() => {
  vi.unstubAllEnvs();
});

async function open(
  aptOptions: string[],
  reporter: RecordingReporter,
  signal = new AbortController().signal,
) {
  expect(tmpdir()).toBe(scratch);
  return aptSource({ aptOptions }).open({ root: scratch, reporter, signal });
}

/** Opens the real source; where this machine cannot, skips the test and says why. */
async function openOrSkip(context: TestContext, aptOptions: string[], reporter: RecordingReporter) {
  try {
    return await open(aptOptions, reporter);
  } catch (error) {
    const reason = oneLine(error);
    if (!/not installed|could not (connect|resolve)|temporary failure|unable to connect/i.test(reason))
      throw error;
    skipMissing(context, `apt cannot be tested here: ${reason}`);
  }
}

async function expectRealFile(source: OpenSource): Promise<void> {
  const file = FASHION_MNIST_FILES.testLabels;
  expect((await source.read(file)).length).toBe(file.bytes);
  await source.close?.();
  expect(await readdir(scratch)).toEqual([]);
}

test('downloads and unpacks the real package', async (context) => {
  await expectRealFile(await openOrSkip(context, [], recordingReporter()));
});

test('reads fresh package lists into its own folder where the system has none', async (context) => {
  const lists = join(scratch, '..', 'lists');
  await mkdir(lists);
  const reporter = recordingReporter();
  const source = await openOrSkip(context, ['-o', `Dir::State::Lists=${lists}`], reporter);
  await expectRealFile(source);
  expect(reporter.notes).toContainEqual(expect.stringContaining('fresh package lists'));
  expect(await readdir(lists)).not.toContainEqual(expect.stringContaining('Packages'));
});

test('tells that apt-get is absent', async () => {
  vi.stubEnv('PATH', scratch);
  await expect(open([], recordingReporter())).rejects.toThrow('apt-get is not installed');
  expect(await readdir(scratch)).toEqual([]);
});

test('stops when it is aborted, and cleans up', async () => {
  const signal = AbortSignal.abort(new Error('enough'));
  await expect(open([], recordingReporter(), signal)).rejects.toThrow('enough');
  expect(await readdir(scratch)).toEqual([]);
});
