"""Who is dressed: a body, the square front view of it, and what a photo shows there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from avatarkit import camera as cameras
from avatarkit import picture, render
from avatarkit.body import BodyModel
from avatarkit.camera import Camera
from avatarkit.mesh import Mesh, vertex_normals
from avatarkit.person import Person

HANDS = ("hand", "thumb", "index", "middle", "ring", "pinky")
FACE, FEET = ("face", "left_eye", "right_eye", "eye_socket"), ("foot",)


@dataclass(frozen=True, eq=False)
class Sitter:
    """A posed body in front of a square camera; of a photo, what that camera shows of it."""

    model: BodyModel
    person: Person
    mesh: Mesh
    """the body's outer skin, world"""
    camera: Camera
    rect: tuple[int, int, int]
    """left, top, side of the view in pixels of the person's own camera"""
    photo: Tensor | None = None
    """(S,S,3) sRGB 0 … 1"""
    mask: Tensor | None = None
    """(S,S) 0 … 1"""

    @property
    def size(self) -> int:
        return self.camera.size[0]

    @cached_property
    def maps(self) -> Tensor:
        """(2,4,S,S): the bare body's normals, front and back, in view axes, and its coverage."""
        return seen(self.mesh.vertices, self.mesh.faces, self.camera)

    @cached_property
    def depth(self) -> Tensor:
        """(S,S): 1 at the body's nearest point, falling to 0.2 at its farthest; 0 where it is not."""
        _, along = cameras.project(self.camera, self.mesh.vertices)
        near = 1 - 0.8 * (along - along.min()) / (along.max() - along.min()).clamp(min=1e-6)
        image, _ = render.render(self.mesh.vertices, self.mesh.faces, [self.camera], near[:, None].contiguous())
        return image[0, ..., 0]

    def shares(self, *names: str, farthest: bool = False) -> Tensor:
        """(S,S,len(names)): how much of each pixel shows parts of the body whose names end so."""
        part = self.model.part
        if part is None:
            return torch.zeros(self.size, self.size, len(names))
        vertices = [
            torch.isin(part, torch.tensor([k for k, own in enumerate(self.model.part_names) if own.endswith(name)]))
            for name in names
        ]
        values = torch.stack(vertices, dim=1).to(self.mesh.vertices)
        surface: Literal["nearest", "farthest"] = "farthest" if farthest else "nearest"
        image, _ = render.render(self.mesh.vertices, self.mesh.faces, [self.camera], values, surface=surface)
        return image[0]


def seen(vertices: Tensor, faces: Tensor, camera: Camera) -> Tensor:
    """(2,4,H,W): normals of a mesh from the front and of what lies farthest, in view axes, and coverage; both have one
    silhouette."""
    image, cover = render.render(vertices, faces, [camera], vertex_normals(vertices, faces), surface="both")
    W, H = camera.size
    image, cover = image.reshape(2, H, W, 3), cover.reshape(2, H, W, 1)
    surfaces: tuple[cameras.Surface, ...] = ("nearest", "farthest")
    found = []
    for layer, surface in zip(image, surfaces, strict=True):
        turned = cameras.view_normals(camera, layer, surface)
        turned = torch.cat([turned[..., :2], turned[..., 2:].clamp(min=0)], dim=-1)
        found.append(turned / turned.norm(dim=-1, keepdim=True).clamp(min=1e-6))
    return torch.cat([torch.stack(found) * (cover > 0), cover], dim=-1).movedim(-1, 1)


def seated(model: BodyModel, person: Person, *, size: int = 512) -> Sitter:
    """The person's sitter in a view of `size` pixels: of a photo, the square around what it shows of them, through its
    own camera; else the whole body from the front, orthographic."""
    faces = model.faces if model.outer_faces is None else model.outer_faces
    mesh = Mesh(person.mesh(model).vertices, faces)
    if person.crop is None:
        view = cameras.framing(mesh.vertices, (size, size))
        return Sitter(model, person, mesh, view, (0, 0, person.camera.size[0]))
    alpha = person.crop[..., 3] > 127
    rows, columns = (np.flatnonzero(alpha.any(axis)) for axis in (1, 0))
    middle = [np.mean(side[[0, -1]]) if len(side) else 0 for side in (columns, rows)]
    longest = float(max(np.ptp(rows), np.ptp(columns))) if len(rows) else 0.0
    side = round(longest / cameras.FILL) or max(alpha.shape)
    corner = [int(np.floor(m - side / 2)) for m in middle]
    square = np.zeros((side, side, 4), np.uint8)
    y0, x0 = max(0, -corner[1]), max(0, -corner[0])
    part = person.crop[max(0, corner[1]) : corner[1] + side, max(0, corner[0]) : corner[0] + side]
    square[y0 : y0 + part.shape[0], x0 : x0 + part.shape[1]] = part
    rect = (person.crop_offset[0] + corner[0], person.crop_offset[1] + corner[1], side)
    view = cameras.resized(cameras.cropped(person.camera, (*rect, side)), (size, size))
    shown = torch.from_numpy(picture.resized(square, (size, size))).float() / 255
    return Sitter(model, person, mesh, view, rect, shown[..., :3], shown[..., 3])
