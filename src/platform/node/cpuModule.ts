import { readFile } from 'node:fs/promises';

/** Compiles the WebAssembly module of the CPU backend. */
export async function compileCpuModule(relaxed: boolean): Promise<WebAssembly.Module> {
  const file = relaxed ? '../cpuRelaxed.wasm' : '../cpu.wasm';
  return new WebAssembly.Module(await readFile(new URL(file, import.meta.url)));
}
