"""One program on PyTorch with one thread, in a process of its own: what worker.ts is for wgrad.

    python3 bench/programs/worker.py gpt
    python3 bench/programs/worker.py gpt float64    computes in float64, from the same float32 numbers
"""

import importlib
import json
import resource
import sys
import time

import torch
from program import mapped_blas

torch.set_flush_denormal(True)
torch.set_num_threads(1)
if "float64" in sys.argv[2:]:
    torch.set_default_dtype(torch.float64)
batches, step = importlib.import_module(sys.argv[1]).program()
steps = 0


def following():
    global steps
    batch = batches[steps % len(batches)]
    steps += 1
    return step(*batch).item()


for line in sys.stdin:
    request = json.loads(line)
    losses = []
    start, usage = time.perf_counter(), time.process_time()
    while len(losses) < request["steps"] or (time.perf_counter() - start) * 1000 < request["milliseconds"]:
        losses.append(following())
    reply = {
        "description": f"PyTorch {torch.__version__}, one thread, BLAS: {mapped_blas()}",
        "losses": losses,
        "milliseconds": (time.perf_counter() - start) * 1000 / len(losses),
        "processorMilliseconds": (time.process_time() - usage) * 1000 / len(losses),
        "peakBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }
    print(json.dumps(reply), flush=True)
