import math

import torch
from torch import nn
from torch.nn import functional as F

from program import VOCABULARY, fill, windows

ROWS, LENGTH, WIDTH, HEADS, BLOCKS = 16, 32, 64, 4, 2


class Attention(nn.Module):
    def __init__(self, length, width, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.later = ~torch.tril(torch.ones(length, length)).bool()

    def forward(self, x):
        rows, length, width = x.shape
        parts = self.qkv(x).split(width, 2)
        q, k, v = (part.view(rows, length, self.heads, width // self.heads).transpose(1, 2) for part in parts)
        scores = q @ k.transpose(-2, -1) * (1 / math.sqrt(width / self.heads))
        attention = scores.masked_fill(self.later, float("-inf")).softmax(-1)
        return self.out((attention @ v).transpose(1, 2).reshape(rows, length, width))


class Block(nn.Module):
    def __init__(self, length, width, heads):
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attention = Attention(length, width, heads)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x):
        x = x + self.attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class Gpt(nn.Module):
    def __init__(self, vocabulary, length, width, heads, blocks):
        super().__init__()
        self.token = nn.Embedding(vocabulary, width)
        self.place = nn.Embedding(length, width)
        self.blocks = nn.Sequential(*(Block(length, width, heads) for _ in range(blocks)))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, vocabulary, bias=False)

    def forward(self, tokens):
        x = self.token(tokens) + self.place(torch.arange(tokens.shape[1]))
        return self.head(self.norm(self.blocks(x)))


def program():
    model = Gpt(VOCABULARY, LENGTH, WIDTH, HEADS, BLOCKS)
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
