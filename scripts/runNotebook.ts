import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { type Notebook, tidied } from './notebook.ts';

/**
 * Executes a notebook with Jupyter, in a new Deno kernel that works in the notebook's folder.
 *
 * @param python that has nbclient
 * @param deno the program
 * @throws where a cell fails, with Jupyter's report of it
 */
export async function runNotebook(path: string, python: string, deno: string): Promise<Notebook> {
  const folder = await mkdtemp(join(tmpdir(), 'wgrad-jupyter-'));
  try {
    // A folder of its own, so that no kernel of the user's is replaced or used.
    const kernel = join(folder, 'kernels', 'deno');
    await mkdir(kernel, { recursive: true });
    const argv = [resolve(deno), 'jupyter', '--kernel', '--conn', '{connection_file}'];
    const specification = { argv, display_name: 'Deno', language: 'typescript' };
    await writeFile(join(kernel, 'kernel.json'), JSON.stringify(specification));
    const output = join(folder, 'executed.ipynb');
    const env = {
      ...process.env,
      JUPYTER_DATA_DIR: folder,
      JUPYTER_RUNTIME_DIR: join(folder, 'runtime'),
      JUPYTER_CONFIG_DIR: join(folder, 'config'),
      IPYTHONDIR: join(folder, 'ipython'),
      // Relaxed SIMD has other last bits on other processors.
      WGRAD_WASM: 'plain',
      NO_COLOR: '1',
    };
    const args = [resolve('scripts/execute_notebook.py'), resolve(path), output];
    await promisify(execFile)(python, args, { env, maxBuffer: 2 ** 24 });
    return tidied(JSON.parse(await readFile(output, 'utf8')) as Notebook);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
