"""How near carved people come to the true ones, in what time, against the nude body and against Chupa's carver.

    python benchmarks/carve.py [--quick] [--json] [--people 32] [--cache DIR] [--sheet carved.png] [--only two,ring]

Held-out synthetic people of a fresh seed: whole truths with hair, shoes, hats, bags, glasses; their true bodies and
true maps at 512² (with relief and labels, as gen-normals writes them). Figures as in DESIGN §7, alignment none, means
over people with 95 % intervals of the bootstrap (_low, _high). `two`: front and back; `ring`: eight views; `noisy`:
front and back with a body whose PA-MPJPE is 5 cm, against that body; `chupa`: its published schedule on our renderer;
`without_…`: a part left out, as paired differences from `two` (above 0: the part helps). `common_degrees`: normal error
on the pixels that all methods of a person share. Crossing faces: see avatarkit.crossing. Seconds are of `--threads`
threads. Peak memory is of a process that carves one person, reading included. Failures are counted, and out of the
means. Parts (hats, glasses, bags …) are in a result when their outer surface is less than half as far from it as from
the nude body.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import torch
from _carved_sheet import sheet
from _judged import ABLATIONS, FIGURES, Figures, Method, Row, column, difference, ours, paired, row_of, with_interval
from _memory import peak_of
from _tables import table
from _truths import cases
from PIL import Image

from avatarkit import files, scores
from avatarkit.maps import PARTS
from avatarkit.mesh import Mesh

GROUPS = ("two", "ring", "noisy", "chupa", "ablations")
AT_MOST = {
    "two_chamfer": 10,
    "two_over_nude": 0.5,
    "two_degrees": 10,
    "two_wall_s": 12,
    "ring_chamfer": 4.5,
    "ring_degrees": 6,
    "ring_wall_s": 30,
    "noisy_over_nude": 0.9,
    "chupa_two_minus_chupa_chamfer": 0,
    "chupa_two_over_chupa_cpu": 0.5,
    "peak_mb": 1536,
}
AT_LEAST = {"two_closed": 1, "ring_closed": 1, "noisy_closed": 1, "two_not_crossing": 0.9, "noisy_one_part": 1}


def of_method(rows: list[Row], method: str) -> Figures:
    """Every figure of a method: all people, then those in skirts and the others apart."""
    found: Figures = {}
    for figure in FIGURES:
        found |= with_interval(f"{method}_{figure}", column(rows, method, figure))
    for label, skirt in (("skirts", True), ("no_skirts", False)):
        some = [row for row in rows if row.skirt == skirt]
        found[f"{method}_people_{label}"] = len(some)
        for figure in ("chamfer", "degrees", "iou"):
            found |= with_interval(f"{method}_{label}_{figure}", column(some, method, figure))
    for figure in ("closed", "not_crossing", "crossing_faces"):
        found |= {
            f"{method}_{figure}": float(values.mean()) for values in [column(rows, method, figure)] if len(values)
        }
    found[f"{method}_failures"] = sum(method in row.failures for row in rows)
    degrees = [row.common[method] for row in rows if method in row.common]
    return found | with_interval(f"{method}_common_degrees", torch.tensor(degrees).numpy())


def against(rows: list[Row], method: str, other: str) -> Figures:
    """The mean Chamfer over that of the other body, and the ratio person by person at its worst."""
    both = paired(rows, method, other, "chamfer")
    name = f"{method}_over_nude"
    return {name: both[:, 0].mean() / both[:, 1].mean(), f"{name}_worst": (both[:, 0] / both[:, 1]).max()}


def noisy_rows(rows: list[Row]) -> Figures:
    litres = paired(rows, "noisy", "noisy_nude", "litres")
    return against(rows, "noisy", "noisy_nude") | {
        "noisy_one_part": (column(rows, "noisy", "parts") == 1).mean(),
        "noisy_least_volume_over_nude": (litres[:, 0] / litres[:, 1]).min(),
        "noisy_longest_edge_mm": column(rows, "noisy", "longest_edge_mm").max(),
    }


def chupa_rows(rows: list[Row]) -> Figures:
    spent = paired(rows, "two", "chupa", "cpu_s").sum(axis=0)
    found = {
        "chupa_people": float(len(column(rows, "chupa", "chamfer"))),
        "chupa_two_over_chupa_cpu": spent[0] / spent[1],
    }
    for figure in ("chamfer", "degrees"):
        found |= with_interval(f"chupa_two_minus_chupa_{figure}", difference(rows, "two", "chupa", figure))
    return found


def ablation_rows(rows: list[Row]) -> Figures:
    found: Figures = {}
    for name in ABLATIONS:
        for figure in ("chamfer", "degrees", "iou", "crossing_faces", "cpu_s"):
            found |= with_interval(f"without_{name}_{figure}", difference(rows, f"without_{name}", "two", figure))
    return found


def figures_of(rows: list[Row]) -> Figures:
    made = {name for row in rows for name in row.figures}
    found: Figures = {"people": len(rows), "sampling_floor_chamfer": column(rows, "floor", "chamfer").mean()}
    for method in ("nude", "two", "ring", "noisy_nude", "noisy", "chupa"):
        found |= of_method(rows, method) if method in made else {}
    for method in ("two", "ring"):
        found |= against(rows, method, "nude") if method in made else {}
    found |= noisy_rows(rows) if "noisy" in made else {}
    found |= chupa_rows(rows) if "chupa" in made else {}
    found |= ablation_rows(rows)
    return {name: float(value) for name, value in (found | part_rows(rows)).items()}


def part_rows(rows: list[Row]) -> Figures:
    """Outer surfaces of the truth's parts, millimetres from the result and from the nude body; and what of them is in
    the result, of front and back and of eight views: half as far from it as from the nude body."""
    found: Figures = {}
    for part in PARTS[1:]:
        nude = column(rows, "nude", f"s2p_{part}")
        if len(nude):
            found |= {f"nude_{part}_s2p": float(nude.mean()), f"{part}_worn": len(nude)}
        for method in ("two", "ring"):
            carved = column(rows, method, f"s2p_{part}")
            if len(nude) and len(carved) == len(nude):
                found[f"{method}_{part}_s2p"] = float(carved.mean())
                found[f"{method}_{part}_in_result"] = int((carved < 0.5 * nude).sum())
    return found


def worst(rows: list[Row], count: int = 6) -> str:
    """The people whom front and back carve worst, and all failures."""
    told = sorted((row for row in rows if "two" in row.figures), key=lambda row: -row.figures["two"]["chamfer"])
    lines = [
        f"{row.figures['two']['chamfer']:.1f} mm (nude {row.figures['nude']['chamfer']:.1f}), "
        f"{row.figures['two']['degrees']:.1f}°, {row.title}"
        for row in told[:count]
    ]
    failed = [f"{name}: {failure}, {row.title}" for row in rows for name, failure in row.failures.items()]
    return "\n".join(["worst with two views:", *lines, *failed])


def methods_for(only: set[str], ablated: bool) -> dict[str, Method]:
    found: dict[str, Method] = {"two": ours, "ring": ours} if "ring" in only else {"two": ours}
    named = {f"without_{name}": ablation for name, ablation in ABLATIONS.items()}
    return found | (named if "ablations" in only and ablated else {})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one person, front and back, and a badly known body")
    parser.add_argument("--json", action="store_true", help="print one flat JSON object instead of the table")
    parser.add_argument("--people", type=int, default=32)
    parser.add_argument("--slow", type=int, default=8, help="people for Chupa's schedule (4 minutes each)")
    parser.add_argument("--ablated", type=int, default=16, help="people for ablations")
    parser.add_argument("--seed", type=int, default=9001, help="of the people; a fresh one for figures to report")
    parser.add_argument("--points", type=int, default=scores.POINTS)
    parser.add_argument("--only", default=",".join(GROUPS), help=f"some of {','.join(GROUPS)}")
    parser.add_argument("--cache", type=Path, help="where people are kept, made where missing")
    parser.add_argument("--sheet", type=Path, help="write a contact sheet of the first sixteen, front and back")
    parser.add_argument("--threads", type=int, default=2)
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    only = {"two", "noisy"} if asked.quick else set(asked.only.split(","))
    count, points = (1, 20_000) if asked.quick else (asked.people, asked.points)
    model = files.read_body_model("builtin")
    rows: list[Row] = []
    pairs: list[tuple[Mesh, Mesh]] = []
    memory: Figures = {}
    for case in cases(model, asked.cache, seed=asked.seed, count=count, points=points):
        methods = methods_for(only, case.index < asked.ablated)
        chupa = "chupa" in only and case.index < asked.slow
        row, meshes = row_of(model, case, methods, points, noisy="noisy" in only, chupa=chupa)
        rows.append(row)
        told = {name: round(figures["chamfer"], 1) for name, figures in row.figures.items()}
        print(case.title, told, row.failures or "", file=sys.stderr)
        if len(pairs) < 16 and "two" in meshes:
            pairs.append((case.mesh, meshes["two"]))
        if case.index == 0 and not asked.quick:
            memory = peak_of(case.folder, asked.threads)
    if asked.sheet is not None:
        Image.fromarray(sheet(pairs)).save(asked.sheet)
    figures = figures_of(rows) | memory
    print(json.dumps(figures) if asked.json else table(figures, AT_MOST, AT_LEAST) + "\n\n" + worst(rows))


if __name__ == "__main__":
    main()
