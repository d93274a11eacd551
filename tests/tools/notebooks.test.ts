import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type Notebook } from '../../scripts/notebook.ts';
import { runNotebook } from '../../scripts/runNotebook.ts';
import { fetchFashionMnist } from '../../src/pipeline/data/sources/fetch.ts';
import { runtimeOrSkip } from './runtimes.ts';
import { toolsPython } from './toolsPython.ts';

test('the notebook on the data gives, in a clean kernel, the outputs that it holds', async (context) => {
  const python = toolsPython(context, 'nbclient', 'jupyter_client');
  const deno = runtimeOrSkip(context, 'deno');
  await fetchFashionMnist('data/raw');
  const path = 'notebooks/data.ipynb';
  const executed = await runNotebook(path, python, deno);
  const committed = JSON.parse(readFileSync(path, 'utf8')) as Notebook;
  expect(executed.cells.map(({ outputs }) => outputs)).toEqual(committed.cells.map(({ outputs }) => outputs));
  expect(executed).toEqual(committed);
});
