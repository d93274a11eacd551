import { WgradError } from '../../backend/errors.ts';
import { errorText } from '../text/errorText.ts';

/** Facts below an error's headline: label → text, printed as an aligned list. */
export type ErrorDetails = Readonly<Record<string, string>>;

/**
 * A problem with the data or with getting them: what was expected, what was found, what to do.
 *
 * @example
 * throw new DataError('labels.idx: wrong magic number', {
 *   expected: '0x00000801', got: '0x00000803', fix: 'give the label file, not the image file',
 * });
 * // DataError: labels.idx: wrong magic number
 * //   expected  0x00000801
 * //   got       0x00000803
 * //   fix       give the label file, not the image file
 */
export class DataError extends WgradError {
  override readonly name: string = 'DataError';
  /** The first line of the message. */
  readonly headline: string;
  readonly details: ErrorDetails;

  constructor(headline: string, details: ErrorDetails = {}, cause?: unknown) {
    super([headline, ...formatDetails(details)].join('\n'), cause === undefined ? {} : { cause });
    this.headline = headline;
    this.details = details;
  }
}

function formatDetails(details: ErrorDetails): string[] {
  const width = Math.max(0, ...Object.keys(details).map((label) => label.length));
  return Object.entries(details).map(([label, text]) => {
    const indent = `\n${' '.repeat(width + 4)}`;
    return `  ${label.padEnd(width)}  ${text.replaceAll('\n', indent)}`;
  });
}

/** An error on one line, for lists: the headline, what was expected and what was found. */
export function oneLine(error: unknown): string {
  if (error instanceof DataError) {
    const { expected, got } = error.details;
    const facts = [expected && `expected ${expected}`, got && `got ${got}`].filter(Boolean);
    return [error.headline, facts.join(', ')].filter(Boolean).join(': ').replaceAll('\n', ' ');
  }
  return errorText(error).replaceAll('\n', ' ');
}
