"""How long a round of remeshing takes, and what triangles come of it.

    python benchmarks/remesh.py [--quick] [--json]

The closed skin of the built-in body at 25k triangles (its own) and 110k. Times are CPU ms of one thread, the fastest of
the repeats: `first` is a first round towards the mean edge length, which splits and collapses half of the mesh;
`settled` one after ten, as it runs inside an optimisation. Quality is after those ten rounds; `isotropic` moves
vertices too. In band: edges of 0.5 to 1.5 times the target. Random rounds are those of tests/rounds.py, drawn by
hypothesis: closed, manifold, no zero-area or overturned face, frozen vertices and state as they should be. Beside it:
Palfinger's torch code took 355 ms at 27k and 1,409 ms at 110k triangles on such a machine (an exploration, not run
here); trimesh and Open3D have no counterpart.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from avatarkit import files, mesh
from avatarkit.mesh import Mesh
from avatarkit.remesh import filled, isotropic, remeshed, subdivided

ASKED = {"first": "  asked: 60 at 27k", "all kinds": "  asked: 0 of 200"}


def fastest(work: Callable[[], object], repeats: int) -> float:
    """CPU milliseconds."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        times.append(1e3 * (time.process_time() - start))
    return min(times)


def body() -> Mesh:
    model = files.read_body_model("builtin")
    assert model.outer_faces is not None
    whole = Mesh(model.v_template, model.outer_faces)
    return mesh.submesh(whole, torch.ones(len(whole.faces), dtype=torch.bool))[0]


def even(shape: Mesh, length: float) -> Tensor:
    return torch.full((len(shape.vertices),), length)


def lengths(shape: Mesh) -> Tensor:
    a, b = shape.vertices[mesh.edges(shape.faces).vertices].unbind(dim=1)
    return (a - b).norm(dim=1)


def smallest_angles(shape: Mesh) -> Tensor:
    """(F,) degrees."""
    corners = shape.vertices[shape.faces].double()
    ahead, behind = mesh.unit(corners.roll(-1, dims=1) - corners), mesh.unit(corners.roll(1, dims=1) - corners)
    return torch.rad2deg(torch.acos((ahead * behind).sum(dim=-1).clamp(-1, 1))).amin(dim=1)


def quality(shape: Mesh, length: float) -> dict[str, float]:
    angles, relative = smallest_angles(shape), lengths(shape) / length
    return {
        "triangles": len(shape.faces),
        "closed_manifold": float(mesh.is_closed(shape.faces) and mesh.is_manifold(shape.faces)),
        "angle_min_deg": float(angles.min()),
        "angle_1pct_deg": float(angles.quantile(0.01)),
        "angle_median_deg": float(angles.median()),
        "in_band_percent": 100 * float(((relative >= 0.5) & (relative <= 1.5)).double().mean()),
    }


def measure(shape: Mesh, repeats: int) -> dict[str, dict[str, float]]:
    length = float(lengths(shape).mean())
    state = torch.zeros(len(shape.vertices), 8)
    loaded = shape.having(moments=state, part=torch.zeros(len(shape.vertices), dtype=torch.uint8))
    frozen = torch.arange(len(shape.vertices)) < len(shape.vertices) // 5
    settled = shape
    for _ in range(10):
        settled = remeshed(settled, even(settled, length))
    times = {
        "first": lambda: remeshed(shape, even(shape, length)),
        "first, 8 floats + 1 label, a fifth frozen": lambda: remeshed(loaded, even(shape, length), frozen=frozen),
        "settled": lambda: remeshed(settled, even(settled, length)),
        "isotropic, 8 rounds": lambda: isotropic(shape, length),
        "Loop subdivision": lambda: subdivided(shape),
    }
    rows: dict[str, dict[str, float]] = {"as it is": quality(shape, length)}
    for name, work in times.items():
        rows[name] = {"cpu_ms": fastest(work, repeats if "8" not in name else max(1, repeats // 5))}
    rows["settled"] |= quality(settled, length)
    rows["isotropic, 8 rounds"] |= quality(isotropic(shape, length), length)
    return rows


def holes(shape: Mesh, repeats: int) -> dict[str, float]:
    """A lid of about a hundred faces cut off the crown."""
    crown = shape.vertices[shape.faces].mean(dim=1)[:, 1]
    open_mesh = mesh.submesh(shape, crown < crown.quantile(1 - 300 / len(crown)))[0]
    rim = max(map(len, mesh.boundary_loops(open_mesh.faces)), default=0)
    closed = filled(open_mesh)
    return {
        "rim": rim,
        "cpu_ms": fastest(lambda: filled(open_mesh), repeats),
        "closed_manifold": float(mesh.is_closed(closed.faces) and mesh.is_manifold(closed.faces)),
    }


def random_rounds(count: int = 200) -> dict[str, float]:
    """How many of the rounds break what, over meshes of all kinds."""
    from hypothesis import HealthCheck, Phase, given, settings

    sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
    from rounds import Round, rounds, violations

    found: list[list[str]] = []

    @settings(
        max_examples=count, phases=[Phase.generate], deadline=None, database=None, derandomize=True,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(rounds())
    def check(given_round: Round) -> None:
        found.append(violations(given_round))

    check()
    broken = {name for row in found for name in row}
    return {"rounds": len(found), "violations": sum(map(bool, found))} | {
        name: sum(name in row for row in found) for name in sorted(broken)
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer repeats")
    parser.add_argument("--json", action="store_true", help="print one flat JSON object instead of the table")
    options = parser.parse_args()
    torch.set_num_threads(1)
    repeats = 5 if options.quick else 20
    shape = body()
    start = time.process_time()
    remeshed(shape, even(shape, 0.01))
    figures: dict[str, dict[str, dict[str, float]]] = {
        "first call": {"compiled or loaded": {"cpu_ms": 1e3 * (time.process_time() - start)}},
        f"{len(shape.faces)} triangles": measure(shape, repeats),
    }
    fine = shape
    while len(fine.faces) < 105_000:
        fine = remeshed(fine, even(fine, 0.92 * float(lengths(fine).mean())))
    figures[f"{len(fine.faces)} triangles"] = measure(fine, repeats)
    figures["hole filling"] = {"crown": holes(shape, max(1, repeats // 5))}
    here = importlib.util.find_spec("hypothesis")
    figures["random rounds"] = {"all kinds": random_rounds()} if here else {"hypothesis is not installed": {}}
    if options.json:
        flat = {
            f"{title}: {name}: {key}": value
            for title, rows in figures.items()
            for name, row in rows.items()
            for key, value in row.items()
        }
        print(json.dumps(flat))
        return
    for title, rows in figures.items():
        print(f"\n{title}")
        for name, row in rows.items():
            print(f"  {name:45s}" + "  ".join(f"{key} {value:.1f}" for key, value in row.items()) + ASKED.get(name, ""))


if __name__ == "__main__":
    main()
