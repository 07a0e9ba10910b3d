"""How good an atlas is, in numbers."""

import torch
from torch import Tensor

from avatarkit import render
from avatarkit.atlas.atlas import Atlas, islands, seams
from avatarkit.atlas.flattening import areas_of
from avatarkit.atlas.texels import flat
from avatarkit.mesh import face_areas

NARROW = 8
"""Texels; charts less wide are of no use."""
LEAST_AREA = 1e-12
"""Square metres; faces with less are nothing."""


def measured(atlas: Atlas, size: int = 2048) -> dict[str, float]:
    """An atlas in numbers, its texture of `size`² texels.

    `charts`: pieces that hang together; `coverage`: the share of texels that show a face; `overlaps`: texels that show
    two; `flips`: faces turned over or without area though they have one on the surface; `narrow`: charts less than 8
    texels wide; `density_p5`, `density_p95`, `density_ratio`: texels a metre, over the surface's area; `stretch`: the
    root mean square of Sander et al. 2001 (L2, 1 = isometric); `seam_length`: metres of cut edges.
    """
    mesh, uvs = atlas.mesh, atlas.uvs
    layers = render.rasterize(*flat(uvs), (size, size), surface="both")[0, ..., 3]
    areas, charted = face_areas(mesh.vertices, mesh.faces).double(), signed_areas(uvs)
    solid = areas > LEAST_AREA
    density = (charted.clamp(min=0) / areas.clamp(min=1e-12)).sqrt() * size
    low, high = quantiles(density[solid], areas[solid], (0.05, 0.95))
    island = islands(atlas)
    cut = seams(atlas)[:, 0]
    ends = [mesh.vertices[mesh.faces[cut[:, 0], (cut[:, 1] + k) % 3]] for k in (0, 1)]
    return {
        "charts": float(island.max() + 1),
        "coverage": float((layers[0] > 0).double().mean()),
        "overlaps": float((layers[0] != layers[1]).sum()),
        "flips": float(turned_over(atlas)),
        "narrow": float((widths(uvs, island) * size < NARROW).sum()),
        "density_p5": low,
        "density_p95": high,
        "density_ratio": high / max(low, 1e-9),
        "stretch": stretch(mesh.vertices[mesh.faces], uvs),
        "seam_length": float((ends[0] - ends[1]).norm(dim=1).sum()),
    }


def turned_over(atlas: Atlas) -> int:
    """How many faces are turned over in the texture, or without area though they have one on the surface."""
    solid = face_areas(atlas.mesh.vertices, atlas.mesh.faces).double() > LEAST_AREA
    return int(((signed_areas(atlas.uvs) <= 0) & solid).sum())


def seam_jump(atlas: Atlas, samples: int = 5) -> float:
    """Mean |difference| of the base colours of paired samples along cuts, in 1/255 (DESIGN §7); 0 without cuts."""
    image, cut = atlas.mesh.images["base_colour"][..., :3].float(), seams(atlas)
    if len(cut) == 0:
        return 0.0
    share = ((torch.arange(samples) + 0.5) / samples)[None, :, None]
    sides = []
    for side in (0, 1):
        face, k = cut[:, side].unbind(dim=1)
        ends = [atlas.uvs[face, k], atlas.uvs[face, (k + 1) % 3]]
        start, end = ends if side == 0 else ends[::-1]  # the second side runs the other way
        sides.append(render.texture(image, (start[:, None] + share * (end - start)[:, None])[None], wrap="clamp")[0])
    return float((sides[0] - sides[1]).abs().mean())


def signed_areas(uvs: Tensor) -> Tensor:
    """(F) float64: areas of `uvs` (F,3,2), v down; positive where the texture is seen from outside as painted."""
    return areas_of(uvs.double())


def widths(uvs: Tensor, island: Tensor) -> Tensor:
    """(N): how wide each island is, the lesser of its extents and of its area over the greater one."""
    N = int(island.max()) + 1
    corners, owner = uvs.reshape(-1, 2), island.repeat_interleave(3)[:, None].expand(-1, 2)
    low = torch.full((N, 2), torch.inf).scatter_reduce(0, owner, corners, "amin")
    high = torch.full((N, 2), -torch.inf).scatter_reduce(0, owner, corners, "amax")
    area = torch.zeros(N, dtype=torch.float64).index_add(0, island, signed_areas(uvs).abs())
    extent = (high - low).double()
    return torch.minimum(extent.amin(dim=1), area / extent.amax(dim=1).clamp(min=1e-12))


def stretch(corners: Tensor, uvs: Tensor) -> float:
    """The root mean square, over the surface of triangles (F,3,3), of how texture is stretched, 1 where nowhere."""
    a, b, c = corners.double().unbind(1)
    across = torch.stack([b - a, c - a], dim=2)
    charted = torch.stack([uvs[:, 1] - uvs[:, 0], uvs[:, 2] - uvs[:, 0]], dim=2).double()
    areas, small = torch.linalg.cross(b - a, c - a).norm(dim=1) / 2, charted.det().abs() / 2
    known = (areas > 1e-12) & (small > 1e-14)
    jacobian = across[known] @ torch.linalg.inv(charted[known])
    squares = jacobian.square().sum(dim=(1, 2)) / 2
    mean = (squares * areas[known]).sum() / areas[known].sum()
    return float((mean * small[known].sum() / areas[known].sum()).sqrt())


def quantiles(values: Tensor, weights: Tensor, shares: tuple[float, ...]) -> list[float]:
    """The values (N) below which lie these shares of all weights (N)."""
    order = values.argsort()
    heap = weights[order].cumsum(0) / weights.sum().clamp(min=1e-30)
    places = torch.searchsorted(heap, heap.new_tensor(shares)).clamp(max=len(values) - 1)
    return [float(value) for value in values[order][places]]
