"""Asks a service by Triton's HTTP client, and prints as JSON what it answered.

usage: python3 triton_client.py HOST:PORT MODEL < {"pixels": [[...], ...]}
"""

import json
import sys

import numpy as np
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

address, model = sys.argv[1:]
pixels = np.array(json.load(sys.stdin)["pixels"])
client = triton.InferenceServerClient(address, connection_timeout=60, network_timeout=60)

DATATYPES = {
    "UINT8": np.uint8,
    "UINT16": np.uint16,
    "UINT32": np.uint32,
    "UINT64": np.uint64,
    "INT16": np.int16,
    "INT32": np.int32,
    "INT64": np.int64,
    "FP16": np.float16,
    "FP32": np.float32,
    "FP64": np.float64,
}


def refusal(ask):
    try:
        ask()
    except InferenceServerException as error:
        return [error.status(), error.message()]
    raise AssertionError("was answered")


def tensor(datatype, binary=True, name="pixels"):
    values = pixels.astype(DATATYPES[datatype])
    return triton.InferInput(name, values.shape, datatype).set_data_from_numpy(values, binary_data=binary)


def infer(value, binary=True, compression=None, **options):
    outputs = [triton.InferRequestedOutput(name, binary_data=binary) for name in ("label", "probabilities")]
    return client.infer(
        model,
        [value],
        outputs=outputs,
        request_compression_algorithm=compression,
        response_compression_algorithm=compression,
        **options,
    )


labels = {}
probabilities = infer(tensor("UINT8")).as_numpy("probabilities")
for datatype in DATATYPES:
    for binary in (True, False):
        # The client has no JSON for half floats.
        if datatype == "FP16" and not binary:
            continue
        for compression in (None, "gzip", "deflate"):
            answer = infer(tensor(datatype, binary), binary, compression)
            assert np.array_equal(answer.as_numpy("probabilities"), probabilities), (datatype, binary, compression)
            labels[f"{datatype} {'binary' if binary else 'JSON'} {compression}"] = answer.as_numpy("label").tolist()

later = [client.async_infer(model, [tensor("UINT8")], request_id=str(index)) for index in range(4)]
print(
    json.dumps(
        {
            "live": client.is_server_live(),
            "ready": client.is_server_ready(),
            "model ready": client.is_model_ready(model),
            "version ready": client.is_model_ready(model, "1"),
            "other ready": client.is_model_ready("other"),
            "server": client.get_server_metadata(),
            "model": client.get_model_metadata(model),
            "index": client.get_model_repository_index(),
            "labels": labels,
            "probabilities": probabilities.astype(float).tolist(),
            "later": [each.get_result().get_response()["id"] for each in later],
            "other model": refusal(lambda: client.infer("other", [tensor("UINT8")])),
            "other input": refusal(lambda: infer(tensor("UINT8", name="images"))),
            "other version": refusal(lambda: infer(tensor("UINT8"), model_version="7")),
        }
    )
)
