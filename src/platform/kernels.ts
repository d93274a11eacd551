export type ScalarType = 'f32' | 'i32' | 'u32' | 'bool';

export interface BufferBinding {
  name: string;
  binding: number;
  access: 'read' | 'write';
}

/** A member of the `Params` struct: `lanes` 32-bit words at `offset` bytes. */
export interface ParamField {
  name: string;
  scalar: ScalarType;
  lanes: number;
  offset: number;
}

/** The declarations of a kernel file, which a launch must match. */
export interface KernelSignature {
  buffers: BufferBinding[];
  params: ParamField[];
  paramsBinding: number;
  /** Size of the `Params` struct in bytes. */
  paramsSize: number;
  /** `override` constants: set at pipeline creation. */
  overrides: Map<string, ScalarType>;
  /** `const NAME = number;` declarations: named values, and tiles that a program may set to other values. */
  constants: Map<string, number>;
  /** `alias Name = type;` declarations: element types that a program may choose. */
  aliases: Map<string, string>;
}

// `#kernels` in package.json chooses the implementation: the files of kernels/, read at every start, or in the built
// package a module that contains them.

/** The WGSL text of a kernel. */
export declare function kernelSource(name: string): string;

/** The declarations of a kernel. */
export declare function kernelSignature(name: string): KernelSignature;
