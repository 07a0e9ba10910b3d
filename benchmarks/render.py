"""How fast and how exact the differentiable renderer is on the built-in body.

    python benchmarks/render.py [--quick] [--json] [--threads 2]

A step is vertex normals, projection, visibility, antialiasing, L1 of normals and mask, and the way back to vertices.
CPU milliseconds are those of all threads, the fastest of repeats; gradients are held against finite differences of a
4x supersampled render. The first call is timed in a process with an empty cache, the later one with a full one.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # before torch: its idle threads would count

import argparse
import json
import math
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from avatarkit import camera, files, render
from avatarkit.camera import Camera
from avatarkit.surface import Surface

LIMITS = {
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


@dataclass
class Shape:
    vertices: Tensor
    faces: Tensor

    def moved(self, change: Tensor) -> Shape:
        return Shape(self.vertices + change, self.faces)


def body() -> Shape:
    model = files.read_body_model("builtin")
    return Shape(model.v_template.float(), model.faces.long())


def subdivided(shape: Shape) -> Shape:
    """Each face in four, by its edges' middles."""
    ends = shape.faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2).sort(dim=1).values
    edges, place = torch.unique(ends, dim=0, return_inverse=True)
    vertices = torch.cat([shape.vertices, shape.vertices[edges].mean(dim=1)])
    (a, b, c), (ab, bc, ca) = shape.faces.T, (len(shape.vertices) + place.reshape(-1, 3)).T
    faces = [torch.stack(corners, dim=1) for corners in ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))]
    return Shape(vertices, torch.cat(faces))


def box(n: int = 8, size: tuple[float, float, float] = (0.6, 0.9, 0.4)) -> Shape:
    """A closed box of n x n squares a side."""
    line = torch.linspace(-1, 1, n + 1)
    u, v = torch.meshgrid(line, line, indexing="ij")
    at = torch.arange((n + 1) ** 2).reshape(n + 1, n + 1)
    a, b, c, d = (t.reshape(-1) for t in (at[:-1, :-1], at[1:, :-1], at[1:, 1:], at[:-1, 1:]))
    side = torch.cat([torch.stack([a, b, c], 1), torch.stack([a, c, d], 1)])
    vertices, faces = [], []
    for axis in range(3):
        for sign in (1.0, -1.0):
            planes = [u, v, torch.full_like(u, sign)]
            if sign < 0:
                planes[0], planes[1] = v, u
            vertices.append(torch.stack([planes[(k - axis) % 3 - 1] for k in range(3)], dim=-1).reshape(-1, 3))
            faces.append(side + len(faces) * (n + 1) ** 2)
    welded, place = torch.unique(torch.cat(vertices).mul(1e5).round(), dim=0, return_inverse=True)
    return Shape(welded / 1e5 * torch.tensor(size), place[torch.cat(faces)])


def icosphere_of(shape: Shape) -> Shape:
    """The box blown up to a sphere."""
    return Shape(torch.nn.functional.normalize(shape.vertices / shape.vertices.amax(0), dim=1), shape.faces)


def through(view: Camera, vertices: Tensor) -> Tensor:
    ones = torch.ones_like(vertices[:, :1])
    return (torch.cat([vertices, ones], dim=1) @ camera.clip_from_world(view, 0.01, 100.0).to(vertices).T)[None]


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


FIRST = """
import time; began = time.perf_counter()
import torch
from avatarkit import camera, files, render
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


def time_starts() -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "NUMBA_CACHE_DIR": folder}
        run = [sys.executable, "-c", FIRST]
        times = [
            [float(x) for x in subprocess.run(run, env=environment, capture_output=True, check=True).stdout.split()]
            for _ in range(4)
        ]
    later = min(times[1:])
    return {"first_call_s": times[0][2], "later_process_s": later[0], "later_process_without_imports_s": later[1]}


def coverage_of(shape: Shape, view: Camera, n: int = 4) -> Tensor:
    """(H,W) float64: how much of a pixel is covered, by n x n samples."""
    fine = camera.resized(view, (n * view.size[0], n * view.size[1]))
    covered = render.rasterize(through(fine, shape.vertices), shape.faces, fine.size)[0, ..., 3] > 0
    return covered.double().reshape(view.size[1], n, view.size[0], n).mean(dim=(1, 3))


def silhouette_gradients(
    shape: Shape, view: Camera, modes: list[Tensor], pixels: float
) -> tuple[list[float], list[float]]:
    """d loss along each mode, analytic and by finite differences that move the mesh by some pixels."""
    y, x = torch.meshgrid(*(torch.linspace(-1, 1, side) for side in view.size[::-1]), indexing="ij")
    weight = ((2 * x).sin() + 0.5 * y + 0.3 * (3 * y).cos()).double()
    vertices = shape.vertices.clone().requires_grad_()
    _, coverage = render.render(vertices, shape.faces, [view], torch.ones(len(vertices), 1))
    (coverage[0] * weight).sum().backward()
    analytic, finite = [], []
    for mode in modes:
        step = pixels / float(view.K[0, 0]) / float(mode.abs().max()) * mode
        ends = [(coverage_of(shape.moved(change), view) * weight).sum() for change in (step, -step)]
        analytic.append(float((vertices.grad * step).sum()))
        finite.append(float(ends[0] - ends[1]) / 2)
    return analytic, finite


def smooth_modes(shape: Shape, count: int) -> list[Tensor]:
    """Random displacements (V,3) of wavelengths down to half the shape's size."""
    generator, size = torch.Generator().manual_seed(0), float((shape.vertices.amax(0) - shape.vertices.amin(0)).max())
    modes = []
    for _ in range(count):
        waves = 2 * math.pi / size * 2 * torch.randn(3, 3, generator=generator) / 2
        phases, ways = (torch.rand(3, generator=generator) * 7, torch.randn(3, 3, generator=generator))
        modes.append((shape.vertices @ waves.T + phases).sin() @ ways)
    return modes


