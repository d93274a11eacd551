// What the API reference shows: the entry `wgrad`, with its other entries as namespaces of it.
export * from '../../src/index.ts';
/** The entry `wgrad/data`: data sets and their batches. */
export * as data from '../../src/data/index.ts';
/** The entry `wgrad/diagnostics`: what programs check and measure with while they are written. */
export * as diagnostics from '../../src/diagnostics/index.ts';
/** The entry `wgrad/onnx`: models as ONNX files, and back. */
export * as onnx from '../../src/formats/onnx/index.ts';
