import { WgradError } from '../../backend/errors.ts';

/** A picture that cannot be used: of another format, larger than allowed, or with damaged or empty content. */
export class PictureError extends WgradError {
  override name = 'PictureError';
  readonly fault: 'format' | 'size' | 'content';

  constructor(fault: PictureError['fault'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.fault = fault;
  }
}