def cosine(a: list[float], b: list[float]) -> float:
    return sum(x * y for x, y in zip(a, b, strict=True)) / (math.hypot(*a) * math.hypot(*b))


def interior_error(shape: Shape) -> float:
    """Relative error of gradients where the mesh fills the image, against central differences."""
    view = camera.framing(shape.vertices, (512, 512))
    view = camera.cropped(view, (236, 130, 40, 60))
    generator = torch.Generator().manual_seed(0)
    y, x = torch.meshgrid(torch.arange(60.0), torch.arange(40.0), indexing="ij")
    weight = (x / 9).sin() * (y / 13).cos()
    colours = (shape.vertices @ torch.randn(3, 3, generator=generator) * 3).sin().double()
    vertices = shape.vertices.clone().requires_grad_()
    image, _ = render.render(vertices, shape.faces, [view], colours.float())
    (image[0].double() * weight[..., None]).sum().backward()
    analytic, finite = [], []
    for mode in smooth_modes(shape, 8):
        step = 0.02 / float(view.K[0, 0]) * mode
        images = [
            render.render(shape.vertices + change, shape.faces, [view], colours.float())[0][0].double()
            for change in (step, -step)
        ]
        ends = [(image * weight[..., None]).sum() for image in images]
        analytic.append(float((vertices.grad * step).sum()))
        finite.append(float(ends[0] - ends[1]) / 2)
    return math.dist(analytic, finite) / math.hypot(*finite)


def measure_gradients(count: int) -> dict[str, float]:
    person, block = body(), box()
    view = camera.framing(person.vertices, (512, 512))
    centre = (person.vertices.amax(0) + person.vertices.amin(0)) / 2
    rigid = [torch.eye(3)[0].expand_as(person.vertices), torch.eye(3)[1].expand_as(person.vertices)]
    analytic, finite = silhouette_gradients(person, view, [*rigid, person.vertices - centre], 0.75)
    figures = {
        "interior_error": interior_error(person),
        "silhouette_error": math.dist(analytic, finite) / math.hypot(*finite),
    }
    pose = camera.around(torch.zeros(3), distance=4.0, yaw=25, elevation=15)
    near = camera.orthographic((96, 96), pose, metres_per_pixel=1 / 36.3)
    shapes = {"sphere": icosphere_of(block), "box": block, "plate": box(8, (0.9, 0.9, 0.01)), "body": person}
    for name, shape in shapes.items():
        modes = smooth_modes(shape, count)
        figures[f"cosine_{name}"] = cosine(*silhouette_gradients(shape, view if name == "body" else near, modes, 0.75))
    return figures


def coverage_against_embree() -> dict[str, float]:
    shape, differ, covered = body(), 0, 0
    for view in camera.ring(2, shape.vertices, (512, 512)):
        rast = render.rasterize(through(view, shape.vertices), shape.faces, view.size)[0, ..., 3] > 0
        seen = Surface(shape.vertices, shape.faces).cast(*camera.rays(view)).face >= 0
        differ, covered = differ + int((rast != seen).sum()), covered + int(seen.sum())
    return {"coverage_differs_pixels": differ, "coverage_pixels": covered}


def table(figures: dict[str, float]) -> str:
    lines = [f"{torch.get_num_threads()} threads".ljust(40) + "found".rjust(12) + "limit".rjust(12)]
    for name, value in figures.items():
        limit = LIMITS.get(name, 0.95 if name.startswith("cosine") else None)
        lines.append(name.ljust(40) + f"{value:12.4g}" + ("" if limit is None else f"{limit:12.4g}"))
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer repeats and modes, no fresh compilation")
    parser.add_argument("--json", action="store_true", help="print one flat JSON object instead of the table")
    parser.add_argument("--threads", type=int, default=2)
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    person, repeats = body(), 10 if asked.quick else 40
    figures: dict[str, float] = {}
    figures |= time_steps("27k", person, 2, 512, 2 * repeats)
    figures |= time_steps("27k", person, 8, 512, repeats)
    figures["rss_8x512_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    figures |= time_steps("27k", person, 2, 1024, repeats)
    figures |= time_steps("110k", subdivided(person), 2, 512, repeats)
    figures |= coverage_against_embree()
    figures |= measure_gradients(4 if asked.quick else 32)
    figures |= {} if asked.quick else time_starts()
    print(json.dumps(figures) if asked.json else table(figures))


if __name__ == "__main__":
    main()
