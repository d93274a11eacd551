import { describe, expect, it } from 'vitest';
import { pictureFormat } from '../../../src/pipeline/pictures/format.ts';

/** The first box of an ISO base media file: its main brand, a version, and compatible brands. */
function ftyp(main: string, { version = '\0\0\0\0', compatible = [] as string[], after = '' } = {}): Buffer {
  const body = Buffer.from(`ftyp${main}${version}${compatible.join('')}`, 'latin1');
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length + 4);
  return Buffer.concat([length, body, Buffer.from(after, 'latin1')]);
}

const bytes = (...parts: (string | number[])[]): Buffer =>
  Buffer.concat(
    parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from(part))),
  );

describe('the format of a picture', () => {
  it.each([
    ['PNG', bytes([0x89], 'PNG\r\n\x1a\n')],
    ['JPEG', bytes([0xff, 0xd8, 0xff])],
    ['WebP', bytes('RIFF', [1, 2, 3, 4], 'WEBPVP8 ')],
    ['AVIF', ftyp('avif')],
    ['AVIF', ftyp('avis')],
    ['AVIF', ftyp('mif1', { compatible: ['miaf', 'avif'] })],
    ['AVIF', ftyp('heic', { compatible: ['avif'] })],
  ])('is %s: case %#', (format, head) => {
    expect(pictureFormat(head)).toBe(format);
  });

  const heic = ['heic', 'heix', 'heim', 'heis', 'hevc', 'hevx', 'mif1', 'msf1'].map(
    (brand) => ['HEIC', ftyp(brand)] as const,
  );
  it.each<readonly [name: string, head: Buffer]>([
    ...heic,
    ['HEIC', ftyp('xxxx', { compatible: ['heic'] })],
    ['a video', ftyp('isom', { compatible: ['mp41'] })],
    // Neither the version nor what follows the box names a brand.
    ['a video', ftyp('isom', { version: 'avif' })],
    ['a video', ftyp('isom', { after: 'avif' })],
    ['GIF', bytes('GIF89a')],
    ['TIFF', bytes('II*\0')],
    ['TIFF', bytes('MM\0*')],
    ['TIFF', bytes('II+\0')],
    ['TIFF', bytes('MM\0+')],
    ['BMP', bytes('BM')],
    ['an icon', bytes([0, 0, 1, 0])],
    ['JPEG XL', bytes([0xff, 0x0a])],
    ['JPEG XL', bytes([0, 0, 0, 12], 'JXL \r\n\x87\n')],
    ['JPEG 2000', bytes([0, 0, 0, 12], 'jP  \r\n\x87\n')],
    ['PDF', bytes('%PDF-1.7')],
    ['SVG', bytes('<svg xmlns="…">')],
    ['SVG', Buffer.from('\uFEFF \n<?xml version="1.0"?>\n<SVG>')],
    ['SVG', bytes('<!-- drawn --><svg>')],
    ['SVG', bytes('<!DOCTYPE svg><svg>')],
  ])('%s is named and refused: case %#', (name, head) => {
    expect(() => pictureFormat(head)).toThrow(
      `takes a picture as PNG, JPEG, WebP or AVIF, got ${name}: convert it to JPEG or PNG`,
    );
  });

  it.each([
    ['nothing', bytes()],
    ['text', bytes('hello')],
    ['half a signature', bytes([0x89], 'PNG')],
    ['a sound in RIFF', bytes('RIFF', [1, 2, 3, 4], 'WAVE')],
    ['XML without SVG', bytes('<?xml version="1.0"?><html>')],
    ['an SVG that begins after other text', bytes('hello <svg>')],
  ])('%s is none', (_, head) => {
    expect(() => pictureFormat(head)).toThrow(/AVIF; the bytes are none of these$/);
  });
});
