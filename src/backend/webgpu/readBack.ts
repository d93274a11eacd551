import type { DeviceStats } from '../backend.ts';
import type { Faults } from './faults.ts';
import type { CommandStream } from './stream.ts';

// GPUBufferUsage and GPUMapMode, which are no globals in Node.
const MAP_READ_COPY_DST = 0x1 | 0x8;
const MAP_MODE_READ = 0x1;

/** Brings bytes back to the host through mappable buffers, which are kept for the next read of that size. */
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

  /** A copy of `bytes` bytes from `offset`, after everything launched so far; both multiples of four. */
  async read(source: GPUBuffer, offset: number, bytes: number): Promise<Uint8Array> {
    const size = 2 ** Math.ceil(Math.log2(Math.max(256, bytes)));
    const staging = this.#idle.get(size)?.pop() ?? this.#create(size);
    this.#stream.copy(source, offset, staging, Math.ceil(bytes / 4) * 4);
    this.#stream.flush();
    this.#stats.reads++;
    this.#stats.bytesRead += bytes;
    try {
      await staging.mapAsync(MAP_MODE_READ, 0, size);
    } catch (error) {
      await this.#faults.settle();
      throw error;
    }
    const copy = new Uint8Array(staging.getMappedRange(0, size)).slice(0, bytes);
    staging.unmap();
    this.#keep(size, staging);
    return copy;
  }

  #create(size: number): GPUBuffer {
    this.#stats.buffersCreated++;
    return this.#faults.guard(
      () => this.#device.createBuffer({ label: 'read-back', size, usage: MAP_READ_COPY_DST }),
      () => `a read-back buffer of ${size} bytes`,
    );
  }

  #keep(size: number, staging: GPUBuffer): void {
    const peers = this.#idle.get(size);
    if (peers) peers.push(staging);
    else this.#idle.set(size, [staging]);
  }
}
