import { expect, it } from 'vitest';
import { readPages } from './page.ts';
import { programOf, typeErrors, undocumentedExports } from './program.ts';
import { programBlocks } from './runPage.ts';
import { changedBy } from './workspace.ts';

it('the programs of the pages are what the type checker takes', () => {
  const pages = readPages().filter((page) => !changedBy(page).some((path) => path.endsWith('.ts')));
  const programs = new Map(
    pages.map(({ file, blocks }) => [`${file.replaceAll(/\W/g, '-')}.ts`, programOf(programBlocks(blocks))]),
  );
  expect(typeErrors([...programs.keys()], programs)).toEqual([]);
});

it('every public export has a docstring', () => {
  expect(undocumentedExports('src/index.ts')).toEqual([]);
});
