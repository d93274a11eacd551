import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { maskedCrc32c } from './crc32c.ts';

/** The content of an event: TensorBoard's protocol buffers `Event`, `Summary` and `SessionLog`. */
export type EventContent =
  | { readonly fileVersion: string }
  /** Except at the first one, readers drop earlier events of this event's step and later steps. */
  | { readonly sessionStart: true }
  | { readonly summary: readonly SummaryValue[] };

export type SummaryValue = { readonly tag: string } & (
  { readonly scalar: number } | { readonly image: SummaryImage } | { readonly histogram: SummaryHistogram }
);

export interface SummaryImage {
  readonly width: number;
  readonly height: number;
  readonly png: Uint8Array;
}

export interface SummaryHistogram {
  readonly min: number;
  readonly max: number;
  readonly num: number;
  readonly sum: number;
  readonly sumSquares: number;
  /** Upper limits of the buckets. */
  readonly limits: readonly number[];
  readonly counts: readonly number[];
}

/**
 * An event as TFRecord: u64 length, masked CRC-32C of the length, the message, masked CRC-32C of the message; all
 * little-endian. Field numbers: tensorboard/compat/proto/event.proto and summary.proto.
 *
 * @param wallTime seconds since 1970
 */
export function encodeEvent(wallTime: number, step: number, content: EventContent): Uint8Array {
  const event = new BinaryWriter().tag(1, WireType.Bit64).double(wallTime);
  if (step > 0) event.tag(2, WireType.Varint).int64(step);
  if ('fileVersion' in content) {
    event.tag(3, WireType.LengthDelimited).string(content.fileVersion);
  } else if ('summary' in content) {
    event.tag(5, WireType.LengthDelimited).fork();
    for (const value of content.summary) writeValue(event.tag(1, WireType.LengthDelimited).fork(), value);
    event.join();
  } else {
    event.tag(7, WireType.LengthDelimited).fork().tag(1, WireType.Varint).int32(1).join();
  }
  return frame(event.finish());
}

function writeValue(writer: BinaryWriter, value: SummaryValue): void {
  writer.tag(1, WireType.LengthDelimited).string(value.tag);
  if ('scalar' in value) {
    // Rounded here, as the writer refuses values beyond float32: they become infinite.
    writer.tag(2, WireType.Bit32).float(Math.fround(value.scalar));
  } else if ('image' in value) {
    const { width, height, png } = value.image;
    writer.tag(4, WireType.LengthDelimited).fork();
    writer.tag(1, WireType.Varint).int32(height).tag(2, WireType.Varint).int32(width);
    writer.tag(3, WireType.Varint).int32(4).tag(4, WireType.LengthDelimited).bytes(png);
    writer.join();
  } else {
    const { min, max, num, sum, sumSquares, limits, counts } = value.histogram;
    writer.tag(5, WireType.LengthDelimited).fork();
    [min, max, num, sum, sumSquares].forEach((one, at) => writer.tag(at + 1, WireType.Bit64).double(one));
    [limits, counts].forEach((list, at) => {
      writer.tag(6 + at, WireType.LengthDelimited).fork();
      for (const one of list) writer.double(one);
      writer.join();
    });
    writer.join();
  }
  writer.join();
}

function frame(message: Uint8Array): Uint8Array {
  const record = Buffer.alloc(message.length + 16);
  record.writeBigUInt64LE(BigInt(message.length), 0);
  record.writeUInt32LE(maskedCrc32c(record.subarray(0, 8)), 8);
  record.set(message, 12);
  record.writeUInt32LE(maskedCrc32c(message), 12 + message.length);
  return record;
}
