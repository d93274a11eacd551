import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { importOnnx, OnnxError } from '../../../src/formats/onnx/index.ts';
import { operators } from '../../../src/formats/onnx/import/operators/index.ts';
import { noGrad, open, setDefaultDevice, tensor, type Tensor } from '../../../src/index.ts';
import { temporaryFolder } from '../../pipeline/files/disks.ts';
import { toolsPython } from '../toolsPython.ts';

interface Values {
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly data: readonly (number | boolean | string)[];
}

interface Case {
  readonly input: Values | null;
  readonly outputs: readonly Values[];
  readonly rtol: number;
  readonly atol: number;
}

const numbersOf = ({ data }: Values): number[] =>
  data.map((each) => Number(typeof each === 'string' ? each.replace('inf', 'Infinity') : each));

function tensorOf(values: Values): Tensor {
  const dtype = values.dtype === 'int64' ? 'int32' : (values.dtype as 'float32');
  return tensor(numbersOf(values), { shape: values.shape, dtype });
}

/** What is wrong with the results for a case; undefined if nothing is. */
async function faultOf(folder: string, name: string): Promise<string | undefined> {
  const { input, outputs, rtol, atol } = JSON.parse(
    readFileSync(join(folder, `${name}.json`), 'utf8'),
  ) as Case;
  try {
    const model = importOnnx(readFileSync(join(folder, `${name}.onnx`)));
    const found = noGrad(() => model.run(input ? [tensorOf(input)] : []));
    for (const [index, expected] of outputs.entries()) {
      if (String(found[index]!.shape) !== String(expected.shape))
        return `shape ${String(found[index]!.shape)}`;
      const data = await found[index]!.data();
      const wrong = numbersOf(expected).find((value, at) => {
        const got = data[at]!;
        return !(
          Object.is(value, got) ||
          value === got ||
          Math.abs(value - got) <= atol + rtol * Math.abs(value)
        );
      });
      if (wrong !== undefined) return `not ${wrong}`;
    }
    return undefined;
  } catch (error) {
    if (error instanceof OnnxError) return error.message;
    throw error;
  }
}

test("onnx's own cases of each operator give its results, or an error says what is not supported", async (context) => {
  const python = toolsPython(context, 'onnx');
  setDefaultDevice(await open('cpu'));
  const folder = temporaryFolder();
  execFileSync(python, ['tests/tools/onnx/conformance.py', folder, ...Object.keys(operators)], {
    stdio: 'pipe',
    timeout: 110_000,
  });
  const names = readdirSync(folder).flatMap((file) => /^(.*)\.onnx$/.exec(file)?.[1] ?? []);
  const faults: Record<string, string> = {};
  for (const name of names) {
    const fault = await faultOf(folder, name);
    if (fault !== undefined) faults[name] = fault;
  }
  expect(names.length - Object.keys(faults).length).toBe(540);
  const others = Object.entries(faults).filter(([, fault]) => !/not supported|got 5 dims/.test(fault));
  expect(others.map(([name]) => name)).toEqual([
    // The shape is an input.
    'test_constantofshape_float_ones',
    'test_constantofshape_int_shape_zero',
    'test_constantofshape_int_zeros',
    // Opset 1.
    'test_not_2d',
    'test_not_3d',
    'test_not_4d',
    // amax and amin take at least one element.
    'test_reduce_max_empty_set',
    'test_reduce_max_empty_set_bool',
    'test_reduce_min_empty_set',
    // onnxruntime, too, aligns the corners of the 2 pixels that there are, not of 2.4.
    'test_resize_downsample_scales_linear_align_corners',
  ]);
});
