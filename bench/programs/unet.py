import math

import torch
from torch import nn
from torch.nn import functional as F

from program import fill, uniform

ROWS, SIDE = 16, 16


class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(2, 16, 3, padding=1)
        self.norm1 = nn.GroupNorm(4, 16)
        self.conv2 = nn.Conv2d(16, 32, 3, 2, 1)
        self.norm2 = nn.GroupNorm(4, 32)
        self.conv3 = nn.Conv2d(48, 16, 3, padding=1)
        self.norm3 = nn.GroupNorm(4, 16)
        self.out = nn.Conv2d(16, 1, 1)

    def forward(self, x):
        fine = F.silu(self.norm1(self.conv1(x)))
        coarse = F.silu(self.norm2(self.conv2(fine)))
        joined = torch.cat([F.interpolate(coarse, scale_factor=2), fine], 1)
        return self.out(F.silu(self.norm3(self.conv3(joined))))


def program():
    model = UNet()
    fill(model)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)

    def step(images, noise, time):
        optimizer.zero_grad()
        angle = time * (math.pi / 2)
        noisy = images * angle.cos() + noise * angle.sin()
        loss = F.mse_loss(model(torch.cat([noisy, time.expand(ROWS, 1, SIDE, SIDE)], 1)), noise)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1)
        optimizer.step()
        return loss

    batches = [
        [
            uniform(3 * i, (ROWS, 1, SIDE, SIDE)),
            uniform(3 * i + 1, (ROWS, 1, SIDE, SIDE), -1.7, 1.7),
            uniform(3 * i + 2, (ROWS, 1, 1, 1), 0, 1),
        ]
        for i in range(4)
    ]
    return batches, step
