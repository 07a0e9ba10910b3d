"""A small net that tells from rendered pixels what people wear: do attributes that were asked for show?

It learns from people of one seed and is asked about those of another. It sees normals and albedo of front and back, no
light: the whole at 128 rows; chest, head and feet at three times that scale, as a camera near them would.
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import torch
from _views import CLASSES, HIDDEN, VIEWS, generate, load
from torch import Tensor, nn

from avatarkit.body import BodyModel


def block(given: int, made: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(given, made, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(made), nn.ReLU(),
        nn.Conv2d(made, made, 3, padding=1, groups=made, bias=False), nn.Conv2d(made, made, 1, bias=False),
        nn.BatchNorm2d(made), nn.ReLU(),
    )  # fmt: skip


class Onlooker(nn.Module):
    """Four eyes, for the whole, the chest, the head and the feet; one answer each attribute."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(block(14, 24), block(24, 48), block(48, 80), block(80, 112))
        self.chest = nn.Sequential(block(12, 24), block(24, 48), block(48, 80), block(80, 112))
        self.head = nn.Sequential(block(12, 24), block(24, 48), block(48, 80))
        self.feet = nn.Sequential(block(12, 24), block(24, 48), block(48, 80))
        self.drop = nn.Dropout(0.3)
        self.seen = nn.Linear(112 * 16 + 224, 192)
        extras = {"upper": 224, "sleeve": 224, "hair": 160, "shoes": 160}
        self.answers = nn.ModuleDict(
            {name: nn.Linear(192 + extras.get(name, 0), classes) for name, classes in CLASSES.items()}
        )

    def forward(self, body: Tensor, chest: Tensor, head: Tensor, feet: Tensor) -> dict[str, Tensor]:
        N, _, H, W = body.shape
        rows, columns = torch.meshgrid(torch.linspace(-1, 1, H), torch.linspace(-1, 1, W), indexing="ij")
        whole = self.body(torch.cat([body, torch.stack([rows, columns]).expand(N, 2, H, W)], dim=1))
        parts = nn.functional.adaptive_avg_pool2d(whole, 4).flatten(1)
        seen = torch.relu(self.seen(self.drop(torch.cat([parts, _pooled(whole)], dim=1))))
        worn, face = _pooled(self.chest(chest)), _pooled(self.head(head))
        shod = _pooled(self.feet(feet.flatten(0, 1))).unflatten(0, (N, 2)).amax(1)
        extras = {"upper": [worn], "sleeve": [worn], "hair": [face], "shoes": [shod]}
        return {
            name: answer(self.drop(torch.cat([seen, *extras.get(name, [])], dim=1)))
            for name, answer in self.answers.items()
        }


def _pooled(features: Tensor) -> Tensor:
    return torch.cat([features.mean((2, 3)), features.amax((2, 3))], dim=1)


def prepared(batch: dict[str, Tensor], mirrored: bool = False) -> list[Tensor]:
    """The VIEWS as float32 about 0; if `mirrored`, normals too."""
    views = [batch[name].float() / 255 - 0.5 for name in VIEWS]
    return [_mirror(view) for view in views] if mirrored else views


def _mirror(view: Tensor) -> Tensor:
    flipped = view.flip(-1).clone()
    for first in (0, 6):
        covered = (flipped.narrow(-3, first, 3) > -0.5).any(dim=-3)
        x = flipped.select(-3, first)
        x.copy_(torch.where(covered, -x, x))
    return flipped


def varied(batch: dict[str, Tensor], generator: torch.Generator) -> list[Tensor]:
    """The batch as other pictures might have been: mirrored, shifted a little, and in other colours."""
    views = prepared(batch, bool(torch.rand((), generator=generator) < 0.5))
    order = torch.randperm(3, generator=generator)
    channels = torch.cat([torch.arange(3), 3 + order, torch.arange(6, 9), 9 + order])
    bright = 0.7 + 0.6 * torch.rand(len(batch["truth"]), generator=generator)
    found = []
    for view, most in zip(views, (4, 8, 5, 5), strict=True):
        down, right = torch.randint(-most, most + 1, (2,), generator=generator).tolist()
        moved = view.index_select(-3, channels).roll((down, right), (-2, -1))
        for first in (3, 9):
            albedo = moved.narrow(-3, first, 3)
            albedo.copy_(((albedo + 0.5) * bright.view(-1, *[1] * (view.dim() - 1))).clamp(0, 1) - 0.5)
        found.append(moved)
    return found


def train(data: dict[str, Tensor], epochs: int, *, seed: int = 0) -> Onlooker:
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    net, N, size = Onlooker(), len(data["truth"]), 48
    optimiser = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3e-3, total_steps=epochs * (N // size))
    for _ in range(epochs):
        order = torch.randperm(N, generator=generator)
        for k in range(N // size):
            rows = order[k * size : (k + 1) * size]
            batch = {name: values[rows] for name, values in data.items()}
            answers = net(*varied(batch, generator))
            losses = [
                nn.functional.cross_entropy(answers[name], truth, ignore_index=HIDDEN, label_smoothing=0.05)
                for name, truth in zip(CLASSES, batch["truth"].T, strict=True)
                if bool((truth != HIDDEN).any())
            ]
            optimiser.zero_grad()
            torch.stack(losses).sum().backward()
            optimiser.step()
            schedule.step()
    return net.eval()


def answered(net: Onlooker, data: dict[str, Tensor]) -> dict[str, Tensor]:
    """The most likely class (N) of each attribute, of the picture and its mirror image."""
    found: dict[str, list[Tensor]] = {name: [] for name in CLASSES}
    with torch.no_grad():
        for start in range(0, len(data["truth"]), 64):
            batch = {name: values[start : start + 64] for name, values in data.items()}
            straight, turned = net(*prepared(batch)), net(*prepared(batch, mirrored=True))
            for name in CLASSES:
                found[name].append((straight[name].softmax(1) + turned[name].softmax(1)).argmax(1))
    return {name: torch.cat(parts) for name, parts in found.items()}


def measured(model: BodyModel, folder: Path, count: int, tested: int, epochs: int = 24) -> dict[str, float]:
    """Share of right answers for people of fresh seeds, beside that of always naming the most frequent class."""
    generate(model, folder, tested, test=True)
    generate(model, folder, count, test=False)
    data, fresh = load(folder / "train"), load(folder / "test")
    start = time.process_time()
    net = train(data, epochs)
    rows = {"classifier_training_cpu_s": time.process_time() - start}
    shares, guesses, found = [], [], answered(net, fresh)
    for name, truth, known in zip(CLASSES, fresh["truth"].T, data["truth"].T, strict=True):
        shows = truth != HIDDEN
        shares.append(100 * float((found[name] == truth)[shows].float().mean()))
        usual = torch.bincount(known[known != HIDDEN]).argmax()
        guesses.append(100 * float((truth == usual)[shows].float().mean()))
        rows |= {f"classifier_{name}_percent": shares[-1], f"classifier_{name}_usual_percent": guesses[-1]}
    rows |= {"classifier_people_trained": len(data["truth"]) / 2, "classifier_people_tested": len(fresh["truth"])}
    return {
        "classifier_percent": float(np.mean(shares)),
        "classifier_usual_percent": float(np.mean(guesses)),
        **rows,
    }
