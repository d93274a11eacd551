import '../ops/methods.ts';
import type { Backend } from '../backend/backend.ts';
import { FUNCTION, type Rest, signature } from '../tensor/arguments.ts';
import { ArgumentError } from '../tensor/errors.ts';
import { noGrad } from '../tensor/gradientMode.ts';
import { DEVICE, listOf } from '../tensor/kinds.ts';
import { scope } from '../tensor/scope.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { FileLike } from './bytes.ts';
import { collate } from './collate.ts';
import { checkIndex, type Dataset } from './dataset.ts';
import { DataFormatError } from './formatError.ts';
import { browserDecoder, type Decode, type Picture, pictureTensor } from './picture.ts';

/**
 * A file of an image folder: its path below the folder, and how to read it. A browser's `File` of `<input webkitdirectory>` is
 * one, too: the first part of its path is the folder itself.
 */
export type ImageFile = FileLike & ({ readonly path: string } | { readonly webkitRelativePath: string });

/** Options of `ImageFolder`. */
export interface ImageFolderOptions {
  /** Decodes a picture; by default the browser does. Other runtimes have no decoder, so it must be given there. */
  decode?: Decode;
  /** 3 for colours, the default; 1 for grey. */
  channels?: 1 | 3;
  /** What becomes of an image, float32 [channels, height, width], such as a change of its size. */
  transform?: (image: Tensor) => Tensor;
  /** Defaults to the device that `init` opened last. */
  device?: Backend;
}

const folderArguments = signature<ImageFolderOptions>(
  'ImageFolder',
  {
    files: listOf({
      takes: 'a File, or { path, arrayBuffer }',
      fits: (value) => {
        const { arrayBuffer } = (value ?? {}) as Partial<ImageFile>;
        return typeof arrayBuffer === 'function' && typeof pathOf(value as ImageFile) === 'string';
      },
    }),
  },
  {
    decode: FUNCTION,
    channels: { takes: '1 or 3', fits: (value) => value === 1 || value === 3 },
    transform: FUNCTION,
    device: DEVICE,
  },
  0,
);

const PICTURE = /\.(png|jpe?g|webp|avif|gif|bmp|ppm|pgm|tiff?)$/i;

/**
 * Pictures in a folder for each class, as torchvision's ImageFolder: `cat/1.png`, `dog/2.jpg`, `dog/more/3.png`. The classes are
 * sorted by name, and so are the pictures of a class. Hidden files, files that are no pictures, and pictures in no class folder
 * are left out.
 *
 * A sample is [image, label]: float32 [channels, height, width] from 0 to 1, and the place of its class. Files are read and
 * decoded when they are asked for; `prefetch` of the loader reads ahead.
 *
 * @throws ArgumentError where there are no pictures, or nothing decodes them
 * @throws DataFormatError from `get`, naming the picture that cannot be decoded
 * @example
 * const pictures = new ImageFolder([...input.files], { transform: (image) => interpolate(image, { size: [64, 64] }) });
 * const loader = new DataLoader(pictures, { batchSize: 32, shuffle: true, prefetch: 2 });
 */
export class ImageFolder implements Dataset<[image: Tensor, label: number]> {
  /** The names of the classes; the place is the label. */
  readonly classes: readonly string[];
  /** The path of each picture below the folder, and its label. */
  readonly samples: readonly { readonly path: string; readonly label: number }[];
  readonly #files: readonly ImageFile[];
  readonly #decode: Decode;
  readonly #options: ImageFolderOptions;

  constructor(files: readonly ImageFile[], ...rest: Rest<ImageFolderOptions>) {
    this.#options = folderArguments([files, ...rest]);
    const decode = this.#options.decode ?? browserDecoder();
    if (!decode) {
      throw new ArgumentError('ImageFolder', 'nothing decodes pictures in this runtime', {
        takes: 'decode: (bytes) => ({ width, height, data })',
        got: 'none',
      });
    }
    this.#decode = decode;
    const pictures = files
      .map((file) => ({ file, path: pathOf(file)!.replaceAll('\\', '/') }))
      .filter(({ path }) => /^[^/]+\/./.test(path) && PICTURE.test(path) && !/(^|\/)\./.test(path))
      .map(({ file, path }) => ({ file, path, name: path.slice(0, path.indexOf('/')) }))
      .sort((a, b) => order(a.name, b.name) || order(a.path, b.path));
    if (pictures.length === 0) {
      throw new ArgumentError('ImageFolder', 'no pictures', {
        takes: 'paths such as cat/1.png: a folder for each class',
        got: files.length === 0 ? 'no files' : `${files.length} files, such as ${pathOf(files[0]!)}`,
      });
    }
    this.classes = [...new Set(pictures.map(({ name }) => name))];
    const labels = new Map(this.classes.map((name, label) => [name, label]));
    this.samples = pictures.map(({ path, name }) => ({ path, label: labels.get(name)! }));
    this.#files = pictures.map(({ file }) => file);
  }

  get length(): number {
    return this.samples.length;
  }

  async get(index: number): Promise<[image: Tensor, label: number]> {
    checkIndex('ImageFolder', index, this.length);
    const { path, label } = this.samples[index]!;
    const bytes = new Uint8Array(await this.#files[index]!.arrayBuffer());
    const picture = await this.#decoded(bytes, path);
    const { channels = 3, transform, device } = this.#options;
    const image = noGrad(() =>
      scope(() => {
        const image = pictureTensor(picture, path, channels, device);
        return transform ? transform(image) : image;
      }),
    );
    return [image, label];
  }

  async batch(indices: readonly number[]): Promise<[images: Tensor, labels: Tensor]> {
    const samples = await Promise.all(indices.map((index) => this.get(index)));
    const batch = collate(samples) as [Tensor, Tensor];
    for (const [image] of samples) image.dispose();
    return batch;
  }

  async #decoded(bytes: Uint8Array, path: string): Promise<Picture> {
    try {
      return await this.#decode(bytes, path);
    } catch (error) {
      if (error instanceof DataFormatError) throw error;
      throw new DataFormatError(path, 'not a picture that can be decoded', {
        takes: 'a whole picture',
        got: error instanceof Error ? error.message : String(error),
      });
    }
  }
}

/** Undefined for what is no such file. */
function pathOf(file: Partial<{ path: string; webkitRelativePath: string }>): string | undefined {
  // "folder/cat/1.png"
  return file.path ?? file.webkitRelativePath?.replace(/^[^/]*\//, '');
}

/** By code points, on every machine alike. */
function order(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
