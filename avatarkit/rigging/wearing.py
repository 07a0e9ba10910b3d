"""Which limb of the body each vertex of a scan is worn on, where only its place can tell.

The nearest limb is wrong wherever limbs lie against clothes or against each other: a coat's flank would go with the
hand on it. So every vertex is offered its closest point on each limb, and all choose together, that their points are
near and face their way, and that the surface would tear least if the body stood like a star, its limbs far apart:

    cost = Σ area · (distance / REACH + doubt of the normal)  +  Σ length · how much farther apart, like a star
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from avatarkit.body import JOINT_INDEX, Body, Pose, PosedBody
from avatarkit.choices import chosen
from avatarkit.mesh import Mesh, edges, face_areas, unit, vertex_normals
from avatarkit.shapes import sizes
from avatarkit.stress import FINGERS, SIDES
from avatarkit.surface import Surface

LIMBS: Mapping[str, tuple[str, ...]] = {
    "torso": ("pelvis", "spine1", "spine2", "spine3", "left_collar", "right_collar"),
    "head": ("neck", "head", "jaw", "left_eye", "right_eye"),
    **{f"{side}_{bone}": (f"{side}_{bone}",) for side in SIDES for bone in ("shoulder", "elbow", "wrist")},
    **{f"{side}_{bone}": (f"{side}_{bone}",) for side in SIDES for bone in ("hip", "knee")},
    **{f"{side}_ankle": (f"{side}_ankle", f"{side}_foot") for side in SIDES},
}
"""Joints that count as one limb, under the name of one of them."""
STAR = Pose.rest().turned({"left_hip": (0, 0, 0.6), "right_hip": (0, 0, -0.6)})
"""Limbs far apart: where two points of the body are about as far from each other as along its skin."""
OFFERS = 5
"""The limbs of least cost that a vertex may choose from."""
REACH, HAND_REACH = 0.05, 0.02
"""Metres of distance that cost as much as a normal that faces away: nothing but skin and gloves is worn on a hand."""
MOST = 8.0
"""The most that distance costs."""
TEARING, GAP = 1.0, 0.25
"""What a metre of tear costs for each metre that it gapes, in areas (m²) that face away; and the most that it gapes."""
SLACK = 1.5
"""How many times longer an edge may become for nothing."""


class Worn(NamedTuple):
    """What each vertex is offered, K limbs of the least cost each, and which it has chosen."""

    limb: Tensor
    """(V,K) places in LIMBS"""
    corners: Tensor
    """(V,K,3) vertices of the body"""
    barycentric: Tensor
    """(V,K,3) of the closest point between them"""
    distance: Tensor
    """(V,K) metres"""
    facing: Tensor
    """(V,K) cosine between the vertex's normal and the body's there"""
    place: Tensor
    """(V,K,3) where that point is if the body stands like a STAR"""
    choice: Tensor
    """(V) 0 … K - 1"""

    def at(self, vertices: Tensor) -> Tensor:
        """(V,K,3): the offered points of a body of these vertices (V',3)."""
        return (vertices[self.corners] * self.barycentric[..., None]).sum(dim=2)


def worn(mesh: Mesh, body: Body, posed: PosedBody) -> Worn:
    """The limbs of the body that the mesh's vertices are worn on, its vertices welded at seams."""
    (V,) = sizes("V 3", mesh.vertices)
    offered, costs = _offered(mesh, body, posed)
    least, limb = costs.topk(OFFERS, dim=1, largest=False)
    corners, bary, distance, facing = (_picked(values, limb) for values in offered)
    place = (body.posed(STAR).vertices[corners] * bary[..., None]).sum(dim=2)
    pairs = edges(mesh.faces).vertices
    a, b = pairs.unbind(1)
    long = (mesh.vertices[a] - mesh.vertices[b]).norm(dim=1)
    gap = torch.cdist(place[a], place[b]) - (SLACK * long)[:, None, None]
    areas = face_areas(mesh.vertices, mesh.faces) / 3
    area = torch.zeros(V).index_add(0, mesh.faces.reshape(-1), areas.repeat_interleave(3).float())
    choice = chosen(least * area[:, None], pairs, TEARING * long[:, None, None] * gap.clamp(min=0, max=GAP))
    return Worn(limb, corners, bary, distance, facing, place, choice)


def _picked(values: Tensor, limb: Tensor) -> Tensor:
    """(V,K,…) of (V,L,…)."""
    return values[torch.arange(len(limb))[:, None], limb]


def _offered(mesh: Mesh, body: Body, posed: PosedBody) -> tuple[tuple[Tensor, Tensor, Tensor, Tensor], Tensor]:
    """The closest point on each limb (corners (V,L,3), barycentrics (V,L,3), distance (V,L), facing (V,L)), and what it
    costs (V,L)."""
    V, L = len(mesh.vertices), len(LIMBS)
    corners, bary = torch.zeros(V, L, 3, dtype=torch.int64), torch.zeros(V, L, 3)
    distance, facing, costs = torch.zeros(V, L), torch.zeros(V, L), torch.full((V, L), torch.inf)
    normals = vertex_normals(mesh.vertices, mesh.faces)
    skin = vertex_normals(posed.vertices, body.model.faces)
    for number, (name, joints) in enumerate(LIMBS.items()):
        reach = HAND_REACH if name.endswith("wrist") else REACH
        for bones in _asked_apart(joints):
            faces = faces_of(body, bones)
            if not len(faces):
                continue
            near = Surface(posed.vertices, faces).closest(mesh.vertices)
            found = faces[near.face]
            faced = (unit((skin[found] * near.barycentric[..., None]).sum(dim=1)) * normals).sum(dim=1)
            cost = (near.distance / reach).clamp(max=MOST) + (0.3 - faced).clamp(0, 1)
            rows = cost < costs[:, number]
            corners[rows, number], bary[rows, number] = found[rows], near.barycentric[rows]
            distance[rows, number], facing[rows, number] = near.distance[rows], faced[rows]
            costs[rows, number] = cost[rows]
    return (corners, bary, distance, facing), costs.nan_to_num(posinf=2 * MOST)


def _asked_apart(joints: Sequence[str]) -> list[tuple[str, ...]]:
    """Fingers one by one: of two that touch, the one that faces the same way is right."""
    wrists = [name.removesuffix("_wrist") for name in joints if name.endswith("_wrist")]
    return [tuple(joints)] + [tuple(f"{side}_{f}{k}" for k in (1, 2, 3)) for side in wrists for f in FINGERS]


def faces_of(body: Body, joints: Sequence[str]) -> Tensor:
    """The closed skin's faces that touch what one of these joints moves most."""
    model = body.model
    faces = model.faces if model.outer_faces is None else model.outer_faces
    most = torch.isin(model.lbs_weights.argmax(dim=1), torch.tensor([JOINT_INDEX[name] for name in joints]))
    return faces[most[faces].any(dim=1)]


def limbs_named(*words: str) -> Tensor:
    """The places in LIMBS of those whose names have one of these words in them."""
    return torch.tensor([k for k, name in enumerate(LIMBS) if any(word in name for word in words)])
