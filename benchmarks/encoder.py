"""Trains the encoder that `avatarkit evaluate --real --fake` compares people in, and tells what its distances mean.

    python benchmarks/encoder.py [--quick] [--json] [--cache DIR] [--write avatarkit/weights/encoder.safetensors]

Learns from the tailor's people of seed 7001 (two views, front and back of each; `--people` of them, made where the
cache lacks them), seed 0, and is asked about those of seed 7002. Without `--write`, the encoder that is shipped is
measured. Rows: the share of right names of what is worn, beside always naming the most frequent; kernel distances of
features (unbiased, mean over front and back) between two halves of fresh people (`floor`), the people it learnt from
and fresh ones, fresh people and nude bodies, fresh people and their own normals blurred by 1, 2 and 4 pixels of 128.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from _photographed import known_body
from _views import HIDDEN, generate
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, conv2d, cross_entropy, interpolate

from avatarkit import files
from avatarkit.encoder import DRAWN, KINDS, SIDE, WORN, Encoder, pictured, sharpness
from avatarkit.evaluating import crowds
from avatarkit.mesh import Mesh

SEED = 52117
"""Of the nude bodies."""
People = dict[str, Tensor]
"""`shown` (N,2,7,SIDE,SIDE) uint8: front and back, normals, albedo and cover; `truth` (N,6)."""


def load(folder: Path, limit: int | None = None) -> People:
    """All people of a folder of `_views.generate`, each view of one a row."""
    shown, truth = [], []
    for path in sorted(folder.glob("*.npz"))[:limit]:
        with np.load(path) as file:
            pixels = torch.from_numpy(file["pixels"]).float().movedim(-1, 1)
            small = avg_pool2d(pixels, pixels.shape[-1] // SIDE)
            front, back = small[:, :6], small[:, 6:].flip(-1)  # the farthest surface, as it is seen from behind
            sides = torch.stack([front, back], dim=1)
            cover = (avg_pool2d((pixels[:, :3].amax(1, keepdim=True) > 0).float(), 3) * 255)[:, None]
            cover = torch.cat([cover, cover.flip(-1)], dim=1)
            normals = sides[:, :, :3]
            normals[:, 1, :1] = cover[:, 1] - normals[:, 1, :1]
            shown.append(torch.cat([sides, cover], dim=2).round().clamp(0, 255).to(torch.uint8))
            truth += [torch.from_numpy(file["truth"])] * len(pixels)
    return {"shown": torch.cat(shown), "truth": torch.stack(truth)}


def taken_apart(shown: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Normals, cover and albedo of `shown` (...,7,S,S) uint8."""
    values = shown.float() / 255
    cover = values[..., 6:, :, :]
    known = cover.clamp(min=1e-3)
    normals = torch.where(cover > 0.02, 2 * values[..., :3, :, :] / known - 1, 0).clamp(-1, 1)
    return normals, cover, (values[..., 3:6, :, :] / known).clamp(0, 1) * (cover > 0.02)


def blurred(pictures: Tensor, sigma: float) -> Tensor:
    if sigma <= 0:
        return pictures
    reach = int(3 * sigma) + 1
    window = torch.exp(-torch.arange(-reach, reach + 1.0).square() / (2 * sigma * sigma))
    window = (window / window.sum()).expand(pictures.shape[1], 1, 1, -1)
    C = pictures.shape[1]
    found = conv2d(pictures, window, padding=(0, reach), groups=C)
    return conv2d(found, window.mT, padding=(reach, 0), groups=C)


def varied(shown: Tensor, generator: torch.Generator) -> Tensor:
    """Pictures (N,3,S,S), each of some kind: mirrored, moved, larger or smaller, in other colours, blurred, noisy."""
    normals, cover, albedo = taken_apart(shown)
    N, chance = len(shown), torch.rand(5, generator=generator).tolist()
    if chance[0] < 0.5:
        normals, cover, albedo = (values.flip(-1) for values in (normals, cover, albedo))
        normals = normals * torch.tensor([-1.0, 1.0, 1.0])[:, None, None]
    gain = 1 + 0.15 * torch.randn(N, 3, 1, 1, generator=generator)
    kinds = torch.stack(list(pictured(normals, cover, (albedo * gain).clamp(0, 1)).values()))
    pictures = kinds[torch.randint(len(KINDS), (N,), generator=generator), torch.arange(N)]
    scale = 1 + 0.04 * torch.randn(N, generator=generator)
    turn = torch.zeros(N, 2, 3)
    turn[:, 0, 0], turn[:, 1, 1] = scale, scale
    turn[:, :, 2] = 0.03 * torch.randn(N, 2, generator=generator)
    grid = nn.functional.affine_grid(turn, list(pictures.shape), align_corners=False)
    pictures = nn.functional.grid_sample(pictures, grid, align_corners=False)
    if chance[1] < 0.35:
        pictures = blurred(pictures, 0.5 + 2.5 * chance[2])
    if chance[3] < 0.2:
        pictures = (pictures + 0.06 * chance[4] * torch.randn(pictures.shape, generator=generator)).clamp(0, 1)
    return pictures


def loss_of(net: Encoder, pictures: Tensor, truth: Tensor) -> Tensor:
    said = net.said(net(pictures))
    drawn = interpolate(pictures, (DRAWN, DRAWN), mode="area")
    loss = 30 * (said.drawn - drawn).square().mean() + 0.3 * (said.sharp - sharpness(pictures)).square().mean()
    for name, right in zip(WORN, truth.T, strict=True):
        if bool((right != HIDDEN).any()):
            loss = loss + cross_entropy(said.worn[name], right, ignore_index=HIDDEN, label_smoothing=0.05)
    return loss


