import type { BufferBinding, KernelSignature, ParamField, ScalarType } from '../../kernels.ts';

/** Bytes to which a vector of so many lanes is aligned. */
const ALIGNMENT: readonly number[] = [0, 4, 8, 16, 16];

/**
 * The signature of a kernel from its squeezed text (squeeze.ts). It is a part of the module that `#kernels` is in the package. In
 * the repository wgsl_reflect reads kernels of any style; a test compares both.
 */
export function readDeclarations(text: string): KernelSignature {
  const all = (pattern: RegExp): string[][] => [...text.matchAll(pattern)].map((match) => match.slice(1));
  const buffers = all(/@binding\((\d+)\) ?var<storage,?(\w*)> ?(\w+)/g).map(
    ([binding, access, name]): BufferBinding => ({
      name: name!,
      binding: Number(binding),
      access: access === 'read_write' ? 'write' : 'read',
    }),
  );
  const [[paramsBinding, struct]] = all(/@binding\((\d+)\) ?var<uniform> ?params:(\w+)/g) as [
    [string, string],
  ];
  const [[members]] = all(RegExp(`struct ${struct}\\{([^}]*)`, 'g')) as [[string]];
  const params: ParamField[] = [];
  let [end, alignment] = [0, 4];
  for (const [, name, type] of members.matchAll(/(\w+):([\w<>]+)/g)) {
    const [, lanes, letter] = /^vec(\d)<?([fiu])/.exec(type!) ?? [];
    const count = Number(lanes ?? 1);
    const own = ALIGNMENT[count]!;
    const offset = Math.ceil(end / own) * own;
    params.push({ name: name!, offset, scalar: (letter ? `${letter}32` : type) as ScalarType, lanes: count });
    end = offset + 4 * count;
    alignment = Math.max(alignment, own);
  }
  return {
    buffers: buffers.sort((left, right) => left.binding - right.binding),
    params,
    paramsBinding: Number(paramsBinding),
    paramsSize: Math.ceil(end / alignment) * alignment,
    overrides: new Map(all(/\boverride (\w+):(\w+)/g).map(([name, type]) => [name!, type as ScalarType])),
    constants: new Map(
      all(/^const (\w+)(?::\w+)?=(\d+)u?;/gm).map(([name, value]) => [name!, Number(value)]),
    ),
    aliases: new Map(all(/^alias (\w+)=(\w+)/gm).map(([name, type]) => [name!, type!])),
  };
}
