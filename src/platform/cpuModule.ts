// `#cpuModule` in package.json chooses the implementation: the file cpu.wasm, or in the built package a module that contains it.

/** Compiles the WebAssembly module of the CPU backend. */
export declare function compileCpuModule(): Promise<WebAssembly.Module>;
