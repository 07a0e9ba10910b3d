"""Trains the glance by which the tailor tells skirts, dresses and long coats in photos, and measures it beside rules.

    python benchmarks/glance.py [--quick] [--json] [--people N] [--seed S] [--cache DIR] [--write glance.safetensors]

With --write it learns from people of seed 9101, photographed as training does, kept in --cache and made where that
lacks them (a second or two each). Without, the one that is shipped is asked about held-out people in held-out garments
of a fresh seed: percent wrong about skirts (dresses too) and coats below the hips, and how far off hems are on
outfit's scale (1 crotch, 2 knee, 3 ankle), beside what the rules alone say of the same photos.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from avatarkit import appearance, files, normals, people
from avatarkit.appearance.viewpoint import viewpoint
from avatarkit.body import BodyModel
from avatarkit.glance import Glance, glanced
from avatarkit.normals.noticing import glimpsed, noticed
from avatarkit.normals.noticing.strip import strip_of
from avatarkit.outfit import GARMENTS, LEGGED, Outfit

LEARNT, SEED, SIDE = 9101, 64007, 512
COAT = 1.25
"""From which hem on an outer garment is a long one."""
WEIGHT = (1.5, 2.0, 2.0)
"""Of a skirt, a coat, a dress against those that are none, as they are rarer."""
ROWS = 48
Sample = dict[str, NDArray[Any]]


def told(outfit: Outfit) -> NDArray[np.float32]:
    """(5): skirt, coat, dress, 0 or 1; where the lowest garment and the coat end, NaN where it does not show."""
    lower, outer = outfit.dress or outfit.bottom, outfit.outer
    skirt = lower is not None and lower.kind not in LEGGED
    skirt = skirt and (GARMENTS[lower.kind][0] == "dress" or "skirt" in lower.kind)
    coat = outer is not None and outer.hem > COAT
    hem = float("nan") if lower is None or (coat and outer.hem > lower.hem - 0.15) else min(lower.hem, 3.0)
    return np.array([skirt, coat, skirt and outfit.dress is not None, hem, outer.hem if coat else np.nan], np.float32)


def sitting(model: BodyModel, seed: int, index: int, heldout: bool) -> tuple[normals.Sitter, Outfit]:
    """A person of a seed in front of a camera, and what they wear."""
    found = people.met(model, seed=seed, index=index, heldout=heldout)
    generator = np.random.default_rng([seed, index, 1])
    camera = viewpoint(found.looks.mesh.vertices, generator, SIDE)
    taken = appearance.photograph(found.looks, camera, generator)
    crop = np.concatenate([taken.image, taken.mask[..., None]], axis=-1)
    return normals.seated(model, replace(found.person, camera=camera, crop=crop)), found.drawn.outfit


def generate(model: BodyModel, folder: Path, count: int) -> None:
    """Samples of people 0 … count - 1, each in a file that is kept."""
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(count):
        path = folder / f"{index:05d}.npz"
        if path.exists():
            continue
        sitter, outfit = sitting(model, LEARNT, index, heldout=False)
        glimpse = glimpsed(sitter)
        if glimpse is not None:
            strip, apart = strip_of(glimpse)
            np.savez_compressed(path, strip=strip.numpy().astype(np.float16), apart=apart.numpy(), told=told(outfit))


def load(folder: Path) -> tuple[Tensor, Tensor, Tensor]:
    samples = [dict(np.load(path)) for path in sorted(folder.glob("*.npz"))]
    return tuple(torch.from_numpy(np.stack([s[key] for s in samples])).float() for key in ("strip", "apart", "told"))  # type: ignore[return-value]


def train(data: tuple[Tensor, Tensor, Tensor], *, epochs: int = 60, seed: int = 0) -> Glance:
    strips, apart, truth = data
    torch.manual_seed(seed)
    generator, network, N = torch.Generator().manual_seed(seed), Glance(), len(strips)
    optimiser = torch.optim.AdamW(network.parameters(), lr=3e-3, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, total_steps=epochs * (N // ROWS))
    for rows in (order[k * ROWS :][:ROWS] for _ in range(epochs)
                 for order in [torch.randperm(N, generator=generator)] for k in range(N // ROWS)):  # fmt: skip
        answers = network.train()(varied(strips[rows], generator), apart[rows])
        loss = binary_cross_entropy_with_logits(
            answers[:, :3], truth[rows, :3] * 0.94 + 0.03, pos_weight=torch.tensor(WEIGHT)
        )
        known = ~truth[rows, 3:].isnan()
        loss = loss + (answers[:, 3:] - truth[rows, 3:])[known].abs().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    return network.eval()


def varied(strips: Tensor, generator: torch.Generator) -> Tensor:
    """The strips mirrored or not, moved a little, in more or less contrast."""
    flip = torch.rand(len(strips), generator=generator) < 0.5
    strips = torch.where(flip[:, None, None, None], strips.flip(-1), strips)
    down, right = (int(torch.randint(-most, most + 1, (1,), generator=generator)) for most in (1, 2))
    contrast = torch.ones(len(strips), strips.shape[1], 1, 1)
    contrast[:, 3:6] = 0.6 + 0.8 * torch.rand(len(strips), 1, 1, 1, generator=generator)
    return strips.roll((down, right), (2, 3)) * contrast


def measured(model: BodyModel, network: Glance, seed: int, count: int) -> dict[str, float]:
    truths, seen, ruled = zip(*answers(model, network, seed, count), strict=True)
    truth, rows = np.stack(truths), {"people": float(len(truths))}
    for who, said in (("glance", np.stack(seen)), ("rules", np.stack(ruled))):
        for k, name in enumerate(("skirt", "coat")):
            known = ~np.isnan(said[:, k])
            right, true = said[known, k] > 0.5, truth[known, k] > 0.5
            rows[f"{who}_{name}_wrong_percent"] = 100 * float((right != true).mean())
            rows[f"{who}_{name}_found_percent"] = 100 * float(right[true].mean()) if true.any() else float("nan")
        off = np.abs(said[:, 3] - truth[:, 3])[(truth[:, 0] > 0.5) & (said[:, 0] > 0.5)]
        rows[f"{who}_skirt_hem_off"] = float(np.nanmedian(off)) if len(off) else float("nan")
    return rows


def answers(model: BodyModel, network: Glance, seed: int, count: int) -> Iterator[tuple[Any, Any, Any]]:
    for index in range(count):
        sitter, outfit = sitting(model, seed, index, heldout=True)
        glimpse, rules = glimpsed(sitter), noticed(sitter)
        if glimpse is None:
            continue
        lower = next((rules[slot] for slot in ("dress", "bottom") if not rules[slot].absent), None)
        skirt = not rules["dress"].absent or (lower is not None and any("skirt" in kind for kind in lower.kinds))
        hem = np.nan if lower is None else lower.cut.get("hem", np.nan)
        coat = "coat" in rules["outer"].kinds
        yield told(outfit), np.array(glanced(network, *strip_of(glimpse))), np.array([skirt, coat, np.nan, hem, np.nan])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="eight people")
    parser.add_argument("--json", action="store_true", help="print one flat JSON object instead of the table")
    parser.add_argument("--people", type=int, help="to learn from (1000), or to be asked about (100)")
    parser.add_argument("--seed", type=int, default=SEED, help="of those it is asked about")
    parser.add_argument("--cache", type=Path, default=Path("glance"), help="of people to learn from")
    parser.add_argument("--write", type=Path, help="train, and write the weights in half precision")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    model = files.read_body_model("builtin")
    if asked.write is not None:
        generate(model, asked.cache, asked.people or 1000)
        found = train(load(asked.cache)).state_dict()
        save_file({name: value.half().contiguous() for name, value in found.items()}, asked.write)
        return
    rows = measured(model, files.read_glance(), asked.seed, 8 if asked.quick else asked.people or 100)
    print(json.dumps(rows) if asked.json else "\n".join(f"{name:32}{value:10.4g}" for name, value in rows.items()))


if __name__ == "__main__":
    main()
