"""What gen-normals makes of words and of photos, a column for each source; people and garments nothing was tuned on.

    python benchmarks/normals.py [--quick] [--json] [--cache DIR] [--model DIR]

Words: captions of other people, worn by the bodies that they tell of; a classifier that learnt from other people's
pictures (`synth.py`'s, kept in --cache) names garment, length, sleeve, hair and shoes; labels are asked beside it.
Photos: front normals against the truth, where the mask, the bare body and every source are; `told` is the same tailor
told another person's clothes; `all` counts the mask's pixels beyond the body too. Fitted bodies go through the detector
(extra `photo`) with true focal length, height and mask. Times are wall times of this process, kernels compiled.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from _recovered import onlooker, recovered
from _sitters import Case, Row, Source, agreement, cases, confusion, diffusion, errors, ious, refitted, regress, tailor

from avatarkit import carving, files, fitting, normals, scores
from avatarkit.body import BodyModel
from avatarkit.errors import AvatarError
from avatarkit.maps import PARTS, Maps

SEED = 20713
RATIOS = [(f"{told}{back}degrees", f"{told}{back}error_over_body", f"{back}body_degrees")
          for told in ("", "told_") for back in ("", "back_")]  # fmt: skip
ASKED = {
    "tailor": {"words_in_pixels_percent": "≥ 92", "iou": "≥ .95", "fitted_iou": "≥ .88", "fitted_iou_gained": "≥ .05",
               "body_covered": "≥ .98", "seeds_differ_degrees": "≥ 8", "same_bytes": "= 1", "error_over_body": "≤ .9",
               "hands_face_degrees": "≤ 10", "sides_differ": "= 0", "seconds": "≤ 6"},
    "regress": {"error_over_body": "≤ .65", "back_error_over_body": "≤ .75", "fitted_error_over_body": "≤ .75",
                "fitted_back_error_over_body": "≤ .85", "iou_truth": "≥ .96", "parts_miou": "≥ .75",
                "trust_follows_error": "≥ 2", "carved_less_than_tailor_low": "> 0", "seconds": "≤ 3",
                "sides_differ": "= 0", "same_bytes": "= 1"},
}  # fmt: skip


def of_photos(model: BodyModel, source: Source, found: list[Case], *, told: bool) -> Row:
    """Means over people, the body known; `told`: of the same source with another person's clothes too."""
    rows, confused = [], torch.zeros(len(PARTS), len(PARTS), dtype=torch.int64)
    for index, case in enumerate(found):
        sitter = normals.seated(model, case.person)
        truth = case.seen(sitter)
        made = {"": source(sitter, None, index)}
        if told:
            made["told"] = source(sitter, found[(index + 1) % len(found)].caption, index)
        rows.append(agreement(sitter, made[""]) | errors(sitter, truth, made))
        confused += confusion(truth, made[""])
    parts = ious(confused)
    return averages(rows) | {
        "sides_differ": max(row["sides_differ"] for row in rows),
        "parts_miou": float(np.mean(list(parts.values()))),
        "parts_worn_miou": float(np.mean([value for name, value in parts.items() if name != PARTS[0]])),
        **{f"part_{name}_iou": value for name, value in parts.items()},
    }


def averages(rows: list[Row]) -> Row:
    """Means over people, and what is over the body's own error, with its interval."""
    rows = [{name.lstrip("_"): value for name, value in row.items()} for row in rows]
    found = {"people": float(len(rows))} | {name: float(np.nanmean([row[name] for row in rows])) for name in rows[0]}
    for name, over, body in RATIOS:
        if name in rows[0]:
            ratios = [row[name] / row[body] for row in rows]
            low, high = bootstrap(ratios)
            found |= {over: float(np.mean(ratios)), f"{over}_low": low, f"{over}_high": high}
    return found


def bootstrap(values: list[float]) -> tuple[float, float]:
    """The 95 % interval of the mean over people."""
    chosen = np.random.default_rng(0).integers(len(values), size=(2000, len(values)))
    low, high = np.quantile(np.array(values)[chosen].mean(axis=1), (0.025, 0.975))
    return float(low), float(high)


def of_fits(model: BodyModel, source: Source, fitted: list[tuple[Case, Any]]) -> Row:
    """The same with bodies as fit-smpl finds them; empty without a detector."""
    rows = []
    for index, (case, person) in enumerate(fitted):
        sitter = normals.seated(model, person)
        maps = source(sitter, None, index)
        rows.append(agreement(sitter, maps) | errors(sitter, case.seen(sitter), {"": maps}))
    if not rows:
        return {}
    means = averages(rows)
    gained = {"fitted_iou_gained": means["iou"] - means["iou_body"]}
    return {f"fitted_{name}": value for name, value in means.items()} | gained


def of_carves(model: BodyModel, sources: dict[str, Source], found: list[Case]) -> dict[str, Row]:
    """Millimetres from the truth of what is carved from each source's maps, the body known; differences are paired."""
    chamfers: dict[str, list[float]] = {name: [] for name in sources}
    for index, case in enumerate(found):
        sitter, truth = normals.seated(model, case.person), scores.Truth.of(case.mesh, count=20_000)
        try:
            made = {name: carving.carved(model, case.person, source(sitter, None, index)).mesh
                    for name, source in sources.items()}  # fmt: skip
        except AvatarError as error:
            print(f"carving {index}: {error}", file=sys.stderr)
            continue
        for name, mesh in made.items():
            chamfers[name].append(scores.scored(truth, mesh, count=20_000).chamfer)
    rows, first = {}, np.array(next(iter(chamfers.values())))
    for name, values in chamfers.items():
        less = first - np.array(values)
        low, high = bootstrap(list(less))
        rows[name] = {"carved_people": float(len(values)), "carved_chamfer_mm": float(np.mean(values)),
                      "carved_less_than_tailor_mm": float(less.mean()), "carved_less_low": low,
                      "carved_less_high": high}  # fmt: skip
    return rows


