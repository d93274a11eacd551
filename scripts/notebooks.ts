/**
 * Executes notebooks from clean kernels with Jupyter, and writes their outputs into them.
 *
 * usage: WGRAD_TOOLS_PYTHON=…/bin/python npx tsx scripts/notebooks.ts [notebook…]
 *
 * It takes the packages of tests/tools/requirements.txt and the Deno of tests/tools/runtimes.
 */
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { notebookText } from './notebook.ts';
import { runNotebook } from './runNotebook.ts';

const python = process.env['WGRAD_TOOLS_PYTHON'] ?? 'python3';
const deno = process.env['WGRAD_DENO'] ?? 'tests/tools/runtimes/node_modules/.bin/deno';
const all = (await readdir('notebooks')).filter((name) => name.endsWith('.ipynb')).sort();
const given = process.argv.slice(2);

for (const path of given.length > 0 ? given : all.map((name) => join('notebooks', name))) {
  const start = performance.now();
  try {
    await writeFile(path, notebookText(await runNotebook(path, python, deno)));
  } catch (error) {
    const { stderr } = error as { stderr?: string };
    if (stderr === undefined) throw error;
    console.error(`${path}\n${stderr}`);
    process.exit(1);
  }
  console.log(`${path}: ${((performance.now() - start) / 1000).toFixed(0)} s`);
}
