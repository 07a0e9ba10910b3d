"""Other differentiable renderers on a CPU, at their own part of a step: visibility, colours, and the way back.

Vertices come projected, with normals and a mask as four channels, and gradients of the image come with them: of what
our step does, projection, vertex normals and the loss are left out here. CPU milliseconds of all views together, or
None where the package is not installed.
"""

from __future__ import annotations

import importlib.util
import time

import numpy as np
import torch
from torch import Tensor

from avatarkit import camera, mesh
from avatarkit.camera import Camera

QUOTED_PYTORCH3D = 6400.0
"""Times slower than a step of ours: an exploration's run of the whole step on another rasteriser of ours."""


def is_here(package: str) -> bool:
    return importlib.util.find_spec(package) is not None


def channels(vertices: Tensor, faces: Tensor) -> Tensor:
    """(V,4): normals and 1."""
    return torch.cat([mesh.vertex_normals(vertices, faces), torch.ones(len(vertices), 1)], dim=1)


def image_gradient(view: Camera) -> Tensor:
    """(H,W,4): of the size that an L1 has, of either sign."""
    width, height = view.size
    signs = torch.randn(height, width, 4, generator=torch.Generator().manual_seed(0)).sign()
    return signs / signs.numel()


def deodr_cpu_ms(vertices: Tensor, faces: Tensor, views: list[Camera], repeats: int) -> float | None:
    """deodr draws in float64, on one thread, without the faces that look away: its gradients ask for that."""
    if not is_here("deodr"):
        return None
    from deodr.differentiable_renderer import Scene2D

    scenes = [(_deodr_scene(Scene2D, vertices, faces, view), image_gradient(view).double().numpy()) for view in views]
    times = []
    for _ in range(repeats + 1):
        start = time.process_time()
        for scene, gradient in scenes:
            scene.clear_gradients()
            scene.render(1)
            scene.render_backward(gradient)
        times.append(1e3 * (time.process_time() - start))
    covered = [float(scene.store_backward[1][..., 3].mean()) for scene, _ in scenes]
    assert min(covered) > 0.05 and all(np.abs(scene.ij_b).sum() > 0 for scene, _ in scenes), "deodr drew nothing"
    return min(times[1:])


def _deodr_scene(make, vertices: Tensor, faces: Tensor, view: Camera):
    """The mesh in pixels; deodr's pixel centres are whole numbers. Silhouette edges have one visible face."""
    vertices = vertices.double()
    pixels, depth = camera.project(view.to(vertices), vertices)
    a, b, c = pixels[faces].unbind(dim=1)
    faces_us = ((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]) < 0  # counter-clockwise with y down
    edges = mesh.edges(faces)
    visible = torch.bincount(edges.of_faces[faces_us].reshape(-1), minlength=len(edges.vertices))
    V, F, (width, height) = len(vertices), len(faces), view.size
    return make(
        faces=faces.numpy().astype(np.uint32), faces_uv=np.zeros((F, 3), np.uint32), ij=(pixels - 0.5).numpy(),
        depths=depth.numpy(), textured=np.zeros(F, bool), uv=np.zeros((1, 2)), shade=np.zeros(V),
        colors=channels(vertices, faces).double().numpy(), shaded=np.zeros(F, bool),
        edgeflags=(visible == 1)[edges.of_faces].numpy(), height=height, width=width, nb_colors=4,
        texture=np.zeros((0, 0)), background_color=np.zeros(4), backface_culling=True,
    )  # fmt: skip


def pytorch3d_cpu_ms(vertices: Tensor, faces: Tensor, views: list[Camera]) -> float | None:
    """Its hard rasteriser (one face a pixel, no gradient at silhouettes), once: a minute or two."""
    if not is_here("pytorch3d"):
        return None
    from pytorch3d.renderer.mesh.rasterize_meshes import rasterize_meshes
    from pytorch3d.structures import Meshes

    placed = []
    for view in views:
        pixels, depth = camera.project(view, vertices)
        ndc = 1 - 2 * pixels / torch.tensor(view.size)  # x left, y up
        placed.append(torch.cat([ndc, depth[:, None]], dim=1))
    start = time.process_time()
    for view, points in zip(views, placed, strict=True):
        points = points.requires_grad_()
        seen, _, weights, _ = rasterize_meshes(
            Meshes([points], [faces]), view.size[::-1], faces_per_pixel=1, bin_size=0, perspective_correct=False
        )
        covered = seen[0, ..., 0] >= 0
        corners = channels(vertices, faces)[faces[seen[0, ..., 0].clamp(min=0)]]
        image = (weights[0, ..., 0, :, None] * corners).sum(dim=-2) * covered[..., None]
        image.backward(image_gradient(view))
        assert float(covered.float().mean()) > 0.05 and float(points.grad.abs().sum()) > 0, "pytorch3d drew nothing"
    return 1e3 * (time.process_time() - start)
