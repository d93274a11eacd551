import { WgradError } from '../../backend/errors.ts';
import { DataFormatError } from '../../data/formatError.ts';
import { errorText } from '../text/errorText.ts';

/** Facts below an error's headline: label → text, printed as an aligned list. */
export type ErrorDetails = Readonly<Record<string, string>>;

/**
 * A problem with the data or with getting them: what was expected, what was found, what to do.
 *
 * @example
 * throw new DataError('labels.idx: label out of range', {
 *   expected: 'labels 0 to 9', got: '12 at index 5', fix: 'give the label file that belongs to this data set',
 * });
 * // DataError: labels.idx: label out of range
 * //   expected  labels 0 to 9
 * //   got       12 at index 5
 * //   fix       give the label file that belongs to this data set
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

/** A problem that the library's readers of files have found; undefined for other errors. */
export function formatProblem(error: unknown, fix?: string): DataError | undefined {
  if (!(error instanceof DataFormatError)) return undefined;
  const { takes, got } = error;
  return new DataError(error.headline, { expected: takes, got, ...(fix !== undefined && { fix }) }, error);
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
