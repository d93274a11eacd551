import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { encodeSafetensors, type SafeTensor } from '../../../src/formats/safetensors/index.ts';
import { architectureOf } from '../../../src/serve/page/client/worker/architecture.ts';
import { readImages, requireEnough } from '../../../src/serve/page/client/worker/download.ts';
import { images } from '../../pipeline/training/trainingFixture.ts';

const NAMES = [
  'train-images-idx3-ubyte',
  'train-labels-idx1-ubyte',
  't10k-images-idx3-ubyte',
  't10k-labels-idx1-ubyte',
];
const LIMIT = 64 * 2 ** 20;

/** The four files, of which the first has the contents given. */
function filesWith(contents: Buffer, name: string = `${NAMES[0]}.gz`): File[] {
  return [
    new File([new Uint8Array(contents)], name),
    ...NAMES.slice(1).map((name) => new File([new Uint8Array(8)], name)),
  ];
}

it('a gzip file is unpacked to no more bytes than a file of Fashion-MNIST has', async () => {
  const bomb = gzipSync(Buffer.alloc(LIMIT + 1));
  await expect(readImages(filesWith(bomb))).rejects.toThrow(
    `train-images-idx3-ubyte.gz: not a file of Fashion-MNIST\n  expected  at most ${LIMIT} bytes\n  got       more`,
  );
});

it.each(['cut short', 'damaged'])('a gzip file that is %s is named', async (how) => {
  const whole = gzipSync(Buffer.from(Array.from({ length: 1000 }, (_, at) => (at * at) % 251)));
  const broken =
    how === 'damaged'
      ? Buffer.concat([whole.subarray(0, -8), Buffer.alloc(8)])
      : whole.subarray(0, whole.length / 2);
  await expect(readImages(filesWith(broken))).rejects.toThrow(
    /^train-images-idx3-ubyte\.gz: cannot be unpacked\n {2}expected {2}a whole gzip file/,
  );
});

it('a file that is too large is named as that, not as missing', async () => {
  await expect(readImages(filesWith(Buffer.alloc(LIMIT + 1), NAMES[0]))).rejects.toThrow(
    /^train-images-idx3-ubyte: not a file of Fashion-MNIST/,
  );
});

it('too few images to train or to test with are refused', () => {
  const [few, none] = [images(100, 0), images(0, 0)];
  expect(() => requireEnough({ train: few, test: few }, 100)).toThrow(
    'train-images-idx3-ubyte: too few images\n  expected  more than the 100 of the validation set\n  got       100',
  );
  expect(() => requireEnough({ train: few, test: none }, 99)).toThrow(
    't10k-images-idx3-ubyte: too few images\n  expected  at least 1\n  got       0',
  );
  expect(() => requireEnough({ train: few, test: few }, 99)).not.toThrow();
});

function weightsOf(shapes: Record<string, readonly number[]>): Uint8Array {
  return encodeSafetensors(
    new Map(
      Object.entries(shapes).map(([name, shape]): [string, SafeTensor] => {
        const count = shape.reduce((product, size) => product * size, 1);
        return [name, { dtype: 'F32', shape, data: new Float32Array(count) }];
      }),
    ),
  );
}

it.each([
  ['no inputs', { '1.weight': [600_000, 0] }, '1.weight', '[600000, 784]'],
  ['no units', { '1.weight': [0, 784] }, '1.weight', '[1, 784]'],
  ['other inputs than pixels', { '1.weight': [10, 783] }, '1.weight', '[10, 784]'],
  ['other inputs than units before it', { '1.weight': [4, 784], '3.weight': [10, 5] }, '3.weight', '[10, 4]'],
  [
    'other channels than the image',
    { '0.weight': [4, 2, 3, 3], '4.weight': [10, 784] },
    '0.weight',
    '[4, 1, 3, 3]',
  ],
  [
    'a kernel that is no square',
    { '0.weight': [4, 1, 5, 3], '4.weight': [10, 784] },
    '0.weight',
    '[4, 1, 5, 5]',
  ],
  [
    'other inputs than the convolution gives',
    { '0.weight': [4, 1, 3, 3], '4.weight': [10, 783] },
    '4.weight',
    '[10, 784]',
  ],
] as const)('weights with %s build no network', (_, shapes, name, expected) => {
  const { [name as never]: shape } = shapes as Record<string, readonly number[]>;
  expect(() => architectureOf(weightsOf(shapes))).toThrow(
    `${name} does not fit the layers before it\n  takes  ${expected}\n  got    [${(shape as unknown as number[]).join(', ')}]`,
  );
});

it('weights of very many layers build no network', () => {
  const layers = Array.from(
    { length: 101 },
    (_, at) => [`${2 * at + 1}.weight`, at === 0 ? [1, 784] : [1, 1]] as const,
  );
  expect(() => architectureOf(weightsOf(Object.fromEntries(layers)))).toThrow(
    'These are too many layers: at most 100 of a kind, got 0 convolutions and 101 dense layers.',
  );
});
