// `#cpuModule` in package.json chooses the implementation: the files cpu.wasm and cpuRelaxed.wasm, or in the built package a module
// that contains both.

/**
 * Compiles the WebAssembly module of the CPU backend.
 *
 * @param relaxed the build with relaxed SIMD, which not every engine takes: see `relaxedSimd.ts`
 */
export declare function compileCpuModule(relaxed: boolean): Promise<WebAssembly.Module>;
