"""The offsets between a body and the clothed surface that agree best with what views say: one least-squares problem.

    E(d) = normal_loss + offset_loss + outline_loss + skin_loss + ANCHOR / 2 |d|^2 + SLIDE / 2 |d - n n . d|^2

(see `losses`; n is the body's normal, and bare skin has more of ANCHOR). All but skin_loss are quadratic; of that, the
vertices count that lie inside the body now. Solved by conjugate gradients with 3 x 3 blocks as the preconditioner, from
where the mesh is now.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from avatarkit.evidence import NO_TEMPLATE, Evidence, underside
from avatarkit.mesh import Edges, Mesh, unit, vertex_normals
from avatarkit.shapes import sizes

STIFFNESS = 0.02
"""How much a vertex' offset follows its neighbours'."""
ANCHOR = 1e-4
SLIDE = 0.1
"""How much a vertex stays where it is along the body, which no view tells."""
BARE = 0.05
"""How much skin that is seen bare stays where the body has it."""
INSIDE, EASE = 0.1, 0.006
"""What holds clothes outside of the skin, and how many metres off it; not off a skirt's hull, which is a guess."""
RIGID = 5.0
"""The weight of edges within a part that is kept."""
LOOSE = 0.1
"""The share of its stiffness that what closes a skirt below has."""


@dataclass(frozen=True, eq=False)
class System:
    """The quadratic form: along faces, along edges, and at vertices; `side` is its right side."""

    faces: Tensor
    normals: Tensor
    """(F,3) times the root of their weight"""
    pairs: Tensor
    turns: Tensor
    weights: Tensor
    blocks: Tensor
    """(V,3,3) at vertices: outlines, skin, anchor"""
    side: Tensor

    def applied(self, d: Tensor) -> Tensor:
        """(V,3): the form's matrix times d."""
        found = _faces_pull(d, self.faces, self.normals)
        a, b = self.pairs.unbind(1)
        strain = self.weights[:, None] * (d[b] - _turned(self.turns, d[a]))
        found.index_add_(0, b, strain).index_add_(0, a, -_turned(self.turns.mT, strain))
        return found + _turned(self.blocks, d)

    def diagonal(self) -> Tensor:
        """(V,3,3): the matrix' blocks on the diagonal."""
        squares = self.normals[:, :, None] * self.normals[:, None]
        found = self.blocks.clone()
        for k in range(3):
            found.index_add_(0, self.faces[:, k], 2 * squares)
        stiff = torch.zeros_like(self.blocks[:, 0, 0])
        for k in range(2):
            stiff.index_add_(0, self.pairs[:, k], self.weights)
        return found + stiff[:, None, None] * torch.eye(3, dtype=found.dtype, device=found.device)


def solved(
    mesh: Mesh,
    joined: Edges,
    evidence: Evidence,
    kept: Mapping[int, Tensor],
    *,
    iterations: int = 80,
) -> Tensor:
    """The vertices (V,3) of least energy. `mesh` has what `sculpture.begun` gives it; `joined` are its edges.

    `kept[k]` (3,3) is the linear part of the similarity that the vertices with kept == k follow as one.
    """
    home = mesh.attributes["home"]
    system = system_of(mesh, joined, evidence, kept)
    return home + conjugate_gradients(system, mesh.vertices - home, iterations)


def system_of(mesh: Mesh, joined: Edges, evidence: Evidence, kept: Mapping[int, Tensor]) -> System:
    """The energy's matrix and right side about d = 0."""
    home, faces, pairs = mesh.attributes["home"], mesh.faces, joined.vertices
    loose = underside(mesh)
    smooth = smoothed(vertex_normals(home, faces[~loose]), pairs)
    turns, weights, drift = strained(mesh, joined, kept, smooth)
    below = loose[joined.faces].any(dim=1)
    weights = torch.where(below, LOOSE * weights, weights)
    turns[below] = torch.eye(3, dtype=turns.dtype, device=turns.device)
    roots = evidence.normals * evidence.trust.sqrt()[:, None]
    blocks, at_vertices = _at_vertices(mesh, evidence, smooth)
    a, b = pairs.unbind(1)
    pull = weights[:, None] * drift
    side = at_vertices - _faces_pull(home, faces, roots)
    side.index_add_(0, b, pull).index_add_(0, a, -_turned(turns.mT, pull))
    return System(faces, roots, pairs, turns, weights, blocks, side)


