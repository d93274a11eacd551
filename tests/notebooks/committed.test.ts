import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Notebook, notebookText, sourcesHash, textOf, tidied } from '../../scripts/notebook.ts';

const FOLDER = 'notebooks';
const notebooks = readdirSync(FOLDER).filter((name) => name.endsWith('.ipynb'));

function read(name: string): { text: string; notebook: Notebook } {
  const text = readFileSync(join(FOLDER, name), 'utf8');
  return { text, notebook: JSON.parse(text) as Notebook };
}

test('there are notebooks on the data, on a network and on runs', () => {
  expect(notebooks.sort()).toEqual(['cnn.ipynb', 'data.ipynb', 'runs.ipynb']);
});

describe.each(notebooks)('%s', (name) => {
  const { text, notebook } = read(name);
  const programs = notebook.cells.filter((cell) => cell.cell_type === 'code');

  test('has the outputs of its programs, executed once from first to last', () => {
    expect(notebook.metadata.wgrad?.sources).toBe(sourcesHash(notebook));
    expect(programs.map((cell) => cell.execution_count)).toEqual(programs.map((_, at) => at + 1));
    expect(text).toBe(notebookText(tidied(notebook)));
  });

  test('shows what its cells show', () => {
    for (const { id, source, outputs = [] } of programs) {
      expect(outputs.filter(({ output_type }) => output_type === 'error')).toEqual([]);
      const shows = /^await (show|picture)\(/m.test(textOf(source));
      const prints = /^console\./m.test(textOf(source));
      const kinds = outputs.flatMap(({ name: stream, data = {} }) => (stream ? [stream] : Object.keys(data)));
      const pictures = kinds.filter((kind) => kind.startsWith('image/')).length;
      expect([pictures, kinds.filter((kind) => kind === 'stdout').length], id).toEqual([
        Number(shows),
        Number(prints),
      ]);
    }
  });

  test('names no folder and no address of the machine that ran it', () => {
    // Data URLs may hold any letters.
    const readable = text.replaceAll(/data:image\/png;base64,[\w+/=]+|"image\/png": "[\w+/=\\]+"/g, '');
    expect(readable).not.toMatch(/\/(home|root|tmp|usr|work|var|Users)\/|file:\/\/|localhost|127\.0\.0\.1/);
    const addresses = [...readable.matchAll(/https?:\/\/[^/"\\ ]+/g)].map(([address]) => address);
    expect([...new Set(addresses)].sort()).toEqual(['http://www.w3.org']);
  });
});
