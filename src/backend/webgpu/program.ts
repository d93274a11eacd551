import type { KernelName } from '../backend.ts';
import { KernelError } from '../errors.ts';
import { type KernelSignature, reflect } from '../reflection.ts';
import { kernelSource } from '../sources.ts';
import type { Faults } from './faults.ts';

/** Values for a kernel's constants and aliases. */
export type Settings = Readonly<Record<string, number | boolean | string>>;

/** A kernel file made ready: its signature, layouts and specialised pipelines. */
export interface Program {
  readonly name: KernelName;
  readonly signature: KernelSignature;
  /** Whether parameters travel as immediates; else through a dynamic uniform binding. */
  readonly immediates: boolean;
  readonly bindings: GPUBindGroupLayout;
  readonly layout: GPUPipelineLayout;
  readonly pipelines: Map<string, GPUComputePipeline>;
}

const COMPUTE_STAGE = 0x4;

/** Reads a kernel file and builds the layouts that all its pipelines share. */
export function openProgram(device: GPUDevice, name: KernelName, immediateLimit: number): Program {
  const signature = reflect(name, kernelSource(name));
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
  return { name, signature, immediates, bindings, layout, pipelines: new Map() };
}

/** Compiles a kernel with the given settings; what fails is reported with the compiler's message. */
export function compile(
  device: GPUDevice,
  faults: Faults,
  program: Program,
  settings: Settings,
): GPUComputePipeline {
  const { name, signature, immediates } = program;
  const label = `${name} ${JSON.stringify(settings)}`;
  return faults.guard(
    () =>
      device.createComputePipeline({
        label,
        layout: program.layout,
        compute: {
          module: device.createShaderModule({
            label,
            code: specialise(kernelSource(name), signature, settings, immediates),
          }),
          constants: overrides(signature, settings),
        },
      }),
    () => `kernel ${label} does not compile`,
  );
}

function overrides(signature: KernelSignature, settings: Settings): Record<string, number> {
  return Object.fromEntries(
    Object.entries(settings)
      .filter(([key]) => signature.overrides.has(key))
      .map(([key, value]) => [key, Number(value)]),
  );
}

/**
 * The kernel's text with other values for its declared constants and aliases, and its parameters as immediates.
 * Nothing else is ever changed.
 */
function specialise(
  source: string,
  signature: KernelSignature,
  settings: Settings,
  immediates: boolean,
): string {
  let text = source;
  for (const [key, value] of Object.entries(settings)) {
    if (signature.constants.has(key))
      text = replaceOnce(text, RegExp(`^(const ${key}\\b[^=]*= *)\\d+(u?;)`, 'm'), String(value));
    else if (signature.aliases.has(key))
      text = replaceOnce(text, RegExp(`^(alias ${key} *= *)\\w+(;)`, 'm'), String(value));
    else if (!signature.overrides.has(key)) throw new KernelError(`a kernel has no constant '${key}' to set`);
  }
  if (!immediates) return text;
  return text.replace(/@group\(0\) @binding\(\d+\) var<uniform> params/, 'var<immediate> params');
}

function replaceOnce(text: string, pattern: RegExp, value: string): string {
  return text.replace(pattern, (_, before: string, after: string) => `${before}${value}${after}`);
}
