"""The state of the optimiser of continuous remeshing [Palfinger 2022]: Adam with one second moment per vertex.

    moments = Moments.at_rest(mesh.vertices, length)
    vertices, moments = stepped(moments, mesh.vertices, gradient, mesh.faces, limits=(0.004, 0.03))
    mesh, moments = moments.after(remeshed(moments.on(replace(mesh, vertices=vertices)), moments.length))

One number for three axes makes it turn with the mesh, and steps are in units of the local edge length. Where vertices
still travel far their edges may be long, where they have come to rest they get short: `length` follows the speed.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from avatarkit.mesh import Mesh
from avatarkit.shapes import sizes

PREFIX = "moments."


@dataclass(frozen=True, eq=False)
class Moments:
    """What Adam remembers of each vertex, and the edge length that it wants."""

    first: Tensor  # (V,3): mean gradient, corrected for the start at zero
    second: Tensor  # (V,): mean of the gradient's squared length, the same
    speed: Tensor  # (V,): |first| / sqrt(second), 0 to about 1
    length: Tensor  # (V,): metres, the target of `remeshed`
    step: int = 0

    @classmethod
    def at_rest(cls, vertices: Tensor, length: float) -> "Moments":
        """Before the first step, with one edge length; the longest edge of the mesh is a good one."""
        none = torch.zeros_like(vertices[:, 0])
        return cls(torch.zeros_like(vertices), none, none, torch.full_like(none, length))

    def on(self, mesh: Mesh) -> Mesh:
        """The mesh with these as attributes, to go through `remeshed`."""
        names = ("first", "second", "speed", "length")
        return mesh.having(**{PREFIX + name: getattr(self, name) for name in names})

    def after(self, mesh: Mesh) -> tuple[Mesh, "Moments"]:
        """What `on` put on a mesh taken off again."""
        found = {name[len(PREFIX) :]: rows for name, rows in mesh.attributes.items() if name.startswith(PREFIX)}
        rest = {name: rows for name, rows in mesh.attributes.items() if not name.startswith(PREFIX)}
        kept = Moments(found["first"], found["second"], found["speed"], found["length"], self.step)
        return replace(mesh, attributes=rest), kept


def stepped(
    moments: Moments,
    vertices: Tensor,
    gradient: Tensor,
    faces: Tensor,
    *,
    limits: tuple[float, float],
    rate: float = 0.3,
    decay: float = 0.8,
    smoothing: float = 0.02,
    gain: float = 0.2,
    reference: float = 0.3,
    most: float = 10.0,
) -> tuple[Tensor, Moments]:
    """The vertices (V,3) after one step down the gradient (V,3), and the moments then.

    g = gradient + smoothing · speed · (v - mean of its neighbours), no longer than `most` times the mean gradient;
    v -= rate · min(1, step (1 - decay)) · length · first / sqrt(second).
    length *= 1 + gain (speed - reference), within `limits` in metres. Vertices with a gradient of zero from the
    first step on stay at rest but for the smoothing.
    """
    sizes("V 3, V 3, F 3, V 3, V", vertices, gradient, faces, moments.first, moments.length)
    step = moments.step + 1
    pull = vertices - _neighbours_mean(vertices, faces)
    g = gradient + smoothing * moments.speed[:, None] * pull
    if step > 1:
        most_here = most * moments.first.norm(dim=1)
        size = g.norm(dim=1)
        excess = (size > most_here) & (most_here > 0)
        g = torch.where(excess, most_here / size, 1)[:, None] * g
    share = (1 - decay) / (1 - decay**step)  # a running mean corrected for its start: 1 at the first step
    first = torch.lerp(moments.first, g, share)
    second = torch.lerp(moments.second, g.square().sum(dim=1), share)
    velocity = first / (second.sqrt() + 1e-8)[:, None]
    moved = vertices - rate * min(1.0, step * (1 - decay)) * moments.length[:, None] * velocity
    speed = velocity.norm(dim=1)
    length = (moments.length * (1 + gain * (speed - reference))).clamp(*limits)
    return moved, Moments(first, second, speed, length, step)


def _neighbours_mean(vertices: Tensor, faces: Tensor) -> Tensor:
    """(V,3): the mean over the faces at a vertex of their other two; inside a mesh that is each neighbour twice."""
    corners = vertices[faces]
    others = corners.roll(1, dims=1) + corners.roll(-1, dims=1)
    total = torch.zeros_like(vertices).index_add(0, faces.reshape(-1), others.reshape(-1, 3))
    count = 2 * torch.bincount(faces.reshape(-1), minlength=len(vertices))[:, None]
    return torch.where(count > 0, total / count.clamp(min=1), vertices)
