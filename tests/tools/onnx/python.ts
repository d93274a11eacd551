import { execFileSync } from 'node:child_process';

/** A Python that has onnx and onnxruntime: that of WGRAD_ONNX_PYTHON, or the first on the path. */
export const python: string | undefined = [process.env['WGRAD_ONNX_PYTHON'], 'python3'].find((candidate) => {
  if (candidate === undefined) return false;
  try {
    execFileSync(candidate, ['-c', 'import onnx, onnxruntime'], { stdio: 'pipe', timeout: 60_000 });
    return true;
  } catch {
    return false;
  }
});

/** Why tests with ONNX's tools are skipped. */
export const NO_ONNX =
  'no Python with onnx and onnxruntime here: pip install -r tests/tools/onnx/requirements.txt, and name it in WGRAD_ONNX_PYTHON';
