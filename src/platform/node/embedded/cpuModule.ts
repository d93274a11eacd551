import { readFileSync } from 'node:fs';
import { deflateRawSync } from 'node:zlib';

const builds = ['../../cpu.wasm', '../../cpuRelaxed.wasm'];

/**
 * The module that `#cpuModule` is in the package: it contains both builds of the WebAssembly module, so that no runtime has
 * another file to find. Base64 of WebAssembly compresses badly, so what is written in base64 is compressed. The second build
 * differs little from the first, and takes 600 bytes.
 */
export function embeddedCpuModule(): string {
  const [portable, relaxed] = builds.map((file) => readFileSync(new URL(file, import.meta.url))) as [
    Buffer,
    Buffer,
  ];
  const text = deflateRawSync(Buffer.concat([portable, relaxed]), { level: 9 }).toString('base64');
  return `const text = '${text}';

export async function compileCpuModule(relaxed) {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
  const builds = await new Response(stream).arrayBuffer();
  const from = relaxed ? ${portable.length} : 0;
  return WebAssembly.compile(builds.slice(from, relaxed ? builds.byteLength : ${portable.length}));
}
`;
}
