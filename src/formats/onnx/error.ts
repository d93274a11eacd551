import { WgradError } from '../../backend/errors.ts';

/** A model that ONNX cannot express, or a file that is not valid ONNX or uses what is not supported. */
export class OnnxError extends WgradError {
  override name = 'OnnxError';
}
