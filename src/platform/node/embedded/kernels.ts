import { readFileSync } from 'node:fs';
import { transformSync } from 'esbuild';
import { kernelNames, kernelSource } from '../kernels.ts';
import { alikeTogether } from './order.ts';
import { squeeze } from './squeeze.ts';

const declarations = new URL('declarations.ts', import.meta.url);

/** The module that `#kernels` is in the package: the squeezed texts of all kernels, and a function that reads their signatures. */
export function embeddedKernels(): string {
  const texts = alikeTogether(kernelNames().map((name) => [name, squeeze(kernelSource(name))]));
  const { code } = transformSync(readFileSync(declarations, 'utf8'), { loader: 'ts', format: 'esm' });
  return `const texts = ${JSON.stringify(Object.fromEntries(texts), null, 1)};

export function kernelSource(name) {
  return texts[name];
}

export function kernelSignature(name) {
  return readDeclarations(texts[name]);
}

${code.replace(/^export \{[^}]*\};\n/m, '')}`;
}
