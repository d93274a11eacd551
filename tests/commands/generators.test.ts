import { execFile } from 'node:child_process';
import { appendFileSync, cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../pipeline/files/disks.ts';

/** A copy of what the generators read and write. */
function copyOfProject(): string {
  const copy = temporaryFolder();
  for (const path of ['kernels', 'scripts', 'src', 'package.json', 'tsconfig.json']) {
    cpSync(path, join(copy, path), { recursive: true });
  }
  symlinkSync(resolve('node_modules'), join(copy, 'node_modules'));
  return copy;
}

function run(copy: string, script: string, ...args: string[]): Promise<{ code: number; stderr: string }> {
  const command = ['--import', import.meta.resolve('tsx'), join(copy, `scripts/${script}.ts`), ...args];
  return new Promise((done) => {
    execFile(process.execPath, command, { cwd: copy }, (error, _, stderr) => {
      done({ code: error ? Number(error.code) : 0, stderr });
    });
  });
}

function edit(path: string, from: string, to: string): void {
  const text = readFileSync(path, 'utf8');
  expect(text).toContain(from);
  writeFileSync(path, text.replace(from, to));
}

// That it passes on the sources as they are is checked by `npm run typecheck`.
it.each([
  ['signatures', 'kernels/fill.wgsl', 'size: u32,', 'length: u32,', ['src/backend/signatures.ts']],
  [
    'wasm',
    'kernels/wasm/index.ts',
    "export { normaliseBytes } from './rows';",
    '',
    ['src/backend/cpu/simd/jobs.ts'],
  ],
])('npm run %s -- --check fails when a source has changed', async (script, path, from, to, stale) => {
  const copy = copyOfProject();
  edit(join(copy, path), from, to);
  const { code, stderr } = await run(copy, script, '--check');
  expect(code).toBe(1);
  for (const file of stale) expect(stderr).toContain(`${file} is out of date with`);
  expect(stderr).toContain(`npm run ${script}`);
});

it('npm run wasm -- --check fails when a module has changed', async () => {
  const copy = copyOfProject();
  appendFileSync(join(copy, 'src/platform/cpu.wasm'), 'x');
  const { code, stderr } = await run(copy, 'wasm', '--check');
  expect(code).toBe(1);
  expect(stderr).toContain('jobs.ts is out of date with');
});

// The compiler takes a minute.
it('npm run wasm makes the committed modules from the sources', async () => {
  const copy = copyOfProject();
  expect(await run(copy, 'wasm')).toEqual({ code: 0, stderr: '' });
  for (const path of [
    'src/platform/cpu.wasm',
    'src/platform/cpuRelaxed.wasm',
    'src/backend/cpu/simd/jobs.ts',
  ])
    expect(readFileSync(join(copy, path)).equals(readFileSync(path)), path).toBe(true);
}, 900_000);
