import { readFileSync } from 'node:fs';
import { deflateRawSync } from 'node:zlib';

const file = new URL('../../cpu.wasm', import.meta.url);

/**
 * The module that `#cpuModule` is in the package: it contains the WebAssembly module, so that no runtime has a second file to
 * find. Base64 of WebAssembly compresses badly, so it is the compressed module that is written in base64.
 */
export function embeddedCpuModule(): string {
  const text = deflateRawSync(readFileSync(file), { level: 9 }).toString('base64');
  return `const text = '${text}';

export async function compileCpuModule() {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
  return WebAssembly.compile(await new Response(stream).arrayBuffer());
}
`;
}
