import { beforeEach, expect, it, vi } from 'vitest';
import { inputOf } from '../../src/start/archive.ts';

beforeEach(() => {
  vi.resetModules();
});

async function versionKnowing(files: [string, string][]): Promise<string> {
  const { codeVersion, knowFiles } = await import('../../src/experiment/codeVersion.ts');
  knowFiles(files);
  return codeVersion();
}

it('takes the hashes that are known for those of the files', async () => {
  const version = await versionKnowing([]);
  vi.resetModules();
  const hash = inputOf('src/train.ts')[1];
  expect(await versionKnowing([['src/train.ts', hash]])).toBe(version);
});

it('is another one where a file has another hash', async () => {
  const version = await versionKnowing([]);
  vi.resetModules();
  expect(await versionKnowing([['src/train.ts', inputOf('src/data.ts')[1]]])).not.toBe(version);
});
