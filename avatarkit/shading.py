"""Light on a surface, for pictures that people look at: three soft lamps, a sky, and what hides it.

Colours are linear light, float32, (...,3) RGB. Lamps stand still with the camera, in view axes (x right, y up, z to the
viewer), so that every view of a turntable is lit alike; the sky is above the person.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from avatarkit import camera as cameras
from avatarkit.camera import Camera
from avatarkit.mesh import unit
from avatarkit.shapes import sizes
from avatarkit.surface import Surface

CLAY = (0.485, 0.43, 0.385)


class Lamp(NamedTuple):
    """`towards` points from the surface to the lamp; `wrap` 0 is a point, 1 lights up to the far side."""

    towards: tuple[float, float, float]
    colour: tuple[float, float, float]
    wrap: float


KEY = Lamp((-0.55, 0.62, 0.70), (1.36, 1.28, 1.17), 0.10)
FILL = Lamp((0.85, 0.05, 0.55), (0.17, 0.20, 0.25), 0.5)
RIM = Lamp((0.62, 0.42, -0.66), (0.95, 1.00, 1.10), 0.0)
SKY, GROUND = (0.30, 0.325, 0.36), (0.13, 0.118, 0.11)


def direction(lamp: Lamp, like: Tensor) -> Tensor:
    """The unit vector (3) towards the lamp, in view axes."""
    return unit(like.new_tensor(lamp.towards))


def lit(albedo: Tensor, normals: Tensor, up: Tensor, open_sky: Tensor, lamp_seen: Tensor, *, gloss: float) -> Tensor:
    """Colours (P,3) seen at points with `albedo` (P,3) and `normals` (P,3) in view axes, where `up` (3) is the sky.

    `open_sky` (P,) in [0, 1] is the share of the sky that is not hidden, `lamp_seen` (P,) that of the key lamp. `gloss`
    is the strength of the highlight (Blinn and Phong) and of the rim.
    """
    sizes("P 3, P 3, 3, P, P", albedo, normals, up, open_sky, lamp_seen)
    height = 0.5 + 0.5 * normals @ up
    sky = torch.lerp(normals.new_tensor(GROUND), normals.new_tensor(SKY), height[:, None]) * open_sky[:, None]
    key = _lamp(KEY, normals) * lamp_seen[:, None]
    light = sky + key + _lamp(FILL, normals) * open_sky[:, None]
    halfway = unit(direction(KEY, normals) + normals.new_tensor([0.0, 0.0, 1.0]))
    shine = 0.10 * (normals @ halfway).clamp_min(0).pow(24) * lamp_seen
    # a lamp from behind shows where the surface turns away; Schlick's power of the grazing angle
    grazing = (1 - normals[:, 2].clamp(0, 1)).pow(3)
    rim = 0.55 * grazing[:, None] * _lamp(RIM, normals) * open_sky[:, None]
    return albedo * light + gloss * (shine[:, None] + rim)


def _lamp(lamp: Lamp, normals: Tensor) -> Tensor:
    """(P,3): the lamp's light, cosine wrapped around the terminator and still 1 in front of it."""
    cosine = normals @ direction(lamp, normals)
    return ((cosine + lamp.wrap) / (1 + lamp.wrap)).clamp_min(0)[:, None] * normals.new_tensor(lamp.colour)


def tone_mapped(light: Tensor) -> Tensor:
    """Light in [0, 1): linear up to 0.6, then bent so that highlights do not clip."""
    knee = 0.6
    over = (light - knee).clamp_min(0)
    return torch.where(light < knee, light, knee + (1 - knee) * (1 - torch.exp(-over / (1 - knee))))


def hemisphere(count: int, like: Tensor) -> Tensor:
    """(count,3) directions around +Z, dense as the cosine: a golden spiral on the disc, lifted (Malley)."""
    i = torch.arange(count, dtype=like.dtype, device=like.device)
    radius, angle = ((i + 0.5) / count).sqrt(), i * math.pi * (3 - math.sqrt(5))
    return torch.stack([radius * angle.cos(), radius * angle.sin(), (1 - radius.square()).sqrt()], dim=-1)


