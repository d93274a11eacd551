import { WgradError } from '../../backend/errors.ts';

/** A picture that cannot be used: of another format, larger than allowed, with damaged or empty content, or not decoded in time. */
export class PictureError extends WgradError {
  override name = 'PictureError';
  readonly fault: 'format' | 'size' | 'content' | 'time';

  constructor(fault: PictureError['fault'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.fault = fault;
  }
}
