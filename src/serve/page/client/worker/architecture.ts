import { decodeSafetensors } from '../../../../formats/safetensors/index.ts';
import { WgradError } from '../../../../backend/errors.ts';
import type { CnnConfiguration, MlpConfiguration } from '../../../../pipeline/config/schema.ts';
import { FASHION_MNIST_DESCRIPTION } from '../../../../pipeline/data/description.ts';

interface Layer {
  /** Its place in the network. */
  readonly at: number;
  readonly shape: readonly number[];
}

/**
 * The network that a safetensors file of weights belongs to, by the names and shapes of its tensors: an MLP or a CNN of the
 * pipeline. Each layer takes what the one before it gives, so the network is no larger than the file. Loading the weights checks
 * the rest.
 *
 * @throws SafetensorsError, or WgradError if it is neither
 */
export function architectureOf(weights: Uint8Array): CnnConfiguration | MlpConfiguration {
  const { tensors } = decodeSafetensors(weights);
  const layers = [...tensors].flatMap(([name, { shape }]): Layer[] => {
    const at = /^(\d+)\.weight$/.exec(name)?.[1];
    return at === undefined ? [] : [{ at: Number(at), shape }];
  });
  layers.sort((a, b) => a.at - b.at);
  const dense = layers.filter(({ shape }) => shape.length === 2);
  const convolutions = layers.filter(({ shape }) => shape.length === 4);
  requireChain(convolutions, dense);
  const hidden = dense.slice(0, -1).map(({ shape }) => shape[0]!);
  const [first, second] = dense;
  if (!first) {
    throw new WgradError(
      'These are not the weights of an MLP or a CNN of this project: no dense layer 0.weight, 1.weight …',
    );
  }
  const [convolution] = convolutions;
  if (!convolution) {
    // Without dropout, only a ReLU stands between two dense layers.
    return { name: 'mlp', hidden, dropout: isApart(first, second, 3) ? HALF : 0 };
  }
  const batchNorm = tensors.has(`${convolution.at + 1}.running_mean`);
  const flatten = convolutions.length * (batchNorm ? 4 : 3);
  return {
    name: 'cnn',
    channels: convolutions.map(({ shape }) => shape[0]!),
    kernelSize: convolution.shape[2]!,
    batchNorm,
    hidden,
    dropout: first.at === flatten + 2 ? HALF : 0,
  };
}

/** Most layers of a kind: a file can have a million small ones. */
const MOST_LAYERS = 100;

/** @throws WgradError unless each layer takes what the one before it gives */
function requireChain(convolutions: readonly Layer[], dense: readonly Layer[]): void {
  const { height, width } = FASHION_MNIST_DESCRIPTION;
  if (Math.max(convolutions.length, dense.length) > MOST_LAYERS) {
    throw new WgradError(
      `These are too many layers: at most ${MOST_LAYERS} of a kind, got ${convolutions.length} convolutions and ${dense.length} dense layers.`,
    );
  }
  let channels = 1;
  for (const layer of convolutions) {
    const [depth, , size] = layer.shape as [number, number, number, number];
    requireShape(layer, [depth, channels, size, size]);
    channels = depth;
  }
  // Each block of convolutions halves height and width.
  const side = (whole: number): number => Math.floor(whole / 2 ** convolutions.length);
  let features = channels * side(height) * side(width);
  for (const layer of dense) {
    const units = layer.shape[0]!;
    requireShape(layer, [units, features]);
    features = units;
  }
}

function requireShape({ at, shape }: Layer, expected: readonly number[]): void {
  if (shape.every((size, axis) => size > 0 && size === expected[axis])) return;
  throw new WgradError(
    `${at}.weight does not fit the layers before it\n  takes  [${expected.map((size) => Math.max(size, 1)).join(', ')}]\n  got    [${shape.join(', ')}]`,
  );
}

/** Any probability will do: dropout does nothing when a network classifies. */
const HALF = 0.5;

function isApart(a: Layer, b: Layer | undefined, distance: number): boolean {
  return b !== undefined && b.at - a.at === distance;
}
