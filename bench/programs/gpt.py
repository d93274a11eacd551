import math

import torch
from torch import nn
from torch.nn import functional as F

from program import VOCABULARY, fill, windows

ROWS, LENGTH, WIDTH, HEADS, BLOCKS = 16, 32, 64, 4, 2


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
        self.out = nn.Linear(WIDTH, WIDTH)
        self.later = ~torch.tril(torch.ones(LENGTH, LENGTH)).bool()

    def forward(self, x):
        parts = self.qkv(x).split(WIDTH, 2)
        q, k, v = (part.view(ROWS, LENGTH, HEADS, WIDTH // HEADS).transpose(1, 2) for part in parts)
        scores = q @ k.transpose(-2, -1) * (1 / math.sqrt(WIDTH / HEADS))
        attention = scores.masked_fill(self.later, float("-inf")).softmax(-1)
        return self.out((attention @ v).transpose(1, 2).reshape(ROWS, LENGTH, WIDTH))


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1 = nn.LayerNorm(WIDTH)
        self.attention = Attention()
        self.norm2 = nn.LayerNorm(WIDTH)
        self.mlp = nn.Sequential(nn.Linear(WIDTH, 4 * WIDTH), nn.GELU(), nn.Linear(4 * WIDTH, WIDTH))

    def forward(self, x):
        x = x + self.attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class Gpt(nn.Module):
    def __init__(self):
        super().__init__()
        self.token = nn.Embedding(VOCABULARY, WIDTH)
        self.place = nn.Embedding(LENGTH, WIDTH)
        self.blocks = nn.Sequential(*(Block() for _ in range(BLOCKS)))
        self.norm = nn.LayerNorm(WIDTH)
        self.head = nn.Linear(WIDTH, VOCABULARY, bias=False)

    def forward(self, tokens):
        x = self.token(tokens) + self.place(torch.arange(LENGTH))
        return self.head(self.norm(self.blocks(x)))


def program():
    model = Gpt()
    fill(model)
    parameters = list(model.parameters())
    matrices = {"params": [each for each in parameters if each.ndim >= 2], "weight_decay": 0.1}
    vectors = {"params": [each for each in parameters if each.ndim < 2], "weight_decay": 0.0}
    optimizer = torch.optim.AdamW([matrices, vectors], lr=3e-3, betas=(0.9, 0.95))
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, start_factor=0.1, total_iters=10)

    def step(tokens, following):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(tokens).flatten(0, 1), following.flatten())
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1)
        optimizer.step()
        schedule.step()
        return loss

    return [windows(i, ROWS, LENGTH) for i in range(8)], step
