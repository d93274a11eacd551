import { readFileSync } from 'node:fs';
import { deflateRawSync } from 'node:zlib';

const BUILDS = ['../../cpu.wasm', '../../cpuRelaxed.wasm'];

const PIECE = 16_384;

/**
 * The module that `#cpuModule` is in the package: it contains both builds of the WebAssembly module, so that no runtime has
 * another file to find. Base64 of WebAssembly compresses badly, so what is written in base64 is compressed. The second build
 * differs little from the first. Pieces of both alternate, so that the compression finds each piece in the one before: it looks
 * back 32 KiB.
 */
export function embeddedCpuModule(): string {
  const builds = BUILDS.map((file) => readFileSync(new URL(file, import.meta.url)));
  const lengths = builds.map(({ length }) => length);
  const pieces: Buffer[] = [];
  for (let at = 0; at < Math.max(...lengths); at += PIECE) {
    for (const build of builds) pieces.push(build.subarray(at, at + PIECE));
  }
  const text = deflateRawSync(Buffer.concat(pieces), { level: 9, memLevel: 9 }).toString('base64');
  return `const text = '${text}';
const lengths = [${lengths.join(', ')}];

export async function compileCpuModule(relaxed) {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
  const pieces = new Uint8Array(await new Response(stream).arrayBuffer());
  const wanted = Number(relaxed);
  const build = new Uint8Array(lengths[wanted]);
  for (let at = 0, from = 0; from < pieces.length; at += ${PIECE}) {
    lengths.forEach((length, index) => {
      const to = from + Math.min(${PIECE}, Math.max(0, length - at));
      if (index === wanted) build.set(pieces.subarray(from, to), at);
      from = to;
    });
  }
  return WebAssembly.compile(build);
}
`;
}
