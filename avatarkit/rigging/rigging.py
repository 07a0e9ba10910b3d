"""From a posed mesh and the body inside it to an avatar at rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor

from avatarkit.avatar import Avatar
from avatarkit.body import Body, BodyModel, Pose
from avatarkit.bones import renamed
from avatarkit.clips import Clip
from avatarkit.cycles import CYCLES
from avatarkit.errors import UsageError
from avatarkit.mesh import Mesh, face_areas, vertex_normals, welded
from avatarkit.person import Person
from avatarkit.poses.standing import a_pose, t_pose
from avatarkit.rigging.binding import weights_of
from avatarkit.rigging.expressions import morphs_of, named
from avatarkit.rigging.freeing import freed
from avatarkit.rigging.unposing import unposed

RESTS = {"t": t_pose, "a": a_pose}
INFLUENCES = (4, 8)


@dataclass(frozen=True, eq=False)
class Rigged:
    """The avatar; the body that it was bound to; the pose that takes it back to where the mesh was, and the
    share of the mesh's area that was mended, and does not quite come back."""

    avatar: Avatar
    body: Body
    pose: Pose
    mended: float


def rigged(mesh: Mesh, model: BodyModel, person: Person, *, rest: str = "t", influences: int = 4) -> Rigged:
    """The mesh of a person, unposed and bound to the body's 55 joints, with the body's expressions as morphs.

    `rest`: "t" or "a". `influences`: the most joints a vertex.
    """
    body = model.shaped(person.betas, person.expression)
    rested = RESTS[rest](body).to(dtype=body.joints.dtype)
    posed, still = body.posed(person.pose), body.posed(rested)
    mesh = person.placed(mesh, posed.vertices)
    mesh = freed(mesh, model, welded(mesh)[1])
    joined, place = welded(mesh)
    weights = weights_of(joined, body, posed, influences=influences)
    found = unposed(joined, weights, posed.world_from_rest @ torch.linalg.inv(still.world_from_rest))
    morphs = morphs_of(joined, model, still.vertices, found.vertices)
    shift = torch.stack([still.joints[0, 0], found.vertices[:, 1].min(), still.joints[0, 2]])
    bare = replace(mesh, vertices=found.vertices[place] - shift)
    avatar = Avatar(
        bare.having(normals=smooth_normals(bare)),
        still.joints - shift,
        weights[place],
        model.expression_names,
        morphs[:, place],
        still.world_from_joint[:, :3, :3],
    )
    avatar = named(avatar, rested, model)
    areas = face_areas(mesh.vertices, mesh.faces)
    share = float(areas[found.mended[place][mesh.faces].any(dim=1)].sum() / areas.sum())
    back = replace(person.pose, transl=posed.joints[0] - avatar.joints[0])
    return Rigged(avatar, body, back, share)


def lively(rigged: Rigged, clips: Sequence[Clip], *, keep_pose: bool = False) -> Rigged:
    """The same with these motions; first, if asked, the pose that the mesh came in, its soles on the ground."""
    clips = tuple(clips)
    if keep_pose:
        still = replace(rigged.pose, transl=torch.zeros(3))
        up = -rigged.avatar.posed(still)[:, 1].min()
        still = replace(still, transl=torch.tensor([0.0, float(up), 0.0]))
        rows = {field.name: getattr(still, field.name)[None] for field in fields(still)}
        clips = (Clip("pose", torch.zeros(1), Pose(**rows)), *clips)
    return replace(rigged, avatar=replace(rigged.avatar, clips=clips))


def cycles(body: Body) -> list[Clip]:
    """The motions that every avatar can do."""
    return [made(body) for made in CYCLES.values()]


def check(rest: str, influences: int, *, bones: str = "vrm", vrm: bool = False) -> None:
    """Raises UsageError for a rest pose or a number of influences that there is not, and for VRM in another pose."""
    renamed((), bones)
    if vrm and rest != "t":
        raise UsageError(f"--vrm with --rest {rest}: VRM wants the T-pose: leave out one of them")
    if rest not in RESTS:
        raise UsageError(f"--rest is {rest!r}, expected t or a")
    if influences not in INFLUENCES:
        raise UsageError(f"--influences is {influences}, expected 4 or 8")


def smooth_normals(mesh: Mesh) -> Tensor:
    """(V,3) unit: of a mesh whose vertices are split at seams, alike on both sides of each; up where there is none."""
    joined, place = welded(mesh)
    normals = vertex_normals(joined.vertices, joined.faces)
    up = normals.new_tensor([0.0, 1.0, 0.0]).expand_as(normals)
    return torch.where(normals.norm(dim=1, keepdim=True) < 0.5, up, normals)[place]
