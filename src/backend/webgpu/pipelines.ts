import type { DeviceStats } from '../backend.ts';
import { KernelError } from '../errors.ts';
import type { Settings } from '../profile.ts';
import type { Faults } from './faults.ts';
import type { Program } from './program.ts';

/** A cache of pipelines: one for each kernel and choice of its constants and aliases. */
export class Pipelines {
  readonly #pipelines = new Map<string, GPUComputePipeline>();
  readonly #device: GPUDevice;
  readonly #faults: Faults;
  readonly #stats: DeviceStats;

  constructor(device: GPUDevice, faults: Faults, stats: DeviceStats) {
    this.#device = device;
    this.#faults = faults;
    this.#stats = stats;
  }

  /**
   * The pipeline of a kernel, with the constants of `variant` and, for others, of `settings`. Compiler errors are
   * reported late.
   *
   * @throws KernelError for a constant that the kernel does not declare
   */
  get(program: Program, settings: Settings, variant: Settings): GPUComputePipeline {
    const key = keyOf(program, settings, variant);
    const known = this.#pipelines.get(key);
    if (known) return known;
    const request = { ...settings, ...variant };
    return this.#keep(
      key,
      this.#faults.guard(
        () => this.#device.createComputePipeline(this.#describe(program, request)),
        () => `kernel ${labelOf(program, request)} does not compile`,
      ),
    );
  }

  #keep(key: string, pipeline: GPUComputePipeline): GPUComputePipeline {
    this.#pipelines.set(key, pipeline);
    this.#stats.pipelinesCreated++;
    return pipeline;
  }

  #describe(program: Program, settings: Settings): GPUComputePipelineDescriptor {
    for (const name in settings) if (!program.knobs.has(name)) refuse(program, name);
    const label = labelOf(program, settings);
    const code = specialise(program, settings);
    return {
      label,
      layout: program.layout,
      compute: {
        module: this.#device.createShaderModule({ label, code }),
        constants: overrides(program, settings),
      },
    };
  }
}

/** @throws KernelError for a constant that the kernel does not declare */
function keyOf({ name, knobs }: Program, settings: Settings, variant: Settings): string {
  for (const knob in variant) if (!knobs.has(knob)) refuse({ name, knobs }, knob);
  let key: string = name;
  for (const knob of knobs) key += `,${variant[knob] ?? settings[knob]}`;
  return key;
}

function labelOf({ name }: Program, settings: Settings): string {
  return `${name} ${JSON.stringify(settings)}`;
}

function refuse({ name, knobs }: Pick<Program, 'name' | 'knobs'>, knob: string): never {
  throw new KernelError(`${name}: has no constant or alias '${knob}'; it has ${[...knobs].join(', ')}`);
}

/** Whether a kernel with these settings needs a device with float16. */
export function needsHalf(settings: Settings): boolean {
  return Object.values(settings).some((value) => value === 'f16' || value === 'vec4h');
}

function overrides({ signature }: Program, settings: Settings): Record<string, number> {
  return Object.fromEntries(
    Object.entries(settings)
      .filter(([key]) => signature.overrides.has(key))
      .map(([key, value]) => [key, Number(value)]),
  );
}

/**
 * The kernel's text with other values for its declared constants and aliases, with f16 enabled if an alias uses it, and
 * with its parameters as immediates. Nothing else is changed.
 */
export function specialise(
  {
    name,
    source,
    signature,
    immediates,
  }: Pick<Program, 'source' | 'signature' | 'immediates'> & { name: string },
  settings: Settings,
): string {
  let text = source;
  const replace = (pattern: RegExp, replacement: string): void => {
    if (!pattern.test(text)) throw new KernelError(`kernels/${name}.wgsl: nothing matches ${pattern.source}`);
    text = text.replace(pattern, replacement);
  };
  for (const [key, value] of Object.entries(settings)) {
    if (signature.constants.has(key)) replace(RegExp(`^(const ${key}\\b[^=]*=\\s*)\\d+`, 'm'), `$1${value}`);
    else if (signature.aliases.has(key)) replace(RegExp(`^(alias ${key}\\s*=\\s*)\\w+`, 'm'), `$1${value}`);
  }
  // On the first line, so that messages have the line numbers of the file.
  if (needsHalf(settings)) text = `enable f16; ${text}`;
  if (immediates) {
    replace(/@group\(0\)\s*@binding\(\d+\)\s*var<uniform>\s*params\b/, 'var<immediate> params');
  }
  return text;
}
