import copy

import torch
from torch import nn
from torch.nn import functional as F

from program import fill, integers, uniform


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.short = None
        if inputs != outputs:
            across = nn.Conv2d(inputs, outputs, 1, stride, bias=False)
            self.short = nn.Sequential(across, nn.BatchNorm2d(outputs))

    def forward(self, x):
        inner = self.norm1(self.conv1(x)).relu()
        y = self.norm2(self.conv2(inner))
        return (y + (self.short(x) if self.short else x)).relu()


def network():
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1, bias=False),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        Block(16, 16, 1),
        Block(16, 32, 2),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(32, 10),
    )


def program():
    model = network()
    fill(model)
    average = copy.deepcopy(model)
    optimizer = torch.optim.SGD(model.parameters(), 0.02, 0.9, weight_decay=5e-4, nesterov=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 1000)

    def blend():
        for old, now in zip(average.state_dict().values(), model.state_dict().values()):
            if old.dtype.is_floating_point:
                old.mul_(0.9).add_(now, alpha=0.1)
            else:
                old.copy_(now)

    def step(images, labels):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(images), labels, label_smoothing=0.1)
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            blend()
        schedule.step()
        return loss

    batches = [[uniform(2 * i, (32, 3, 16, 16), 0, 1), integers(2 * i + 1, 32, 10)] for i in range(4)]
    return batches, step
