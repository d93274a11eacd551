import { readFile } from 'node:fs/promises';

/** Compiles the WebAssembly module of the CPU backend. */
export async function compileCpuModule(): Promise<WebAssembly.Module> {
  return new WebAssembly.Module(await readFile(new URL('../cpu.wasm', import.meta.url)));
}
