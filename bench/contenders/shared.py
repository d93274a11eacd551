"""What the benchmarks in Python share."""

import os

import numpy as np

MASK = np.uint64(0xFFFFFFFF)


def bits(stream, count):
    """The numbers of bits() in inputs.ts."""
    index = np.arange(count, dtype=np.uint64) + np.uint64(stream * 2**24 + 1)
    h = index * np.uint64(0x6D2B79F5) & MASK
    h = (h ^ (h >> np.uint64(15))) * (h | np.uint64(1)) & MASK
    h ^= (h + ((h ^ (h >> np.uint64(7))) * (h | np.uint64(61)) & MASK)) & MASK
    return h ^ (h >> np.uint64(14))


def mapped_blas():
    """The shared library of linear algebra that this process has loaded, where Linux can say so."""
    try:
        with open("/proc/self/maps") as maps:
            paths = {line.split()[-1] for line in maps if "blas" in line.lower() or "mkl" in line.lower()}
    except OSError:
        return ""
    return ", ".join(sorted({os.path.basename(path) for path in paths if path.startswith("/") and "numpy" not in path}))
