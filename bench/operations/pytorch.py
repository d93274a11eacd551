"""PyTorch's side of bench/operations.ts: the same expressions on the same tensors.

Reads requests from standard input, a line of JSON each, and answers each on standard output.
    python3 bench/operations/pytorch.py THREADS
"""

import json
import os
import sys
import time

answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # what libraries print must not be taken for answers

import numpy as np
import torch
import torch.nn.functional as F

KINDS = {"float32": np.float32, "int32": np.int32, "bool": np.int32}


def read(given):
    """A tensor with the values of a file, and with the strides of wgrad's tensor."""
    values = torch.from_numpy(np.fromfile(given["file"], dtype=KINDS[given["dtype"]])).reshape(given["shape"])
    # Indices are 64-bit in PyTorch.
    values = values.bool() if given["dtype"] == "bool" else values.long() if given["dtype"] == "int32" else values
    # An axis whose elements are one element has one.
    few = [1 if stride == 0 else size for size, stride in zip(given["shape"], given["strides"])]
    values = values[tuple(slice(0, size) for size in few)]
    made = torch.empty_strided(few, given["strides"], dtype=values.dtype).copy_(values)
    return made.expand(given["shape"])


def sample(result):
    flat = result.detach().reshape(-1)
    count = min(64, len(flat))
    return [float(flat[index * len(flat) // count]) for index in range(count)]


steps = {}


def step(make, parameter, gradient):
    """The parameter after another step of an optimizer, which is made at the first."""
    if id(parameter) not in steps:
        kept = torch.nn.Parameter(parameter.detach().clone())
        kept.grad = gradient.detach().clone()
        steps[id(parameter)] = (kept, make([kept]))
    kept, take = steps[id(parameter)]
    take()
    return kept.detach()


def forward():
    return function(*inputs)


def both():
    function(*inputs).backward(seed)
    for tensor in inputs:
        tensor.grad = None


def prepare(request):
    global inputs, function, body
    inputs = [read(given) for given in request["inputs"]]
    function = eval("lambda x=None, y=None, z=None: " + request["expression"], {"torch": torch, "F": F, "step": step})
    body = forward
    return {"values": sample(forward())}


def prepare_gradient(request):
    global seed, body
    seed = read(request["seed"])
    for tensor in inputs:
        if tensor.is_floating_point():
            tensor.requires_grad_()
    function(*inputs).backward(seed)
    gradients = [sample(tensor.grad) if tensor.grad is not None else None for tensor in inputs]
    both()
    body = both
    return {"gradients": gradients}


def run(request):
    calls = request["calls"]
    start, usage = time.perf_counter(), time.process_time()
    for _ in range(calls):
        body()
    return {
        "milliseconds": (time.perf_counter() - start) * 1000,
        "processorMilliseconds": (time.process_time() - usage) * 1000,
    }


def facts(_):
    return {"torch": torch.__version__, "capability": capability(), "threads": torch.get_num_threads()}


def capability():
    """The widest instructions that this PyTorch uses."""
    config = torch.__config__.show()
    return next((line.split(": ")[1] for line in config.split("\n") if "CPU capability usage" in line), "unknown")


def release(_):
    global inputs, function, body, seed
    inputs = function = body = seed = None
    steps.clear()
    return {}


torch.set_num_threads(int(sys.argv[1]))
actions = {
    "facts": facts,
    "prepare": prepare,
    "prepareGradient": prepare_gradient,
    "run": run,
    "release": release,
}
for line in sys.stdin:
    try:
        request = json.loads(line)
        reply = actions[request["action"]](request)
    except Exception as error:  # any failure is an answer: the benchmark reports it and goes on
        reply = {"error": f"{type(error).__name__}: {error}"}
    answers.write(json.dumps(reply) + "\n")
    answers.flush()
