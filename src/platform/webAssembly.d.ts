// The part of the WebAssembly JavaScript interface that the backend uses. TypeScript declares it only among the
// browser's types. Source: https://webassembly.github.io/spec/js-api/, and the threads proposal for `shared`.
declare namespace WebAssembly {
  class Memory {
    constructor(descriptor: { initial: number; maximum: number; shared: true });
    readonly buffer: SharedArrayBuffer;
    /** Returns the previous number of pages. Throws RangeError if there is not enough memory. */
    grow(pages: number): number;
  }
  interface Module {
    readonly [Symbol.toStringTag]: string;
  }
  const Module: new (bytes: Uint8Array) => Module;
  function validate(bytes: Uint8Array): boolean;
  function compile(bytes: ArrayBuffer): Promise<Module>;
  class Instance {
    constructor(module: Module, imports: Readonly<Record<string, Readonly<Record<string, Memory>>>>);
    readonly exports: Readonly<Record<string, unknown>>;
  }
}
