// What is known of Fashion-MNIST's images without its files.

/** Class names; the index is the label. */
export const CLASS_NAMES: readonly string[] = [
  'T-shirt/top',
  'Trouser',
  'Pullover',
  'Dress',
  'Coat',
  'Sandal',
  'Shirt',
  'Sneaker',
  'Bag',
  'Ankle boot',
];

/** Height and width of an image in pixels. */
export const IMAGE_SIZE = 28;

/** Mean of the training pixels, scaled to [0, 1]. */
export const PIXEL_MEAN = 0.286;

/** Standard deviation of the training pixels, scaled to [0, 1]. */
export const PIXEL_STD = 0.353;

/** One part of a data set. */
export interface ImageSet {
  /** uint8[count, height, width]: 0 is background, 255 full intensity. */
  readonly images: Uint8Array;
  /** uint8[count]: indices into the class names. */
  readonly labels: Uint8Array;
  readonly count: number;
}
