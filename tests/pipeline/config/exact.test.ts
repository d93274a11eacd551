// Exact limits of configuration files, and which problems an error counts.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parseConfiguration, printConfiguration } from '../../../src/pipeline/config/configuration.ts';
import { valueAt } from '../../../src/pipeline/config/error.ts';
import { readConfigurationFile } from '../../../src/pipeline/config/extends.ts';
import { applyOverrides } from '../../../src/pipeline/config/overrides.ts';
import { isTemporary, temporaryName } from '../../../src/pipeline/files/atomicFile.ts';
import { parseYaml } from '../../../src/pipeline/files/yamlValue.ts';
import { temporaryFolder } from '../files/disks.ts';

it('a YAML text has 262,144 characters at most', () => {
  const text = 'a: 1\n#'.padEnd(2 ** 18, '-');
  expect(parseYaml(text)).toMatchObject({ value: { a: 1 }, faults: [] });
  expect(parseYaml(`${text}-`)).toMatchObject({
    value: undefined,
    faults: [{ message: 'takes at most 262144 characters, got 262145', offset: 0 }],
  });
});

it('a configuration extends 100 files at most', () => {
  const folder = temporaryFolder();
  const path = join(folder, 'top.yaml');
  const extending = (count: number): unknown => {
    const bases = Array.from({ length: count }, (_, at) => `base${at}.yaml`);
    bases.forEach((name, at) => writeFileSync(join(folder, name), `seed: ${at}\n`));
    writeFileSync(path, `extends: [${bases.join(', ')}]\n`);
    return readConfigurationFile(path).value;
  };
  expect(extending(100)).toEqual({ seed: 99 });
  expect(() => extending(101)).toThrow('extends takes 100 files in all, got more');
});

it('what depends on a key that is wrong itself is no further problem', () => {
  const optimizer = { name: 'sgd', nesterov: true };
  const problems = (changes: object): string => {
    try {
      parseConfiguration({ name: 'x', model: { name: 'mlp' }, optimizer: { ...optimizer, ...changes } });
    } catch (error) {
      return String(error).split('\n')[0]!;
    }
    return 'none';
  };
  expect(problems({ momentum: 'much' })).toContain('configuration: 1 problem');
  expect(problems({ momentum: 0.9, dampening: 'much' })).toContain('configuration: 1 problem');
  expect(problems({ lr: 'much' })).toContain('configuration: 2 problems');
  expect(problems({ momentum: 0.9 })).toBe('none');
});

it('temporary files are told by their names', () => {
  const names = [
    '.a.0123456789ab.tmp',
    '.a.0123456789AB.tmp',
    '.a.0123456789a.tmp',
    'a.0123456789ab.tmp',
    'mine.tmp',
    '.tmp',
  ];
  expect(names.map(isTemporary)).toEqual([true, false, false, false, false, false]);
  expect(isTemporary(temporaryName('config.yaml'))).toBe(true);
});

it('a file extends names of files, and five faults of YAML are shown', () => {
  const path = join(temporaryFolder(), 'x.yaml');
  const read = (text: string) => (): unknown => {
    writeFileSync(path, text);
    return readConfigurationFile(path);
  };
  for (const wrong of ["''", "['']", '7', '[7]', '{}'])
    expect(read(`extends: ${wrong}\n`), wrong).toThrow('a file, or a list of files');
  const duplicates = Array.from({ length: 7 }, () => 'a: 1\n').join('');
  expect(read(duplicates)).toThrow(/x\.yaml:2:1: [^]*x\.yaml:6:1: /);
  expect(read(duplicates)).not.toThrow(/x\.yaml:7:1: /);
});

it('an override reaches into sections alone, and values into what they hold themselves', () => {
  const apply = (value: unknown) => (): unknown =>
    applyOverrides({ value, locate: () => undefined }, ['optimizer.lr=1']).value;
  expect(apply({ optimizer: null })).toThrow('no key inside optimizer, which is null');
  expect(apply({ optimizer: 'adam' })).toThrow("no key inside optimizer, which is 'adam'");
  expect(apply({ optimizer: [] })).toThrow('no key inside optimizer, which is a list');
  expect(apply({})()).toEqual({ optimizer: { lr: 1 } });
  expect([valueAt({ a: [7] }, ['a', 0]), valueAt({}, ['toString']), valueAt({ a: 1 }, ['a', 'b'])]).toEqual([
    7,
    undefined,
    undefined,
  ]);
});

it('a printed configuration has no anchors, also where two keys hold one list', () => {
  const hidden = [8, 8];
  const parsed = parseConfiguration({ name: 'x', model: { name: 'cnn' }, optimizer: { name: 'adam' } });
  const model = { ...parsed.model, channels: hidden, hidden } as typeof parsed.model;
  expect(printConfiguration({ ...parsed, model })).toMatch(/channels: \[8, 8\][^]*hidden: \[8, 8\]/);
});
