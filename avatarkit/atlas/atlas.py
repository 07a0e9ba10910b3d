"""The type: a mesh with a place in the texture for each of its faces."""

from dataclasses import dataclass

import torch
from torch import Tensor

from avatarkit.mesh import Mesh, connected, edges
from avatarkit.shapes import sizes


@dataclass(frozen=True, eq=False)
class Atlas:
    """A mesh whose `uvs` (F,3,2, v down) lie in charts; `charts` (F) int64 are places in `names`."""

    mesh: Mesh
    charts: Tensor
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        sizes("F 3, F", self.mesh.faces, self.charts)
        if self.mesh.uvs is None:
            raise ValueError("Atlas: the mesh has no uvs")

    @property
    def uvs(self) -> Tensor:
        """(F,3,2) of the mesh, which has them always."""
        assert self.mesh.uvs is not None
        return self.mesh.uvs


def sides(faces: Tensor) -> Tensor:
    """(P,2,2) int64: each edge with one face on either side, as two pairs (face, k), k the edge from corner k on."""
    joined = edges(faces)
    inside = (joined.counts == 1).all(dim=1)
    pairs = joined.faces[inside]
    number = inside.nonzero()[:, 0]
    k = (joined.of_faces[pairs] == number[:, None, None]).long().argmax(dim=2)
    return torch.stack([pairs, k], dim=2)


def apart(uvs: Tensor, pairs: Tensor) -> Tensor:
    """(P) bool: which of `sides`' pairs lie apart in the texture, by `uvs` (F,3,2); not where these are NaN."""
    (face, k), (other, m) = (pairs[:, side].unbind(1) for side in (0, 1))
    here = torch.stack([uvs[face, k], uvs[face, (k + 1) % 3]])
    there = torch.stack([uvs[other, (m + 1) % 3], uvs[other, m]])
    return ((here - there).abs() > 1e-6).any(dim=2).any(dim=0)


def seams(atlas: Atlas) -> Tensor:
    """(P,2,2) int64: the two sides (face, k) of each edge that the atlas cuts; k is the edge from corner k to the next.

    The second side runs the other way: its corner k is the first side's corner k + 1.
    """
    pairs = sides(atlas.mesh.faces)
    return pairs[apart(atlas.uvs, pairs)]


def islands(atlas: Atlas) -> Tensor:
    """(F) int64: which faces hang together in the texture."""
    pairs = sides(atlas.mesh.faces)
    return connected(pairs[~apart(atlas.uvs, pairs)][:, :, 0], len(atlas.mesh.faces))
