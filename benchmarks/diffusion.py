"""What a diffusion model of ours draws: how near the truth, how like the tailor's people, whether words show.

    python benchmarks/diffusion.py [--quick] [--json] [--model DIR] [--people 100] [--reference 1000] [--cache DIR]

Held-out synthetic people of a fresh seed in held-out garments, their bodies known. `words`: drawn of their own
captions; `oracle`: the tailor with the same captions and another seed; `photo`: drawn of photo and caption; `seen`:
what regress says of the photo, which `photo` begins with; `body`: the bare body's normals. Degrees where body, person
and all maps of a row are; `over_`: ratios of people's errors, means with 95 % intervals of the bootstrap. `kernel_…`:
kernel distances of normals, front and back, in our encoder's features to `--reference` other people of the tailor;
`kernel_share`: (words - real) / (body - real). `named_…`: percent of what captions say that the encoder names in the
normals alone, which errs of true ones too. `diversity`: mean distance of features between seeds, of the same words.
Seconds: wall, two threads. With --cache a run that was stopped goes on; --jobs processes of one thread share the people
out.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from _recovered import told
from _sitters import angles, cases
from _tables import table
from _views import HIDDEN
from torch import Tensor
from torch.nn.functional import avg_pool2d

from avatarkit import distances, files, normals, people
from avatarkit.appearance.mapping import mapped
from avatarkit.body import BodyModel
from avatarkit.encoder import SIDE, WORN, pictured
from avatarkit.maps import Maps, View
from avatarkit.scores import interval
from avatarkit.sitter import Sitter
from avatarkit.words import understood

SEED, OTHERS = 30931, 30932
SIZE = 512
AGAIN = 4
"""Seeds of each of those whose diversity is measured: every tenth."""
AT_MOST = {"words_over_oracle": 1.1, "photo_over_body": 1.0, "back_photo_over_body": 1.0, "kernel_share": 0.5,
           "words_wall_s": 12, "photo_wall_s": 12}  # fmt: skip
AT_LEAST = {"named_words_percent": 75, "diversity_over_tailors": 0.7}
Known = dict[str, Tensor]
"""Of a person: by name, a row of figures or features (2,24)."""


@lru_cache
def _read(model: str | None) -> tuple[BodyModel, Any, Any, Any]:
    torch.set_num_threads(1)
    return files.read_body_model("builtin"), files.read_dual(model), files.read_regressor(), files.read_encoder()


def drawn_one(model: str | None, seed: int, index: int) -> Known:
    """Degrees of each source, features of each, and what of the caption the encoder names."""
    body, dual, network, encoder = _read(model)
    case = next(cases(body, seed, 1, index))
    sitter, lone = normals.seated(body, case.person, size=SIZE), normals.seated(body, case.met.person, size=SIZE)
    views = [View(lone.camera), View(lone.camera, "farthest")]
    made = {
        "real": _pair(mapped(case.met.looks, case.met.dressed, views, coloured=False)),
        "body": lone.maps,
        "oracle": _tailors(lone, case.caption, views, index + 1),
        "words": normals.drawn(lone, dual, case.caption, seed=index),
    }
    wishes = understood(case.caption).outfit
    found = {f"{name}_features": features(encoder, pair) for name, pair in made.items()}
    found |= _degrees(made.pop("real"), made, "")
    truth = case.seen(sitter)[:, :4]
    sides = {"body": sitter.maps, "seen": _pair(normals.regressed(sitter, network)),
             "photo": normals.drawn(sitter, dual, case.caption, network=network, seed=index)}  # fmt: skip
    found |= _degrees(truth, sides, "photo_")
    found["told"] = torch.tensor(told(case.met.drawn.outfit, wishes))
    if index % 10 == 0:
        again: dict[str, Callable[[int], Tensor]] = {
            "tailors": lambda k: _tailors(lone, case.caption, views, 100 + k),
            "own": lambda k: normals.drawn(lone, dual, case.caption, seed=100 + k),
        }
        for name, source in again.items():
            several = torch.stack([features(encoder, source(k)) for k in range(AGAIN)])
            apart = [distances.diversity(several[:, side]) for side in (0, 1)]
            found[f"diversity_{name}"] = torch.tensor(apart).mean()
    return found


def met_one(seed: int, index: int) -> Tensor:
    """(2,24): features of the front and the back of a person of the tailor's."""
    torch.set_num_threads(1)
    model, encoder = _plain()
    found = people.met(model, seed=seed, index=index, heldout=True)
    sitter: Sitter = normals.seated(model, found.person, size=2 * SIDE)
    views = [View(sitter.camera), View(sitter.camera, "farthest")]
    return features(encoder, _pair(mapped(found.looks, found.dressed, views, coloured=False)))