def of_seeds(model: BodyModel, source: Source, count: int) -> Row:
    """How much the same words differ by seed where people are clothed; whether one seed repeats; seconds."""
    person = fitting.from_words(model, "a woman, hands on hips", seed=1)
    sitter = normals.seated(model, person)
    made, seconds = [], []
    for seed in (*range(count), 0):
        start = time.perf_counter()
        made.append(source(sitter, "a woman in a dress", seed))
        seconds.append(time.perf_counter() - start)
    apart = [_apart(a, b) for k, a in enumerate(made[:-1]) for b in made[:k]]
    same = made[0].grid().tobytes() == made[-1].grid().tobytes()
    return {
        "seeds_differ_degrees": float(np.mean(apart)),
        "same_bytes": float(same),
        "seconds": float(np.median(seconds[1:])),
    }


def paced(model: BodyModel, source: Source, case: Case) -> Row:
    """Seconds for one photo, and whether it repeats."""
    sitter, seconds, made = normals.seated(model, case.person), [], []
    for _ in range(4):
        start = time.perf_counter()
        made.append(source(sitter, None, 0).grid().tobytes())
        seconds.append(time.perf_counter() - start)
    return {"same_bytes": float(len(set(made)) == 1), "seconds": float(np.median(seconds[1:]))}


def _apart(a: Maps, b: Maps) -> float:
    worn = (a.normals[..., 3] > 0.5) & (b.normals[..., 3] > 0.5)
    if a.labels is not None and b.labels is not None:
        bare = [PARTS.index(name) for name in ("skin", "eyes")]
        worn &= ~np.isin(a.labels[..., 0], bare) & ~np.isin(b.labels[..., 0], bare)
    cosine = (a.normals[..., :3] * b.normals[..., :3]).sum(axis=-1)[worn].clip(-1, 1)
    return float(np.degrees(np.arccos(cosine)).mean())


def table(columns: dict[str, Row]) -> str:
    names = list(dict.fromkeys(name for rows in columns.values() for name in rows))
    lines = ["".ljust(36) + "".join(name.rjust(12) + "asked".rjust(8) for name in columns)]
    for name in names:
        cells = [(f"{rows[name]:.4g}" if name in rows else "-").rjust(12) + ASKED.get(column, {}).get(name, "").rjust(8)
                 for column, rows in columns.items()]  # fmt: skip
        lines.append((name.ljust(36) + "".join(cells)).rstrip())
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="two people, bodies known; no classifier")
    parser.add_argument("--json", action="store_true", help="print one flat JSON object instead of the table")
    parser.add_argument("--cache", type=Path, help="synth.py's cache, from which the classifier learns")
    parser.add_argument("--model", help="the diffusion model's folder; else the one that comes with avatarkit")
    parser.add_argument("--regress", type=Path, help="the folder of regress; else the one that comes with avatarkit")
    parser.add_argument("--only", help="one source alone: tailor, regress or diffusion")
    parser.add_argument("--people", type=int, default=100, help="photographed people")
    parser.add_argument("--carved", type=int, default=0, help="of these, how many are carved from each source's maps")
    parser.add_argument("--seed", type=int, default=SEED)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    model = files.read_body_model("builtin")
    sources: dict[str, Callable[[], Source]] = {
        "tailor": lambda: tailor,
        "regress": lambda: regress(asked.regress),
        "diffusion": lambda: diffusion(asked.model),
    }
    chosen = {name: make() for name, make in sources.items() if asked.only in (None, name)}
    count, seeds = (2, 2) if asked.quick else (asked.people, 4)
    found, columns = list(cases(model, asked.seed, count)), {}
    net = onlooker(asked.cache) if asked.cache is not None and not asked.quick else None
    figure = fitting.figure_of(model, files.read_landmarks())
    tried = [] if asked.quick else [(case, refitted(figure, case)) for case in found]
    fitted = [(case, person) for case, person in tried if person is not None]
    for name, source in chosen.items():
        columns[name] = of_photos(model, source, found, told=name == "tailor") | of_fits(model, source, fitted)
        # a network that sees a photo draws nothing by chance, and heeds no words
        columns[name] |= paced(model, source, found[0]) if name == "regress" else of_seeds(model, source, seeds)
        if name == "tailor" and not asked.quick:
            columns[name] |= recovered(model, source, net, asked.seed, 2 * min(count, 32))
    for name, rows in of_carves(model, chosen, found[: asked.carved]).items() if asked.carved else ():
        columns[name] |= rows
    flat = {f"{name}_{figure}": value for name, rows in columns.items() for figure, value in rows.items()}
    print(json.dumps(flat) if asked.json else table(columns))
    if net is None and not asked.json:
        print("classifier: left out, it needs --cache DIR and no --quick")


if __name__ == "__main__":
    main()
