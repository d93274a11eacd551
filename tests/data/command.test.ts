import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { temporaryFolder } from './fixture.ts';

const REPOSITORY = new URL('../..', import.meta.url).pathname;

async function data(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, ['--import', 'tsx', 'src/data.ts', ...args], { cwd: REPOSITORY }, (error, out, err) =>
      resolve({ code: error === null ? 0 : Number(error.code), out, err }),
    );
  });
}

test('--help explains the command', async () => {
  const { code, out } = await data('--help');
  expect(code).toBe(0);
  expect(out).toMatch(/fetch[^]*status[^]*verify[^]*--root[^]*--source[^]*exit codes/);
});

test.each([
  [['fetsh'], /unknown command "fetsh".*Did you mean fetch\?/],
  [['fetch', '--source', 'raw,debain'], /unknown source "debain".*Did you mean debian\?/],
  [['status', '--rot', 'x'], /--rot/],
])('wrong usage %j exits with 2', async (args, message) => {
  const { code, out, err } = await data(...args);
  expect([code, out]).toEqual([2, '']);
  expect(err).toMatch(message);
  expect(err).toContain('usage:');
});

test('verify fails, naming what is missing and what is changed; status reports the same and succeeds', async () => {
  const root = await temporaryFolder();
  await writeFile(join(root, 't10k-labels-idx1-ubyte'), 'no labels');
  const verified = await data('verify', '--root', root);
  expect(verified.code).toBe(1);
  expect(verified.err).toContain(`${join(root, 'train-images-idx3-ubyte')}: not there`);
  expect(verified.err).toMatch(/t10k-labels-idx1-ubyte: not the published .*15d484375f8d13e6eb1aabb0c3f46965, got/);

  const status = await data('status', '--root', root);
  expect(status.code).toBe(0);
  expect(status.out).toMatch(/train-images-idx3-ubyte +missing[^]*t10k-labels-idx1-ubyte +changed/);
});

test('fetch fails with one message when the chosen source has nothing', async () => {
  const root = await temporaryFolder();
  const { code, err } = await data('fetch', '--source', 'raw', '--root', root);
  expect(code).toBe(1);
  expect(err).toMatch(/some files could not be obtained[^]*raw {5}.*no \.gz files there[^]*by hand/);
});
