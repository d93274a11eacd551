import torch
from torch import nn
from torch.nn import functional as F

from program import fill, uniform


class Features(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, padding=1)
        self.pool = nn.AvgPool2d(2)
        self.conv2 = nn.Conv2d(16, 32, 3, padding=1)

    def forward(self, image):
        fine = self.conv1(image).relu()
        return fine, self.conv2(self.pool(fine)).relu()


def gram(features):
    rows = features.flatten(2).squeeze(0)
    return rows @ rows.t() / rows.numel()


def program():
    model = Features()
    fill(model)
    model.requires_grad_(False)
    shape = (1, 3, 64, 64)
    grams = [gram(each) for each in model(uniform(0, shape, 0, 1))]
    content = model(uniform(1, shape, 0, 1))[1]
    image = uniform(2, shape, 0, 1).requires_grad_()
    optimizer = torch.optim.Adam([image], lr=0.02)

    def step():
        optimizer.zero_grad()
        features = model(image)
        styles = [F.mse_loss(gram(each), wanted) * 1e4 for each, wanted in zip(features, grams)]
        loss = styles[0] + styles[1] + F.mse_loss(features[1], content)
        loss.backward()
        optimizer.step()
        return loss

    return [[]], step
