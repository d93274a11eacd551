/**
 * Draws small data sets for the guide "Your own data": digits as IDX files, marks as CSV files, shapes as image folders.
 * The same arguments give the same files.
 *
 *     npx tsx scripts/sampleData.ts digits data/digits
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { encode } from 'fast-png';
import { writeIdxImages, writeIdxLabels } from '../src/pipeline/data/idx.ts';
import { philox4x32 } from '../src/backend/philox.ts';

/** Brightness from 0 to 1 at a place of the image, from -1 to 1 on each axis. */
type Drawing = (x: number, y: number) => number;

interface Sample {
  readonly label: number;
  /** uint8[height · width]. */
  readonly pixels: Uint8Array;
}

interface Size {
  readonly height: number;
  readonly width: number;
}

/** An image of each class in turn, moved and scaled a little, over noise. */
function sample(drawings: readonly Drawing[], { height, width }: Size, index: number, seed: number): Sample {
  const label = index % drawings.length;
  const random = (at: number): number => philox4x32([at, index, 0, 0], [seed, 0])[0] / 2 ** 32;
  const [dx, dy] = [0.4 * random(0) - 0.2, 0.4 * random(1) - 0.2];
  const [scale, ink] = [0.85 + 0.3 * random(2), 150 + 100 * random(3)];
  const pixels = Uint8Array.from({ length: height * width }, (_, at) => {
    const x = (2 * ((at % width) + 0.5)) / width - 1;
    const y = (2 * (Math.floor(at / width) + 0.5)) / height - 1;
    const light = drawings[label]!((x - dx) / scale, (y - dy) / scale);
    return Math.min(255, Math.round(ink * light + 40 * random(4 + at)));
  });
  return { label, pixels };
}

function samples(drawings: readonly Drawing[], size: Size, count: number, seed: number): Sample[] {
  return Array.from({ length: count }, (_, index) => sample(drawings, size, index, seed));
}

/** The seven segments of a digit: a the top, then clockwise, g the middle. */
const SEGMENTS = [
  'a b c d e f',
  'b c',
  'a b g e d',
  'a b g c d',
  'f g b c',
  'a f g c d',
  'a f g e d c',
  'a b c',
  'a b c d e f g',
  'a b c d f g',
];

const PLACES: Readonly<Record<string, (x: number, y: number) => boolean>> = {
  a: (x, y) => Math.abs(x) < 0.5 && Math.abs(y + 0.7) < 0.14,
  b: (x, y) => Math.abs(x - 0.42) < 0.14 && y > -0.75 && y < 0,
  c: (x, y) => Math.abs(x - 0.42) < 0.14 && y > 0 && y < 0.75,
  d: (x, y) => Math.abs(x) < 0.5 && Math.abs(y - 0.7) < 0.14,
  e: (x, y) => Math.abs(x + 0.42) < 0.14 && y > 0 && y < 0.75,
  f: (x, y) => Math.abs(x + 0.42) < 0.14 && y > -0.75 && y < 0,
  g: (x, y) => Math.abs(x) < 0.5 && Math.abs(y) < 0.14,
};

const DIGITS: readonly Drawing[] = SEGMENTS.map(
  (segments) => (x, y) => Number(segments.split(' ').some((name) => PLACES[name]!(x, y))),
);

const MARKS: readonly (readonly [name: string, drawing: Drawing])[] = [
  ['cross', (x, y) => Number(Math.min(Math.abs(x - y), Math.abs(x + y)) < 0.25 && Math.abs(x) < 0.7)],
  ['dot', (x, y) => Number(Math.hypot(x, y) < 0.45)],
  ['line', (x, y) => Number(Math.abs(y) < 0.2 && Math.abs(x) < 0.8)],
];

const SHAPES: readonly (readonly [name: string, drawing: Drawing])[] = [
  ['circle', (x, y) => Number(Math.abs(Math.hypot(x, y) - 0.55) < 0.15)],
  ['plus', (x, y) => Number(Math.min(Math.abs(x), Math.abs(y)) < 0.16 && Math.hypot(x, y) < 0.75)],
  ['square', (x, y) => Number(Math.abs(Math.max(Math.abs(x), Math.abs(y)) - 0.55) < 0.15)],
  ['triangle', (x, y) => Number(y < 0.6 && y > 2 * Math.abs(x) - 0.7)],
];

function write(folder: string, name: string, content: string | Uint8Array): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), content);
}

/** 16 × 16 pixels, 10 classes, as MNIST's files; the test files are compressed. */
function digits(folder: string): void {
  const size = { height: 16, width: 16 };
  for (const [prefix, count, seed] of [
    ['train', 1000, 1],
    ['t10k', 300, 2],
  ] as const) {
    const drawn = samples(DIGITS, size, count, seed);
    const pixels = Uint8Array.from(drawn.flatMap(({ pixels }) => [...pixels]));
    const files = {
      [`${prefix}-images-idx3-ubyte`]: writeIdxImages({ count, rows: 16, columns: 16, pixels }),
      [`${prefix}-labels-idx1-ubyte`]: writeIdxLabels(Uint8Array.from(drawn, ({ label }) => label)),
    };
    for (const [name, bytes] of Object.entries(files)) {
      if (prefix === 'train') write(folder, name, bytes);
      else write(folder, `${name}.gz`, gzipSync(bytes));
    }
  }
}

/** 10 × 14 pixels, 3 classes, without test images. */
function marks(folder: string): void {
  const size = { height: 10, width: 14 };
  const drawn = samples(
    MARKS.map(([, drawing]) => drawing),
    size,
    600,
    3,
  );
  const header = ['label', ...Array.from({ length: 140 }, (_, at) => `pixel${at}`)];
  const lines = drawn.map(({ label, pixels }) => [MARKS[label]![0], ...pixels].join(','));
  write(folder, 'train.csv', [header.join(','), ...lines, ''].join('\n'));
}

/** PNG files of 24 to 40 pixels a side, 4 classes. */
function shapes(folder: string): void {
  for (const [part, count, seed] of [
    ['train', 480, 4],
    ['test', 120, 5],
  ] as const) {
    for (let index = 0; index < count; index++) {
      const side = 24 + ((index * 7) % 17);
      const drawings = SHAPES.map(([, drawing]) => drawing);
      const { label, pixels } = sample(drawings, { height: side, width: side }, index, seed);
      const png = encode({ width: side, height: side, data: pixels, channels: 1, depth: 8 });
      write(join(folder, part, SHAPES[label]![0]), `${String(index).padStart(3, '0')}.png`, png);
    }
  }
}

const [kind, folder] = process.argv.slice(2);
const kinds: Readonly<Record<string, (folder: string) => void>> = { digits, marks, shapes };
const draw = kinds[kind ?? ''];
if (!draw || folder === undefined) {
  console.error('usage: npx tsx scripts/sampleData.ts digits|marks|shapes <folder>');
  process.exitCode = 2;
} else {
  draw(folder);
  console.log(`${folder}: ${kind!}`);
}