@lru_cache
def _plain() -> tuple[BodyModel, Any]:
    return files.read_body_model("builtin"), files.read_encoder()


def features(encoder: Any, pair: Tensor) -> Tensor:
    """(2,24) of maps (2,4,S,S); the back as it is seen from behind."""
    cover = pair[:, 3:]
    small = avg_pool2d(torch.cat([pair[:, :3] * cover, cover], dim=1), pair.shape[-1] // SIDE)
    small[1] = torch.cat([-small[1, :1], small[1, 1:]]).flip(-1)
    shown = pictured(small[:, :3] / small[:, 3:].clamp(min=1e-3), small[:, 3:])["normals"]
    with torch.no_grad():
        found: Tensor = encoder(shown)
    return found


def _tailors(sitter: Sitter, caption: str, views: list[View], seed: int) -> Tensor:
    """What the tailor makes of the words, as the sitter's own camera sees it."""
    return _pair(mapped(*normals.worn(sitter, caption, seed=seed), views, coloured=False))


def _pair(maps: Maps) -> Tensor:
    return torch.from_numpy(maps.normals).movedim(-1, 1)


def _degrees(truth: Tensor, made: dict[str, Tensor], prefix: str) -> Known:
    """Where all are."""
    common = torch.stack([pair[0, 3] > 0.5 for pair in (truth, *made.values())]).all(dim=0)
    found = {}
    for name, pair in made.items():
        for k, side in enumerate(("front", "back")):
            found[f"{prefix}{side}_{name}_degrees"] = torch.tensor(angles(pair[k], truth[k], common))
        inside = (truth[0, 3] > 0.5) & (pair[0, 3] > 0.5)
        iou = inside.sum() / ((truth[0, 3] > 0.5) | (pair[0, 3] > 0.5)).sum()
        found[f"{prefix}{name}_iou"] = iou
    return found


def figures_of(rows: list[Known], reference: Tensor) -> dict[str, float]:
    found: dict[str, float] = {"people": float(len(rows)), "reference": float(len(reference))}
    ratios = {
        "words_over_oracle": ("front_words", "front_oracle"), "back_words_over_oracle": ("back_words", "back_oracle"),
        "words_over_body": ("front_words", "front_body"), "oracle_over_body": ("front_oracle", "front_body"),
        "photo_over_body": ("photo_front_photo", "photo_front_body"),
        "back_photo_over_body": ("photo_back_photo", "photo_back_body"),
        "seen_over_body": ("photo_front_seen", "photo_front_body"),
    }  # fmt: skip
    for name, (one, other) in ratios.items():
        each = interval(np.array([float(row[f"{one}_degrees"] / row[f"{other}_degrees"]) for row in rows]))
        found |= {name: each.mean, f"{name}_low": each.low, f"{name}_high": each.high}
    for name in rows[0]:
        if name.endswith(("_degrees", "_iou")):
            found[name] = float(torch.stack([row[name] for row in rows]).nanmean())
    for name in ("real", "body", "oracle", "words"):
        own = torch.stack([row[f"{name}_features"] for row in rows])
        each_side = [distances.kernel_distance(own[:, k], reference[:, k]) for k in (0, 1)]
        found[f"kernel_{name}"] = float(np.mean(each_side))
    found["kernel_share"] = (found["kernel_words"] - found["kernel_real"]) / (
        found["kernel_body"] - found["kernel_real"]
    )
    encoder, truths = files.read_encoder(), torch.stack([row["told"] for row in rows])
    for name in ("real", "oracle", "words"):
        own = torch.stack([row[f"{name}_features"][0] for row in rows])
        with torch.no_grad():
            said = encoder.said(own).worn
        right = {}
        for slot, truth in zip(WORN, truths.T, strict=True):
            known = truth != HIDDEN
            if bool(known.any()):
                right[slot] = 100 * float((said[slot].argmax(1) == truth)[known].float().mean())
                found[f"named_{name}_{slot}_percent"] = right[slot]
        found[f"named_{name}_percent"] = float(np.mean(list(right.values())))
    several = [row for row in rows if "diversity_own" in row]
    for name in ("tailors", "own") if several else ():
        found[f"diversity_{name}"] = float(torch.stack([row[f"diversity_{name}"] for row in several]).mean())
    if several:
        found["diversity_over_tailors"] = found["diversity_own"] / found["diversity_tailors"]
    return found


def paced(model: str | None, seed: int, times: int) -> dict[str, float]:
    """Seconds of a person drawn of words, and of photo and words."""
    body, dual, network, _ = _read(model)
    torch.set_num_threads(2)
    case, found = next(cases(body, seed, 1)), {}
    sitter, lone = normals.seated(body, case.person, size=SIZE), normals.seated(body, case.met.person, size=SIZE)
    for name, ask in (
        ("words", lambda: normals.drawn(lone, dual, case.caption)),
        ("photo", lambda: normals.drawn(sitter, dual, case.caption, network=network)),
    ):
        spent = []
        for _ in range(times):
            start = time.perf_counter()
            ask()
            spent.append(time.perf_counter() - start)
        found[f"{name}_wall_s"] = float(np.median(spent))
    return found


def _kept(cache: Path, kind: str, make: Callable[[int], Any], index: int) -> Any:
    path = cache / f"{kind}_{index:05d}.pt"
    if path.exists():
        return torch.load(path, weights_only=True)
    made = make(index)
    torch.save(made, path.with_suffix(".part"))
    path.with_suffix(".part").rename(path)
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--quick", action="store_true", help="two people, two others to compare them with; no diversity"
    )
    parser.add_argument("--json", action="store_true", help="print one flat JSON object instead of the table")
    parser.add_argument("--model", help="the model's folder; else the one that is shipped")
    parser.add_argument("--people", type=int, default=100)
    parser.add_argument("--reference", type=int, default=1000, help="people of the tailor's that distances are to")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--cache", type=Path, help="where rows are kept")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    asked = parser.parse_args()
    people, others = (range(1, 3), 2) if asked.quick else (range(asked.people), asked.reference)
    with tempfile.TemporaryDirectory() as temporary:
        cache = asked.cache or Path(temporary)
        cache.mkdir(parents=True, exist_ok=True)
        with ProcessPoolExecutor(asked.jobs, multiprocessing.get_context("spawn")) as pool:
            each = map if asked.quick else pool.map
            ask = partial(_kept, cache, f"met_{OTHERS}", partial(met_one, OTHERS))
            reference = torch.stack(list(each(ask, range(others))))
            ask = partial(_kept, cache, f"drawn_{asked.seed}", partial(drawn_one, asked.model, asked.seed))
            rows = list(each(ask, people))
    found = {
        "seed": float(asked.seed),
        **figures_of(rows, reference),
        **paced(asked.model, asked.seed, 1 if asked.quick else 3),
    }
    print(json.dumps(found) if asked.json else table(found, AT_MOST, AT_LEAST))


if __name__ == "__main__":
    main()
