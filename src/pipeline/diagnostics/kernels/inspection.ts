import { KernelError } from '../../../backend/errors.ts';
import type { KernelSignature, ParamField, ScalarType } from '../../../platform/kernels.ts';
import { reflect } from '../../../platform/node/reflection.ts';
import { defaultOf, type KernelSettings, WgslConstants, workgroupVariables } from './wgslConstants.ts';

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

/** What one workgroup takes of the device. */
export interface Footprint {
  workgroup: [number, number, number];
  invocations: number;
  /** Bytes of workgroup memory. */
  memory: number;
}

/** The device's limits that kernels can run into, under WebGPU's names. */
export interface KernelLimits {
  maxComputeInvocationsPerWorkgroup: number;
  maxComputeWorkgroupSizeX: number;
  maxComputeWorkgroupSizeY: number;
  maxComputeWorkgroupSizeZ: number;
  maxComputeWorkgroupStorageSize: number;
  maxStorageBuffersPerShaderStage: number;
}

/** What every WebGPU device has: https://www.w3.org/TR/webgpu/#limits */
export const GUARANTEED_LIMITS: KernelLimits = {
  maxComputeInvocationsPerWorkgroup: 256,
  maxComputeWorkgroupSizeX: 256,
  maxComputeWorkgroupSizeY: 256,
  maxComputeWorkgroupSizeZ: 64,
  maxComputeWorkgroupStorageSize: 16_384,
  maxStorageBuffersPerShaderStage: 8,
};

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
    workgroupVariables: workgroupVariables(source),
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
    features: [...source.matchAll(/^enable (\w+);/gm)].map(([, feature]) => feature!),
  };
}

function defaultValue(kernel: string, source: string, override: string, type: ScalarType): number | boolean {
  const text = defaultOf(source, override) ?? '';
  if (type === 'bool') return text === 'true';
  // Sizes may be computed from others; numbers of f32 are literals.
  const value =
    type === 'f32' ? Number(text.replace(/f$/, '')) : new WgslConstants(source).evaluate(override);
  if (text === '' || Number.isNaN(value)) {
    throw new KernelError(
      `kernels/${kernel}.wgsl: takes overrides with a default, got ${override} = '${text}'`,
    );
  }
  return value;
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

/** What a workgroup takes under the given settings; throws KernelError where that cannot be told. */
export function footprint(name: string, source: string, settings: KernelSettings = {}): Footprint {
  try {
    const constants = new WgslConstants(source, settings);
    const workgroup = constants.workgroupSize();
    const memory = constants.workgroupMemory();
    return { workgroup, invocations: workgroup[0] * workgroup[1] * workgroup[2], memory };
  } catch (error) {
    throw new KernelError(`kernels/${name}.wgsl: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Where a kernel asks for more than a device has; empty where it fits. */
export function beyondLimits(
  { buffers }: Pick<KernelFacts, 'buffers'>,
  { workgroup: [x, y, z], invocations, memory }: Footprint,
  limits: KernelLimits,
): string[] {
  const asked: [string, number, keyof KernelLimits][] = [
    ['invocations a workgroup', invocations, 'maxComputeInvocationsPerWorkgroup'],
    ['invocations in x', x, 'maxComputeWorkgroupSizeX'],
    ['invocations in y', y, 'maxComputeWorkgroupSizeY'],
    ['invocations in z', z, 'maxComputeWorkgroupSizeZ'],
    ['bytes of workgroup memory', memory, 'maxComputeWorkgroupStorageSize'],
    ['storage buffers', buffers.length, 'maxStorageBuffersPerShaderStage'],
  ];
  return asked.flatMap(([what, amount, limit]) =>
    amount > limits[limit] ? [`${amount} ${what}, and ${limit} is ${limits[limit]}`] : [],
  );
}

function typeOf({ scalar, lanes }: ParamField): string {
  return lanes === 1 ? scalar : `vec${lanes}<${scalar}>`;
}
