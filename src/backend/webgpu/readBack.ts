import type { DeviceStats } from '../backend.ts';
import type { Faults } from './faults.ts';
import type { CommandStream } from './stream.ts';

// GPUBufferUsage and GPUMapMode, which are not globals in Node.
const MAP_READ_COPY_DST = 0x1 | 0x8;
const MAP_MODE_READ = 0x1;

/** Larger mappable buffers are not kept, because a read of that size may never happen again. */
const LARGEST_KEPT = 16 * 2 ** 20;

/** Copies bytes to the host through mappable buffers, which are kept for the next read of that size. */
export class ReadBack {
  readonly #idle = new Map<number, GPUBuffer[]>();
  readonly #device: GPUDevice;
  readonly #stream: CommandStream;
  readonly #faults: Faults;
  readonly #stats: DeviceStats;

  constructor(device: GPUDevice, stream: CommandStream, faults: Faults, stats: DeviceStats) {
    this.#device = device;
    this.#stream = stream;
    this.#faults = faults;
    this.#stats = stats;
  }

  /** Fills `target` from byte `offset` of `source`, after all earlier launches. */
  async read(source: GPUBuffer, offset: number, target: Uint8Array): Promise<void> {
    // Copies begin and end at multiples of four.
    const start = offset - (offset % 4);
    const bytes = Math.ceil((offset + target.length) / 4) * 4 - start;
    const size = stagingSize(bytes);
    const staging = this.#idle.get(size)?.pop() ?? this.#create(size);
    this.#stream.copy(source, start, staging, bytes);
    this.#stream.flush();
    this.#stats.reads++;
    this.#stats.bytesRead += target.length;
    try {
      await staging.mapAsync(MAP_MODE_READ, 0, bytes);
    } catch (error) {
      await this.#faults.explain(error, `a read of ${target.length} bytes`);
    }
    target.set(new Uint8Array(staging.getMappedRange(0, bytes), offset - start, target.length));
    staging.unmap();
    this.#keep(size, staging);
  }

  #create(size: number): GPUBuffer {
    this.#stats.buffersCreated++;
    return this.#faults.guard(
      () => this.#device.createBuffer({ label: 'read-back', size, usage: MAP_READ_COPY_DST }),
      () => `a read-back buffer of ${size} bytes`,
    );
  }

  #keep(size: number, staging: GPUBuffer): void {
    if (size > LARGEST_KEPT) {
      staging.destroy();
      return;
    }
    const peers = this.#idle.get(size);
    if (peers) peers.push(staging);
    else this.#idle.set(size, [staging]);
  }
}

/** Powers of two, so that few sizes serve all reads; the exact size if the buffer is not kept. */
function stagingSize(bytes: number): number {
  return bytes > LARGEST_KEPT ? bytes : 2 ** Math.ceil(Math.log2(Math.max(256, bytes)));
}
