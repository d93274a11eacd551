"""What the programs share: numbers that the same program in TypeScript makes as well (see program.ts)."""

import math
import sys
from pathlib import Path

import numpy as np
import torch

sys.path.append(str(Path(__file__).parents[1] / "contenders"))
from shared import bits, mapped_blas  # noqa: E402: the folder is known from here on

PARAMETERS = 100


def uniform(stream, shape, low=-1.0, high=1.0):
    values = low + (high - low) * (bits(stream, int(np.prod(shape))) / 2**32)
    return torch.from_numpy(values.astype(np.float32)).reshape(shape).to(torch.get_default_dtype())


def integers(stream, count, below):
    return torch.from_numpy((bits(stream, count) % np.uint64(below)).astype(np.int64))


def fill(model, stream=PARAMETERS):
    with torch.no_grad():
        for index, (name, value) in enumerate(model.state_dict().items()):
            if value.ndim >= 2:
                bound = 1 / math.sqrt(value.numel() / value.shape[0])
                value.copy_(uniform(stream + index, tuple(value.shape), -bound, bound))
            elif name.endswith("bias"):
                value.zero_()


TEXT = "to be, or not to be, that is the question: whether tis nobler in the mind to suffer " * 12
LETTERS = sorted(set(TEXT))
VOCABULARY = len(LETTERS)


def windows(index, rows, length):
    starts = [(index * 131 + row * 53) % (len(TEXT) - length - 1) for row in range(rows)]
    cut = lambda later: torch.tensor(
        [[LETTERS.index(letter) for letter in TEXT[start + later : start + later + length]] for start in starts]
    )
    return [cut(0), cut(1)]
