import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import * as wgrad from '../../src/index.ts';
import { missingOf, nameGroups, pairsOf, withTables } from '../../scripts/pytorchNames.ts';

/** Whether a name of the library's, such as `nn.Linear`, exists: as an export, or as a method of tensors. */
function exists(name: string): boolean {
  if (name in wgrad.Tensor.prototype) return true;
  let found: unknown = wgrad;
  for (const part of name.split('.')) found = (found as Record<string, unknown> | undefined)?.[part];
  return found !== undefined;
}

it("every name that stands beside PyTorch's exists", () => {
  const wrong = nameGroups.flatMap(pairsOf).filter(([, ours]) => !exists(ours));
  expect(wrong).toEqual([]);
});

it('what is listed as missing does not exist', () => {
  const wrong = nameGroups.flatMap(missingOf).filter(([, ours]) => exists(ours));
  expect(wrong).toEqual([]);
});

it('no name is listed twice', () => {
  const all = nameGroups.flatMap((group) => [...pairsOf(group), ...missingOf(group)].map(([name]) => name));
  expect(all.filter((name, index) => all.indexOf(name) !== index)).toEqual([]);
});

it('the guide shows the list as it is: `npm run names` writes it', () => {
  const page = readFileSync('docs/guide/pytorch.md', 'utf8');
  expect(withTables(page)).toBe(page);
});
