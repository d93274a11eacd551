import torch
from torch import nn
from torch.nn import functional as F

from program import fill, uniform

PAIRS, TEMPERATURE = 32, 0.5


def contrast(codes):
    unit = codes / codes.square().sum(1, keepdim=True).sqrt()
    cosines = unit @ unit.t() / TEMPERATURE
    others = cosines.masked_fill(torch.eye(2 * PAIRS).bool(), float("-inf"))
    partner = torch.cat([torch.arange(PAIRS, 2 * PAIRS), torch.arange(PAIRS)])
    return F.cross_entropy(others, partner)


def program():
    model = nn.Sequential(
        nn.Conv2d(1, 16, 3, stride=2, padding=1),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.Conv2d(16, 32, 3, stride=2, padding=1),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(32 * 7 * 7, 128),
        nn.ReLU(),
        nn.Linear(128, 64),
    )
    fill(model)
    optimizer = torch.optim.Adam(model.parameters())

    def step(images, noise):
        optimizer.zero_grad()
        loss = contrast(model(torch.cat([images, images]) + noise))
        loss.backward()
        optimizer.step()
        return loss

    batches = [
        [uniform(2 * i, (PAIRS, 1, 28, 28)), uniform(2 * i + 1, (2 * PAIRS, 1, 28, 28), -0.5, 0.5)]
        for i in range(4)
    ]
    return batches, step
