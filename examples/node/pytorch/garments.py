#!/usr/bin/env python3
"""The PyTorch side of the example.

  python3 examples/node/pytorch/garments.py make         trains a little on 2,000 images, writes made.safetensors
  python3 examples/node/pytorch/garments.py check FILE   loads FILE and measures its accuracy on the test images

Needs torch and numpy. The images are those of `npx tsx src/data.ts fetch`.
"""

import importlib
import sys
from pathlib import Path

import numpy
import torch
from torch import nn
from torch.nn import functional as F

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path.append(str(ROOT / 'scripts'))
exchange = importlib.import_module('pytorch-exchange')


class Garments(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 3, padding=1)
        self.norm1 = nn.BatchNorm2d(8)
        self.conv2 = nn.Conv2d(8, 16, 3, padding=1)
        self.norm2 = nn.BatchNorm2d(16)
        self.classifier = nn.Linear(16 * 7 * 7, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.norm1(self.conv1(x))), 2)
        x = F.max_pool2d(F.relu(self.norm2(self.conv2(x))), 2)
        return self.classifier(x.flatten(1))


def load(part, count):
    raw = ROOT / 'data' / 'raw'
    images = numpy.fromfile(raw / f'{part}-images-idx3-ubyte', numpy.uint8, offset=16, count=count * 784)
    labels = numpy.fromfile(raw / f'{part}-labels-idx1-ubyte', numpy.uint8, offset=8, count=count)
    return torch.from_numpy(images.reshape(-1, 1, 28, 28)).float() / 255, torch.from_numpy(labels).long()


@torch.no_grad()
def accuracy(model):
    images, labels = load('t10k', 10_000)
    hits = sum((model(x).argmax(1) == y).sum().item() for x, y in zip(images.split(1000), labels.split(1000)))
    return f'accuracy on the test images: {hits / 100:.2f} %'


def make():
    torch.manual_seed(0)
    model = Garments()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    images, labels = load('train', 2000)
    for _ in range(2):
        for rows in torch.randperm(len(images)).split(50):
            optimizer.zero_grad()
            F.cross_entropy(model(images[rows]), labels[rows]).backward()
            optimizer.step()
    path = HERE / 'made.safetensors'
    state = {name: value.numpy() for name, value in model.state_dict().items()}
    exchange.write_safetensors(path, state, {'format': 'pt'})
    print(f'{path.relative_to(ROOT)}: {accuracy(model.eval())}')


def check(path):
    model = Garments()
    tensors, _ = exchange.read_safetensors(path)
    model.load_state_dict({name: torch.from_numpy(value.copy()) for name, value in tensors.items()})
    print(f'{path}: {accuracy(model.eval())}')


if sys.argv[1:] == ['make']:
    make()
elif len(sys.argv) == 3 and sys.argv[1] == 'check':
    check(sys.argv[2])
else:
    sys.exit(__doc__)
