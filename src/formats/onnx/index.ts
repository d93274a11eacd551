/** ONNX files: models written for other tools, and files of other tools as modules. */
export { OnnxError } from './error.ts';
export { exportOnnx, type ExportOptions } from './export/exportOnnx.ts';
export { importOnnx, type ImportOptions } from './import/importOnnx.ts';
export type { OnnxModel } from './import/onnxModel.ts';
