"""Triangle meshes: the type, their normals, and what their connectivity says.

Faces are counter-clockwise seen from outside. Functions of connectivity take `faces` (F,3) int64 alone and need no
vertices; every function runs on the device of what it is given.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from avatarkit.errors import BadData
from avatarkit.shapes import sizes


@dataclass(frozen=True, eq=False)
class Mesh:
    """Vertices (V,3) in metres, faces (F,3) int64, and what is painted on them.

    `attributes`: per vertex (V, ...), e.g. `normals`, `colours` (V,3|4) uint8 sRGB, `part` (V,) labels.
    `uvs`: (F,3,2) per corner, glTF's: u right, v DOWN, (0, 0) is the top left corner of the image.
    `images`: (H,W,3|4) uint8, e.g. `base_colour` in sRGB.
    Raises ValueError for wrong shapes and dtypes, BadData for a face without its vertex or a vertex not finite.
    """

    vertices: Tensor
    faces: Tensor
    attributes: Mapping[str, Tensor] = field(default_factory=dict)
    uvs: Tensor | None = None
    images: Mapping[str, Tensor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        V, F = sizes("V 3, F 3", self.vertices, self.faces)
        if self.faces.dtype != torch.int64 or not self.vertices.is_floating_point():
            raise ValueError(f"mesh: dtypes {self.vertices.dtype}, {self.faces.dtype}; expected floating point, int64")
        if F and (int(self.faces.min()) < 0 or int(self.faces.max()) >= V):
            found = f"{int(self.faces.min())} to {int(self.faces.max())}"
            raise BadData(f"mesh: faces name the vertices {found}, expected 0 to {V - 1}: is it cut off or edited?")
        if not bool(torch.isfinite(self.vertices).all()):
            raise BadData("mesh: a vertex is not finite, expected metres: remove NaN and inf before")
        for name, values in self.attributes.items():
            if len(values) != V:
                raise ValueError(f"mesh: attribute {name} has {len(values)} rows for {V} vertices")
        if self.uvs is not None:
            sizes("F 3, F 3 2", self.faces, self.uvs)

    def having(self, **attributes: Tensor) -> "Mesh":
        """This mesh with these vertex attributes added or replaced."""
        return replace(self, attributes={**self.attributes, **attributes})


@dataclass(frozen=True, eq=False)
class Edges:
    """Each edge of a mesh once, in increasing order of (a, b).

              b = vertices[e, 1]        a < b
             /|\\
            / | \\
           /  |  \\         left, right = faces[e]: the left face runs a -> b, the right one b -> a
          /   |   \\        (seen from outside, counter-clockwise); -1 where there is none
          \\ L | R /        counts[e] = faces that run (a -> b, b -> a): (1, 1) inside a good mesh;
           \\  |  /         where more than one runs the same way, the first is named
            \\ | /
             \\|/
              a = vertices[e, 0]
    """

    vertices: Tensor  # (E,2) int64
    faces: Tensor  # (E,2) int64
    counts: Tensor  # (E,2) int64
    of_faces: Tensor  # (F,3) int64: the edges (v0 v1), (v1 v2), (v2 v0) of each face


def edges(faces: Tensor) -> Edges:
    """The mesh's edges and the faces on each side; an edge from a vertex to itself is kept."""
    (F,) = sizes("F 3", faces)
    tails, heads = faces.reshape(-1), faces.roll(-1, dims=1).reshape(-1)
    V = int(faces.max()) + 1 if F else 1
    keys, of_halves = torch.unique(torch.minimum(tails, heads) * V + torch.maximum(tails, heads), return_inverse=True)
    slots = 2 * of_halves + (tails > heads)
    counts = torch.bincount(slots, minlength=2 * len(keys)).reshape(-1, 2)
    owners = torch.arange(F, device=faces.device).repeat_interleave(3)
    sides = torch.full((2 * len(keys),), F, device=faces.device).scatter_reduce(0, slots, owners, "amin")
    sides = torch.where(sides == F, -1, sides).reshape(-1, 2)
    return Edges(torch.stack([keys // V, keys % V], dim=1), sides, counts, of_halves.reshape(F, 3))


def unit(vectors: Tensor) -> Tensor:
    """`vectors` (...,3) over their lengths; zero, with zero gradient, where there is no direction."""
    square = vectors.square().sum(dim=-1, keepdim=True)
    tiny = square < torch.finfo(vectors.dtype).tiny
    return torch.where(tiny, 0, vectors / torch.where(tiny, 1, square).sqrt())


def face_crosses(vertices: Tensor, faces: Tensor) -> Tensor:
    """(F,3): the outward normals times twice the areas."""
    sizes("V 3, F 3", vertices, faces)
    a, b, c = vertices[faces].unbind(dim=1)
    return torch.linalg.cross(b - a, c - a)


def face_normals(vertices: Tensor, faces: Tensor) -> Tensor:
    """(F,3) unit outward normals; zero for a face without area."""
    return unit(face_crosses(vertices, faces))


def face_areas(vertices: Tensor, faces: Tensor) -> Tensor:
    """(F,) square metres."""
    return face_crosses(vertices, faces).norm(dim=1) / 2


def vertex_normals(vertices: Tensor, faces: Tensor) -> Tensor:
    """(V,3) unit normals, the faces' weighted by area; zero for a vertex without faces or with only degenerate ones."""
    crosses = face_crosses(vertices, faces)
    return unit(torch.zeros_like(vertices).index_add(0, faces.reshape(-1), crosses.repeat_interleave(3, dim=0)))


def uniform_laplacian(faces: Tensor, V: int, *, normalised: bool = True, dtype: torch.dtype = torch.float32) -> Tensor:
    """Sparse (V,V): L x = the mean of a vertex' neighbours - x; not normalised, their sum - degree x (A - D)."""
    a, b = edges(faces).vertices.unbind(dim=1)
    weights = torch.ones(len(a), dtype=dtype, device=faces.device)
    return _laplacian(a, b, weights, V, normalised)


def cotangent_laplacian(vertices: Tensor, faces: Tensor) -> Tensor:
    """Sparse symmetric (V,V): (L x)_i = sum_j (cot alpha_ij + cot beta_ij) / 2 (x_j - x_i) (Pinkall and Polthier 1993).

    L vertices is minus the area's gradient. Faces without area count for nothing.
    """
    (V, _) = sizes("V 3, F 3", vertices, faces)
    corners = vertices[faces]
    before, after = corners.roll(1, dims=1) - corners, corners.roll(-1, dims=1) - corners
    sine = torch.linalg.cross(after, before).norm(dim=-1)
    flat = sine <= 1e-9 * before.norm(dim=-1) * after.norm(dim=-1)
    cotangents = torch.where(flat, 0, (before * after).sum(dim=-1) / torch.where(flat, 1, sine))
    # the angle at a corner faces the edge of the other two
    a, b = faces.roll(-1, dims=1).reshape(-1), faces.roll(1, dims=1).reshape(-1)
    return _laplacian(a, b, cotangents.reshape(-1) / 2, V, normalised=False)


def _laplacian(a: Tensor, b: Tensor, weights: Tensor, V: int, normalised: bool) -> Tensor:
    degrees = torch.zeros(V, dtype=weights.dtype, device=weights.device)
    degrees = degrees.index_add(0, a, weights).index_add(0, b, weights)
    diagonal = torch.arange(V, device=a.device)
    there, back = weights, weights
    if normalised:
        there, back = weights / degrees[a], weights / degrees[b]
        degrees = (degrees > 0).to(degrees.dtype)
    index = torch.stack([torch.cat([a, b, diagonal]), torch.cat([b, a, diagonal])])
    return torch.sparse_coo_tensor(index, torch.cat([there, back, -degrees]), (V, V), check_invariants=False).coalesce()


def connected(pairs: Tensor, count: int) -> Tensor:
    """Labels (count,) int64 of the connected parts of a graph: 0, 1, 2… in order of their first node.

    Each round hooks the larger root of a pair on the smaller and halves the paths: O(log count) rounds.
    """
    sizes("P 2", pairs)
    roots = torch.arange(count, device=pairs.device)
    while True:
        low, high = roots[pairs].sort(dim=1).values.unbind(dim=1)
        if bool((low == high).all()):
            return torch.unique(roots, return_inverse=True)[1]
        roots = roots.scatter_reduce(0, high, low, "amin")
        while not torch.equal(roots, roots[roots]):
            roots = roots[roots]


def components(faces: Tensor, V: int) -> Tensor:
    """Labels (V,) int64 of the parts connected by faces; a vertex without faces is a part of its own."""
    return connected(torch.cat([faces[:, :2], faces[:, 1:]]), V)


def is_closed(faces: Tensor) -> bool:
    """Has each edge exactly two faces?"""
    return bool((edges(faces).counts.sum(dim=1) == 2).all())


def is_oriented(faces: Tensor) -> bool:
    """Do faces run along a shared edge in opposite directions?"""
    return bool((edges(faces).counts <= 1).all())


def is_manifold(faces: Tensor) -> bool:
    """Is each edge on at most two faces, each vertex on one fan of faces, and no face on one vertex twice?"""
    (F,) = sizes("F 3", faces)
    mesh_edges = edges(faces)
    twice = mesh_edges.vertices[:, 0] == mesh_edges.vertices[:, 1]
    if bool(twice.any()) or bool((mesh_edges.counts.sum(dim=1) > 2).any()):
        return False
    # corners are joined where two faces at a vertex share an edge at it: one part of corners a vertex, or it is pinched
    corners = torch.arange(3 * F, device=faces.device).reshape(F, 3)
    halves = torch.stack([corners, corners.roll(-1, dims=1)], dim=-1).reshape(-1, 2)
    swapped = (faces > faces.roll(-1, dims=1)).reshape(-1, 1)
    halves = torch.where(swapped, halves.flip(1), halves)
    first = torch.full((len(mesh_edges.vertices),), 3 * F, device=faces.device)
    first = first.scatter_reduce(0, mesh_edges.of_faces.reshape(-1), corners.reshape(-1), "amin")
    partners = halves[first[mesh_edges.of_faces.reshape(-1)]]
    fans = connected(torch.stack([halves, partners], dim=-1).reshape(-1, 2), 3 * F)
    return F == 0 or int(fans.max()) + 1 == len(torch.unique(faces))


def euler_characteristic(faces: Tensor) -> int:
    """V - E + F over the vertices that faces use: 2 for a sphere, 0 for a torus, 1 for a disc."""
    return len(torch.unique(faces)) - len(edges(faces).vertices) + len(faces)


def volume(vertices: Tensor, faces: Tensor) -> Tensor:
    """Signed volume () in cubic metres of a closed mesh, positive when its faces look outwards."""
    sizes("V 3, F 3", vertices, faces)
    a, b, c = (vertices - vertices.mean(dim=0))[faces].unbind(dim=1)
    return (a * torch.linalg.cross(b, c)).sum() / 6


def boundary_loops(faces: Tensor) -> list[Tensor]:
    """The holes' rims, each (n,) vertices in the direction of their faces, the surface on the left; longest first.

    At a vertex where rims touch, the loop takes the smallest next vertex. Needs oriented faces.
    """
    mesh_edges = edges(faces)
    rim = mesh_edges.vertices[mesh_edges.counts.sum(dim=1) == 1].tolist()
    runs_up = (mesh_edges.counts[mesh_edges.counts.sum(dim=1) == 1][:, 0] == 1).tolist()
    halves = [(a, b) if up else (b, a) for (a, b), up in zip(rim, runs_up, strict=True)]
    onwards: dict[int, list[int]] = {}
    for tail, head in sorted(halves, reverse=True):
        onwards.setdefault(tail, []).append(head)
    loops = []
    for start in sorted(onwards):
        while onwards[start]:
            loop = [start]
            while onwards.get(loop[-1]):
                loop.append(onwards[loop[-1]].pop())
                if loop[-1] == start:
                    break
            loops.append(torch.tensor(loop[:-1] if loop[-1] == start else loop, device=faces.device))
    return sorted(loops, key=len, reverse=True)


def submesh(mesh: Mesh, keep: Tensor) -> tuple[Mesh, Tensor]:
    """The faces where `keep` (F,) bool holds and the vertices that they use, in their old order.

    The second result maps old vertices to new ones (V,), -1 for those left out.
    """
    sizes("F 3, F", mesh.faces, keep)
    faces = mesh.faces[keep]
    old = torch.unique(faces)
    new_from_old = torch.full((len(mesh.vertices),), -1, device=faces.device)
    new_from_old[old] = torch.arange(len(old), device=faces.device)
    attributes = {name: values[old] for name, values in mesh.attributes.items()}
    uvs = None if mesh.uvs is None else mesh.uvs[keep]
    return Mesh(mesh.vertices[old], new_from_old[faces], attributes, uvs, mesh.images), new_from_old


def combined(meshes: Sequence[Mesh]) -> Mesh:
    """One mesh of several, in order. What not all have is dropped: an attribute, UVs, and images that differ."""
    if not meshes:
        raise ValueError("combined: no mesh was given")
    first, V = meshes[0], 0
    faces = []
    for mesh in meshes:
        faces.append(mesh.faces + V)
        V += len(mesh.vertices)
    shared = [name for name in first.attributes if all(name in mesh.attributes for mesh in meshes)]
    attributes = {name: torch.cat([mesh.attributes[name] for mesh in meshes]) for name in shared}
    images = [{name: id(image) for name, image in mesh.images.items()} for mesh in meshes]
    uvs = [mesh.uvs for mesh in meshes if mesh.uvs is not None]
    return Mesh(
        torch.cat([mesh.vertices for mesh in meshes]),
        torch.cat(faces),
        attributes,
        torch.cat(uvs) if len(uvs) == len(meshes) else None,
        first.images if all(found == images[0] for found in images) else {},
    )


def split_at_seams(faces: Tensor, uvs: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """For formats with one texture coordinate a vertex: the old vertex of each new one (V'), the faces (F,3) in the new
    ones, and their coordinates (V',2) float32. A vertex is split where its corners' `uvs` (F,3,2) differ."""
    sizes("F 3, F 3 2", faces, uvs)
    corners = torch.cat([faces.reshape(-1, 1).double(), uvs.reshape(-1, 2).double()], dim=1)
    found, split = torch.unique(corners, dim=0, return_inverse=True)
    return found[:, 0].long(), split.reshape(-1, 3), found[:, 1:].float()


def welded(mesh: Mesh) -> tuple[Mesh, Tensor]:
    """The mesh with each vertex once, however its UVs cut it, and (V) which of them each of its vertices is: one where
    `_VERTEX` says so, or within a micrometre where there is none."""
    named = mesh.attributes.get("_VERTEX")
    keys = (mesh.vertices * 1e6).round().long() if named is None else named.long()[:, None]
    _, place = torch.unique(keys, dim=0, return_inverse=True)
    first = torch.full((int(place.max()) + 1,), len(place)).scatter_reduce(0, place, torch.arange(len(place)), "amin")
    attributes = {name: values[first] for name, values in mesh.attributes.items()}
    return Mesh(mesh.vertices[first], place[mesh.faces], attributes), place
