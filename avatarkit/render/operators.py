"""nvdiffrast's operators and layouts: kernels find who is seen and where silhouettes pass, torch does the arithmetic.

`clip` (N,V,4) is clip space as `camera.clip_from_world` makes it: NDC y down, -w <= z <= w, near at -w. A raster's
row 0 is the image's top. `rast` (N,H,W,4) holds u, v, z / w and 1 + triangle: u and v weigh a triangle's first and
second corner (perspective-correct), 1 - u - v its third; all four are 0 where nothing is.
"""

from typing import Literal

import numpy as np
import torch
from torch import Tensor

from avatarkit.render import painting, silhouettes
from avatarkit.render.engine import BANDS, run
from avatarkit.render.frame import SIGNS, UNPAINTED, as_array, look_clip, with_silhouettes
from avatarkit.render.topology import Topology
from avatarkit.shapes import sizes


def rasterize(
    clip: Tensor,
    faces: Tensor,
    size: tuple[int, int],
    *,
    surface: Literal["nearest", "farthest", "both"] = "nearest",
    topology: Topology | None = None,
) -> Tensor:
    """`rast` (N,H,W,4), or (N,2,H,W,4) of nearest and farthest surface for "both"; `size` is (width, height).

    Gradients of u and v reach `clip` (N,V,4); z / w and the triangle have none. Triangles are cut at the near and far
    plane; those without area or with a corner that is not finite are not drawn.
    """
    _, V, _ = sizes("N V 4, F 3", clip, faces)
    frame = look_clip(clip, topology or Topology.of(faces, V), size, surface)
    rast = torch.empty(*frame.shape, 4)
    run(painting.write_raster, frame.tasks, frame.scene(UNPAINTED, UNPAINTED[0]), SIGNS[surface], rast.numpy())
    rast = rast.to(clip.device)
    if clip.requires_grad and torch.is_grad_enabled():
        where = rast[..., 3].nonzero(as_tuple=True)
        centres = torch.stack([where[-1], where[-2]], dim=1) + 0.5
        weights = _weights(clip[where[0][:, None], faces[rast[where][:, 3].long() - 1]], centres, size).to(rast.dtype)
        # the kernel's values, the gradients of these
        differences = torch.zeros_like(rast[..., :2]).index_put(where, weights - weights.detach())
        rast = torch.cat([rast[..., :2] + differences, rast[..., 2:]], dim=-1)
    return rast if surface == "both" else rast[:, 0]


def _weights(corners: Tensor, centres: Tensor, size: tuple[int, int]) -> Tensor:
    """u, v (P,2) of triangles' clip-space `corners` (P,3,4) at pixels `centres` (P,2); 0 where they have no area."""
    ndc = centres.double() * 2 / centres.new_tensor(size).double() - 1
    p, q = (corners[..., :2].double() - ndc[:, None] * corners[..., 3:].double()).unbind(dim=-1)
    areas = p.roll(-1, 1) * q.roll(-2, 1) - q.roll(-1, 1) * p.roll(-2, 1)
    total = areas.sum(dim=1, keepdim=True)
    weights = areas / torch.where(total.abs() < 1e-30, 1, total)
    wild = (weights.detach().amin(dim=1, keepdim=True) < -0.1) | (total.abs() < 1e-30)
    return torch.where(wild, 0, weights)[:, :2]


def interpolate(attributes: Tensor, rast: Tensor, faces: Tensor) -> Tensor:
    """(N,H,W,C): `attributes` (V,C) or (N,V,C) at the surface of `rast` (N,H,W,4); 0 where nothing is."""
    N, H, W = sizes("N H W 4", rast)
    C = attributes.shape[-1]
    where = rast[..., 3].nonzero(as_tuple=True)
    u, v, _, triangle = rast[where].unbind(dim=-1)
    corners = faces[triangle.long() - 1]
    values = attributes[corners] if attributes.dim() == 2 else attributes[where[0][:, None], corners]
    weights = torch.stack([u, v, 1 - u - v], dim=1).to(attributes.dtype)
    image = attributes.new_zeros(N, H, W, C)
    return image.index_put(where, (values * weights[..., None]).sum(dim=1))


