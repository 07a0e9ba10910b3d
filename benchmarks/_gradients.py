"""Gradients of the renderer against finite differences of a supersampled render.

It has 4 x 4 samples a pixel, and 8 x 8 for the small shapes: a straight edge along the samples jumps from one row of
them to the next, which by 4 x 4 makes 15 % of error in the truth for the box.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from avatarkit import camera, files, mesh, render
from avatarkit.camera import Camera


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
    edges = mesh.edges(shape.faces)
    vertices = torch.cat([shape.vertices, shape.vertices[edges.vertices].mean(dim=1)])
    (a, b, c), (ab, bc, ca) = shape.faces.T, (len(shape.vertices) + edges.of_faces).T
    faces = [torch.stack(corners, dim=1) for corners in ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))]
    return Shape(vertices, torch.cat(faces))


def icosphere(rounds: int = 3) -> Shape:
    """The icosahedron subdivided onto the unit sphere: 20 · 4^rounds triangles."""
    g = (1 + math.sqrt(5)) / 2
    corners = [(s, t * g, 0.0) for s in (-1.0, 1.0) for t in (-1.0, 1.0)]
    points = torch.tensor([corner[-turn:] + corner[:-turn] for turn in range(3) for corner in corners])
    near = torch.cdist(points, points) < 2.1  # edges have length 2
    found = [
        (a, b, c) for a in range(12) for b in range(a) for c in range(b) if near[a, b] and near[b, c] and near[c, a]
    ]
    faces = torch.tensor(found)
    inward = (torch.linalg.det(points[faces]) < 0)[:, None]
    shape = Shape(points, torch.where(inward, faces.flip(1), faces))
    for _ in range(rounds):
        shape = subdivided(shape)
        shape = Shape(mesh.unit(shape.vertices), shape.faces)
    return Shape(mesh.unit(shape.vertices), shape.faces)


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


def clip_points(view: Camera, vertices: Tensor) -> Tensor:
    """(1,V,4), for `rasterize`."""
    ones = torch.ones_like(vertices[:, :1])
    return (torch.cat([vertices, ones], dim=1) @ camera.clip_from_world(view, 0.01, 100.0).to(vertices).T)[None]


def coverage_of(shape: Shape, view: Camera, n: int) -> Tensor:
    """(H,W) float64: how much of a pixel is covered, by n x n samples."""
    fine = camera.resized(view, (n * view.size[0], n * view.size[1]))
    covered = render.rasterize(clip_points(fine, shape.vertices), shape.faces, fine.size)[0, ..., 3] > 0
    return covered.double().reshape(view.size[1], n, view.size[0], n).mean(dim=(1, 3))


def silhouette_gradients(
    shape: Shape, view: Camera, modes: list[Tensor], pixels: float, *, samples: int = 4
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
        ends = [(coverage_of(shape.moved(change), view, samples) * weight).sum() for change in (step, -step)]
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


def relative_error(found: list[float], truth: list[float]) -> float:
    """‖found - truth‖ / ‖truth‖."""
    return math.dist(found, truth) / math.hypot(*truth)


def interior_error(shape: Shape) -> float:
    """Relative error of gradients where the mesh fills the image, against central differences."""
    view = camera.framing(shape.vertices, (512, 512))
    view = camera.cropped(view, (236, 130, 40, 60))
    generator = torch.Generator().manual_seed(0)
    y, x = torch.meshgrid(torch.arange(60.0), torch.arange(40.0), indexing="ij")
    weight = (x / 9).sin() * (y / 13).cos()
    colours = (shape.vertices @ torch.randn(3, 3, generator=generator) * 3).sin().double()
    vertices = shape.vertices.clone().requires_grad_()
    image, coverage = render.render(vertices, shape.faces, [view], colours.float())
    assert float(coverage.detach().min()) == 1, "the window sees past the body"
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
    return relative_error(analytic, finite)


def measured(count: int) -> dict[str, float]:
    """The errors inside and at silhouettes, and the cosines over `count` smooth modes a shape."""
    person = body()
    view = camera.framing(person.vertices, (512, 512))
    centre = (person.vertices.amax(0) + person.vertices.amin(0)) / 2
    rigid = [torch.eye(3)[0].expand_as(person.vertices), torch.eye(3)[1].expand_as(person.vertices)]
    rows = {
        "interior_error": interior_error(person),
        "silhouette_error": relative_error(
            *silhouette_gradients(person, view, [*rigid, person.vertices - centre], 0.75)
        ),
    }
    pose = camera.around(torch.zeros(3), distance=4.0, yaw=25, elevation=15)
    near = camera.orthographic((96, 96), pose, metres_per_pixel=1 / 36.3)
    shapes = {"icosphere": icosphere(), "box": box(), "plate": box(8, (0.9, 0.9, 0.01)), "body": person}
    for name, shape in shapes.items():
        modes = smooth_modes(shape, count)
        place, samples = (view, 4) if name == "body" else (near, 8)
        pair = silhouette_gradients(shape, place, modes, 0.75, samples=samples)
        rows |= {f"cosine_{name}": cosine(*pair), f"modes_error_{name}": relative_error(*pair)}
    return rows
