import torch
from torch import nn
from torch.nn import functional as F

from program import VOCABULARY, fill, windows

ROWS, LENGTH, WIDTH, HIDDEN = 32, 24, 32, 128


class Lstm(nn.Module):
    def __init__(self):
        super().__init__()
        self.token = nn.Parameter(torch.empty(VOCABULARY, WIDTH))
        self.input = nn.Linear(WIDTH, 4 * HIDDEN)
        self.state = nn.Linear(HIDDEN, 4 * HIDDEN)
        self.head = nn.Linear(HIDDEN, VOCABULARY)

    def cell(self, x, state):
        hidden, memory = state
        gates = self.input(x) + self.state(hidden)
        enter, forget, candidate, output = gates.chunk(4, 1)
        memory = forget.sigmoid() * memory + enter.sigmoid() * candidate.tanh()
        return output.sigmoid() * memory.tanh(), memory

    def forward(self, tokens):
        x = self.token[tokens]
        state = torch.zeros(ROWS, HIDDEN), torch.zeros(ROWS, HIDDEN)
        outputs = []
        for time in range(LENGTH):
            state = self.cell(x[:, time], state)
            outputs.append(state[0])
        return self.head(torch.stack(outputs, 1))


def program():
    model = Lstm()
    fill(model)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)

    def step(tokens, following):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(tokens).flatten(0, 1), following.flatten())
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1)
        optimizer.step()
        return loss

    return [windows(i, ROWS, LENGTH) for i in range(8)], step
