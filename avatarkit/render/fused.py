"""From vertices to images, or to their L1 distance from targets, in one go: half the cost of the operators."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from avatarkit.camera import Camera
from avatarkit.render import gradients, painting
from avatarkit.render.engine import BANDS, THREADS, run
from avatarkit.render.frame import Frame, Silhouettes, as_array, look, pixel_matrices, with_silhouettes
from avatarkit.render.topology import Topology
from avatarkit.shapes import sizes

Seen = Literal["nearest", "farthest", "both"]


def render(
    vertices: Tensor,
    faces: Tensor,
    cameras: Sequence[Camera],
    attributes: Tensor,
    *,
    topology: Topology | None = None,
    surface: Seen = "nearest",
    near: float = 0.01,
    background: Sequence[float] | None = None,
) -> tuple[Tensor, Tensor]:
    """Antialiased images (N,H,W,C) of vertex `attributes` (V,C) and coverages (N,H,W) in 0 … 1, float32.

    N cameras of one size see world `vertices` (V,3); what is nearer than `near` metres to a camera is cut away.
    An image is `background` (C; default 0) where nothing is and mixed with it at silhouettes. Of `surface` "both" the
    results are (N,2,H,W,C) and (N,2,H,W): nearest, farthest. Gradients reach vertices and attributes, through
    visibility at silhouettes (Laine et al. 2020). Vertices not finite are not drawn. `topology` saves its making.
    """
    frame_of, _ = _check(vertices, faces, cameras, attributes, topology, surface, near)
    colour = _background(background, attributes)
    image, coverage = _Render.apply(vertices, attributes, frame_of, colour)  # type: ignore[no-untyped-call]
    return (image, coverage) if surface == "both" else (image[:, 0], coverage[:, 0])


def render_l1(
    vertices: Tensor,
    faces: Tensor,
    cameras: Sequence[Camera],
    attributes: Tensor,
    targets: Tensor,
    masks: Tensor,
    *,
    weights: Tensor | None = None,
    mask_weight: float = 1.0,
    topology: Topology | None = None,
    surface: Seen = "nearest",
    near: float = 0.01,
    background: Sequence[float] | None = None,
) -> Tensor:
    """The loss () mean of w |image - target| + `mask_weight` mean of w |coverage - mask| of what `render` gives.

    `targets` (N,H,W,C), `masks` (N,H,W) and `weights` w (N,H,W; default 1), with a second axis of 2 for "both". Means
    are over all pixels (and channels). The image is never handed out: gradients are made with the loss.
    """
    frame_of, size = _check(vertices, faces, cameras, attributes, topology, surface, near)
    N, L, C, (W, H) = len(cameras), 2 if surface == "both" else 1, attributes.shape[1], size
    wanted = [(targets, (N, L, H, W, C)), (masks, (N, L, H, W))]
    if weights is not None:
        wanted.append((weights, (N, L, H, W)))
    for tensor, shape in wanted:
        if tuple(tensor.shape) != (shape if surface == "both" else (N, *shape[2:])):
            raise ValueError(f"render_l1: targets, masks, weights have {tuple(tensor.shape)} for views of {shape}")
    arrays = [as_array(tensor).reshape(shape) for tensor, shape in wanted]
    if weights is None:
        arrays.append(np.zeros((0, 0, 0, 0), np.float32))
    loss: Tensor = _RenderL1.apply(  # type: ignore[no-untyped-call]
        vertices, attributes, frame_of, _background(background, attributes), arrays, mask_weight
    )
    return loss


def _check(vertices: Tensor, faces: Tensor, cameras: Sequence[Camera], attributes: Tensor,
           topology: Topology | None, surface: Seen, near: float) -> tuple[Any, tuple[int, int]]:  # fmt: skip
    V, _, _ = sizes("V 3, F 3, V C", vertices, faces, attributes)
    found = {camera.size for camera in cameras}
    if len(found) != 1:
        raise ValueError(f"render: cameras have the sizes {sorted(found)}, expected one or more cameras of one size")
    if not near > 0 and any(camera.kind == "perspective" for camera in cameras):
        raise ValueError(f"render: near is {near}, expected more than 0 metres")
    topology = Topology.of(faces, V) if topology is None else topology
    if topology.V != V or len(topology.faces) != len(faces):
        found_sizes = f"{topology.V} vertices, {len(topology.faces)} faces"
        raise ValueError(f"render: the topology has {found_sizes}: not this mesh's")
    size = found.pop()
    return (topology, pixel_matrices(cameras, near), size, surface), size


def _background(background: Sequence[float] | None, attributes: Tensor) -> np.ndarray:
    C = attributes.shape[1]
    if background is not None and len(background) != C:
        raise ValueError(f"render: background has {len(background)} channels, attributes have {C}")
    return np.zeros(C, np.float32) if background is None else np.asarray(background, np.float32)


def _gradients(frame: Frame, matrices: np.ndarray, attributes: np.ndarray, background: np.ndarray,
               g_image: np.ndarray, g_coverage: np.ndarray, found: Silhouettes,
               ) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Gradients (V,3) and (V,C) of what has the gradients `g_image` and `g_coverage`."""
    topology, take, (N, C) = frame.topology, frame.lease.take, (len(matrices), attributes.shape[1])
    V, count = topology.V, len(frame.entries)
    sums = take("sums", (count, 9 + 3 * C), np.float32)
    seen = take("seen", (count,), np.uint8)
    pulls = take("pulls", (*found[1].shape[:2], 2, 3), np.float32)
    scene = frame.scene(attributes, background)
    run(
        gradients.backward, frame.tasks, scene, g_image, g_coverage, sums.reshape(-1), seen, *_channels(C),
        found, pulls,
    )  # fmt: skip
    totals = take("totals", (N, V, 3 + C), np.float32)
    run(
        gradients.collect, N, topology.faces, frame.starts, frame.entries, sums, seen, found[0], found[1], pulls, totals
    )
    g_vertices, g_attributes = np.empty((V, 3), np.float32), np.empty((V, C), np.float32)
    run(gradients.gather, BANDS, totals, matrices, g_vertices, g_attributes)
    return g_vertices, g_attributes


