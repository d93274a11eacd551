/** The measured limits of a device: the roofs of a roofline. */
export interface Peaks {
  /** Floating-point operations per second. */
  readonly flops: number;
  /** Bytes per second that kernels read and write, by the bytes of one launch: caches are faster than memory. */
  readonly bandwidths: readonly { readonly bytes: number; readonly bytesPerSecond: number }[];
  /** Seconds of an empty launch. */
  readonly launch: number;
}

/** The limit of a launch, and the least time that it takes. */
export interface Roof {
  readonly bound: 'arithmetic' | 'memory' | 'launch';
  readonly seconds: number;
}

/**
 * The roof of a launch: it cannot be faster than its arithmetic, its memory traffic or an empty launch.
 *
 *     seconds = max(flops / peaks.flops, bytes / bandwidth(bytes), peaks.launch)
 *
 * The bandwidth is that of the smallest measured traffic that is not less, so small launches are compared with the
 * cache that they fit into.
 *
 * @see Williams, Waterman, Patterson: Roofline (2009)
 */
export function roofOver({ flops, bytes }: { flops: number; bytes: number }, peaks: Peaks): Roof {
  const { bandwidths, launch } = peaks;
  const bandwidth = bandwidths.find((measured) => measured.bytes >= bytes) ?? bandwidths.at(-1)!;
  const roofs: Roof[] = [
    { bound: 'arithmetic', seconds: flops / peaks.flops },
    { bound: 'memory', seconds: bytes / bandwidth.bytesPerSecond },
    { bound: 'launch', seconds: launch },
  ];
  return roofs.reduce((highest, roof) => (roof.seconds > highest.seconds ? roof : highest));
}
