import { WgslReflect } from 'wgsl_reflect/wgsl_reflect.module.js';
import { KernelError } from '../errors.ts';
import type { KernelSignature, ScalarType } from '../kernels.ts';

const CONSTANT = /^const (\w+)(?:\s*:\s*\w+)?\s*=\s*(\d+)u?;/gm;

const ENTRY_POINT = /^@compute\b/gm;
/** A function in the style of the kernels: its last brace begins a line. */
const FUNCTION = /^(?:@compute\b[^{]*)?fn \w+\([^{]*\{\n[^]*?^\}/gm;

/**
 * Reads the signature of a kernel from its WGSL text. Function bodies are most of a kernel and do not affect its
 * signature, so only the device's compiler reads them.
 */
export function reflect(kernel: string, source: string): KernelSignature {
  const wgsl = new WgslReflect(source.replace(FUNCTION, ''));
  const [uniform] = wgsl.uniforms;
  const entryPoints = source.match(ENTRY_POINT)?.length ?? 0;
  if (entryPoints !== 1 || !uniform) {
    throw new KernelError(
      `kernels/${kernel}.wgsl: takes one compute entry point and one uniform 'params', ` +
        `got ${entryPoints} and ${wgsl.uniforms.length}`,
    );
  }
  const struct = wgsl.structs.find((candidate) => candidate.name === uniform.type.name);
  if (!struct) throw new KernelError(`kernels/${kernel}.wgsl: 'params' is not a struct`);
  return {
    buffers: wgsl.storage
      .map(({ name, binding, access }) => ({
        name,
        binding,
        access: access === 'read' ? ('read' as const) : ('write' as const),
      }))
      .sort((left, right) => left.binding - right.binding),
    params: struct.members.map(({ name, type, offset }) => ({
      name,
      offset,
      ...words(kernel, type.getTypeName()),
    })),
    paramsBinding: uniform.binding,
    paramsSize: struct.size,
    overrides: new Map(
      wgsl.overrides.map(({ name, type }) => [name, scalarType(kernel, type?.name ?? 'f32')]),
    ),
    constants: new Map([...source.matchAll(CONSTANT)].map(([, name, value]) => [name!, Number(value)])),
    aliases: new Map(wgsl.aliases.map(({ name, type }) => [name, type.name])),
  };
}

function words(kernel: string, type: string): { scalar: ScalarType; lanes: number } {
  const vector = /^vec(\d)([fiu])$/.exec(type.replace(/<([fiu])32>$/, '$1'));
  if (vector) return { scalar: scalarType(kernel, `${vector[2]!}32`), lanes: Number(vector[1]) };
  return { scalar: scalarType(kernel, type), lanes: 1 };
}

function scalarType(kernel: string, type: string): ScalarType {
  if (type === 'f32' || type === 'i32' || type === 'u32' || type === 'bool') return type;
  throw new KernelError(
    `kernels/${kernel}.wgsl: takes f32, i32, u32 and bool in params and overrides, got ${type}`,
  );
}
