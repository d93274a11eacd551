import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import {
  type Configuration,
  ConfigurationError,
  loadConfiguration,
} from '../../../src/pipeline/config/configuration.ts';
import { temporaryFolder } from '../files/disks.ts';

/** Writes files into a folder of their own. */
function files(contents: Record<string, string>): string {
  const folder = temporaryFolder();
  for (const [name, text] of Object.entries(contents)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

function load(contents: Record<string, string>, name: string, ...overrides: string[]): Configuration {
  return loadConfiguration(join(files(contents), name), overrides);
}

function refusal(contents: Record<string, string>, name: string, ...overrides: string[]): string {
  const folder = files(contents);
  try {
    loadConfiguration(join(folder, name), overrides);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError);
    return (error as Error).message.replaceAll(`${folder}/`, '');
  }
  throw new Error('nothing was refused');
}

const base =
  'name: base\nseed: 1\nmodel: { name: mlp, hidden: [8, 4], dropout: 0.1 }\noptimizer: { name: adam, lr: 0.5, eps: 1e-7 }\ntrain:\n  epochs: 3\n  batchSize: 16\n';

it('merges sections key by key, replaces lists, and lets later files and the command line win', () => {
  const contents = {
    'base.yaml': base,
    'parts/long.yaml': 'train: { epochs: 30 }\nseed: 2\n',
    'parts/fast.yaml': 'optimizer: { lr: 0.25 }\nseed: 3\n',
    'top.yaml': 'extends: [base.yaml, parts/long.yaml, parts/fast.yaml]\nname: top\nmodel: { hidden: [2] }\n',
    'deep/deeper.yaml': 'extends: ../top.yaml\noptimizer: { eps: 1.0e-6 }\n',
  };
  expect(load(contents, 'deep/deeper.yaml', 'train.batchSize=64')).toMatchObject({
    name: 'top',
    seed: 3,
    model: { name: 'mlp', hidden: [2], dropout: 0.1 },
    optimizer: { name: 'adam', lr: 0.25, eps: 1e-6 },
    train: { epochs: 30, batchSize: 64 },
  });
});

it('replaces a section that chooses another variant', () => {
  const contents = { 'base.yaml': base, 'top.yaml': 'extends: base.yaml\noptimizer: { name: sgd }\n' };
  const { optimizer } = load(contents, 'top.yaml');
  expect(optimizer).toMatchObject({ name: 'sgd', lr: 1e-3, momentum: 0 });
});

it('names the file and line that set a wrong key', () => {
  const contents = {
    'base.yaml': `${base}  logEvery: soon\n`,
    'top.yaml': 'extends: base.yaml\ntrain:\n  epochs: 0\n  batchsize: 2\noptimizer: { name: sgd }\n',
  };
  const message = refusal(contents, 'top.yaml', 'seed=-1');
  expect(message).toContain('top.yaml: 4 problems');
  expect(message).toContain('train.logEvery (base.yaml:8:3)');
  expect(message).toContain('train.epochs (top.yaml:3:3)');
  expect(message).toContain('train.batchsize (top.yaml:4:3): unknown key');
  expect(message).toContain('seed (command line: seed=-1)');
});

it('does not say of a replaced section that the base wrote its keys', () => {
  const contents = {
    'base.yaml': `${base}schedule: { name: step, stepSize: x }\n`,
    'top.yaml': 'extends: base.yaml\nschedule: { name: exponential }\n',
  };
  const message = refusal(contents, 'top.yaml');
  expect(message).toContain('schedule.gamma: missing');
  expect(message).not.toContain('base.yaml');
});

it.each([
  [{ 'a.yaml': 'extends: a.yaml\n' }, 'a.yaml:1:1: files extend each other: a.yaml → a.yaml'],
  [
    {
      'a.yaml': 'extends: x/b.yaml',
      'x/b.yaml': 'seed: 1\nextends: ../c.yaml',
      'c.yaml': 'extends: ./a.yaml',
    },
    'c.yaml:1:1: files extend each other: a.yaml → x/b.yaml → c.yaml → a.yaml',
  ],
  [
    { 'a.yaml': 'extends: no.yaml' },
    'no.yaml: cannot be read: there is no such file\n    extended by a.yaml:1:1',
  ],
  [{ 'a.yaml': 'extends: 3' }, 'extends (a.yaml:1:1)\n    takes  a file, or a list of files\n    got    3'],
  [{ 'a.yaml': 'extends: [b.yaml, {}]' }, 'takes  a file, or a list of files'],
  [{ 'a.yaml': 'extends: b.yaml', 'b.yaml': 'seed: [' }, 'b.yaml:1:8: '],
])('refuses %j', (contents, message) => {
  expect(refusal(contents as Record<string, string>, 'a.yaml')).toContain(message);
});

it('reads a base that several files extend once for each, and not without end', () => {
  const shared = { 'base.yaml': base, 'l.yaml': 'extends: base.yaml', 'r.yaml': 'extends: base.yaml' };
  expect(load({ ...shared, 'a.yaml': 'extends: [l.yaml, r.yaml]' }, 'a.yaml').seed).toBe(1);
  const levels = Object.fromEntries(
    Array.from({ length: 30 }, (_, at) => [`${at}.yaml`, `extends: [${at + 1}.yaml, ${at + 1}.yaml]`]),
  );
  expect(refusal({ ...levels, '30.yaml': base }, '0.yaml')).toContain(
    'extends takes 100 files in all, got more',
  );
});

it('treats __proto__ as any unknown key', () => {
  const contents = { 'base.yaml': base, 'a.yaml': 'extends: base.yaml\n__proto__: { seed: 9 }\n' };
  expect(refusal(contents, 'a.yaml')).toContain('__proto__');
});
