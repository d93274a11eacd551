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

it.each(['src/index.ts', 'src/data/index.ts', 'src/diagnostics/index.ts', 'src/formats/onnx/index.ts'])(
  'every export of %s has a docstring',
  (entry) => {
    expect(undocumentedExports(entry)).toEqual([]);
  },
);