def openness(surface: Surface, points: Tensor, normals: Tensor, *, reach: float, count: int = 48) -> Tensor:
    """(P,) in [0, 1]: the share of a cosine weighted hemisphere over `points` (P,3) free of surface within `reach` m.

    The same directions for all points, so that neighbours agree and there is no noise.
    """
    sizes("P 3, P 3", points, normals)
    frame = torch.stack([*tangents(normals), normals], dim=1)
    return _free(surface, points, normals, torch.einsum("di,pij->dpj", hemisphere(count, points), frame), reach)


def lamp_seen(surface: Surface, points: Tensor, normals: Tensor, towards: Tensor, *, reach: float) -> Tensor:
    """(P,) in [0, 1]: the share of a round lamp in the direction `towards` (3) that `points` (P,3) see.

    The lamp has a radius of 10 degrees. Points that look away from it see nothing of it.
    """
    sizes("P 3, P 3, 3", points, normals, towards)
    facing = (normals @ towards > -0.2).nonzero()[:, 0]
    x, y = tangents(towards)
    place = 0.18 * hemisphere(32, points)[:, :2]
    directions = unit(towards + place[:, :1] * x + place[:, 1:] * y)[:, None].expand(-1, len(facing), 3)
    seen = points.new_zeros(len(points))
    seen[facing] = _free(surface, points[facing], normals[facing], directions, reach)
    return seen


def _free(surface: Surface, points: Tensor, normals: Tensor, directions: Tensor, reach: float) -> Tensor:
    """(P,): the share of the rays in `directions` (D,P,3) that meet nothing within `reach` m."""
    lifted = points + 1e-3 * reach * normals
    hidden = torch.zeros_like(points[:, 0])
    for some in directions.split(16):
        hidden += surface.occluded(lifted.expand_as(some), some, near=1e-3 * reach, far=reach).sum(dim=0)
    return 1 - hidden / len(directions)


def tangents(normals: Tensor) -> tuple[Tensor, Tensor]:
    """Two unit vectors (...,3), right-handed with `normals` (Duff et al. 2017): no pole where they fail."""
    nx, ny, nz = normals.unbind(dim=-1)
    sign = torch.where(nz < 0, -1.0, 1.0).to(nz)
    a = -1 / (sign + nz)
    b = nx * ny * a
    x = torch.stack([1 + sign * nx.square() * a, sign * b, -sign * nx], dim=-1)
    return x, torch.stack([b, sign + ny.square() * a, -ny], dim=-1)


@dataclass(frozen=True)
class Ground:
    """The floor under a mesh: how much of the sky it sees (N,N), over a square of half side `reach` m, at `height`."""

    open_sky: Tensor
    centre: Tensor
    reach: float

    @classmethod
    def under(cls, vertices: Tensor, faces: Tensor, N: int = 64) -> "Ground":
        low, high = vertices.amin(0), vertices.amax(0)
        reach = 0.75 * float((high - low).max())
        centre = torch.stack([(low[0] + high[0]) / 2, low[1], (low[2] + high[2]) / 2])
        steps = (torch.arange(N).to(low) + 0.5) / N * 2 * reach - reach
        z, x = torch.meshgrid(steps, steps, indexing="ij")
        points = torch.stack([x, torch.zeros_like(x), z], dim=-1).reshape(-1, 3) + centre
        up = torch.zeros_like(points)
        up[:, 1] = 1
        surface = Surface(vertices, faces)
        open_sky = openness(surface, points, up, reach=reach, count=64).reshape(1, N, N)
        smooth = torch.nn.functional.avg_pool2d(open_sky, 3, stride=1, padding=1, count_include_pad=False)
        return cls(smooth[0], centre, reach)

    def shade(self, camera: Camera) -> Tensor:
        """(H,W) in [0, 1]: how dark the floor is where the camera's rays meet it."""
        origins, directions = cameras.rays(camera)
        steps = (self.centre[1] - origins[..., 1]) / directions[..., 1].clamp_max(-1e-6)
        spot = (origins + steps[..., None] * directions - self.centre)[..., [0, 2]] / self.reach
        dark = torch.nn.functional.grid_sample(
            (1 - self.open_sky)[None, None], spot[None], align_corners=False, padding_mode="zeros", mode="bilinear"
        )[0, 0]
        edge = (1 - spot.norm(dim=-1)).clamp(0, 1)
        return (dark * edge).clamp(0, 1)
