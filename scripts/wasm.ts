/** Compiles kernels/wasm/*.ts, and writes the TypeScript declarations of the module. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type GeneratedFile, root, runGenerator } from './generate.ts';

const sources = join(root, 'kernels/wasm');

/** The host provides the memory; the module has no runtime. */
const OPTIONS = [
  ...['-O3', '--noAssert', '--runtime', 'stub', '--use', 'abort='],
  ...['--enable', 'simd', '--enable', 'threads', '--importMemory', '--sharedMemory'],
  ...['--initialMemory', '1', '--maximumMemory', '65536'],
  // Tables of constants lie behind the words of jobs: see threads.ts.
  ...['--memoryBase', '2048'],
  // JavaScript sees no function with vectors: files export them for each other.
  ...['--disableWarning', '112'],
];

/** Without relaxed SIMD, every processor gives the same bits. */
function compile({ relaxed }: { relaxed: boolean }): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'wgrad-wasm-'));
  try {
    const outFile = join(folder, 'cpu.wasm');
    // A separate process, because importing the compiler would add its dialect's global types to this project.
    const asc = join(root, 'node_modules/assemblyscript/bin/asc.js');
    const files = ['kernels/wasm/index.ts', '--baseDir', root, '-o', outFile];
    execFileSync(
      process.execPath,
      [asc, ...files, ...OPTIONS, ...(relaxed ? ['--enable', 'relaxed-simd'] : [])],
      { stdio: 'inherit' },
    );
    return readFileSync(outFile);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const texts = new Map(
  readdirSync(sources)
    .filter((file) => file.endsWith('.ts'))
    .map((file) => [file, readFileSync(join(sources, file), 'utf8')]),
);
const all = [...texts.values()].join('\n');

/** The fields of a job's class: names and types, in memory order, four bytes each. */
function fieldsOf(name: string): [name: string, type: string][] {
  const [, body] = RegExp(`^export class ${name} \\{\\n([^}]*)^\\}`, 'm').exec(all) ?? [];
  if (body === undefined) throw new Error(`kernels/wasm: no class ${name}`);
  return [...body.matchAll(/^ {2}(\w+): (\w+);$/gm)].map(([, field, type]) => {
    if (!['usize', 'i32', 'u32', 'f32'].includes(type!)) throw new Error(`${name}.${field!}: no ${type!}`);
    return [field!, type!];
  });
}

interface Job {
  name: string;
  kind: string;
  fields: [name: string, type: string][];
}

/** The jobs that `runTask` in threads.ts knows. */
const jobs = [...texts.get('threads.ts')!.matchAll(/\(kind == (\d+)\)\s+(\w+)Task\(changetype<(\w+)>/g)].map(
  ([, kind, name, job]): Job => ({ kind: kind!, name: name!, fields: fieldsOf(job!) }),
);

function jobLine({ name, kind, fields }: Job): string {
  const record = `Record<${fields.map(([field]) => `'${field}'`).join(' | ')}, number>`;
  const stores = fields.map(([field, type], at) => `${type === 'f32' ? 'f' : 'w'}[${at}] = v.${field};`);
  return `  ${name}: { kind: ${kind}, write: (w: Words, f: Floats, v: ${record}): void => { ${stores.join(' ')} } },`;
}

/** One line per function that index.ts exports. */
function exportLines(): string[] {
  const lists = texts.get('index.ts')!.matchAll(/^export \{([^}]+)\}/gm);
  return [...lists]
    .flatMap(([, names]) => names!.match(/\w+/g)!)
    .map((name) => {
      const [, list, result] = RegExp(`^export function ${name}\\(([^)]*)\\): (\\w+)`, 'm').exec(all)!;
      const params = [...list!.matchAll(/(\w+): \w+/g)].map(([, param]) => `${param!}: number`);
      return `  ${name}(${params.join(', ')}): ${result === 'void' ? 'void' : 'number'};`;
    });
}

function sha256(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}

const { version } = JSON.parse(
  readFileSync(join(root, 'node_modules/assemblyscript/package.json'), 'utf8'),
) as { version: string };
const inputs = sha256(
  JSON.stringify([version, OPTIONS, [...texts].toSorted(([a], [b]) => (a < b ? -1 : 1))]),
);

const MODULES = [
  ['src/platform/cpu.wasm', { relaxed: false }],
  ['src/platform/cpuRelaxed.wasm', { relaxed: true }],
] as const;

/** The declarations. They contain digests, because compiling both modules only to compare them takes a minute. */
const faceOf = (
  modules: readonly Uint8Array[],
): string => `// Written by \`npm run wasm\` from kernels/wasm/*.ts; \`npm run typecheck\` fails if it is out of date.
// SHA-256 of sources, options and the compiler's version: ${inputs}
// SHA-256 of both modules: ${sha256(...modules)}

type Words = Int32Array;
type Floats = Float32Array;

/** The jobs that threads share: the number of each, and a function that writes its fields to two views of the memory. */
export const jobs = {
${jobs.map(jobLine).join('\n')}
};

/** The fields of each job. Addresses are in bytes; truth values are 0 or 1. */
export type Fields = { readonly [Name in keyof typeof jobs]: Parameters<(typeof jobs)[Name]['write']>[2] };

/** The functions that the module exports. Numbers are 32-bit; addresses are in bytes. */
export interface Exports {
${exportLines().join('\n')}
}
`;

await runGenerator('wasm', {
  about: `
    Compiles kernels/wasm/*.ts to src/platform/cpu.wasm and, with relaxed SIMD, to src/platform/cpuRelaxed.wasm, and writes the
    TypeScript declarations of both to src/backend/cpu/simd/jobs.ts.`,
  sources: 'kernels/wasm/*.ts',
  files: (check) => {
    const modules = MODULES.map(([path, build]): GeneratedFile => [
      path,
      check ? readFileSync(join(root, path)) : compile(build),
    ]);
    const face = faceOf(modules.map(([, contents]) => contents as Uint8Array));
    return [...(check ? [] : modules), ['src/backend/cpu/simd/jobs.ts', face]];
  },
});
