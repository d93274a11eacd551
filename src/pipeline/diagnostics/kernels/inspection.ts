import { KernelError } from '../../../backend/errors.ts';
import type { KernelSignature, ParamField, ScalarType } from '../../../platform/kernels.ts';
import { reflect } from '../../../platform/node/reflection.ts';
import { enabledExtensions } from './extensions.ts';

/** What a kernel file declares, for people and for `--json`. */
export interface KernelFacts {
  name: string;
  /** The first line of the file's header, without the name. */
  title: string;
  entryPoint: string;
  /** `@workgroup_size`, as written. */
  workgroupSize: string;
  workgroupVariables: { name: string; type: string }[];
  buffers: { name: string; access: 'read' | 'write'; element: string }[];
  params: { name: string; type: string; offset: number }[];
  /** Bytes of the Params struct. */
  paramsSize: number;
  overrides: { name: string; type: ScalarType; default: number | boolean }[];
  /** Constants that a program may give other values. */
  tiles: { name: string; default: number }[];
  aliases: { name: string; default: string }[];
  /** Named values of OPERATION and the like. */
  codes: Record<string, number>;
  /** WGSL extensions that the device must have. */
  features: string[];
}

/**
 * Reads a kernel's file.
 *
 * @throws KernelError for a file that is no kernel, or that wgsl_reflect cannot parse
 */
export function inspectKernel(name: string, source: string): KernelFacts {
  const signature = readSignature(name, source);
  const named = (match: RegExp): string => match.exec(source)?.[1]?.trim() ?? '';
  const codes = [...signature.constants].filter(([constant]) => !constant.startsWith('TILE_'));
  const tiles = [...signature.constants].filter(([constant]) => constant.startsWith('TILE_'));
  return {
    name,
    title: named(/^\/\/ \w+: (.+)$/m),
    entryPoint: named(/@compute[^{]*?\bfn (\w+)/),
    workgroupSize: named(/@workgroup_size\(([^)]*)\)/),
    workgroupVariables: [...source.matchAll(/^var<workgroup>\s+(\w+)\s*:\s*([^;]+);/gm)].map(
      ([, variable, type]) => ({ name: variable!, type: type! }),
    ),
    buffers: signature.buffers.map((buffer) => ({
      name: buffer.name,
      access: buffer.access,
      element: named(RegExp(`\\bvar<storage[^>]*>\\s+${buffer.name}\\s*:\\s*array<([^;]+)>\\s*;`)),
    })),
    params: signature.params.map((field) => ({
      name: field.name,
      type: typeOf(field),
      offset: field.offset,
    })),
    paramsSize: signature.paramsSize,
    overrides: [...signature.overrides].map(([override, type]) => ({
      name: override,
      type,
      default: defaultValue(name, source, override, type),
    })),
    tiles: tiles.map(([tile, value]) => ({ name: tile, default: value })),
    aliases: [...signature.aliases].map(([alias, type]) => ({ name: alias, default: type })),
    codes: Object.fromEntries(codes),
    features: enabledExtensions(source),
  };
}

function defaultValue(kernel: string, source: string, override: string, type: ScalarType): number | boolean {
  const [, text = ''] = RegExp(`^override ${override}\\s*(?::[^=;]*)?=\\s*([^;]+);`, 'm').exec(source) ?? [];
  if (type === 'bool' && /^(true|false)$/.test(text)) return text === 'true';
  const value = Number(text.replace(/[iuf]$/, ''));
  if (type !== 'bool' && text !== '' && !Number.isNaN(value)) return value;
  throw new KernelError(
    `kernels/${kernel}.wgsl: takes overrides with a literal default, got ${override} = '${text}'`,
  );
}

/** Like `reflect`, but what wgsl_reflect throws names the file and, where it knows it, the line. */
export function readSignature(name: string, source: string): KernelSignature {
  try {
    return reflect(name, source);
  } catch (error) {
    if (error instanceof KernelError) throw error;
    const text = error instanceof Error ? error.message : String(error);
    const [, line] = /line:?\s*(\d+)/i.exec(text) ?? [];
    throw new KernelError(
      `kernels/${name}.wgsl${line === undefined ? '' : `:${line}`}: wgsl_reflect cannot parse its declarations: ${text}`,
    );
  }
}

function typeOf({ scalar, lanes }: ParamField): string {
  return lanes === 1 ? scalar : `vec${lanes}<${scalar}>`;
}
