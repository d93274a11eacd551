import type { DeviceStats, Upload } from '../backend.ts';
import type { Faults } from './faults.ts';
import type { Wait } from '../../platform/platform.ts';

// GPUBufferUsage and GPUMapMode, which are no globals in Node.
const MAP_WRITE_COPY_SRC = 0x2 | 0x4;
const MAP_MODE_WRITE = 0x2;

/** Bytes that the host copies at a time. */
const STAGE = 2 ** 20;
/** The host fills one stage while the device empties another. */
const STAGES = 2;

/** A mapped buffer, and when the host may write to it. */
interface Stage {
  readonly buffer: GPUBuffer;
  ready: Promise<void>;
}

/** What an upload needs of its device. */
export interface UploadContext {
  readonly device: GPUDevice;
  readonly faults: Faults;
  readonly stats: DeviceStats;
  readonly wait: Wait;
}

/**
 * An upload through two small mapped buffers. `writeBuffer` would copy into memory that was never touched before, which is
 * dear on virtual machines: there it takes the host ten times as long. Here it is the driver that touches the target's
 * memory first, on a thread of its own, when it clears the buffer.
 */
export class StagedUpload implements Upload {
  readonly #context: UploadContext;
  readonly #target: GPUBuffer;
  readonly #stages: Stage[];
  #turn = 0;
  #written = 0;

  constructor(context: UploadContext, target: GPUBuffer) {
    this.#context = context;
    this.#target = target;
    this.#stages = Array.from({ length: STAGES }, () => this.#makeStage());
    this.#submit((encoder) => encoder.clearBuffer(target));
  }

  async write(data: ArrayBufferView): Promise<void> {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    for (let start = 0; start < bytes.length; start += STAGE) {
      await this.#writePiece(bytes.subarray(start, start + STAGE));
    }
  }

  end(): void {
    for (const { buffer } of this.#stages) buffer.destroy();
  }

  async #writePiece(piece: Uint8Array): Promise<void> {
    const { faults, stats, wait } = this.#context;
    const stage = this.#stages[this.#turn++ % STAGES]!;
    try {
      await wait(stage.ready);
      new Uint8Array(stage.buffer.getMappedRange()).set(piece);
    } catch (error) {
      await faults.explain(error, 'an upload');
    }
    stage.buffer.unmap();
    // Copies are of whole words; buffers are larger than what they hold by a few bytes.
    const size = Math.ceil(piece.length / 4) * 4;
    this.#submit((encoder) => encoder.copyBufferToBuffer(stage.buffer, 0, this.#target, this.#written, size));
    this.#written += piece.length;
    stats.bytesUploaded += piece.length;
    stage.ready = stage.buffer.mapAsync(MAP_MODE_WRITE);
    stage.ready.catch(() => undefined); // looked at by the next to use the stage, if there is one
  }

  #makeStage(): Stage {
    const { device, faults, stats } = this.#context;
    stats.buffersCreated++;
    const buffer = faults.guard(
      () =>
        device.createBuffer({
          label: 'upload',
          size: STAGE,
          usage: MAP_WRITE_COPY_SRC,
          mappedAtCreation: true,
        }),
      () => `an upload buffer of ${STAGE} bytes`,
    );
    return { buffer, ready: Promise.resolve() };
  }

  #submit(record: (encoder: GPUCommandEncoder) => void): void {
    const { device, faults, stats } = this.#context;
    faults.guard(
      () => {
        const encoder = device.createCommandEncoder();
        record(encoder);
        device.queue.submit([encoder.finish()]);
      },
      () => 'an upload',
    );
    stats.submits++;
  }
}