def antialias(
    colour: Tensor,
    rast: Tensor,
    clip: Tensor,
    faces: Tensor,
    topology: Topology | None = None,
    *,
    surface: Literal["nearest", "farthest"] = "nearest",
) -> Tensor:
    """`colour` (N,H,W,C) mixed across silhouettes by how far each covers a pixel; the door of gradients to `clip`.

    Laine et al. 2020, with silhouettes found by walking over the adjacency. `surface` says what `rast` shows.
    """
    N, H, W, C, V, F = sizes("N H W C, N H W 4, N V 4, F 3", colour, rast, clip, faces)
    topology = topology or Topology.of(faces, V)
    frame = look_clip(clip, topology, (W, H), "nearest")
    sign = 1 if surface == "nearest" else -1
    ids = rast[:, None, :, :, 3].detach().cpu().numpy().astype(np.int32)
    keys = np.where(ids > 0, sign * as_array(rast[:, None, :, :, 2]), np.float32(np.inf))
    scene = frame.scene(np.zeros((V, 1), np.float32), np.zeros(1, np.float32))
    scene = scene._replace(ids=ids, keys=keys, entries=np.arange(F, dtype=np.int32))
    counts, places, shares = with_silhouettes(frame, silhouettes.search, scene)
    found = enumerate(zip(counts, places, strict=True))
    rows = [np.nonzero(_own(place[:count, 0], task, H, W))[0] for task, (count, place) in found]
    view = torch.arange(N).repeat_interleave(torch.tensor([len(row) for row in rows]).reshape(N, BANDS).sum(1))
    listed = torch.from_numpy(np.concatenate([place[row] for place, row in zip(places, rows, strict=True)])).long()
    numbers = torch.from_numpy(np.concatenate([share[row] for share, row in zip(shares, rows, strict=True)])).double()
    view, listed, numbers = view.to(clip.device), listed.to(clip.device), numbers.to(clip.device)
    (into, other, a, b, axis, _), (alpha, direction) = listed.unbind(1), numbers.unbind(1)
    crossing = _crossing(clip, view, a, b, axis, into, other, (W, H))
    # the kernel's alpha, with the gradient of the crossing
    alpha = (alpha + direction * (crossing - crossing.detach())).to(colour.dtype)
    flat = colour.reshape(N * H * W, C)
    into, other = view * H * W + into, view * H * W + other
    return flat.index_add(0, into, alpha[:, None] * (flat[other] - flat[into])).reshape(colour.shape)


def _own(into: np.ndarray, task: int, H: int, W: int) -> np.ndarray:
    """Which silhouettes of a band reach into its own rows: the others are the next band's too."""
    rows = -(-H // BANDS)
    band: np.ndarray = into // W // rows == task % BANDS
    return band


def _crossing(clip: Tensor, view: Tensor, a: Tensor, b: Tensor, axis: Tensor, into: Tensor, other: Tensor,
              size: tuple[int, int]) -> Tensor:  # fmt: skip
    """Where the edges cross the lines through the pixels' centres, pixels along the axis."""
    W = size[0]
    ends = []
    for vertex in (a, b):
        corner = clip[view, vertex].double()
        pixels = (corner[:, :2] / corner[:, 3:] + 1) / 2 * corner.new_tensor(size)
        ends.append((pixels.gather(1, axis[:, None])[:, 0], pixels.gather(1, 1 - axis[:, None])[:, 0]))
    (a_along, a_across), (b_along, b_across) = ends
    first = torch.minimum(into, other)
    line = torch.where(axis == 0, first // W, first % W) + 0.5
    return a_along + (b_along - a_along) * (line - a_across) / (b_across - a_across)
