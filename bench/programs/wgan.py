import torch
from torch import nn

from program import PARAMETERS, fill, uniform

ROWS, NOISE, PIXELS = 64, 32, 784


def penalty(critic, x):
    x.requires_grad_()
    (slope,) = torch.autograd.grad(critic(x).sum(), [x], create_graph=True)
    return (slope.square().sum(1).sqrt() - 1).square().mean() * 10


def program():
    generator = nn.Sequential(nn.Linear(NOISE, 128), nn.ReLU(), nn.Linear(128, PIXELS), nn.Tanh())
    critic = nn.Sequential(
        nn.Linear(PIXELS, 128),
        nn.LeakyReLU(0.2),
        nn.Linear(128, 128),
        nn.LeakyReLU(0.2),
        nn.Linear(128, 1),
    )
    fill(generator)
    fill(critic, PARAMETERS + 100)
    generator_optimizer = torch.optim.Adam(generator.parameters(), lr=1e-4, betas=(0.5, 0.9))
    critic_optimizer = torch.optim.Adam(critic.parameters(), lr=1e-4, betas=(0.5, 0.9))

    def step(real, noise, share):
        fake = generator(noise)
        still = fake.detach()
        critic_optimizer.zero_grad()
        between = real * share + still * (1 - share)
        distance = critic(real).mean() - critic(still).mean()
        loss = penalty(critic, between) - distance
        loss.backward()
        critic_optimizer.step()
        generator_optimizer.zero_grad()
        (-critic(fake).mean()).backward()
        generator_optimizer.step()
        return loss

    batches = [
        [
            uniform(3 * i, (ROWS, PIXELS)),
            uniform(3 * i + 1, (ROWS, NOISE)),
            uniform(3 * i + 2, (ROWS, 1), 0, 1),
        ]
        for i in range(4)
    ]
    return batches, step
