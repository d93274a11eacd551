import { kernelSignature, kernelSource } from '#kernels';
import type { KernelSignature } from '../../platform/kernels.ts';
import type { DeviceBuffer, KernelName } from '../backend.ts';
import { KernelError } from '../errors.ts';
import { codes } from '../signatures.ts';
import type { ParamValues } from './parameters.ts';

/** A loaded kernel file: its signature and layouts. */
export interface Program {
  readonly name: KernelName;
  readonly source: string;
  readonly signature: KernelSignature;
  /** Names of the constants and aliases that a launch may set. */
  readonly knobs: ReadonlySet<string>;
  /** Whether parameters are immediates; otherwise they go through a dynamic uniform binding. */
  readonly immediates: boolean;
  readonly bindings: GPUBindGroupLayout;
  readonly layout: GPUPipelineLayout;
}

const COMPUTE_STAGE = 0x4;
/** Bytes of a slot of the uniform ring. */
export const MOST_PARAMS = 256;
const STALE = 'run `npm run signatures` and fix the errors that follow';

/** Reads a kernel file and creates the layouts that all its pipelines share. */
export function openProgram(device: GPUDevice, name: KernelName, immediateLimit: number): Program {
  const source = kernelSource(name);
  const signature = kernelSignature(name);
  checkCodes(name, signature);
  if (signature.paramsSize > MOST_PARAMS) {
    throw new KernelError(`${name}: takes up to ${MOST_PARAMS} bytes of params, got ${signature.paramsSize}`);
  }
  const immediates = signature.paramsSize <= immediateLimit;
  const entries: GPUBindGroupLayoutEntry[] = signature.buffers.map(({ binding, access }) => ({
    binding,
    visibility: COMPUTE_STAGE,
    buffer: { type: access === 'read' ? 'read-only-storage' : 'storage' },
  }));
  if (!immediates) {
    entries.push({
      binding: signature.paramsBinding,
      visibility: COMPUTE_STAGE,
      buffer: { type: 'uniform', hasDynamicOffset: true, minBindingSize: signature.paramsSize },
    });
  }
  const bindings = device.createBindGroupLayout({ label: name, entries });
  const layout = device.createPipelineLayout({
    label: name,
    bindGroupLayouts: [bindings],
    ...(immediates ? { immediateSize: signature.paramsSize } : {}),
  });
  const { overrides, constants, aliases } = signature;
  const tiles = [...constants.keys()].filter((constant) => constant.startsWith('TILE_'));
  const knobs = new Set([...overrides.keys(), ...tiles, ...aliases.keys()]);
  return { name, source, signature, knobs, immediates, bindings, layout };
}

/**
 * Throws KernelError unless a launch names exactly the buffers and parameters that the kernel file declares. The file
 * may have changed since its TypeScript signature was written.
 */
export function checkLaunch(
  { name, signature }: Program,
  buffers: Readonly<Record<string, DeviceBuffer>>,
  params: ParamValues,
): void {
  compare(name, 'buffer', signature.buffers, buffers);
  compare(name, 'parameter', signature.params, params);
}

function compare(kernel: string, what: string, declared: readonly { name: string }[], given: object): void {
  const missing = declared.find(({ name }) => !(name in given));
  if (missing) throw new KernelError(`${kernel}: the ${what} '${missing.name}' is missing; ${STALE}`);
  const unknown = Object.keys(given).find((key) => !declared.some(({ name }) => name === key));
  if (unknown !== undefined) {
    throw new KernelError(`kernels/${kernel}.wgsl declares no ${what} '${unknown}'; ${STALE}`);
  }
}

/** Named values reach kernels as numbers, so those in signatures.ts must match the file. */
export function checkCodes(kernel: string, { constants }: KernelSignature): void {
  const written: Readonly<Record<string, number>> =
    (codes as Record<string, Record<string, number>>)[kernel] ?? {};
  for (const [code, value] of Object.entries(written)) {
    if (constants.get(code) !== value) {
      throw new KernelError(
        `kernels/${kernel}.wgsl: ${code} is ${constants.get(code) ?? 'not declared'}, but ${value} in ` +
          `src/backend/signatures.ts; ${STALE}`,
      );
    }
  }
}
