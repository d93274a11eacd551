import { PictureError } from './error.ts';

// Markers of ITU-T T.81, table B.1.
const START_OF_SCAN = 0xda;
const END_OF_IMAGE = 0xd9;
/** Frames whose scans hold all coefficients: baseline and extended sequential. */
const SEQUENTIAL = [0xc0, 0xc1];
/** The shortest scan header, with its marker: one component. */
const SCAN_HEADER = 10;

/**
 * Removes from a JPEG what every viewer ignores, so that the decoder can refuse every other fault: bytes between
 * segments, bytes after the end, and the coefficient range of a scan in a sequential picture, which can only be all of
 * them. Cameras and editors write such files.
 *
 * @returns the bytes as they are if there is nothing to remove
 * @throws PictureError for a file without an end, which is cut off
 */
export function tidyJpeg(bytes: Buffer): Buffer {
  const out = Buffer.allocUnsafe(bytes.length);
  let length = 0;
  const keep = (from: number, to: number): void => {
    length += bytes.copy(out, length, from, to);
  };
  let changed = false;
  let isSequential = false;
  let at = 2;
  keep(0, at);
  for (;;) {
    const marker = nextMarker(bytes, at, isStray);
    const code = bytes[marker + 1]!;
    changed ||= marker > at;
    if (code === END_OF_IMAGE) {
      keep(marker, marker + 2);
      return changed || length < bytes.length ? out.subarray(0, length) : bytes;
    }
    if (marker + 4 > bytes.length) throw cutOff();
    at = marker + 2 + bytes.readUInt16BE(marker + 2);
    keep(marker, at);
    if (SEQUENTIAL.includes(code)) isSequential = true;
    if (code !== START_OF_SCAN) continue;
    if (isSequential && at - marker >= SCAN_HEADER) {
      out.set([0, 63, 0], length - 3);
      changed ||= !out.subarray(length - 3, length).equals(bytes.subarray(at - 3, at));
    }
    const end = nextMarker(bytes, at, isScanData);
    keep(at, end);
    at = end;
  }
}

/** Codes that are no marker between segments. */
function isStray(code: number): boolean {
  return code === 0 || code === 0xff;
}

/** Codes that are no marker inside a scan: a stuffed byte, restarts, and padding. */
function isScanData(code: number): boolean {
  return isStray(code) || (code >= 0xd0 && code <= 0xd7);
}

/** The place of the next 0xff that the code of a marker follows. */
function nextMarker(bytes: Buffer, from: number, isNone: (code: number) => boolean): number {
  let at = bytes.indexOf(0xff, from);
  while (at >= 0 && at + 1 < bytes.length) {
    if (!isNone(bytes[at + 1]!)) return at;
    at = bytes.indexOf(0xff, at + 1);
  }
  throw cutOff();
}

function cutOff(): PictureError {
  return new PictureError('content', 'the picture cannot be decoded: it is cut off');
}
