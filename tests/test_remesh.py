import numpy as np
import pytest
import torch

from avatarkit import mesh
from avatarkit.mesh import Mesh
from avatarkit.remesh import filled, isotropic, large_parts, loop_operator, remeshed, subdivided
from avatarkit.remesh.holes import least_area_fill


def tensor(*rows, dtype=torch.float32):
    return torch.tensor(rows, dtype=dtype)


#     an octahedron: 0 1 on x, 2 3 on y, 4 5 on z; every vertex has four neighbours
OCTAHEDRON = Mesh(
    tensor([1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]),
    torch.tensor([[0, 2, 4], [2, 1, 4], [1, 3, 4], [3, 0, 4], [2, 0, 5], [1, 2, 5], [3, 1, 5], [0, 3, 5]]),
)


def sphere(rounds=3, dtype=torch.float32) -> Mesh:
    found = Mesh(OCTAHEDRON.vertices.to(dtype), OCTAHEDRON.faces)
    for _ in range(rounds):
        found = subdivided(found)
        found = Mesh(mesh.unit(found.vertices), found.faces)
    return found


def even(shape: Mesh, length: float) -> torch.Tensor:
    return torch.full((len(shape.vertices),), length)


def lengths(shape: Mesh) -> torch.Tensor:
    a, b = shape.vertices[mesh.edges(shape.faces).vertices].unbind(dim=1)
    return (a - b).norm(dim=1)


def smallest_angle(shape: Mesh) -> torch.Tensor:
    """(F,) degrees."""
    corners = shape.vertices[shape.faces].double()
    ahead, behind = corners.roll(-1, dims=1) - corners, corners.roll(1, dims=1) - corners
    return torch.rad2deg(torch.acos((mesh.unit(ahead) * mesh.unit(behind)).sum(dim=-1))).amin(dim=1)


#   Two triangles stand on the long edge 0-1 of a closed pillow (front 0 1 2, 1 0 3; back the same the other way).
#
#        2                     2
#      /   \                  /|\
#    0-------1      ->      0--4--1       each side of the long edge becomes two faces
#      \   /                  \|/
#        3                     3
def bipyramid(height=0.4) -> Mesh:
    """A long tetrahedron: only the edge 0 1 is long."""
    vertices = tensor([-1, 0, 0], [1, 0, 0], [0, height, 0.3], [0, -height, 0.3])
    return Mesh(vertices, torch.tensor([[0, 1, 2], [1, 0, 3], [0, 2, 3], [1, 3, 2]]))


def test_a_long_edge_is_split_in_its_middle():
    shape = bipyramid().having(heat=tensor(1.0, 3.0, 0.0, 0.0), part=torch.tensor([7, 8, 9, 9], dtype=torch.uint8))
    found = remeshed(shape, even(shape, 1.0))
    assert found.vertices.tolist() == [*shape.vertices.tolist(), [0, 0, 0]]
    assert found.faces.tolist() == [[0, 4, 2], [1, 4, 3], [0, 2, 3], [1, 3, 2], [4, 1, 2], [4, 0, 3]]
    assert found.attributes["heat"].tolist() == [1, 3, 0, 0, 2]
    assert found.attributes["part"].tolist() == [7, 8, 9, 9, 7] and found.attributes["part"].dtype == torch.uint8


