import torch
from torch import nn
from torch.nn import functional as F

from program import fill, uniform


class Autoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(784, 128)
        self.mean = nn.Linear(128, 16)
        self.logVariance = nn.Linear(128, 16)
        self.back = nn.Linear(16, 128)
        self.out = nn.Linear(128, 784)

    def encode(self, x):
        hidden = self.hidden(x).relu()
        return self.mean(hidden), self.logVariance(hidden)

    def forward(self, code):
        return self.out(self.back(code).relu())


def program():
    model = Autoencoder()
    fill(model)
    optimizer = torch.optim.Adam(model.parameters())

    def step(images, noise):
        optimizer.zero_grad()
        mean, log_variance = model.encode(images)
        logits = model(mean + noise * (log_variance * 0.5).exp())
        reconstruction = F.binary_cross_entropy_with_logits(logits, images, reduction="sum")
        divergence = (log_variance + 1 - mean.square() - log_variance.exp()).sum() * -0.5
        loss = (reconstruction + divergence) / 64
        loss.backward()
        optimizer.step()
        return loss

    batches = [
        [(uniform(2 * i, (64, 784), -0.6, 0.4) > 0).to(torch.get_default_dtype()), uniform(2 * i + 1, (64, 16))] for i in range(4)
    ]
    return batches, step
