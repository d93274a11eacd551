"""Writes the cases with which onnx itself tests implementations of operators.

usage: python3 conformance.py FOLDER OPERATOR...

FOLDER/NAME.onnx is a model of one operator, FOLDER/NAME.json its {"input": tensor, "outputs": [tensor], "rtol", "atol"}. A tensor
is {"shape", "dtype", "data"}; numbers that JSON lacks are texts. Inputs after the first are constants of the model.
"""

import json
import pathlib
import sys
import warnings

import numpy as np
import onnx
from onnx.backend.test.case.node import collect_testcases

warnings.simplefilter("ignore")
DTYPES = {"float32", "float64", "int32", "int64", "bool"}


def number(x):
    return x if isinstance(x, (int, bool)) or np.isfinite(x) else str(x)


def tensor(x):
    return {"shape": list(x.shape), "dtype": str(x.dtype), "data": [number(each) for each in x.reshape(-1).tolist()]}


def main():
    folder = pathlib.Path(sys.argv[1])
    wanted = set(sys.argv[2:])
    for case in collect_testcases(None):
        model = case.model
        if len(model.graph.node) > 12 or not {node.op_type for node in model.graph.node} <= wanted:
            continue
        if any(domain.domain not in ("", "ai.onnx") for domain in model.opset_import):
            continue
        arrays = [each for pair in case.data_sets for side in pair for each in side]
        if not all(isinstance(each, np.ndarray) and str(each.dtype) in DTYPES for each in arrays):
            continue
        inputs, outputs = case.data_sets[0]
        text = json.dumps(
            {
                "input": tensor(inputs[0]) if inputs else None,
                "outputs": [tensor(each) for each in outputs],
                "rtol": case.rtol,
                "atol": case.atol,
            }
        )
        for value, array in zip(list(model.graph.input)[1:], inputs[1:]):
            model.graph.initializer.append(onnx.numpy_helper.from_array(array, value.name))
            model.graph.input.remove(value)
        (folder / f"{case.name}.onnx").write_bytes(model.SerializeToString())
        (folder / f"{case.name}.json").write_text(text)


main()
