"""Meshes made elsewhere brought to what can be sculpted: welded, oriented, of solid parts, small holes closed."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from avatarkit.errors import BadData
from avatarkit.mesh import Mesh, edges, face_areas, is_closed, submesh, volume, welded
from avatarkit.remesh import filled, large_parts

SMALL = 1e-4
"""Of the largest part's area, some square centimetres of a person: smaller parts are dust."""
ROUNDS = 4


def mended(mesh: Mesh) -> tuple[Mesh, list[str]]:
    """The mesh without what no surface has, and in words what was done to it. BadData where nothing is left.

    Vertices that lie on one another become one, faces without area or there twice go, and those where more than two
    meet at an edge; parts of less than SMALL of the area go too; holes of up to 200 edges are closed; and a closed mesh
    that is inside out is turned. Attributes and UVs do not go along.
    """
    found, said = Mesh(mesh.vertices.float(), mesh.faces), []
    apart = len(found.vertices)
    found = welded(found)[0]
    if len(found.vertices) < apart:
        said.append(f"{apart - len(found.vertices)} vertices welded")
    for _ in range(ROUNDS):
        sound = _sound(found)
        if bool(sound.all()):
            break
        said.append(f"{int((~sound).sum())} faces without area, or where more than two meet, removed")
        found = submesh(found, sound)[0]
    before = len(found.faces)
    found = large_parts(found, share=SMALL) if before else found
    if len(found.faces) == 0:
        raise BadData("found no surface in the mesh once doubled and empty faces are gone, expected one")
    if len(found.faces) < before:
        said.append(f"{before - len(found.faces)} faces of small loose parts removed")
    patched = filled(found)
    if len(patched.faces) > len(found.faces):
        said.append(f"holes closed by {len(patched.faces) - len(found.faces)} faces")
    found = patched
    if is_closed(found.faces) and float(volume(found.vertices, found.faces)) < 0:
        found, said = replace(found, faces=found.faces.flip(1)), [*said, "turned outside in"]
    if not is_closed(found.faces):
        said.append("left open: its larger holes stay as they are")
    return found, said


def _sound(mesh: Mesh) -> Tensor:
    """(F) bool: faces with an area, there once, with at most one other along each edge, the other way around."""
    joined = edges(mesh.faces)
    fine = (joined.counts <= 1).all(dim=1)[joined.of_faces].all(dim=1)
    _, which, counts = torch.unique(mesh.faces.sort(dim=1).values, dim=0, return_inverse=True, return_counts=True)
    first = torch.full((len(counts),), len(which)).scatter_reduce(0, which, torch.arange(len(which)), "amin")
    once = first[which] == torch.arange(len(which))
    doubled = counts[which] > 1
    return (face_areas(mesh.vertices, mesh.faces) > 0) & once & (fine | doubled)
