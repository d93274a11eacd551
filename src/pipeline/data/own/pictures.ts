import { stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { decodePicture } from '../../pictures/decode.ts';
import type { GreyPicture } from '../../pictures/grey.ts';
import { PictureError } from '../../pictures/error.ts';
import { scalePicture } from '../../pictures/prepare.ts';
import { DataError } from '../errors.ts';
import type { ImageSet } from '../images.ts';
import type { Reporter } from '../reporter.ts';
import { GUIDE, MOST_BYTES, namesIn, type OwnImages, readLimited } from './parts.ts';

/** Endings of the files that are read as pictures. */
export const EXTENSIONS: readonly string[] = ['.png', '.jpg', '.jpeg', '.webp', '.avif'];
/** Files that file managers leave behind. */
const LEFT_BEHIND = new Set(['thumbs.db', 'desktop.ini']);
/** Bytes of a picture's file. */
const MOST_FILE = 2 ** 26;
/** A picture may have 64 megapixels, and take half a minute. */
const LIMITS = { pixels: 2 ** 26, seconds: 30 };
/** Pictures that are decoded at a time. */
const AT_ONCE = 8;

/** Fewer pictures are read in a few seconds, without a report. */
const MANY = 2000;

/** A picture of a class. */
interface Picture {
  readonly path: string;
  readonly label: number;
}

/**
 * Reads image folders as torchvision's ImageFolder: `train/CLASS/*.png` and perhaps `test/CLASS/*.png`, or `CLASS/*.png`
 * alone. Classes are sorted by name, and so are the pictures of a class. Colours become grey.
 *
 * @param size height and width that pictures are scaled to; default: the size that all of them have
 * @throws DataError naming the picture that cannot be read, or has another size
 */
export async function readImageFolders(
  root: string,
  size: readonly [number, number] | undefined,
  reporter: Reporter,
  signal: AbortSignal,
): Promise<OwnImages> {
  const names = await foldersIn(root);
  const hasParts = names.includes('train');
  const unused = hasParts ? names.filter((name) => name !== 'train' && name !== 'test') : [];
  if (unused.length > 0) {
    throw new DataError(`${join(root, unused[0]!)}: not used`, {
      expected: 'train and test; data.validation splits validation images off the training images',
      got: names.join(', '),
      fix: 'rename it to test, or move its pictures into train',
    });
  }
  const trainFolder = hasParts ? join(root, 'train') : root;
  const classes = await foldersIn(trainFolder);
  if (classes.length < 2 || classes.length > 256) {
    throw new DataError(`${trainFolder}: ${classes.length} classes`, {
      expected: 'a folder of pictures for each of 2 to 256 classes',
      got: classes.slice(0, 10).join(', ') || 'no folders',
      fix: GUIDE,
    });
  }
  const reader = new PictureReader(size, reporter, signal);
  const train = await reader.read('training pictures', await picturesOf(trainFolder, classes, true));
  let test: ImageSet | undefined;
  if (names.includes('test') && hasParts) {
    const folder = join(root, 'test');
    const strangers = (await foldersIn(folder)).filter((name) => !classes.includes(name));
    if (strangers.length > 0) {
      throw new DataError(`${join(folder, strangers[0]!)}: no class of the training pictures`, {
        expected: classes.slice(0, 10).join(', '),
        got: strangers.slice(0, 10).join(', '),
      });
    }
    test = await reader.read('test pictures', await picturesOf(folder, classes, false));
  }
  const [height, width] = reader.size!;
  return { height, width, classes, train, test };
}

async function foldersIn(root: string): Promise<string[]> {
  const names = await namesIn(root);
  const kinds = await Promise.all(names.map((name) => stat(join(root, name)).catch(() => undefined)));
  return names.filter((_, index) => kinds[index]?.isDirectory());
}

/** The pictures of each class, in order. */
async function picturesOf(folder: string, classes: readonly string[], all: boolean): Promise<Picture[]> {
  const present = new Set(await foldersIn(folder));
  const pictures: Picture[] = [];
  for (const [label, name] of classes.entries()) {
    if (!present.has(name) && !all) continue;
    const files = (await namesIn(join(folder, name))).filter((file) => !LEFT_BEHIND.has(file.toLowerCase()));
    const stranger = files.find((file) => !EXTENSIONS.includes(extname(file).toLowerCase()));
    if (stranger !== undefined) {
      throw new DataError(`${join(folder, name, stranger)}: not a picture that can be read`, {
        expected: EXTENSIONS.join(', '),
        fix: 'convert it, or move it out of the folder',
      });
    }
    if (files.length === 0)
      throw new DataError(`${join(folder, name)}: a class without pictures`, { fix: GUIDE });
    pictures.push(...files.map((file) => ({ path: join(folder, name, file), label })));
  }
  if (pictures.length === 0) throw new DataError(`${folder}: no pictures`, { fix: GUIDE });
  return pictures;
}

/** Reads pictures to one size. */
class PictureReader {
  /** Height and width; undefined before the first picture, where no size is wanted. */
  size: readonly [number, number] | undefined;
  /** The picture that determined the size. */
  #model: string | undefined;
  readonly #reporter: Reporter;
  readonly #signal: AbortSignal;

  constructor(size: readonly [number, number] | undefined, reporter: Reporter, signal: AbortSignal) {
    this.size = size;
    this.#reporter = reporter;
    this.#signal = signal;
  }

  async read(what: string, pictures: readonly Picture[]): Promise<ImageSet> {
    this.size ??= await this.#sizeOf(pictures[0]!.path);
    const pixels = this.size[0] * this.size[1];
    if (pictures.length * pixels > MOST_BYTES) {
      throw new DataError(`${what}: too many pixels`, {
        expected: `at most ${MOST_BYTES}`,
        got: `${pictures.length} of ${this.size.join(' × ')}`,
        fix: 'take a smaller data.size',
      });
    }
    const images = new Uint8Array(pictures.length * pixels);
    for (let start = 0; start < pictures.length; start += AT_ONCE) {
      this.#signal.throwIfAborted();
      const some = pictures.slice(start, start + AT_ONCE);
      const read = await Promise.all(some.map(({ path }) => this.#readOne(path)));
      read.forEach((image, index) => images.set(image, (start + index) * pixels));
      if (pictures.length < MANY) continue;
      this.#reporter.progress(what, (start + some.length) * pixels, pictures.length * pixels);
    }
    this.#reporter.progressEnd();
    const labels = Uint8Array.from(pictures, ({ label }) => label);
    return { images, labels, count: pictures.length };
  }

  async #sizeOf(path: string): Promise<readonly [number, number]> {
    this.#model = path;
    const { width, height } = await readPicture(path);
    if (Math.max(width, height) <= 1024) return [height, width];
    throw new DataError(`${path}: ${height} × ${width} pixels are too many for a model`, {
      expected: 'at most 1024 × 1024',
      fix: 'have the pictures scaled, such as data.size=[64,64]',
    });
  }

  async #readOne(path: string): Promise<Uint8Array> {
    const picture = await readPicture(path);
    const [height, width] = this.size!;
    if (this.#model !== undefined && (picture.height !== height || picture.width !== width)) {
      throw new DataError(`${path}: another size than ${this.#model}`, {
        expected: `${height} × ${width} pixels`,
        got: `${picture.height} × ${picture.width}`,
        fix: 'have all pictures scaled, such as data.size=[32,32]',
      });
    }
    return scalePicture(picture, height, width);
  }
}

/** Decodes the picture of a file. @throws DataError naming the file and what is wrong */
export async function readPicture(path: string): Promise<GreyPicture> {
  try {
    return await decodePicture(await readLimited(path, MOST_FILE), LIMITS);
  } catch (error) {
    if (!(error instanceof PictureError)) throw error;
    throw new DataError(`${path}: ${error.message}`, { fix: 'replace the picture, or remove it' }, error);
  }
}
