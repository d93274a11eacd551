"""Checks ONNX files with onnx, runs them with onnxruntime, and prints what it found for each as JSON.

usage: python3 check.py FOLDER

FOLDER/NAME.json says for NAME.onnx: {"runs": [{"inputs": {name: tensor}, "output": tensor}]}, and a tensor is
{"shape", "dtype", "data"}. For each file, the checker with inference of shapes must find no fault. The answer is
{NAME: {"difference": the greatest one to the outputs, "inputs": shapes, "outputs": shapes, "fault": text or null}}.
"""

import json
import pathlib
import sys

import numpy as np
import onnx
import onnxruntime

onnxruntime.set_default_logger_severity(3)


def array(tensor):
    data = np.array(tensor["data"], dtype=tensor["dtype"])
    return data.reshape(tensor["shape"])


def shape(value):
    return [dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim]


def check(path):
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    worst = 0.0
    for run in json.loads(path.with_suffix(".json").read_text())["runs"]:
        expected = array(run["output"])
        found = session.run(None, {name: array(each) for name, each in run["inputs"].items()})[0]
        if found.shape != expected.shape or found.dtype != expected.dtype:
            raise ValueError(f"{found.dtype}{found.shape} instead of {expected.dtype}{expected.shape}")
        if found.size:
            worst = max(worst, float(np.abs(found.astype(np.float64) - expected).max()))
    return {
        "difference": worst,
        "inputs": [shape(value) for value in model.graph.input],
        "outputs": [shape(value) for value in model.graph.output],
        "operators": [node.op_type for node in model.graph.node],
        "fault": None,
    }


def main():
    answers = {}
    for path in sorted(pathlib.Path(sys.argv[1]).glob("*.onnx")):
        try:
            answers[path.stem] = check(path)
        except Exception as error:  # the fault is the answer
            answers[path.stem] = {"fault": f"{type(error).__name__}: {error}"}
    print(json.dumps(answers))


main()
