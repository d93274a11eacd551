import { exportOnnx } from '../../formats/onnx/index.ts';
import type { Module } from '../../nn/index.ts';
import { rand } from '../../tensor/random.ts';
import type { DataDescription } from '../data/description.ts';

export interface ToOnnxOptions {
  /** Its name, for the file's metadata. */
  readonly name: string;
  /** Default: 17. */
  readonly opset?: number;
  /** Whether it takes any number of images; default: true. */
  readonly dynamicBatch?: boolean;
}

/**
 * A trained model as the bytes of an ONNX file: `images`, normalised float32 [batch, 1, height, width], to `logits`,
 * [batch, classes]. The metadata name the classes and the normalisation.
 */
export function toOnnx(
  model: Module,
  { height, width, classes, mean, std }: DataDescription,
  { name, opset = 17, dynamicBatch = true }: ToOnnxOptions,
): Promise<Uint8Array> {
  const [parameter] = model.parameters();
  const device = parameter && { device: parameter.device };
  return exportOnnx(model, rand([1, 1, height, width], { seed: 0, stream: 0, ...device }), {
    opset,
    dynamicBatch,
    inputNames: ['images'],
    outputNames: ['logits'],
    metadata: { model: name, classes: JSON.stringify(classes), mean: String(mean), std: String(std) },
  });
}