#   A short edge 6-7 at the top of an octahedron whose vertex 4 is drawn apart along x:
#
#          2                   2
#        / | \               / | \
#       1--6-7-0     ->     1--6--0
#        \ | /               \ | /
#          3                   3
def split_top(dtype=torch.float32) -> Mesh:
    vertices = tensor([1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [-0.1, 0, 1], [0, 0, -1], [0.1, 0, 1], dtype=dtype)
    top = [[0, 2, 6], [2, 4, 6], [2, 1, 4], [1, 3, 4], [3, 6, 4], [3, 0, 6]]
    return Mesh(vertices, torch.tensor([*top, *OCTAHEDRON.faces[4:].tolist()]))


def test_a_short_edge_is_collapsed_to_its_middle():
    shape = split_top().having(heat=tensor(0, 0, 0, 0, 1.0, 0, 4.0), part=torch.arange(7))
    found = remeshed(shape, even(shape, 1.2))
    assert found.vertices.tolist() == OCTAHEDRON.vertices.tolist()
    assert found.faces.tolist() == [[0, 2, 4], [2, 1, 4], [1, 3, 4], [3, 0, 4], *OCTAHEDRON.faces[4:].tolist()]
    assert found.attributes["heat"].tolist() == [0, 0, 0, 0, 2.5, 0]
    assert found.attributes["part"].tolist() == [0, 1, 2, 3, 4, 5]


def test_a_short_edge_is_collapsed_to_its_frozen_end_with_all_that_it_carries():
    shape = split_top().having(heat=tensor(0, 0, 0, 0, 1.0, 0, 4.0), part=torch.arange(7))
    frozen = torch.arange(7) == 6
    found = remeshed(shape, even(shape, 1.2), frozen=frozen)
    assert found.vertices[6].tolist() == shape.vertices[6].tolist()
    assert found.attributes["heat"][6] == 4 and found.attributes["part"][6] == 6
    # 5 fills the slot of 4; its own stays, unused, so that 6 keeps its index
    assert found.attributes["part"][4] == 5 and 5 not in found.faces
    assert mesh.is_closed(found.faces) and len(found.faces) == 8


def test_edges_between_frozen_vertices_stay():
    for shape, length in ((split_top(), 1.2), (bipyramid(), 1.0), (sphere(), 0.01)):
        found = remeshed(shape, even(shape, length), frozen=torch.ones(len(shape.vertices), dtype=torch.bool))
        assert torch.equal(found.vertices, shape.vertices) and torch.equal(found.faces, shape.faces)


def test_a_tetrahedron_cannot_be_made_smaller():
    """Its edges' ends share two vertices, as the link condition asks, and yet a collapse leaves two faces on three."""
    shape = bipyramid()
    found = remeshed(shape, even(shape, 100.0))
    assert found.faces.tolist() == shape.faces.tolist()


#   Turned by hand, the edge c-d of an even mesh has ends of valence 7 and stands between two of valence 5.
#          c                    c
#        / | \                /   \
#       a  |  b      ->      a-----b
#        \ | /                \   /
#          d                    d
def test_a_flip_evens_valences():
    even_mesh = sphere(3)
    edges = mesh.edges(even_mesh.faces)
    valences = torch.bincount(edges.vertices.reshape(-1))
    turned = int((valences[edges.vertices] == 6).all(dim=1).nonzero()[0])
    left, right = edges.faces[turned].tolist()
    a, b = edges.vertices[turned].tolist()
    c, d = (int(next(v for v in even_mesh.faces[face] if v not in (a, b))) for face in (left, right))
    faces = even_mesh.faces.clone()
    faces[left], faces[right] = torch.tensor([a, d, c]), torch.tensor([d, b, c])
    uneven = Mesh(even_mesh.vertices, faces)
    found = remeshed(uneven, even(uneven, 1.0), longest=99, shortest=0)
    assert mesh.edges(uneven.faces).vertices.tolist() != edges.vertices.tolist()
    assert mesh.edges(found.faces).vertices.tolist() == edges.vertices.tolist()
    assert torch.equal(found.vertices, even_mesh.vertices)


def random_case(seed: int):
    """A noisy ellipsoid with uneven targets and frozen vertices, scattered or first."""
    generator = torch.Generator().manual_seed(seed)
    shape = sphere(2 + seed % 2)
    V = len(shape.vertices)
    edge = 1.6 / 2 ** (2 + seed % 2)
    noise = torch.randn(V, 3, generator=generator).clamp(-2, 2) * edge * 0.08
    scale = 0.6 + 0.6 * torch.rand(3, generator=generator)
    order = torch.randperm(V, generator=generator)
    new = torch.empty_like(order)
    new[order] = torch.arange(V)
    shape = Mesh(((shape.vertices + noise) * scale)[order], new[shape.faces])
    target = edge * torch.exp(torch.randn(V, generator=generator) * 0.5 + torch.randn(1, generator=generator))
    frozen = torch.rand(V, generator=generator) < 0.3 * torch.rand(1, generator=generator)
    return shape, target, frozen.sort(descending=True).values if seed % 3 == 0 else frozen


def test_random_rounds_on_a_sphere_leave_it_seen_whole_from_its_middle():
    """Of shapes of other kinds `test_remesh_rounds.py` makes sure."""
    for seed in range(60):
        shape, target, frozen = random_case(seed)
        state = {"target": target, "frozen": frozen, "where": shape.vertices, "number": torch.arange(len(target))}
        found = remeshed(Mesh(shape.vertices, shape.faces, state), target, frozen=frozen)
        assert mesh.is_closed(found.faces) and mesh.is_manifold(found.faces) and mesh.is_oriented(found.faces), seed
        assert mesh.euler_characteristic(found.faces) == 2
        assert (mesh.face_areas(found.vertices.double(), found.faces) > 0).all()
        # no face looks inwards: the sphere, squashed, is seen whole from its middle
        crosses = mesh.face_crosses(found.vertices.double(), found.faces)
        middles = found.vertices[found.faces].double().mean(dim=1)
        outwards, before = (crosses * middles).sum(dim=1), mesh.face_crosses(shape.vertices.double(), shape.faces)
        assert ((before * shape.vertices[shape.faces].double().mean(dim=1)).sum(dim=1) > 0).all()
        assert (outwards > 0).all(), (seed, int((outwards <= 0).sum()))
        assert torch.equal(found.vertices[: len(frozen)][frozen[: len(found.vertices)]], shape.vertices[frozen])
        assert torch.equal(found.attributes["number"][frozen.nonzero()[:, 0]], frozen.nonzero()[:, 0])
        pairs = mesh.edges(shape.faces).vertices
        kept = {tuple(pair) for pair in pairs[frozen[pairs].all(dim=1)].tolist()}
        assert kept <= {tuple(pair) for pair in mesh.edges(found.faces).vertices.tolist()}
        # positions that went along as state went where the positions went
        used = torch.unique(found.faces)
        assert torch.allclose(found.attributes["where"][used], found.vertices[used], atol=1e-6)
        if seed % 3 == 0:
            assert len(used) == len(found.vertices)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_lengths_settle_in_a_band_and_finer_targets_give_more_vertices(dtype):
    counts = []
    for length in (0.4, 0.2, 0.1):
        found = sphere(3, dtype)
        for _ in range(8):
            found = remeshed(found, even(found, length))
        assert found.vertices.dtype == dtype
        assert float(lengths(found).max()) <= 1.5 * length * (1 + 1e-6)
        assert float((lengths(found) >= 0.5 * length).double().mean()) > 0.98
        assert float(smallest_angle(found).min()) > 10
        counts.append(len(found.vertices))
    assert counts[0] < counts[1] < counts[2]


def test_the_same_mesh_gives_the_same_bytes():
    shape, target, frozen = random_case(3)
    first, second = (remeshed(shape, target, frozen=frozen) for _ in range(2))
    assert torch.equal(first.vertices, second.vertices) and torch.equal(first.faces, second.faces)


def bowl() -> Mesh:
    whole = sphere()
    return mesh.submesh(whole, whole.vertices[whole.faces].mean(dim=1)[:, 2] < 0.5)[0]


def rim_of(shape: Mesh) -> set:
    loops = mesh.boundary_loops(shape.faces)
    return {tuple(shape.vertices[v].tolist()) for loop in loops for v in loop.tolist()}


@pytest.mark.parametrize("length", [0.05, 0.6])
def test_a_rim_stays_as_it_is(length):
    shape = bowl()
    found = remeshed(shape, even(shape, length))
    assert len(found.faces) != len(shape.faces)
    assert rim_of(found) == rim_of(shape) and mesh.is_manifold(found.faces)


def test_what_is_not_manifold_is_left_alone():
    """Three faces on one edge, two cones tip to tip, a face with one vertex twice: kernels walked in circles there."""
    fins = Mesh(torch.eye(5, 3), torch.tensor([[0, 1, 2], [1, 0, 3], [0, 1, 4]]))
    flat = Mesh(torch.eye(3), torch.tensor([[0, 0, 1]]))
    for shape in (fins, flat):
        assert torch.equal(remeshed(shape, even(shape, 0.1)).faces, shape.faces)
    ball = sphere(2)
    V = len(ball.vertices)
    tip = int(ball.vertices[:, 2].argmax())
    low = int(ball.vertices[:, 2].argmin())
    other = ball.faces + V
    other[ball.faces == low] = tip
    pinched = Mesh(torch.cat([ball.vertices, ball.vertices + tensor(0, 0, 2)]), torch.cat([ball.faces, other]))
    for length in (0.1, 2.0):
        found = remeshed(pinched, even(pinched, length))
        assert mesh.is_closed(found.faces) and mesh.is_oriented(found.faces)
        assert len(found.faces) != len(pinched.faces)


def test_an_empty_mesh_stays_empty():
    empty = Mesh(torch.zeros(0, 3), torch.zeros(0, 3, dtype=torch.int64))
    assert len(remeshed(empty, torch.zeros(0)).faces) == 0


@pytest.mark.parametrize(
    "target, options, message",
    [
        (torch.ones(5), {}, "expected shapes"),
        (torch.zeros(6), {}, "target"),
        (torch.full((6,), float("nan")), {}, "target"),
        (torch.ones(6), {"longest": 0.4}, "shortest 0.5, longest 0.4"),
        (torch.ones(6), {"frozen": torch.ones(3, dtype=torch.bool)}, "expected shapes"),
    ],
)
def test_wrong_arguments_are_refused(target, options, message):
    with pytest.raises(ValueError, match=message):
        remeshed(OCTAHEDRON, target, **options)


def test_isotropic_remeshing_keeps_to_the_surface_and_to_the_length():
    shape = Mesh(sphere(4).vertices * tensor(1, 0.5, 0.3), sphere(4).faces)
    counts = []
    for length in (0.2, 0.1):
        found = isotropic(shape, length)
        assert mesh.is_closed(found.faces) and mesh.is_manifold(found.faces)
        on_ellipsoid = (found.vertices / tensor(1, 0.5, 0.3)).norm(dim=1)
        assert float((on_ellipsoid - 1).abs().max()) < 0.02
        inside = (lengths(found) > 0.8 * length * 0.9) & (lengths(found) < 4 / 3 * length * 1.1)
        assert float(inside.double().mean()) > 0.97
        assert float(smallest_angle(found).min()) > 25
        assert float(mesh.volume(found.vertices, found.faces)) == pytest.approx(0.15 * 4 / 3 * np.pi, rel=0.1)
        counts.append(len(found.vertices))
    assert counts[0] < counts[1]


def test_isotropic_remeshing_leaves_frozen_vertices_and_rims():
    shape = bowl().having(heat=torch.ones(len(bowl().vertices)))
    frozen = torch.arange(len(shape.vertices)) < 9
    found = isotropic(shape, 0.1, frozen=frozen, rounds=3)
    assert torch.equal(found.vertices[:9], shape.vertices[:9]) and rim_of(found) == rim_of(shape)
    assert set(found.attributes) == {"heat"} and torch.allclose(found.attributes["heat"], torch.tensor(1.0))


#   One triangle with a rim of three (Loop 1987, rim rule), and an octahedron (n = 4: w = (5/8 - 9/64) / 4 = 31/256).
def test_loop_subdivision_of_a_triangle_and_an_octahedron():
    one = Mesh(tensor([0, 0, 0], [8, 0, 0], [0, 8, 0]), torch.tensor([[0, 1, 2]]), {"id": torch.tensor([5, 6, 7])})
    found = subdivided(one)
    # edges in order: 0-1, 0-2, 1-2
    assert found.vertices.tolist() == [[1, 1, 0], [6, 1, 0], [1, 6, 0], [4, 0, 0], [0, 4, 0], [4, 4, 0]]
    assert found.faces.tolist() == [[0, 3, 4], [3, 1, 5], [4, 5, 2], [3, 5, 4]]
    assert found.attributes["id"].tolist() == [5, 6, 7, 5, 5, 6]
    ball = subdivided(OCTAHEDRON)
    assert torch.allclose(ball.vertices[0], tensor(1 - 4 * 31 / 256, 0, 0))
    assert torch.allclose(ball.vertices[6], tensor(3 / 8, 3 / 8, 0))  # the edge 0-2; 4 and 5 cancel
    assert mesh.is_closed(ball.faces) and mesh.euler_characteristic(ball.faces) == 2 and len(ball.faces) == 32
    assert (mesh.face_crosses(ball.vertices, ball.faces) * ball.vertices[ball.faces[:, 0]]).sum(dim=1).min() > 0


def test_the_loop_operator_is_affine_and_bears_vertices_without_faces():
    operator, faces = loop_operator(bowl().faces, len(bowl().vertices) + 1)
    assert torch.allclose(operator.to_dense().sum(dim=1), torch.ones(1), atol=1e-6)
    assert mesh.is_manifold(faces) and mesh.is_oriented(faces)
    assert len(subdivided(Mesh(torch.zeros(2, 3), torch.zeros(0, 3, dtype=torch.int64))).vertices) == 2


def test_subdivided_uvs_stay_at_their_corners():
    corners = tensor([[0, 0], [4, 0], [0, 4.0]])
    uvs = subdivided(Mesh(torch.eye(3), torch.tensor([[0, 1, 2]]), uvs=corners)).uvs
    assert uvs is not None
    assert uvs.tolist()[:2] == [[[0, 0], [2, 0], [0, 2]], [[2, 0], [4, 0], [2, 2]]]


#   A cube's top (vertices 4 5 6 7) is missing: two triangles close it.
CUBE = torch.cartesian_prod(*[torch.tensor([0.0, 1.0])] * 3)
QUADS = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
CUBE_FACES = torch.tensor([t for a, b, c, d in QUADS for t in ((a, b, c), (a, c, d))])


def test_a_hole_is_filled_outwards_and_a_large_one_left():
    found = filled(Mesh(CUBE, CUBE_FACES[:10]))
    assert mesh.is_closed(found.faces) and mesh.is_oriented(found.faces) and mesh.is_manifold(found.faces)
    assert float(mesh.volume(found.vertices, found.faces)) == pytest.approx(1)
    assert len(filled(Mesh(CUBE, CUBE_FACES[:10]), most=3).faces) == 10
    assert torch.equal(filled(Mesh(CUBE, CUBE_FACES)).faces, CUBE_FACES)


def test_a_patch_doubles_no_edge():
    """The two holes beside a lid on one diagonal: the least area over each would be the lid's own edge again."""
    shape = Mesh(tensor([0, 0, 0], [1, 0, 0], [0.5, 0.9, 0], [0.5, -0.9, 0]), torch.tensor([[0, 1, 2], [1, 0, 3]]))
    found = filled(shape)
    assert mesh.is_manifold(found.faces)
    assert mesh.edges(found.faces).vertices.tolist() == [[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]]


def test_a_patch_has_no_triangle_without_area():
    """On a straight rim the least area is that of any triangulation, flat triangles included."""
    n = 4
    side = torch.arange(n) / n
    zero, one = torch.zeros(n), torch.ones(n)
    ring = torch.cat([torch.stack(xy, dim=1) for xy in [(side, zero), (one, side), (1 - side, one), (zero, 1 - side)]])
    low, high = (torch.cat([ring, torch.full((4 * n, 1), z)], dim=1) for z in (0.0, 1.0))
    i, j = torch.arange(4 * n), (torch.arange(4 * n) + 1) % (4 * n)
    tube = torch.cat([torch.stack([i, j, j + 4 * n], dim=1), torch.stack([i, j + 4 * n, i + 4 * n], dim=1)])
    found = filled(Mesh(torch.cat([low, high]), tube))
    assert mesh.is_closed(found.faces) and mesh.is_manifold(found.faces) and mesh.is_oriented(found.faces)
    assert float(mesh.face_areas(found.vertices, found.faces).min()) > 1e-3
    assert float(mesh.volume(found.vertices, found.faces)) == pytest.approx(1)


def two_balls() -> Mesh:
    small = Mesh(sphere(1).vertices * 0.1 + 5, sphere(1).faces)
    return mesh.combined([small, sphere(1)]).having(number=torch.arange(2 * len(small.vertices)))


@pytest.mark.parametrize("of, share, parts", [("area", 0.02, 1), ("area", 0.005, 2), ("volume", 0.002, 1),
                                              ("volume", 0.0005, 2), ("faces", 1.0, 2)])  # fmt: skip
def test_small_parts_are_dropped(of, share, parts):
    found = large_parts(two_balls(), share=share, of=of)
    assert len(found.faces) == 32 * parts and int(found.attributes["number"][-1]) == 35
    assert len(large_parts(Mesh(CUBE, CUBE_FACES[:0])).vertices) == 0


def test_an_unknown_measure_is_refused():
    with pytest.raises(ValueError, match=r"share 0\.1 of weight; expected 0 to 1 of one of area, volume, faces"):
        large_parts(two_balls(), share=0.1, of="weight")


def triangulations(corners: list):
    """All of a polygon's, as lists of triangles."""
    if len(corners) < 3:
        yield []
    for j in range(1, len(corners) - 1):
        for left in triangulations(corners[: j + 1]):
            for right in triangulations(corners[j:]):
                yield [(corners[0], corners[j], corners[-1]), *left, *right]


def test_a_patch_has_the_least_area_of_all_triangulations():
    points = np.random.default_rng(0).standard_normal((8, 7, 3))

    def area(polygon, triangles):
        a, b, c = polygon[np.array(triangles)].swapaxes(0, 1)
        return np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2

    assert len(list(triangulations(list(range(7))))) == 42
    for polygon in points:
        patch = least_area_fill(np.arange(7), polygon)
        assert area(polygon, patch) == pytest.approx(min(area(polygon, t) for t in triangulations(list(range(7)))))
