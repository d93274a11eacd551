import { type Explanation, OperationError } from '../backend/errors.ts';

/** A file that is damaged, too large, or of another format than was said. The message begins with its name. */
export class DataFormatError extends OperationError {
  override name = 'DataFormatError';
  /** The first line of the message. */
  readonly headline: string;
  readonly takes: string;
  readonly got: string;

  constructor(file: string, problem: string, explanation: Explanation) {
    super(file, problem, explanation);
    this.headline = `${file}: ${problem}`;
    this.takes = explanation.takes;
    this.got = explanation.got;
  }
}
