/** Writes the TypeScript types of kernels/*.wgsl: buffers, parameters and constants of every kernel. */
import type { KernelSignature, ParamField } from '../src/platform/kernels.ts';
import { kernelNames, kernelSignature } from '../src/platform/node/kernels.ts';
import { runGenerator } from './generate.ts';

const HEADER = `// Written by \`npm run signatures\` from kernels/*.wgsl; \`npm run typecheck\` fails if it is out of date.

/** Vectors among a kernel's parameters. */
export type Vec2 = readonly [number, number];
export type Vec3 = readonly [number, number, number];
export type Vec4 = readonly [number, number, number, number];

/** WGSL element types that a kernel's alias can have. */
export type Element = 'f32' | 'i32' | 'u32' | 'f16' | 'vec4f' | 'vec4h';
`;

const LANES = ['', 'number', 'Vec2', 'Vec3', 'Vec4'];

function field({ name, lanes }: ParamField): string {
  return `${name}: ${LANES[lanes]!}`;
}

/** Overrides, tile constants and aliases. Named values, such as those of OPERATION, are not settings. */
function knobs(signature: KernelSignature): string[] {
  return [
    ...[...signature.overrides].map(([name, type]) => `${name}: ${type === 'bool' ? 'boolean' : 'number'}`),
    ...[...signature.constants.keys()]
      .filter((name) => name.startsWith('TILE_'))
      .map((name) => `${name}: number`),
    ...[...signature.aliases.keys()].map((name) => `${name}: Element`),
  ];
}

function members(parts: string[]): string {
  return parts.length === 0 ? 'Record<never, never>' : `{ ${parts.join('; ')} }`;
}

function describe(name: string, signature: KernelSignature): string {
  return [
    `  ${name}: {`,
    `    buffers: ${members(signature.buffers.map((buffer) => `${buffer.name}: '${buffer.access}'`))};`,
    `    params: ${members(signature.params.map(field))};`,
    `    variant: ${members(knobs(signature))};`,
    '  };',
  ].join('\n');
}

function namedValues(name: string, signature: KernelSignature): string[] {
  const values = [...signature.constants].filter(([constant]) => !constant.startsWith('TILE_'));
  if (values.length === 0) return [];
  return [`  ${name}: { ${values.map(([constant, value]) => `${constant}: ${value}`).join(', ')} },`];
}

function outputs(name: string, { buffers }: KernelSignature): string {
  const written = buffers.filter(({ access }) => access === 'write');
  return `  ${name}: [${written.map((buffer) => `'${buffer.name}'`).join(', ')}],`;
}

function render(): string {
  const kernels = kernelNames().map((name) => [name, kernelSignature(name)] as const);
  const types = kernels.map(([name, signature]) => describe(name, signature)).join('\n');
  const values = kernels.flatMap(([name, signature]) => namedValues(name, signature)).join('\n');
  const written = kernels.map(([name, signature]) => outputs(name, signature)).join('\n');
  return (
    `${HEADER}\n/** The buffers, parameters and settings of each kernel. */\nexport interface Signatures {\n${types}\n}\n\n` +
    `/** The named values that kernels declare. \`codes.binary.ADD\` is the value of OPERATION for a sum. */\n` +
    `export const codes = {\n${values}\n} as const;\n\n` +
    `/** The buffers that each kernel writes. */\n` +
    `export const outputs: Readonly<Record<keyof Signatures, readonly string[]>> = {\n${written}\n};\n`
  );
}

await runGenerator('signatures', {
  about:
    'Writes src/backend/signatures.ts: the TypeScript types of the buffers, parameters and settings of all kernels.',
  sources: 'kernels/*.wgsl',
  files: () => [['src/backend/signatures.ts', render()]],
});
