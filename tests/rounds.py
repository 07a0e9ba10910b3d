"""Random rounds of remeshing for hypothesis: closed meshes, targets, frozen vertices, state; what must hold after."""

from dataclasses import dataclass

import torch
from hypothesis import strategies
from solids import ball
from torch import Tensor

from avatarkit import mesh
from avatarkit.mesh import Mesh
from avatarkit.remesh import remeshed, subdivided


@dataclass(frozen=True, eq=False)
class Round:
    """What goes into `remeshed`; `shape` carries state of all sorts, which is checked afterwards."""

    shape: Mesh
    target: Tensor
    frozen: Tensor


def torus(n: int, radius: float = 0.4) -> Mesh:
    """A ring of 2 n x n quads in two triangles each."""
    u, v = torch.meshgrid(torch.arange(2 * n), torch.arange(n), indexing="ij")
    around, along = u * torch.pi / n, v * 2 * torch.pi / n
    out = 1 + radius * along.cos()
    points = torch.stack([out * around.cos(), out * around.sin(), radius * along.sin()], dim=-1).reshape(-1, 3)
    a, b, c, d = ((u + i) % (2 * n) * n + (v + j) % n for i, j in ((0, 0), (1, 0), (1, 1), (0, 1)))
    faces = torch.cat([torch.stack(t, dim=-1).reshape(-1, 3) for t in ((a, b, c), (a, c, d))])
    return Mesh(points, faces)


def box(n: int) -> Mesh:
    """A cube with sharp edges, each side in 4^n x 2 triangles."""
    corners = torch.cartesian_prod(*[torch.tensor([-1.0, 1.0])] * 3)
    quads = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    found = Mesh(corners, torch.tensor([t for a, b, c, d in quads for t in ((a, b, c), (a, c, d))]))
    for _ in range(n):
        ends = mesh.edges(found.faces).vertices
        middles = found.vertices[ends].mean(dim=1)
        found = Mesh(torch.cat([found.vertices, middles]), subdivided(found).faces)
    return found


def welded_ball(n: int) -> Mesh:
    """A sphere with needles at its poles."""
    found = ball(n=n)
    places, new = torch.unique((found.vertices * 1e4).round(), dim=0, return_inverse=True)
    faces = new[found.faces]
    keep = (faces != faces.roll(1, dims=1)).all(dim=1)
    return Mesh(places / 1e4, faces[keep])


