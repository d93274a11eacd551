import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { operators } from '../../../src/formats/onnx/import/operators/index.ts';

it('docs/guide/onnx.md lists the operators that are read, and marks those that are written', () => {
  const table = readFileSync('docs/guide/onnx.md', 'utf8')
    .split('## Operators')[1]!
    .replaceAll(/^[^|].*/gm, '');
  const listed = [...table.matchAll(/`(\w+)`( ✓)?[,\s]/g)].map(
    ([, name, mark]) => [name!, mark !== undefined] as const,
  );
  const inTable = listed.filter(([name]) => Object.hasOwn(operators, name));
  const rules = ['rules/elementwise', 'rules/layers', 'rules/shapes', 'graph'].map((file) =>
    readFileSync(`src/formats/onnx/export/${file}.ts`, 'utf8'),
  );
  const written = (name: string): boolean => rules.some((text) => text.includes(`'${name}'`));
  const expected = Object.keys(operators).map((name) => [name, written(name)] as const);
  expect(inTable.toSorted()).toEqual(expected.toSorted());
});
