/**
 * Compiles kernels/wasm/*.ts to src/backend/cpu/simd/kernels.wasm. With --check it compares only, and fails if the file is
 * out of date.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const target = join(root, 'src/backend/cpu/simd/kernels.wasm');

/** No relaxed SIMD, so every processor gives the same bits. The host provides the memory; the module has no runtime and no data. */
const OPTIONS = [
  ...['-O3', '--noAssert', '--runtime', 'stub', '--use', 'abort='],
  ...['--enable', 'simd', '--enable', 'threads', '--importMemory', '--sharedMemory'],
  ...['--initialMemory', '1', '--maximumMemory', '65536'],
];

function compile(): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'wgrad-wasm-'));
  try {
    const outFile = join(folder, 'kernels.wasm');
    // A separate process, because importing the compiler would add its dialect's global types to this project.
    const compiler = join(root, 'node_modules/assemblyscript/bin/asc.js');
    const files = ['kernels/wasm/index.ts', '--baseDir', root, '-o', outFile];
    execFileSync(process.execPath, [compiler, ...files, ...OPTIONS], { stdio: 'inherit' });
    return readFileSync(outFile);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const bytes = compile();
if (process.argv.includes('--check')) {
  if (!readFileSync(target).equals(bytes)) {
    process.stderr.write(
      'src/backend/cpu/simd/kernels.wasm is out of date with kernels/wasm/*.ts: run `npm run wasm`\n',
    );
    process.exitCode = 1;
  }
} else {
  writeFileSync(target, bytes);
}
