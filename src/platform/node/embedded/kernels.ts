import { kernelNames, kernelSignature, kernelSource } from '../kernels.ts';

/** Kernels that measure a device; they have no signature. */
const PEAKS = ['peaks/arithmetic', 'peaks/traffic'];

/**
 * The module that `#kernels` is in the package: the texts of all kernels without their comments, and their signatures.
 * Lines stay where they are, so a compiler's message names the line of the file in kernels/.
 */
export function embeddedKernels(): string {
  const names = kernelNames();
  const texts = [...names, ...PEAKS].map((name) => [name, withoutComments(kernelSource(name))]);
  const signatures = names.map((name) => {
    const { overrides, constants, aliases, ...others } = kernelSignature(name);
    return [name, { ...others, overrides: [...overrides], constants: [...constants], aliases: [...aliases] }];
  });
  return `const texts = ${JSON.stringify(Object.fromEntries(texts), null, 1)};

const signatures = ${JSON.stringify(Object.fromEntries(signatures))};

export function kernelSource(name) {
  return texts[name];
}

export function kernelSignature(name) {
  const { overrides, constants, aliases, ...others } = signatures[name];
  return {
    ...others,
    overrides: new Map(overrides),
    constants: new Map(constants),
    aliases: new Map(aliases),
  };
}
`;
}

/** WGSL has no strings that a comment's mark could stand in, and the kernels have no block comments. */
function withoutComments(text: string): string {
  return text.replaceAll(/[ \t]*\/\/.*$/gm, '');
}
