import { DataError } from '../../../../pipeline/data/errors.ts';
import { parseIdxImages, parseIdxLabels } from '../../../../pipeline/data/idxBytes.ts';
import { CLASS_NAMES, IMAGE_SIZE, type ImageSet } from '../../../../pipeline/data/images.ts';
import { keyHeaders, KeyWanted } from '../service.ts';

/** Fashion-MNIST, as the service has it. */
export interface Images {
  readonly train: ImageSet;
  readonly test: ImageSet;
}

/** Most bytes of a file: the largest of Fashion-MNIST has 47 MB. */
const MOST_BYTES = 64 * 2 ** 20;

/**
 * Fetches the four files of Fashion-MNIST from the service that serves the page.
 *
 * @param base address of the files, which ends with a slash
 * @param report gets the bytes that have arrived, of all files together, and their sum
 * @throws KeyWanted, DataError, or an error with the service's message
 */
export async function downloadImages(
  base: URL,
  key: string,
  report: (received: number, total: number) => void,
): Promise<Images> {
  const names = [
    'train-images-idx3-ubyte',
    'train-labels-idx1-ubyte',
    't10k-images-idx3-ubyte',
    't10k-labels-idx1-ubyte',
  ] as const;
  const responses = await Promise.all(names.map((name) => request(new URL(name, base), key)));
  const total = responses.reduce((sum, response) => sum + lengthOf(response), 0);
  let received = 0;
  const files = await Promise.all(
    responses.map((response) =>
      bytesOf(response, (count) => {
        received += count;
        report(received, total);
      }),
    ),
  );
  const [trainImages, trainLabels, testImages, testLabels] = files as [Bytes, Bytes, Bytes, Bytes];
  return {
    train: imageSet(trainImages, names[0], trainLabels, names[1]),
    test: imageSet(testImages, names[2], testLabels, names[3]),
  };
}

type Bytes = Uint8Array<ArrayBuffer>;

async function request(url: URL, key: string): Promise<Response> {
  const response = await fetch(url, { headers: keyHeaders(key) });
  if (response.ok) return response;
  if (response.status === 401) throw new KeyWanted();
  const body = (await response.json().catch(() => ({}))) as { error?: string };
  throw new Error(body.error ?? `${url.pathname}: the service answers with status ${response.status}`);
}

function lengthOf({ headers, url }: Response): number {
  const length = Number(headers.get('content-length'));
  if (length > 0 && length <= MOST_BYTES) return length;
  throw new DataError(`${url}: not a file of Fashion-MNIST`, {
    expected: `1 to ${MOST_BYTES} bytes`,
    got: `${length} bytes`,
  });
}

/** The bytes of an answer, unpacked where they are gzip. */
async function bytesOf(response: Response, report: (count: number) => void): Promise<Bytes> {
  const bytes = new Uint8Array(lengthOf(response));
  let length = 0;
  const reader = response.body!.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    bytes.set(value, length);
    length += value.length;
    report(value.length);
  }
  const file = bytes.subarray(0, length);
  return file[0] === 0x1f && file[1] === 0x8b ? gunzip(file) : file;
}

async function gunzip(file: Bytes): Promise<Bytes> {
  const unpacked = new Blob([file]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Uint8Array(await new Response(unpacked).arrayBuffer());
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
