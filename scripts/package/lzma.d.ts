declare module 'lzma' {
  const lzma: {
    /** Bytes of a .lzma file, of which some are negative. */
    compress(bytes: Uint8Array, level: number): number[];
  };
  export default lzma;
}
