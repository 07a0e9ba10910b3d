"""What a sight shows of places on a mesh: colours where the place itself is seen, and how good they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn.functional import max_pool2d

from avatarkit import camera as cameras
from avatarkit import render
from avatarkit.evidence import sampled
from avatarkit.mesh import Mesh
from avatarkit.places import Places
from avatarkit.shapes import sizes
from avatarkit.surface import Surface
from avatarkit.texturing.sights import SOFT, Sight, distance, ramp

GRAZING = (0.1, 0.4)
"""The cosines between normal and line of sight at which a place is seen not at all, and well."""
STEP, STEEP = 0.015, 3.0
"""Metres between neighbouring pixels' surfaces, and how many pixels' widths, more than which is a contour."""
BESIDE = 0.02
"""Metres in the picture beside a part in front, where what is twice as far behind is not believed to be seen."""
BLOCK = 500_000
"""Places that are asked about at a time, for memory."""
FARTHEST = 6.0
"""Pixels of misfit, no more."""
LIFT = 0.002
"""Metres by which a ray starts off the surface."""


@dataclass(frozen=True, eq=False)
class Onlooker:
    """A sight and what it looks at: the `mesh`, in the pose that it has there, and its `surface` for rays; `contours`
    (H,W) of that, of `contour_distance`."""

    sight: Sight
    mesh: Mesh
    surface: Surface
    contours: Tensor

    @classmethod
    def of(cls, sight: Sight, mesh: Mesh, surface: Surface) -> Onlooker:
        """Of a sight that sees the mesh where it is, or at its own `vertices`."""
        if sight.vertices is not None:
            mesh = replace(mesh, vertices=sight.vertices)
            surface = Surface(mesh.vertices, mesh.faces)
        return cls(sight, mesh, surface, contour_distance(mesh, sight))


def projected(places: Places, onlooker: Onlooker, *, lift: float = LIFT) -> tuple[Tensor, Tensor]:
    """Colours (P,3) sRGB 0 … 1 and weights (P) 0 … 1 of the places: 0 where they are hidden, averted, outside of the
    picture or of what it is trusted for; less at grazing angles and near contours.

    `lift`: how far, metres, places may lie under the surface.
    """
    sight, surface, camera = onlooker.sight, onlooker.surface, onlooker.sight.camera
    weights = places.points.new_zeros(len(places))
    colours = places.points.new_zeros(len(places), 3)
    W, H = camera.size
    pixels, depth = cameras.project(camera, places.points)
    inside = (pixels > 0).all(dim=1) & (pixels < pixels.new_tensor([W, H])).all(dim=1) & (depth > 0)
    facing = (places.normals * _towards(sight, places.points)).sum(dim=1)
    good = (inside & (facing > GRAZING[0])).nonzero()[:, 0]
    trusts = sight.trust * onlooker.contours
    found = sampled(torch.cat([sight.colours, trusts[None]]), pixels[good])
    good, found = good[found[:, 3] > 0], found[found[:, 3] > 0]
    points = places.points[good]
    towards = _towards(sight, points)
    seen = ~surface.occluded(points + lift * (towards + places.normals[good]), towards, near=1e-5, far=20.0)
    good, found = good[seen], found[seen]
    weights[good] = found[:, 3] * ramp(facing[good], *GRAZING)
    colours[good] = found[:, :3]
    return colours, weights


def together(places: Places, onlookers: Sequence[Onlooker], *, lift: float = LIFT) -> tuple[Tensor, Tensor]:
    """What several show: colours (P,3), the better seen the more; and how well the best of them sees (P) 0 … 1."""
    colours, cover = torch.zeros(len(places), 3), torch.zeros(len(places))
    for part, some in places.split(BLOCK):
        sums, total, best = torch.zeros(len(some), 3), torch.zeros(len(some)), torch.zeros(len(some))
        for onlooker in onlookers:
            moved = onlooker.sight.vertices is not None
            there = Places(onlooker.mesh, some.face, some.barycentric) if moved else some
            found, weight = projected(there, onlooker, lift=lift)
            sums += found * weight.square()[:, None]
            total += weight.square()
            best = torch.maximum(best, weight)
        colours[part], cover[part] = sums / total.clamp(min=1e-9)[:, None], best
    return colours, cover


def _towards(sight: Sight, points: Tensor) -> Tensor:
    """(P,3) unit: where a place must look, and be free, to be seen: the camera, or away from it for farthest ones."""
    camera, sign = sight.camera, -1.0 if sight.surface == "farthest" else 1.0
    if camera.kind == "orthographic":
        return (-sign * camera.cam_from_world[2, :3]).expand_as(points)
    return sign * torch.nn.functional.normalize(camera.position - points, dim=1)


def contour_distance(mesh: Mesh, sight: Sight) -> Tensor:
    """(H,W) 0 … 1: 0 at the mesh's contours in the sight, before the background or itself, and as far beside them as
    its silhouette is off the picture's mask on average, and on what lies behind another part close by, whose colours
    those may be; 1 well away from them."""
    camera = sight.camera
    _, depth = cameras.project(camera, mesh.vertices)
    image, cover = render.render(mesh.vertices, mesh.faces, [camera], depth[:, None].contiguous(),
                                 surface=sight.surface)  # fmt: skip
    pixel = float(depth.median() if camera.kind == "perspective" else 1) / float(camera.K[0, 0])
    along = torch.where(cover[0] > 0.99, image[0, ..., 0], torch.inf)
    spots = torch.zeros_like(along, dtype=torch.bool)
    for axis in (0, 1):
        jump = ~(along.diff(dim=axis).abs() < STEP + STEEP * pixel)
        zero = jump.new_zeros(jump.shape[0] if axis else 1, 1 if axis else jump.shape[1])
        spots |= torch.cat([jump, zero], dim=axis) | torch.cat([zero, jump], dim=axis)
    nearer = -along if sight.surface == "farthest" else along
    nearer = torch.where(along.isinf(), torch.inf, nearer)
    reach = int(BESIDE / pixel)
    nearest = -max_pool2d(-nearer[None, None], 2 * reach + 1, stride=1, padding=reach)[0, 0]
    behind = (nearer - nearest > 2 * BESIDE) & ~along.isinf()
    edge = 0.5 + misfit(cover[0] > 0.5, (sight.trust > 0 if sight.mask is None else sight.mask > 0.5))
    return torch.where(behind, 0, ramp(distance(spots, SOFT * edge), edge, SOFT * edge))


def misfit(mask: Tensor, other: Tensor) -> float:
    """Pixels by which the outlines of two masks (H,W) bool lie apart, on average: the area between, by their length."""
    sizes("H W, H W", mask, other)
    outline = sum(int((m.diff(dim=axis) != 0).sum()) for m in (mask.int(), other.int()) for axis in (0, 1)) / 2
    return min(int((mask ^ other).sum()) / max(outline, 1), FARTHEST)
