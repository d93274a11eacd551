import { DataError } from '../../../../pipeline/data/errors.ts';
import { isGzip } from '../../../../pipeline/data/gzipBytes.ts';
import { parseIdxImages, parseIdxLabels } from '../../../../pipeline/data/idxBytes.ts';
import { CLASS_NAMES, IMAGE_SIZE, type ImageSet } from '../../../../pipeline/data/images.ts';
import { keyHeaders, refusalOf } from '../service.ts';

/** Fashion-MNIST, as the service has it. */
export interface Images {
  readonly train: ImageSet;
  readonly test: ImageSet;
}

const NAMES = [
  'train-images-idx3-ubyte',
  'train-labels-idx1-ubyte',
  't10k-images-idx3-ubyte',
  't10k-labels-idx1-ubyte',
] as const;

/** Most bytes of a file: the largest of Fashion-MNIST has 47 MB. */
const MOST_BYTES = 64 * 2 ** 20;

/**
 * Fetches the four files of Fashion-MNIST from the service that serves the page.
 *
 * @param base address of the files, which ends with a slash
 * @param report gets the bytes that have arrived, of all files together, and their sum, as far as the answers state it
 * @throws KeyWanted, DataError, or an error with the service's message
 */
export async function downloadImages(
  base: URL,
  key: string,
  report: (received: number, total: number) => void,
): Promise<Images> {
  const responses = await Promise.all(NAMES.map((name) => request(new URL(name, base), key)));
  const total = responses.reduce((sum, response) => sum + lengthOf(response), 0);
  let received = 0;
  const files = await Promise.all(
    responses.map(async (response, at) => {
      const name = NAMES[at]!;
      const bytes = await collected(response.body!, name, (count) => {
        received += count;
        report(received, Math.max(total, received));
      });
      return unpacked(bytes, name);
    }),
  );
  return imagesOf(files);
}

/**
 * Reads the four files of Fashion-MNIST that the visitor has chosen, plain or compressed by gzip.
 *
 * @throws DataError where one is missing, or is something else
 */
export async function readImages(chosen: readonly File[]): Promise<Images> {
  const files = NAMES.map((name) => {
    const found = chosen.find((file) => file.name.startsWith(name));
    if (found && found.size > MOST_BYTES) throw tooLarge(found.name);
    if (found) return found;
    throw new DataError(`${name} is not among the chosen files`, {
      expected: `${NAMES.join(', ')}, plain or as .gz`,
      got: chosen.map(({ name }) => name).join(', ') || 'no file',
    });
  });
  return imagesOf(
    await Promise.all(
      files.map(async (file) => unpacked(new Uint8Array(await file.arrayBuffer()), file.name)),
    ),
  );
}

/** The sets of the files in the order of their names. */
function imagesOf(files: readonly Bytes[]): Images {
  const [trainImages, trainLabels, testImages, testLabels] = files as [Bytes, Bytes, Bytes, Bytes];
  return {
    train: imageSet(trainImages, NAMES[0], trainLabels, NAMES[1]),
    test: imageSet(testImages, NAMES[2], testLabels, NAMES[3]),
  };
}

/**
 * Checks that there are images to train with, besides those of the validation set, and images to test with.
 *
 * @param validation size of the validation set, as a count or a fraction
 * @throws DataError, which names the file with too few
 */
export function requireEnough({ train, test }: Images, validation: number): void {
  if (train.count <= validation) {
    throw new DataError(`${NAMES[0]}: too few images`, {
      expected: `more than the ${validation} of the validation set`,
      got: String(train.count),
    });
  }
  if (test.count === 0) {
    throw new DataError(`${NAMES[2]}: too few images`, { expected: 'at least 1', got: '0' });
  }
}

type Bytes = Uint8Array<ArrayBuffer>;

async function request(url: URL, key: string): Promise<Response> {
  const response = await fetch(url, { headers: keyHeaders(key) });
  if (!response.ok) throw await refusalOf(response);
  return response;
}

/** The length that an answer states; 0 where it states none, as of answers that the server compresses. */
function lengthOf({ headers }: Response): number {
  return Number(headers.get('content-length') ?? 0);
}

/** The bytes of a stream. @throws DataError for more than a file of Fashion-MNIST has */
async function collected(
  stream: ReadableStream<Bytes>,
  name: string,
  report: (count: number) => void = () => undefined,
): Promise<Bytes> {
  const parts: Bytes[] = [];
  let length = 0;
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
    length += value.length;
    if (length > MOST_BYTES) {
      await reader.cancel();
      throw tooLarge(name);
    }
    report(value.length);
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

function tooLarge(name: string): DataError {
  return new DataError(`${name}: not a file of Fashion-MNIST`, {
    expected: `at most ${MOST_BYTES} bytes`,
    got: 'more',
  });
}

/** The contents of a gzip file, and any other file as it is. */
async function unpacked(file: Bytes, name: string): Promise<Bytes> {
  if (!isGzip(file)) return file;
  const stream = new Blob([file]).stream().pipeThrough(new DecompressionStream('gzip'));
  try {
    return await collected(stream, name);
  } catch (error) {
    if (error instanceof DataError) throw error;
    throw new DataError(
      `${name}: cannot be unpacked`,
      {
        expected: 'a whole gzip file',
        got: `${file.length} bytes, cut short or damaged`,
        fix: 'download the file again',
      },
      error,
    );
  }
}

function imageSet(imageBytes: Bytes, imageName: string, labelBytes: Bytes, labelName: string): ImageSet {
  const { count, rows, columns, pixels } = parseIdxImages(imageBytes, imageName);
  if (rows !== IMAGE_SIZE || columns !== IMAGE_SIZE) {
    throw new DataError(`${imageName}: wrong image size`, {
      expected: `${IMAGE_SIZE} × ${IMAGE_SIZE} pixels`,
      got: `${rows} × ${columns}`,
    });
  }
  const labels = parseIdxLabels(labelBytes, labelName, CLASS_NAMES.length);
  if (labels.length !== count) {
    throw new DataError(`${imageName} and ${labelName} do not belong together`, {
      expected: `${count} labels`,
      got: String(labels.length),
    });
  }
  return { images: pixels, labels, count };
}
