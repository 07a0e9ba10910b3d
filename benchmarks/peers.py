"""What a user could pick instead on a CPU, side by side: Chupa's carver, the rasterisers of deodr and pytorch3d.

    python benchmarks/peers.py [--quick] [--json] [--people 2] [--seed S] [--cache DIR]

Carvers, on held-out people with true bodies and true front and back maps of 512²: `ours` as carve-mesh is; `chupa`, its
published schedule (2000 steps, one view a step, three remeshes) on our rasteriser, which is faster than the one that it
was published with; `nude`, the body as the answer. Chamfer in mm, degrees of rendered normals in unseen views (DESIGN
§7), CPU seconds. Rasterisers, on the body's 27k triangles in two views: CPU ms of one differentiable step, ours with
vertex normals, projection and loss, theirs without; and the hours that 2000 steps of one view would take on them.
Neither is a dependency: what is not installed says so, and is null in JSON. `--quick`: one person, the schedule
shortened in proportion to 40 steps (`chupa_steps`), pictures of 64² (`raster_side`); its figures are no result.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # before torch: its idle threads would count

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

import _peers
import numpy as np
import torch
from _chupa import STEPS, carved_as_chupa
from _gradients import body
from _judged import Figures, Made, Method, made, made_as_chupa, nude, ours
from _truths import Case, cases
from render import time_steps

from avatarkit import camera, files, scores
from avatarkit.body import BodyModel
from avatarkit.maps import Maps
from avatarkit.mesh import Mesh
from avatarkit.person import Person

SEED = 61403
SHORT, SMALL, POINTS_QUICK = 40, 64, 10_000
SHOWN = ("chamfer", "p2s", "s2p", "f_score", "degrees", "iou", "cpu_s", "faces", "crossing_faces")


def shortened(model: BodyModel, person: Person, maps: Maps) -> Mesh:
    """Chupa's schedule with SHORT steps."""
    return carved_as_chupa(model, person, maps, steps=SHORT)


def carved(model: BodyModel, case: Case, points: int, quick: bool) -> dict[str, Made]:
    """What each carver made of a person."""
    methods: dict[str, Method] = {"nude": nude, "ours": ours}
    maps = case.maps("front_back")
    found = {name: made(method, model, case.person, maps, case, points) for name, method in methods.items()}
    short = quick and made(shortened, model, case.person, maps, case, points)
    return found | {"chupa": short or made_as_chupa(model, case, points)}


def carvers(model: BodyModel, cache: Path, people: int, seed: int, quick: bool) -> Figures:
    """Means over people, and how many times longer Chupa's schedule takes; failures are counted, and left out."""
    points = POINTS_QUICK if quick else scores.POINTS
    rows: list[dict[str, Made]] = []
    for case in cases(model, cache, seed=seed, count=people, points=points):
        rows.append(carved(model, case, points, quick))
        told = {name: round(it.figures["chamfer"], 2) for name, it in rows[-1].items() if it.mesh is not None}
        print(case.title, told, file=sys.stderr)
    found: Figures = {"people": float(people), "chupa_steps": float(SHORT if quick else STEPS)}
    for name in rows[0]:
        whole = [row[name].figures for row in rows if row[name].mesh is not None]
        found[f"{name}_failures"] = float(len(rows) - len(whole))
        found |= {f"{name}_{figure}": float(np.mean([row[figure] for row in whole])) for figure in SHOWN if whole}
    if not quick and "ours_cpu_s" in found and "chupa_cpu_s" in found:
        found["chupa_times_slower"] = found["chupa_cpu_s"] / found["ours_cpu_s"]
    return found


def rasterisers(quick: bool) -> dict[str, float | None]:
    """Ours and theirs on one body, alike in triangles, views and pixels; None for what is not installed."""
    side, repeats = SMALL if quick else 512, 3 if quick else 10
    shape = body()
    views = camera.ring(2, shape.vertices, (side, side))
    step = time_steps("body", shape, 2, side, repeats)[f"step_body_2x{side}_cpu_ms"]
    found: dict[str, float | None] = {"raster_side": float(side), "raster_triangles": float(len(shape.faces))}
    found["ours_step_ms"] = step
    theirs = {
        "deodr": _peers.deodr_cpu_ms(shape.vertices, shape.faces, views, repeats),
        "pytorch3d": _peers.pytorch3d_cpu_ms(shape.vertices, shape.faces, views),
    }
    for name, ms in theirs.items():
        found[f"{name}_step_ms"] = ms
        found[f"{name}_times_slower"] = ms and ms / step
        found[f"{name}_hours_of_2000_steps"] = ms and STEPS * ms / len(views) / 3.6e6
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one person, a shortened schedule, small pictures")
    parser.add_argument("--json", action="store_true", help="print one flat JSON object instead of the table")
    parser.add_argument("--people", type=int, default=2, help="four minutes each, most of them Chupa's")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--cache", type=Path, help="where people and what Chupa made of them are kept")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    start, model = time.process_time(), files.read_body_model("builtin")
    with tempfile.TemporaryDirectory() as temporary:
        cache, people = asked.cache or Path(temporary), 1 if asked.quick else asked.people
        rows: dict[str, float | None] = {**carvers(model, cache, people, asked.seed, asked.quick)}
    rows |= rasterisers(asked.quick) | {"cpu_s": time.process_time() - start}
    said = (f"{name:<32}{'not installed' if value is None else f'{value:.4g}':>14}" for name, value in rows.items())
    print(json.dumps(rows) if asked.json else "\n".join(said))


if __name__ == "__main__":
    main()