def strained(mesh: Mesh, joined: Edges, kept: Mapping[int, Tensor], smooth: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """turns (E,3,3), weights (E), drift (E,3) of `offset_loss`: kept parts turn as a whole, all else with the body."""
    a, b = joined.vertices.unbind(1)
    home, part = mesh.attributes["home"], mesh.attributes["kept"]
    weights = torch.full_like(home[a, 0], STIFFNESS)
    turns, drift = least_turns(smooth[a], smooth[b]), torch.zeros_like(home[a])
    identity = torch.eye(3, dtype=home.dtype, device=home.device)
    for k, linear in kept.items():
        within = (part[a] == k) & (part[b] == k)
        turns[within], weights[within] = identity, RIGID
        drift[within] = (home[b] - home[a])[within] @ (linear - identity).T
    return turns, weights, drift


def _at_vertices(mesh: Mesh, evidence: Evidence, smooth: Tensor) -> tuple[Tensor, Tensor]:
    """Blocks (V,3,3) and right side (V,3) of outlines, skin and anchor."""
    home, of_body = mesh.attributes["home"], mesh.attributes["template"] != NO_TEMPLATE
    ease = mesh.attributes["ease"]
    inside = (mesh.attributes["kept"] < 0) & (((mesh.vertices - home) * smooth).sum(dim=1) < ease)
    push = INSIDE * (inside & of_body)
    blocks = push[:, None, None] * smooth[:, :, None] * smooth[:, None]
    held = ANCHOR + BARE * mesh.attributes["bare"]
    identity = torch.eye(3, dtype=home.dtype, device=home.device)
    along = identity - smooth[:, :, None] * smooth[:, None]
    blocks = blocks + held[:, None, None] * identity + (SLIDE * of_body)[:, None, None] * along
    side = (push * ease)[:, None] * smooth
    for outline in evidence.outlines:
        g, at, weights = outline.directions, outline.vertices, outline.weights[:, None]
        blocks.index_add_(0, at, weights[:, None] * g[:, :, None] * g[:, None])
        side.index_add_(0, at, weights * (outline.places - (home[at] * g).sum(dim=1))[:, None] * g)
    return blocks, side


def smoothed(normals: Tensor, pairs: Tensor, rounds: int = 40) -> Tensor:
    """(V,3) unit: normals averaged with their neighbours', so that ears and toes do not turn what stands off them."""
    a, b = pairs.unbind(1)
    degrees = torch.bincount(pairs.reshape(-1), minlength=len(normals)).clamp(min=1)[:, None]
    for _ in range(rounds):
        sums = torch.zeros_like(normals).index_add(0, a, normals[b]).index_add(0, b, normals[a])
        normals = unit(normals + sums / degrees)
    return normals


def least_turns(before: Tensor, after: Tensor) -> Tensor:
    """(E,3,3): the least rotations that take unit vectors (E,3) to others (Rodrigues' formula); no more than 154°."""
    sizes("E 3, E 3", before, after)
    x, y, z = torch.linalg.cross(before, after).unbind(1)
    none = torch.zeros_like(x)
    skew = torch.stack([none, -z, y, z, none, -x, -y, x, none], dim=1).reshape(-1, 3, 3)
    cosine = (before * after).sum(dim=1).clamp(min=-0.9)
    return torch.eye(3, dtype=x.dtype, device=x.device) + skew + skew @ skew / (1 + cosine)[:, None, None]


def conjugate_gradients(system: System, d: Tensor, iterations: int) -> Tensor:
    """The solution (V,3) of `system`, from the guess d."""
    inverse = torch.linalg.inv(system.diagonal())
    residual = system.side - system.applied(d)
    step = _turned(inverse, residual)
    direction, power = step, (residual * step).sum()
    for _ in range(iterations):
        image = system.applied(direction)
        length = power / (direction * image).sum().clamp(min=1e-30)
        d, residual = d + length * direction, residual - length * image
        step = _turned(inverse, residual)
        power, before = (residual * step).sum(), power
        direction = step + power / before.clamp(min=1e-30) * direction
    return d


def _turned(matrices: Tensor, vectors: Tensor) -> Tensor:
    return (matrices @ vectors[:, :, None])[:, :, 0]


def _faces_pull(x: Tensor, faces: Tensor, roots: Tensor) -> Tensor:
    """(V,3): the gradient of 1/2 sum (root . (x_j - x_i))^2 over the edges of all faces."""
    corners = x[faces]
    height = (corners * roots[:, None]).sum(dim=-1)
    # along a triangle's edges: 2 h_i - h_j - h_k, three times the height over the corners' mean
    pull = (3 * height - height.sum(dim=1, keepdim=True))[:, :, None] * roots[:, None]
    return torch.zeros_like(x).index_add(0, faces.reshape(-1), pull.reshape(-1, 3))
