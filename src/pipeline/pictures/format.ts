import { PictureError } from './error.ts';

/** Formats that are decoded. */
export const FORMATS = ['PNG', 'JPEG', 'WebP', 'AVIF'] as const;

export type PictureFormat = (typeof FORMATS)[number];

/** Bytes of a file in which its format is looked for. */
const HEAD = 1024;

/**
 * The format of a picture by its first bytes. The sender's content type and file name do not count.
 *
 * @throws PictureError for other formats, with their name
 */
export function pictureFormat(bytes: Buffer): PictureFormat {
  const head = bytes.subarray(0, HEAD);
  const found = SIGNATURES.find(([, matches]) => matches(head))?.[0];
  const format = FORMATS.find((name) => name === found);
  if (format) return format;
  const takes = `takes a picture as ${FORMATS.slice(0, -1).join(', ')} or ${FORMATS.at(-1)!}`;
  throw new PictureError(
    'format',
    found === undefined
      ? `${takes}; the bytes are none of these`
      : `${takes}, got ${found}: convert it to JPEG or PNG`,
  );
}

type Matcher = (head: Buffer) => boolean;

const SIGNATURES: readonly (readonly [name: string, matches: Matcher])[] = [
  ['PNG', starts([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])],
  ['JPEG', starts([0xff, 0xd8, 0xff])],
  ['WebP', (head) => starts('RIFF')(head) && head.toString('latin1', 8, 12) === 'WEBP'],
  ['AVIF', hasBrand('avif', 'avis')],
  ['HEIC', hasBrand('heic', 'heix', 'heim', 'heis', 'hevc', 'hevx', 'mif1', 'msf1')],
  ['a video', (head) => boxType(head) === 'ftyp'],
  ['GIF', starts('GIF8')],
  ['TIFF', either(starts('II*\0'), starts('MM\0*'), starts('II+\0'), starts('MM\0+'))],
  ['BMP', starts('BM')],
  ['an icon', starts([0, 0, 1, 0])],
  ['JPEG XL', either(starts([0xff, 0x0a]), (head) => boxType(head) === 'JXL ')],
  ['JPEG 2000', (head) => boxType(head) === 'jP  '],
  ['PDF', starts('%PDF')],
  [
    'SVG',
    (head) =>
      /^\uFEFF?\s*<(\?xml|!--|!doctype svg|svg)/i.test(head.toString()) && /<svg/i.test(head.toString()),
  ],
];

function starts(magic: string | readonly number[]): Matcher {
  const bytes = typeof magic === 'string' ? Buffer.from(magic, 'latin1') : Buffer.from(magic);
  return (head) => head.subarray(0, bytes.length).equals(bytes);
}

function either(...matchers: Matcher[]): Matcher {
  return (head) => matchers.some((matches) => matches(head));
}

/** The type of the first box of an ISO base media file: four bytes after its length. */
function boxType(head: Buffer): string {
  return head.toString('latin1', 4, 8);
}

/** Whether an ISO base media file has one of the brands: its main brand, or a compatible one. */
function hasBrand(...brands: string[]): Matcher {
  return (head) => {
    if (boxType(head) !== 'ftyp') return false;
    const end = Math.min(head.length, head.readUInt32BE(0));
    for (let at = 8; at + 4 <= end; at += 4) {
      // The main brand is followed by a version.
      if (at !== 12 && brands.includes(head.toString('latin1', at, at + 4))) return true;
    }
    return false;
  };
}
