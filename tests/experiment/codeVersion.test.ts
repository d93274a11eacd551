import { beforeEach, expect, it, vi } from 'vitest';
import { hashInput } from '../../src/start/archive.ts';

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
  const hash = hashInput('src/train.ts');
  expect(await versionKnowing([['src/train.ts', hash]])).toBe(version);
});

it('is another one where a file has another hash', async () => {
  const version = await versionKnowing([]);
  vi.resetModules();
  expect(await versionKnowing([['src/train.ts', hashInput('src/data.ts')]])).not.toBe(version);
});
