"""Reads and writes safetensors files with the real library.

usage: python3 safetensors_exchange.py READ WRITE

Prints what READ holds as JSON, and writes the same tensors and metadata to WRITE, without those of F6_E2M3 and F6_E3M2, which
the library only reads.
"""

import json
import sys

import numpy as np
from safetensors import TensorSpec, deserialize, safe_open, serialize_file
from safetensors.numpy import load_file

# The library takes the frameworks' names.
NAMES = {
    "F64": "float64",
    "F32": "float32",
    "F16": "float16",
    "BF16": "bfloat16",
    "I64": "int64",
    "I32": "int32",
    "I16": "int16",
    "I8": "int8",
    "U64": "uint64",
    "U32": "uint32",
    "U16": "uint16",
    "U8": "uint8",
    "BOOL": "bool",
    "C64": "complex64",
    "F8_E4M3": "float8_e4m3fn",
    "F8_E4M3FNUZ": "float8_e4m3fnuz",
    "F8_E5M2": "float8_e5m2",
    "F8_E5M2FNUZ": "float8_e5m2fnuz",
    "F8_E8M0": "float8_e8m0fnu",
    "F4": "float4_e2m1fn_x2",
}

source, target = sys.argv[1:]
with open(source, "rb") as file:
    tensors = dict(deserialize(file.read()))
with safe_open(source, framework="np") as opened:
    metadata = opened.metadata()
    names = list(opened.keys())

memory = {name: np.frombuffer(bytes(each["data"]), np.uint8) for name, each in tensors.items()}


def spec(name):
    dtype, shape = tensors[name]["dtype"], list(tensors[name]["shape"])
    if dtype == "F4":
        shape[-1] //= 2  # two in a byte
    data = memory[name]
    return TensorSpec(dtype=NAMES[dtype], shape=shape, data_ptr=data.ctypes.data, data_len=data.nbytes)


serialize_file({name: spec(name) for name in tensors if tensors[name]["dtype"] in NAMES}, target, metadata)
try:
    numbers = {name: array.astype(float).reshape(-1).tolist() for name, array in load_file(source).items()}
except Exception:  # numpy has no type for some
    numbers = None
print(
    json.dumps(
        {
            "names": names,
            "metadata": metadata,
            "tensors": {
                name: [each["dtype"], each["shape"], bytes(each["data"]).hex()] for name, each in tensors.items()
            },
            "numbers": numbers,
        }
    )
)
