"""Connected parts of a mesh, kept or dropped by their size."""

import torch
from torch import Tensor

from avatarkit.mesh import Mesh, components, face_crosses, submesh

MEASURES = ("area", "volume", "faces")


def large_parts(mesh: Mesh, *, share: float = 0.01, of: str = "area") -> Mesh:
    """The connected parts that have at least `share` of the largest one's `of`: area, volume or number of faces.

    A part's volume is its absolute value, which means something for closed parts only. Vertices without faces go.
    """
    if not 0 <= share <= 1 or of not in MEASURES:
        raise ValueError(f"large_parts: share {share} of {of}; expected 0 to 1 of one of {', '.join(MEASURES)}")
    if len(mesh.faces) == 0:
        return submesh(mesh, torch.zeros(0, dtype=torch.bool, device=mesh.faces.device))[0]
    part = components(mesh.faces, len(mesh.vertices))[mesh.faces[:, 0]]
    size = part_sizes(mesh, part, of)
    return submesh(mesh, (size >= share * size.max())[part])[0]


def part_sizes(mesh: Mesh, part: Tensor, of: str) -> Tensor:
    """(P,) float64: the area, volume or number of faces of each part; `part` (F,) labels the faces."""
    vertices = mesh.vertices.detach().double()
    if of == "volume":
        # about the mesh's own middle: far from the origin the tetrahedra would cancel to noise
        vertices = vertices - vertices.mean(dim=0)
    crosses = face_crosses(vertices, mesh.faces)
    each = {
        "area": crosses.norm(dim=1) / 2,
        "volume": (crosses * vertices[mesh.faces[:, 0]]).sum(dim=1) / 6,
        "faces": torch.ones_like(crosses[:, 0]),
    }[of]
    return torch.zeros(int(part.max()) + 1, dtype=each.dtype, device=each.device).index_add(0, part, each).abs()
