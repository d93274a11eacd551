import torch
from torch import nn
from torch.nn import functional as F

from program import PARAMETERS, fill, uniform

ROWS, NOISE = 32, 32


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.start = nn.Linear(NOISE, 64 * 7 * 7)
        self.conv1 = nn.Conv2d(64, 32, 3, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(32)
        self.conv2 = nn.Conv2d(32, 1, 3, padding=1)

    def forward(self, noise):
        coarse = self.start(noise).relu().reshape(-1, 64, 7, 7)
        middle = self.norm1(self.conv1(F.interpolate(coarse, scale_factor=2))).relu()
        return self.conv2(F.interpolate(middle, scale_factor=2)).tanh()


def program():
    generator = Generator()
    critic = nn.Sequential(
        nn.Conv2d(1, 32, 3, stride=2, padding=1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(32, 64, 3, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(64),
        nn.LeakyReLU(0.2),
        nn.Flatten(),
        nn.Linear(64 * 7 * 7, 1),
    )
    fill(generator)
    fill(critic, PARAMETERS + 100)
    generator_optimizer = torch.optim.Adam(generator.parameters(), lr=2e-4, betas=(0.5, 0.999))
    critic_optimizer = torch.optim.Adam(critic.parameters(), lr=2e-4, betas=(0.5, 0.999))

    def judge(images, real):
        logits = critic(images)
        wanted = torch.ones_like(logits) if real else torch.zeros_like(logits)
        return F.binary_cross_entropy_with_logits(logits, wanted)

    def step(real, noise):
        fake = generator(noise)
        critic_optimizer.zero_grad()
        loss = judge(real, True) + judge(fake.detach(), False)
        loss.backward()
        critic_optimizer.step()
        generator_optimizer.zero_grad()
        judge(fake, True).backward()
        generator_optimizer.step()
        return loss

    return [[uniform(2 * i, (ROWS, 1, 28, 28)), uniform(2 * i + 1, (ROWS, NOISE))] for i in range(4)], step
