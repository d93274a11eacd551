/** The networks that are trained, in numbers alone, so that every contender builds the same. */
export type Network = 'mlp' | 'cnn';

/** A parameter in PyTorch's layout; its first values are uniform in ±1/√fanIn, as PyTorch draws them. */
export interface Parameter {
  readonly shape: readonly number[];
  readonly fanIn: number;
}

export const IMAGE = 28;
export const PIXELS: number = IMAGE * IMAGE;
export const CLASSES = 10;
export const LEARNING_RATE = 1e-3;
export const BETAS = [0.9, 0.999] as const;
export const EPSILON = 1e-8;

/** Channels of the two convolutions, and units of the dense layer behind them. */
export const CNN = { first: 32, second: 64, dense: 128 } as const;
export const MLP_SECOND = 128;
/** The image's side after two poolings. */
export const POOLED: number = IMAGE / 4;

interface Size {
  readonly network: Network;
  readonly width: number;
}

/** Weight and bias of each layer, from the input on. */
export function parametersOf({ network, width }: Size): Parameter[] {
  const layer = (...shape: number[]): Parameter[] => {
    const fanIn = shape.slice(1).reduce((product, size) => product * size, 1);
    return [
      { shape, fanIn },
      { shape: [shape[0]!], fanIn },
    ];
  };
  if (network === 'mlp')
    return [...layer(width, PIXELS), ...layer(MLP_SECOND, width), ...layer(CLASSES, MLP_SECOND)];
  return [
    ...layer(CNN.first, 1, 3, 3),
    ...layer(CNN.second, CNN.first, 3, 3),
    ...layer(CNN.dense, CNN.second * POOLED * POOLED),
    ...layer(CLASSES, CNN.dense),
  ];
}

/** Operations of the products of one step: forward, and both gradients of each layer but the first one's input's. */
export function trainingFlops({ network, width, batch }: Size & { readonly batch: number }): number {
  return forwardFlops({ network, width }).reduce(
    (sum, flops, index) => sum + (index === 0 ? 2 : 3) * batch * flops,
    0,
  );
}

/** Operations of the products of the forward passes. */
export function evaluationFlops({
  batch,
  batches,
  ...size
}: Size & { readonly batch: number; readonly batches: number }): number {
  return batches * batch * forwardFlops(size).reduce((sum, flops) => sum + flops, 0);
}

/** Operations of each layer's product for one image. */
function forwardFlops({ network, width }: Size): number[] {
  const weights = parametersOf({ network, width }).filter(({ shape }) => shape.length > 1);
  // How often a weight is used for an image: a convolution's at every pixel.
  const places = network === 'cnn' ? [IMAGE ** 2, (IMAGE / 2) ** 2, 1, 1] : [1, 1, 1];
  return weights.map(({ shape }, index) => 2 * places[index]! * shape.reduce((a, b) => a * b, 1));
}