def train(data: People, epochs: int, *, seed: int = 0) -> Encoder:
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    net, size = Encoder().to(memory_format=torch.channels_last), 48
    shown, truth = data["shown"].flatten(0, 1), data["truth"].repeat_interleave(2, dim=0)
    steps = len(shown) // size
    optimiser = torch.optim.AdamW(net.parameters(), lr=3e-3, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, total_steps=epochs * steps)
    for epoch in range(epochs):
        order, heap = torch.randperm(len(shown), generator=generator), 0.0
        for k in range(steps):
            rows = order[k * size : (k + 1) * size]
            loss = loss_of(net, varied(shown[rows], generator), truth[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            heap += float(loss.detach())
        print(f"epoch {epoch}: {heap / steps:.3f}", file=sys.stderr, flush=True)
    return net.eval()


def names(net: Encoder, data: People, usual_of: People) -> dict[str, float]:
    """Percent of right names of what each person wears, from their normals alone, of the front; and the share of those
    who wear what most do."""
    normals, cover, _ = taken_apart(data["shown"][:, 0])
    with torch.no_grad():
        said = net.said(net(pictured(normals, cover)["normals"])).worn
    rows = {}
    for name, truth, known in zip(WORN, data["truth"].T, usual_of["truth"].T, strict=True):
        shows, usual = truth != HIDDEN, torch.bincount(known[known != HIDDEN]).argmax()
        rows[f"names_{name}_percent"] = 100 * float((said[name].argmax(1) == truth)[shows].float().mean())
        rows[f"usual_{name}_percent"] = 100 * float((usual == truth)[shows].float().mean())
    return rows


def portraits(data: People, start: int = 0, step: int = 1) -> dict[str, Tensor]:
    """By kind: (N,2,3,S,S), front and back."""
    normals, cover, albedo = taken_apart(data["shown"][start::step].flatten(0, 1))
    return {kind: shown.unflatten(0, (-1, 2)) for kind, shown in pictured(normals, cover, albedo).items()}


def nude(count: int) -> dict[str, Tensor]:
    """The same of bare bodies in the poses and builds of the tailor's people."""
    model = files.read_body_model("builtin")
    faces = model.faces if model.outer_faces is None else model.outer_faces
    found = []
    for index in range(count):
        person = known_body(model, SEED, index)
        vertices = model.shaped(person.betas, person.expression).posed(person.pose).vertices
        found.append(crowds.photographed(Mesh(vertices, faces)))
    return {kind: torch.stack([person[kind][::2] for person in found]) for kind in ("normals", "shaded")}


def sanity(net: Encoder, known: People, fresh: People, count: int) -> dict[str, float]:
    """Distances whose order is known: nothing < other people of the same tailor < their blurred pictures < nudes."""
    real = portraits(fresh)
    others = {"trained": portraits(known, step=2), "nude": nude(count)}
    for sigma in (1.0, 2.0, 4.0):
        smooth = {kind: blurred(shown.flatten(0, 1), sigma).unflatten(0, (-1, 2)) for kind, shown in real.items()}
        others[f"blurred_{sigma:g}"] = smooth
    rows = {"people": float(len(fresh["shown"]))}
    for name, other in others.items():
        for kind in other:
            figures = crowds.of_kind({"real": real[kind], "fake": other[kind]}, net)
            rows[f"{kind}_{name}_kernel"], rows[f"{kind}_{name}_frechet"] = figures["kernel"], figures["frechet"]
            rows[f"{kind}_{name}_diversity"] = figures["diversity_fake"]
            rows |= {f"{kind}_floor": figures["floor"], f"{kind}_floor_deviation": figures["floor_deviation"]}
            rows[f"{kind}_diversity"] = figures["diversity_real"]
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="four people; figures of so few mean nothing")
    parser.add_argument("--json", action="store_true", help="print one flat JSON object instead of the table")
    parser.add_argument("--people", type=int, default=819, help="to learn from")
    parser.add_argument("--tested", type=int, default=170)
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--cache", type=Path, help="where pictures of people are kept, made where missing")
    parser.add_argument("--write", type=Path, help="train, and write the weights to this file")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    count, tested = (4, 4) if asked.quick else (asked.people, asked.tested)
    with tempfile.TemporaryDirectory() as temporary:
        folder, model = asked.cache or Path(temporary), files.read_body_model("builtin")
        generate(model, folder, tested, test=True)
        generate(model, folder, count, test=False)
        known, fresh = load(folder / "train", count), load(folder / "test", tested)
    rows = {}
    if asked.write is not None:
        start = time.process_time()
        net = train(known, asked.epochs)
        rows["training_cpu_s"] = time.process_time() - start
        weights = {name: value.contiguous() for name, value in net.state_dict().items()}
        save_file({name: v.half() if v.is_floating_point() else v for name, v in weights.items()}, asked.write)
    net = files.read_encoder() if asked.write is None else net
    rows |= names(net, fresh, known) | sanity(net, known, fresh, tested)
    print(json.dumps(rows) if asked.json else "\n".join(f"{name:<36}{value:10.4g}" for name, value in rows.items()))


if __name__ == "__main__":
    main()
