import torch
from torch import nn
from torch.nn import functional as F

from program import fill, integers, uniform


def program():
    model = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(32 * 7 * 7, 64),
        nn.ReLU(),
        nn.Linear(64, 10),
    )
    fill(model)
    optimizer = torch.optim.Adam(model.parameters())

    def step(images, labels):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
        return loss

    batches = [[uniform(2 * i, (64, 1, 28, 28), 0, 1), integers(2 * i + 1, 64, 10)] for i in range(4)]
    return batches, step
