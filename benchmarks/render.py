"""How fast and how exact the differentiable renderer is on the built-in body, and others beside it.

    python benchmarks/render.py [--quick] [--json] [--threads 2]

A step is vertex normals, projection, visibility, antialiasing, L1 of normals and mask, and the way back to vertices.
CPU milliseconds are those of all threads, the fastest of repeats; gradients are held against finite differences of a
4x supersampled render. The first call is timed in a process with an empty cache, a later one with a full one.
deodr (pip install -e '.[bench]') and pytorch3d (built from source) do their own part of a step, without projection,
normals and loss. Where deodr is not installed its rows say so, and are null in JSON; pytorch3d's factor is quoted from
an exploration then. `--quick` compiles nothing anew and leaves pytorch3d out, which takes minutes.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # before torch: its idle threads would count

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

import _gradients
import _peers
import torch
from _gradients import Shape, body, clip_points, subdivided

from avatarkit import camera, render
from avatarkit.surface import Surface

AT_MOST = {
    "step_27k_2x512_cpu_ms": 13,
    "step_27k_8x512_cpu_ms": 48,
    "step_27k_2x1024_cpu_ms": 33,
    "step_110k_2x512_cpu_ms": 33,
    "first_call_s": 40,
    "later_process_s": 1.5,
    "interior_error": 1e-3,
    "silhouette_error": 0.05,
    "coverage_differs_pixels": 10,
    "rss_8x512_mb": 700,
}
AT_LEAST = {
    "deodr_times_slower": 2,
    "pytorch3d_times_slower": 1000,
    "pytorch3d_times_slower_quoted": 1000,
    "first_call_said_on_stderr": 1,
    **{f"cosine_{name}": 0.95 for name in ("icosphere", "box", "plate", "body")},
}
Row = float | None


def fastest(step: Callable[[], None], repeats: int) -> tuple[float, float]:
    """CPU and wall milliseconds."""
    times = []
    for _ in range(repeats + 2):
        cpu, wall = time.process_time(), time.perf_counter()
        step()
        times.append((1e3 * (time.process_time() - cpu), 1e3 * (time.perf_counter() - wall)))
    cpus, walls = zip(*times[2:], strict=True)
    return min(cpus), min(walls)


def time_steps(name: str, shape: Shape, views: int, side: int, repeats: int) -> dict[str, float]:
    topology = render.Topology.of(shape.faces, len(shape.vertices))
    cameras = camera.ring(views, shape.vertices, (side, side))
    with torch.no_grad():
        normals = render.vertex_normals(shape.vertices, topology)
        targets, masks = render.render(shape.vertices * 1.01, shape.faces, cameras, normals, topology=topology)
    vertices = shape.vertices.clone().requires_grad_()

    def step() -> None:
        vertices.grad = None
        normals = render.vertex_normals(vertices, topology)
        render.render_l1(vertices, shape.faces, cameras, normals, targets, masks, topology=topology).backward()

    cpu, wall = fastest(step, repeats)
    key = f"step_{name}_{views}x{side}"
    return {f"{key}_cpu_ms": cpu, f"{key}_wall_ms": wall}


def time_peers(shape: Shape, ours: float, quick: bool) -> dict[str, Row]:
    """Their CPU ms at 27k triangles, 2 x 512², and how many times that is our whole step's."""
    views = camera.ring(2, shape.vertices, (512, 512))
    deodr = _peers.deodr_cpu_ms(shape.vertices, shape.faces, views, 5 if quick else 20)
    rows: dict[str, Row] = {"deodr_27k_2x512_cpu_ms": deodr, "deodr_times_slower": deodr and deodr / ours}
    pytorch3d = None if quick else _peers.pytorch3d_cpu_ms(shape.vertices, shape.faces, views)
    if pytorch3d is None:
        return rows | {"pytorch3d_times_slower_quoted": _peers.QUOTED_PYTORCH3D}
    return rows | {"pytorch3d_27k_2x512_cpu_ms": pytorch3d, "pytorch3d_times_slower": pytorch3d / ours}


FIRST = """
import time; began = time.perf_counter()
import logging
import torch
from avatarkit import camera, files, render
logging.basicConfig(level=logging.INFO)
model = files.read_body_model("builtin")
vertices = model.v_template.float().requires_grad_()
imported = time.perf_counter()
view = camera.framing(vertices, (512, 512))
topology = render.Topology.of(model.faces, len(vertices))
image, mask = render.render(vertices, model.faces, [view], render.vertex_normals(vertices, topology), topology=topology)
drawn = time.perf_counter()
render.render_l1(vertices, model.faces, [view], vertices, image.detach(), mask.detach()).backward()
print(drawn - began, drawn - imported, time.perf_counter() - began)
"""


def start(environment: dict[str, str]) -> tuple[list[float], bool]:
    """Seconds of a process of its own, and whether it said that it compiles."""
    run = subprocess.run([sys.executable, "-c", FIRST], env=environment, capture_output=True, check=True, text=True)
    return [float(x) for x in run.stdout.split()], "compiling" in run.stderr


def time_starts(quick: bool) -> dict[str, float]:
    rows = {}
    with tempfile.TemporaryDirectory() as folder:
        environment = dict(os.environ) if quick else {**os.environ, "NUMBA_CACHE_DIR": folder}
        if not quick:
            times, said = start(environment)
            rows = {"first_call_s": times[2], "first_call_said_on_stderr": float(said)}
        later = min(start(environment)[0] for _ in range(2 if quick else 3))
    return rows | {"later_process_s": later[0], "later_process_without_imports_s": later[1]}


def coverage_against_embree(shape: Shape) -> dict[str, float]:
    """Open3D's rays through the pixels' centres."""
    differ, covered = 0, 0
    for view in camera.ring(2, shape.vertices, (512, 512)):
        rast = render.rasterize(clip_points(view, shape.vertices), shape.faces, view.size)[0, ..., 3] > 0
        seen = Surface(shape.vertices, shape.faces).cast(*camera.rays(view)).face >= 0
        differ, covered = differ + int((rast != seen).sum()), covered + int(seen.sum())
    return {"coverage_differs_pixels": differ, "coverage_pixels": covered}


def table(rows: dict[str, Row]) -> str:
    lines = [f"{torch.get_num_threads()} threads".ljust(40) + "found".rjust(14) + "asked".rjust(12)]
    for name, value in rows.items():
        found = "not installed" if value is None else f"{value:.4g}"
        bounds = [f"{sign} {limits[name]:g}" for sign, limits in (("≤", AT_MOST), ("≥", AT_LEAST)) if name in limits]
        lines.append((name.ljust(40) + found.rjust(14) + "".join(bounds).rjust(12)).rstrip())
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer repeats and modes, no fresh compilation")
    parser.add_argument("--json", action="store_true", help="print one flat JSON object instead of the table")
    parser.add_argument("--threads", type=int, default=2)
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    person, repeats = body(), 10 if asked.quick else 40
    rows: dict[str, Row] = {}
    rows |= time_steps("27k", person, 2, 512, 2 * repeats)
    rows |= time_steps("27k", person, 8, 512, repeats)
    rows["rss_8x512_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rows |= time_steps("27k", person, 2, 1024, repeats)
    rows |= time_steps("110k", subdivided(person), 2, 512, repeats)
    rows |= time_peers(person, rows["step_27k_2x512_cpu_ms"] or 0.0, asked.quick)
    rows |= coverage_against_embree(person)
    rows |= _gradients.measured(4 if asked.quick else 32)
    rows |= time_starts(asked.quick)
    print(json.dumps(rows) if asked.json else table(rows))


if __name__ == "__main__":
    main()
