"""PyTorch as a contender of the benchmarks: what worker.ts is for the others, in Python.

Reads requests from standard input, a line of JSON each, and answers each on standard output; see protocol.ts.
    python3 bench/contenders/pytorch.py pytorch-1      one thread; pytorch-blas: OpenBLAS has all; pytorch: as many as there
                                                       are; pytorch-cuda: the GPU, in float32 alone;
                                                       pytorch-cuda-default: as installed
"""

import json
import os
import resource
import sys
import time

answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # what libraries print must not be taken for answers

LEFT, RIGHT, LABELS, PARAMETERS = 1, 2, 3, 8
LEAST_LOSSES = 3


def uniform(stream, shape, low=-1.0, high=1.0):
    values = low + (high - low) * (bits(stream, int(np.prod(shape))) / 2**32)
    return torch.from_numpy(values.astype(np.float32)).reshape(shape).to(device)


def integers(stream, count, below):
    return torch.from_numpy((bits(stream, count) % np.uint64(below)).astype(np.int64)).to(device)


def sample(result):
    flat = result.detach().cpu().reshape(-1)
    count = min(64, len(flat))
    return [float(flat[index * len(flat) // count]) for index in range(count)]


def settle():
    if device.type == "cuda":
        torch.cuda.synchronize()


class Kernel:
    """A job that makes one result."""

    def __init__(self, body):
        self.body = body

    def run(self, calls):
        for _ in range(calls):
            self.body()
        settle()

    def read(self):
        return sample(self.body())


def parameterised(network, width):
    """A network with the parameters that all contenders have."""
    F = torch.nn
    if network == "mlp":
        layers = [F.Linear(784, width), F.ReLU(), F.Linear(width, 128), F.ReLU(), F.Linear(128, 10)]
    else:
        layers = [F.Conv2d(1, 32, 3, padding=1), F.ReLU(), F.MaxPool2d(2)]
        layers += [F.Conv2d(32, 64, 3, padding=1), F.ReLU(), F.MaxPool2d(2), F.Flatten()]
        layers += [F.Linear(64 * 7 * 7, 128), F.ReLU(), F.Linear(128, 10)]
    model = F.Sequential(*layers).to(device)
    fan_in = 1
    with torch.no_grad():
        for index, parameter in enumerate(model.parameters()):
            if parameter.ndim > 1:
                fan_in = parameter[0].numel()
            parameter.copy_(uniform(PARAMETERS + index, parameter.shape, -(fan_in**-0.5), fan_in**-0.5))
    return model


def images_of(network, batch):
    return uniform(LEFT, [batch, 784] if network == "mlp" else [batch, 1, 28, 28], 0, 1)


class Evaluation:
    """Forward passes over batches, each a tensor of its own, as a test set's are."""

    def __init__(self, network, batch, batches, width):
        self.model = parameterised(network, width).eval()
        self.batches = [images_of(network, batch) for _ in range(batches)]

    def run(self, calls):
        with torch.no_grad():
            for _ in range(calls):
                for images in self.batches:
                    self.model(images)
        settle()

    def read(self):
        with torch.no_grad():
            return sample(self.model(self.batches[-1]))


class Training:
    """Training steps on one batch."""

    def __init__(self, network, batch, width):
        self.model = parameterised(network, width)
        self.optimizer = adam(self.model.parameters())
        self.images = images_of(network, batch)
        self.labels = integers(LABELS, batch, 10)

    def train(self, calls):
        for _ in range(calls):
            loss = torch.nn.functional.cross_entropy(self.model(self.images), self.labels)
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
        return float(loss)

    def run(self, calls):
        self.train(calls)
        settle()

    def read(self):
        return [self.train(1)]


def convolution(w):
    from torch.nn import grad

    n, c, o, s = w["batch"], w["channels"], w["outChannels"], w["side"]
    image, outcome, filters = [n, c, s, s], [n, o, s, s], [o, c, 3, 3]
    if w["pass"] == "forward":
        x, f = uniform(LEFT, image), uniform(RIGHT, filters)
        return Kernel(lambda: torch.nn.functional.conv2d(x, f, padding=1))
    g = uniform(LEFT, outcome)
    if w["pass"] == "inputGradient":
        f = uniform(RIGHT, filters)
        return Kernel(lambda: grad.conv2d_input(image, f, g, padding=1))
    x = uniform(RIGHT, image)
    return Kernel(lambda: grad.conv2d_weight(x, filters, g, padding=1))


def pooling(w):
    n, c, s = w["batch"], w["channels"], w["side"]
    x = uniform(LEFT, [n, c, s, s])
    if w["pass"] == "forward":
        return Kernel(lambda: torch.nn.functional.max_pool2d(x, 2))
    g = uniform(RIGHT, [n, c, s // 2, s // 2])
    x.requires_grad_()
    y = torch.nn.functional.max_pool2d(x, 2)
    return Kernel(lambda: torch.autograd.grad(y, x, g, retain_graph=True)[0])


def loss(w):
    logits = uniform(LEFT, [w["rows"], w["classes"]]).requires_grad_()
    labels = integers(LABELS, w["rows"], w["classes"])
    return Kernel(lambda: torch.autograd.grad(torch.nn.functional.cross_entropy(logits, labels), logits)[0])


def product(w):
    m, k, n = w["m"], w["k"], w["n"]
    a = uniform(LEFT, [k, m]).t() if w["transposeA"] else uniform(LEFT, [m, k])
    b = uniform(RIGHT, [n, k]).t() if w["transposeB"] else uniform(RIGHT, [k, n])
    return Kernel(lambda: a @ b)


def make(w):
    if w["kind"] == "training":
        return Training(w["network"], w["batch"], w["width"])
    if w["kind"] == "evaluation":
        return Evaluation(w["network"], w["batch"], w["batches"], w["width"])
    return {"matmul": product, "conv2d": convolution, "maxPool2d": pooling, "crossEntropy": loss}[w["kind"]](w)


def adam(parameters):
    """Adam, fused where PyTorch offers that for the device."""
    parameters = list(parameters)
    try:
        return torch.optim.Adam(parameters, lr=1e-3, fused=True)
    except (TypeError, RuntimeError):
        return torch.optim.Adam(parameters, lr=1e-3)


def facts():
    config = torch.__config__.show()
    blas = next((part.split("=")[1] for part in config.split(", ") if "BLAS_INFO=" in part), "unknown")
    library = mapped_blas()
    name = torch.cuda.get_device_name() if device.type == "cuda" else f"threads: {torch.get_num_threads()}"
    fused = adam([torch.zeros(1, device=device, requires_grad=True)]).defaults.get("fused")
    return {
        "device": name,
        "gpu": device.type == "cuda",
        "versions": {"torch": torch.__version__, "python": sys.version.split()[0], "numpy": np.__version__},
        "notes": [
            f"BLAS: {blas}" + (f", loaded from {library}" if library else ""),
            "oneDNN: " + ("used" if torch.backends.mkldnn.is_available() else "not there"),
            "eager; Adam " + ("fused" if fused else "not fused"),
            *tensor_cores(),
        ],
    }


def tensor_cores():
    """What is rounded to TF32, which has ten bits of a float32's 23, to be multiplied by tensor cores."""
    if device.type != "cuda":
        return []
    rounded = {"products": torch.backends.cuda.matmul.allow_tf32, "convolutions": torch.backends.cudnn.allow_tf32}
    return ["TF32 in " + (", ".join(name for name, used in rounded.items() if used) or "nothing")]


def prepare(request):
    global job
    job = None
    start = time.perf_counter()
    job = make(request["workload"])
    values = job.read()
    if request["workload"]["kind"] == "training":
        while len(values) < request["steps"]:
            late = (time.perf_counter() - start) * 1000 > request["milliseconds"]
            if late and len(values) >= LEAST_LOSSES:
                break
            values += job.read()
    return {"values": values}


def elapsed(calls):
    start, usage = time.perf_counter(), time.process_time()
    job.run(calls)
    return {
        "milliseconds": (time.perf_counter() - start) * 1000,
        "processorMilliseconds": (time.process_time() - usage) * 1000,
    }


def open_device():
    global torch, np, device, bits, mapped_blas
    import numpy as np
    import torch
    from shared import bits, mapped_blas

    name = sys.argv[1]
    device = torch.device("cuda" if name.startswith("pytorch-cuda") else "cpu")
    if device.type == "cuda" and not torch.cuda.is_available():
        raise RuntimeError("this PyTorch finds no CUDA device")
    if name == "pytorch-cuda":
        torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    if not name.endswith("-default"):
        torch.set_flush_denormal(True)  # before other threads start, which take it over
    torch.set_num_threads(1 if name in ("pytorch-1", "pytorch-blas") else os.cpu_count())
    torch.zeros(1, device=device)
    return facts()


def answer(request):
    global job
    action = request["action"]
    if action == "open":
        return open_device()
    if action == "prepare":
        return prepare(request)
    if action == "run":
        return elapsed(request["calls"])
    if action == "release":
        job = None
        return {}
    return {"peakBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}


job = None
for line in sys.stdin:
    try:
        reply = answer(json.loads(line))
    except Exception as error:  # any failure is an answer: the suite reports it and goes on
        reply = {"error": f"{type(error).__name__}: {error}"}
    answers.write(json.dumps(reply) + "\n")
    answers.flush()