KINDS = {
    "ball": lambda n: welded_ball(4 + 2 * n),
    "box": lambda n: box(1 + n // 2),
    "plate": lambda n: Mesh(box(1 + n // 2).vertices * torch.tensor([1, 1, 0.01]), box(1 + n // 2).faces),
    "torus": lambda n: torus(5 + 2 * n),
    "two": lambda n: mesh.combined([Mesh(box(1).vertices + 3, box(1).faces), welded_ball(4 + n)]),
}


@strategies.composite
def rounds(draw: strategies.DrawFn) -> Round:
    """A closed manifold of one to several hundred faces, bumpy, stretched, in any order of vertices, and what to do."""
    generator = torch.Generator().manual_seed(draw(strategies.integers(0, 2**31)))
    shape = KINDS[draw(strategies.sampled_from(sorted(KINDS)))](draw(strategies.integers(0, 3)))
    V = len(shape.vertices)

    def normal(*size: int) -> Tensor:
        return torch.randn(*size, generator=generator)

    a, b = shape.vertices[mesh.edges(shape.faces).vertices].unbind(dim=1)
    bumps = draw(strategies.sampled_from([0.0, 0.05, 0.15])) * float((a - b).norm(dim=1).min())
    stretch = torch.exp(draw(strategies.sampled_from([0.0, 0.5, 1.5])) * normal(3))
    order = torch.randperm(V, generator=generator)
    place = torch.empty_like(order)
    place[order] = torch.arange(V)
    dtype = draw(strategies.sampled_from([torch.float32, torch.float64]))
    points = ((shape.vertices + bumps * normal(V, 3).clamp(-1, 1)) * stretch * 10 ** float(normal(1)))[order].to(dtype)
    faces = place[shape.faces]

    a, b = points[mesh.edges(faces).vertices].unbind(dim=1)
    scale = draw(strategies.floats(-2, 2)) + draw(strategies.sampled_from([0.0, 0.3, 1.0])) * normal(V)
    target = float((a - b).norm(dim=1).mean()) * torch.exp(scale)
    share = draw(strategies.sampled_from([0.0, 0.1, 0.5, 1.0]))
    frozen = torch.rand(V, generator=generator) < share
    if draw(strategies.booleans()):
        frozen = frozen.sort(descending=True).values
    state = {
        "where": points,
        "number": torch.arange(V),
        "part": mesh.components(faces, V).to(torch.uint8),
        "flag": frozen,
        "block": normal(V, 2, 3).double(),
        "nothing": torch.zeros(V, 0),
    }
    return Round(Mesh(points, faces, state), target, frozen)


def agreement(shape: Mesh, found: Mesh) -> Tensor:
    """(F,) the best cosine between a found face's normal and those of the old surface as near as its own corners.

    Below 0 the face has turned over. A nearest point alone would not do: of a thin plate it may be on the other side.
    """
    corners, old = (part.vertices[part.faces].double() for part in (found, shape))
    middles = corners.mean(dim=1)
    grid = torch.tensor([[i, j, 4 - i - j] for i in range(5) for j in range(5 - i)]).double() / 4
    points = (grid @ old).reshape(-1, 3)
    away = torch.cdist(middles, points).reshape(len(middles), len(old), len(grid)).amin(dim=2)
    reach = torch.maximum((corners - middles[:, None]).norm(dim=2).amax(dim=1), 1.2 * away.amin(dim=1))
    normals, before = (mesh.face_normals(part.vertices.double(), part.faces) for part in (found, shape))
    return torch.where(away <= reach[:, None], normals @ before.T, -1).amax(dim=1)


def violations(given: Round) -> list[str]:
    """What one round breaks of what it promises; nothing, one hopes."""
    shape, frozen = given.shape, given.frozen
    found = remeshed(shape, given.target, frozen=frozen)
    held = frozen.nonzero()[:, 0]
    used = torch.unique(found.faces)
    scale = float((shape.vertices.amax(dim=0) - shape.vertices.amin(dim=0)).max())
    crosses = mesh.face_crosses(found.vertices.double(), found.faces)
    promises = {
        "closed": mesh.is_closed(found.faces),
        "manifold": mesh.is_manifold(found.faces) and mesh.is_oriented(found.faces),
        "topology": mesh.euler_characteristic(found.faces) == mesh.euler_characteristic(shape.faces),
        "area": bool((crosses.norm(dim=1) > 0).all()),
        "upright": bool((agreement(shape, found) > 0).all()),
        "volume": float(mesh.volume(found.vertices.double(), found.faces)) > 0,
        "frozen indices": len(found.vertices) > int(held.max()) if len(held) else True,
    }
    if promises["frozen indices"]:
        same = [(found.vertices[held], shape.vertices[held])]
        same += [(found.attributes[name][held], values[held]) for name, values in shape.attributes.items()]
        promises["frozen vertices"] = all(torch.equal(after, was) for after, was in same)
    kinds = [(found.attributes[name], values) for name, values in shape.attributes.items()]
    promises["types"] = all(a.dtype == b.dtype and a.shape[1:] == b.shape[1:] for a, b in kinds)
    where, part = found.attributes["where"], found.attributes["part"][found.faces]
    promises["state goes along"] = bool((where[used] - found.vertices[used]).abs().max() <= 1e-5 * scale)
    promises["labels of one part"] = bool((part == part[:, :1]).all())
    return [name for name, kept in promises.items() if not kept]
