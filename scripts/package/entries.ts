/** The entries of the package beside `wgrad` itself, and the file in src/ that each is. */
export const entries: Readonly<Record<string, string>> = {
  data: 'data/index.ts',
  diagnostics: 'diagnostics/index.ts',
  onnx: 'formats/onnx/index.ts',
};
