"""Levels of detail: the same avatar of fewer triangles, with the relief of the finest."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import torch
from torch import Tensor

from avatarkit.atlas import Atlas, padded, texels
from avatarkit.avatar import Avatar
from avatarkit.body import Pose
from avatarkit.decimation import decimated
from avatarkit.errors import UsageError
from avatarkit.mesh import Mesh, unit, welded
from avatarkit.places import Places
from avatarkit.relief import REACH, frames, in_frames, relief
from avatarkit.rigging.rigging import smooth_normals

log = logging.getLogger("avatarkit")

FEWEST, MOST = 100, 10_000_000
BENT = {"left_elbow": (0, -1.5, 0), "right_elbow": (0, 1.5, 0), "left_hip": (-1.2, 0, 0), "right_hip": (-1.2, 0, 0),
        "left_knee": (1.5, 0, 0), "right_knee": (1.5, 0, 0)}  # fmt: skip
MIMED = ("jawOpen", "eyeBlinkLeft", "eyeBlinkRight", "browInnerUp")
FACE = 300.0
"""How much more an error counts where expressions move the face,"""
MOVED = 0.01
"""half of that where the most that one moves it is this, in metres."""
RELIEF = 1024
"""Texels of the normal map's side."""


def triangles_of(text: str) -> tuple[int, ...]:
    """ "60000,15000" as numbers; raises UsageError for what is no falling list of numbers."""
    words = text.split(",")
    found = tuple(int(word) for word in words if word.strip().isdecimal() and len(word) < 12)
    falling = all(a > b for a, b in pairwise(found))
    if len(found) != len(words) or not falling or not all(FEWEST <= n <= MOST for n in found):
        raise UsageError(f"--triangles is {text!r}, expected numbers from {FEWEST} on, falling, as in 60000,15000,4000")
    return found


def levels(avatar: Avatar, triangles: Sequence[int]) -> list[Avatar]:
    """The avatar at most so fine, once for each number; vertices, weights, morphs and UVs are some of its own.

    Each that is coarser than the avatar has a normal map of the avatar's surface, if it has UVs.
    """
    pose = Pose.rest().turned(BENT)
    mimed = {name: 1.0 for name in MIMED if name in avatar.morph_names}
    poses = torch.stack([avatar.posed(pose), avatar.posed(Pose.rest(), mimed)])
    weight = torch.ones(len(avatar.mesh.vertices))
    if avatar.morphs is not None and len(avatar.morphs):
        moved = avatar.morphs.norm(dim=2).amax(dim=0)
        weight = 1 + FACE * moved / (moved + MOVED)
    found = []
    for most in triangles:
        mesh, kept = decimated(avatar.mesh, most, poses=poses, importance=weight)
        F = len(mesh.faces)
        if F == len(avatar.mesh.faces):
            log.info("%d triangles: the mesh has %d, and keeps them", most, F)
            found.append(avatar)
            continue
        if F > most:
            log.warning("%d triangles: no more than %d could be had without a tear", most, F)
        morphs = None if avatar.morphs is None else avatar.morphs[:, kept]
        mesh = mesh.having(normals=smooth_normals(mesh))
        if mesh.uvs is not None:
            mesh = replace(mesh, images={**mesh.images, "normal": normal_map(mesh, avatar.mesh)})
        found.append(replace(avatar, mesh=mesh, lbs_weights=avatar.lbs_weights[kept], morphs=morphs))
    return found


def normal_map(coarse: Mesh, fine: Mesh, size: int = RELIEF) -> Tensor:
    """(S,S,3) uint8: the fine mesh's normals, with its own normal map if it has one, in the frames of the coarse one.

    Both have the same UVs: what a texel shows on the one, it shows on the other; where it shows nothing near on the
    fine one, what is closest counts.
    """
    coarse, fine = _bare(coarse), _bare(fine)
    ours, theirs = (texels(Atlas(mesh, mesh.faces[:, 0] * 0, ("whole",)), size) for mesh in (coarse, fine))
    there = (ours.face >= 0).nonzero(as_tuple=True)
    places = Places(coarse, ours.face[there], ours.barycentric[there])
    same = Places(fine, theirs.face[there].clamp(min=0), theirs.barycentric[there])
    near = (theirs.face[there] >= 0) & ((same.points - places.points).norm(dim=1) < REACH)
    image = torch.tensor([0.5, 0.5, 1.0]).repeat(size, size, 1)
    found = in_frames(places, _normals(same, there, size), known=near)
    if not bool(near.all()):
        found[~near] = relief(places.some(~near), fine)
    image[there] = (found + 1) / 2
    return (255 * padded(image, ours)).round().clamp(0, 255).to(torch.uint8)


def _bare(mesh: Mesh) -> Mesh:
    """With each vertex once, as normals must be alike on both sides of a cut."""
    return replace(welded(mesh)[0], uvs=mesh.uvs, images=mesh.images)


def _normals(places: Places, there: tuple[Tensor, ...], size: int) -> Tensor:
    """(P,3) unit: of the surface, bent as the mesh's normal map says, at texels of a picture of that size."""
    given = places.mesh.images.get("normal")
    if given is None:
        return places.normals
    H, W = given.shape[:2]
    row, column = ((2 * at + 1) * side // (2 * size) for at, side in zip(there, (H, W), strict=True))
    bent = given[row, column, :3].float() / 127.5 - 1
    return unit(sum(axis * bent[:, k, None] for k, axis in enumerate(frames(places))))  # type: ignore[arg-type]