def _channels(C: int) -> tuple[tuple[int, ...], np.ndarray]:
    """A tuple of length C, known when kernels are compiled, and each thread's room for two pixels' colour, coverage."""
    return (0,) * C, np.empty((THREADS, 2, C + 1))


class _Render(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, vertices: Tensor, attributes: Tensor, frame_of: Any, background: np.ndarray) -> Any:
        topology, (matrices, offsets), size, surface = frame_of
        frame, colours = look(vertices, topology, matrices, offsets, size, surface), as_array(attributes)
        image = torch.empty(*frame.shape, colours.shape[1])
        coverage = torch.empty(*frame.shape)
        painted = frame.scene(colours, background), image.numpy(), coverage.numpy(), *_channels(colours.shape[1])
        found = with_silhouettes(frame, painting.paint, *painted)
        ctx.held = (frame, matrices, colours, background, found, vertices.dtype, attributes.dtype)
        return image.to(vertices.device), coverage.to(vertices.device)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, g_image: Tensor, g_coverage: Tensor) -> Any:
        frame, matrices, colours, background, silhouettes, *dtypes = ctx.held
        found = _gradients(frame, matrices, colours, background, as_array(g_image), as_array(g_coverage), silhouettes)
        g_vertices, g_attributes = (
            torch.from_numpy(g).to(g_image.device, dtype) for g, dtype in zip(found, dtypes, strict=True)
        )
        return g_vertices, g_attributes, None, None


class _RenderL1(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, vertices: Tensor, attributes: Tensor, frame_of: Any, background: np.ndarray,
                arrays: list[np.ndarray], mask_weight: float) -> Tensor:  # fmt: skip
        topology, (matrices, offsets), size, surface = frame_of
        frame, colours = look(vertices, topology, matrices, offsets, size, surface), as_array(attributes)
        image = frame.lease.take("image", (*frame.shape, colours.shape[1]), np.float32)
        coverage = frame.lease.take("coverage", frame.shape, np.float32)
        painted = frame.scene(colours, background), image, coverage, *_channels(colours.shape[1])
        strengths = np.array([1 / max(image.size, 1), mask_weight / coverage.size], np.float32)
        lanes, sums = np.empty((THREADS, 64), np.float32), np.zeros(frame.tasks)
        wanted = *arrays, strengths
        silhouettes = with_silhouettes(frame, painting.paint_and_compare, *painted, wanted, lanes, sums)
        if any(ctx.needs_input_grad[:2]):
            found = _gradients(frame, matrices, colours, background, image, coverage, silhouettes)
            like = (vertices, attributes)
            ctx.save_for_backward(*(torch.from_numpy(g).to(x) for g, x in zip(found, like, strict=True)))
        return vertices.new_tensor(sums.sum())

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, g: Tensor) -> Any:
        g_vertices, g_attributes = ctx.saved_tensors
        return g * g_vertices, g * g_attributes, None, None, None, None
