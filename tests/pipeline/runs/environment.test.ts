import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { collectEnvironment, gitState, withDeviceAndData } from '../../../src/pipeline/runs/environment.ts';
import { temporaryFolder } from '../files/disks.ts';

it('says what a run ran on, and nothing of the environment variables', async () => {
  vi.stubEnv('SECRET_TOKEN', 'very-secret-value');
  const [info, checksums] = [{ vendor: 'mesa' }, { 'train.gz': 'abc' }];
  const data = { checksums, dataVersion: 'abc.dir' };
  const environment = withDeviceAndData(await collectEnvironment(), { info }, data);
  vi.unstubAllEnvs();
  expect(environment).toMatchObject({
    commandLine: process.argv,
    node: process.versions.node,
    v8: process.versions.v8,
    platform: process.platform,
    arch: process.arch,
    adapter: info,
    dataChecksums: checksums,
    dataVersion: 'abc.dir',
  });
  expect(environment.packages.wgrad).toMatch(/^\d+\.\d+\.\d+/);
  expect(environment.packages.webgpu).toMatch(/^\d+\.\d+\.\d+/);
  expect(environment.cpu.cores).toBeGreaterThan(0);
  expect(environment.memoryBytes).toBeGreaterThan(1e6);
  expect(Math.abs(Date.parse(environment.startedAt) - Date.now())).toBeLessThan(60_000);
  expect(JSON.parse(JSON.stringify(environment))).toEqual(environment);
  expect(JSON.stringify(environment)).not.toContain('very-secret-value');
});

it('says null for what is not known yet', async () => {
  expect(await collectEnvironment()).toMatchObject({ adapter: null, dataChecksums: null });
});

it('tells the commit, and whether files differ from it', async () => {
  const folder = temporaryFolder();
  const git = (...args: string[]): string =>
    execFileSync('git', args, { cwd: folder, encoding: 'utf8' }).trim();
  git('init', '--quiet');
  expect(await gitState(folder)).toBeNull();
  const author = ['-c', 'user.name=test', '-c', 'user.email=test@localhost', '-c', 'commit.gpgsign=false'];
  git(...author, 'commit', '--quiet', '--allow-empty', '--message', 'first');
  expect(await gitState(folder)).toEqual({ commit: git('rev-parse', 'HEAD'), dirty: false });
  writeFileSync(join(folder, 'new'), '');
  expect(await gitState(folder)).toMatchObject({ dirty: true });
});

it('says null without git and outside a checkout', async () => {
  const folder = temporaryFolder();
  expect(await gitState(folder)).toBeNull();
  vi.stubEnv('PATH', folder);
  expect(await collectEnvironment()).toMatchObject({ git: null });
  vi.unstubAllEnvs();
});
