import { readFileSync } from 'node:fs';
import { transformSync } from 'esbuild';
import type { KernelSignature } from '../../kernels.ts';
import { kernelNames, kernelSource } from '../kernels.ts';
import { readDeclarations } from './declarations.ts';
import { alikeTogether } from './order.ts';
import { shorten } from './shorten.ts';
import { squeeze } from './squeeze.ts';

const declarations = new URL('declarations.ts', import.meta.url);

/** The squeezed texts of all kernels, with short names of variables. */
export function embeddedTexts(): Readonly<Record<string, string>> {
  const squeezed = kernelNames().map((name) => [name, squeeze(kernelSource(name))] as const);
  return Object.fromEntries(alikeTogether(shorten(squeezed, (text) => namesOf(readDeclarations(text)))));
}

/** The module that `#kernels` is in the package: the texts, and a function that reads their signatures. */
export function embeddedKernels(): string {
  return `const texts = ${JSON.stringify(embeddedTexts(), null, 1)};
${kernelsCode('texts')}`;
}

/** The exports of the module that `#kernels` is. `texts` is an expression. */
export function kernelsCode(texts: string): string {
  const { code } = transformSync(readFileSync(declarations, 'utf8'), { loader: 'ts', format: 'esm' });
  return `
export function kernelSource(name) {
  return ${texts}[name];
}

export function kernelSignature(name) {
  return readDeclarations(${texts}[name]);
}

${code.replace(/^export \{[^}]*\};\n/m, '')}`;
}

/** The names in a kernel that a launch uses, and that of its entry point. */
function namesOf({ buffers, params, overrides, constants, aliases }: KernelSignature): string[] {
  const declared = [...buffers, ...params].map(({ name }) => name);
  return ['main', 'params', ...declared, ...overrides.keys(), ...constants.keys(), ...aliases.keys()];
}
