import { z } from 'zod';
import { MOST_SIDE } from '../../pipeline/data/description.ts';
import { valueText } from '../../pipeline/text/valueText.ts';

// Checks of lists that a request can make very long. An element schema would report an error for every element: a body
// of eight megabytes would then take gigabytes and minutes. These checks stop at the first error.

/** The error in a value, or undefined. */
type Fault = (value: unknown) => string | undefined;

/** Pixels of the largest image. The model that is served determines the size. */
const MOST_PIXELS: number = MOST_SIDE ** 2;

const IMAGE = {
  type: 'array',
  description:
    'Brightnesses of an image, row by row: 0 is black, 255 is white. The model determines their number, such as 28 × 28 for Fashion-MNIST.',
  items: { type: 'number', minimum: 0, maximum: 255 },
  minItems: 1,
  maxItems: MOST_PIXELS,
};

/** One image or several. */
export const pixels: z.ZodType<number[] | number[][]> = checked<number[] | number[][]>((value) =>
  isListOfLists(value) ? firstFault(value, imageFault) : imageFault(value),
).meta({ anyOf: [IMAGE, { type: 'array', items: IMAGE, minItems: 1 }] });

/** Line breaks too: many encoders wrap their lines, and the decoder skips them. `isBase64` checks the same. */
const BASE64 = /^(data:[a-z]+\/[a-z0-9+.-]+;base64,)?[A-Za-z0-9+/_\s-]+(?:=\s*){0,2}$/;

/** The start of a data URL, and its greatest length. */
const PREFIX = /^data:[a-z]+\/[a-z0-9+.-]+;base64,$/;
const LONGEST_PREFIX = 256;

const PICTURE = {
  type: 'string',
  description:
    'A PNG, JPEG, WebP or AVIF picture in base64, with or without a data URL prefix, of any size, dark on bright or bright on dark.',
  pattern: BASE64.source,
};

export const picture: z.ZodType<string> = checked<string>(pictureFault).meta(PICTURE);

export const pictures: z.ZodType<string[]> = checked<string[]>((value) =>
  Array.isArray(value) && value.length > 0
    ? firstFault(value, pictureFault)
    : `takes a list of pictures, got ${valueText(value)}`,
).meta({ type: 'array', items: PICTURE, minItems: 1 });

/** A list whose length is checked before its elements. */
export function list<T>(element: z.ZodType<T>, least: number, most: number): z.ZodType<T[]> {
  return checked<unknown[]>((value) => {
    if (!Array.isArray(value)) return `takes a list, got ${valueText(value)}`;
    const { length } = value;
    return length >= least && length <= most
      ? undefined
      : `takes ${least} to ${most} elements, got ${length}`;
  }).pipe(z.array(element).min(least).max(most));
}

const MOST_PARAMETERS = 64;

/** Parameters of the Open Inference Protocol, which servers may ignore. Their values are checked where they are used. */
export const parameters: z.ZodType<Record<string, unknown>> = checked<Record<string, unknown>>((value) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return `takes an object, got ${valueText(value)}`;
  }
  const count = Object.keys(value).length;
  return count <= MOST_PARAMETERS ? undefined : `takes at most ${MOST_PARAMETERS} parameters, got ${count}`;
}).meta({ type: 'object', maxProperties: MOST_PARAMETERS });

function checked<T>(fault: Fault): z.ZodType<T> {
  return z.custom<T>((value) => fault(value) === undefined, { error: ({ input }) => fault(input) ?? '' });
}

function isListOfLists(value: unknown): value is unknown[][] {
  return Array.isArray(value) && Array.isArray(value[0]);
}

function imageFault(value: unknown): string | undefined {
  if (!Array.isArray(value) || value.length < 1 || value.length > MOST_PIXELS) {
    const got = Array.isArray(value) ? `${value.length} of them` : valueText(value);
    return `takes the pixels of an image, numbers from 0 to 255, or a list of such lists; got ${got}`;
  }
  return firstFault(value, (pixel) =>
    typeof pixel === 'number' && pixel >= 0 && pixel <= 255
      ? undefined
      : `takes numbers from 0 to 255, got ${valueText(pixel)}`,
  );
}

function pictureFault(value: unknown): string | undefined {
  return typeof value === 'string' && isBase64(value)
    ? undefined
    : `takes base64, or a data URL of it; got ${valueText(value)}`;
}

/**
 * Whether a text fits `BASE64`, in time proportional to its length. The pattern itself keeps a place to return to for each
 * character, so the engine may run out of stack on a text of megabytes. These searches look at one character at a time.
 */
function isBase64(text: string): boolean {
  const isUrl = text.startsWith('data:');
  const start = isUrl ? text.indexOf(',') + 1 : 0;
  if (isUrl && (start > LONGEST_PREFIX || !PREFIX.test(text.slice(0, start)))) return false;
  const body = text.slice(start);
  const end = body.search(/[^A-Za-z0-9+/_\s-]/);
  if (end < 0) return body !== '';
  const padding = body.slice(end);
  const second = padding.indexOf('=', 1);
  return end > 0 && !/[^=\s]/.test(padding) && (second < 0 || !padding.includes('=', second + 1));
}

function firstFault(values: readonly unknown[], fault: Fault): string | undefined {
  for (const value of values) {
    const found = fault(value);
    if (found !== undefined) return found;
  }
  return undefined;
}
