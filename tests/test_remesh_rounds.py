"""Random rounds of remeshing, and meshes that are not as they should be."""

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from rounds import agreement, box, rounds, violations

from avatarkit import mesh
from avatarkit.errors import BadData
from avatarkit.mesh import Mesh
from avatarkit.remesh import filled, isotropic, large_parts, remeshed, subdivided


@settings(max_examples=30, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(rounds())
def test_random_rounds_keep_what_they_promise(given_round):
    """`benchmarks/remesh.py` does 200 of them."""
    assert violations(given_round) == []


def test_a_face_turned_over_is_seen():
    """The check itself: one vertex of a cube's side is drawn across the opposite edge of a face."""
    shape = box(2)
    moved = shape.vertices.clone()
    inner = int((shape.vertices - torch.tensor([1.0, 0, 0])).norm(dim=1).argmin())
    moved[inner] += torch.tensor([0, 0.9, 0.2])
    turned = agreement(shape, Mesh(moved, shape.faces)) < 0
    assert bool(turned.any()) and float(agreement(shape, shape).min()) == pytest.approx(1)


CUBE = box(1)
NONE = torch.zeros(0, 3, dtype=torch.int64)
FIN = torch.tensor([[*CUBE.faces[0, :2].tolist(), len(CUBE.vertices)]])
BAD = {
    "empty": Mesh(torch.zeros(0, 3), NONE),
    "points alone": Mesh(torch.rand(4, 3), NONE),
    "all in one point": Mesh(torch.zeros(3, 3), torch.tensor([[0, 1, 2]])),
    "on one line": Mesh(torch.eye(3)[[0, 0, 0]] * torch.tensor([[0.0], [1.0], [2.0]]), torch.tensor([[0, 1, 2]])),
    "pressed flat": Mesh(CUBE.vertices * torch.tensor([1.0, 0, 1]), CUBE.faces),
    "corners twice": Mesh(CUBE.vertices, torch.cat([CUBE.faces, torch.tensor([[0, 0, 1], [2, 2, 2]])])),
    "faces twice": Mesh(CUBE.vertices, torch.cat([CUBE.faces, CUBE.faces[:3]])),
    "three on an edge": Mesh(torch.cat([CUBE.vertices, torch.full((1, 3), 3.0)]), torch.cat([CUBE.faces, FIN])),
    "faces inside out": Mesh(CUBE.vertices, torch.cat([CUBE.faces[:5].flip(1), CUBE.faces[5:]])),
    "vertices twice": Mesh(CUBE.vertices[CUBE.faces].reshape(-1, 3), torch.arange(3 * len(CUBE.faces)).reshape(-1, 3)),
}
VERBS = {
    "remeshed, split": lambda shape: remeshed(shape, torch.full((len(shape.vertices),), 0.3)),
    "remeshed, collapsed": lambda shape: remeshed(shape, torch.full((len(shape.vertices),), 5.0)),
    "isotropic": lambda shape: isotropic(shape, 0.4, rounds=2),
    "subdivided": subdivided,
    "filled": filled,
    "large_parts": large_parts,
}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("case", BAD)
def test_bad_geometry_is_harmless(case, verb):
    """It ends, and gives a mesh: finite, each face on vertices that there are (`Mesh` checks both)."""
    V = len(BAD[case].vertices)
    found = VERBS[verb](BAD[case].having(heat=torch.full((V,), torch.nan), none=torch.zeros(V, 0)))
    assert set(found.attributes) == {"heat", "none"} and bool(found.attributes["heat"].isnan().all())
    assert found.attributes["none"].shape == (len(found.vertices), 0)
    if len(BAD[case].faces) == 0:
        assert len(found.faces) == 0


def test_what_is_wrong_in_one_place_does_not_spoil_the_rest():
    good = remeshed(CUBE, torch.full((len(CUBE.vertices),), 0.3))
    for case in ("corners twice", "faces twice", "three on an edge"):
        found = remeshed(BAD[case], torch.full((len(BAD[case].vertices),), 0.3))
        assert len(found.faces) > 0.9 * len(good.faces)
        # a cube's sharp edges lose a little to flips
        assert float(mesh.face_areas(found.vertices, found.faces).sum()) > 0.97 * 24


def test_any_triangles_at_all():
    """Kernels walk around vertices: on soups they must end, and keep to the faces that there are."""
    for seed in range(200):
        generator = torch.Generator().manual_seed(seed)
        V, F = 4 + seed % 9, 1 + seed % 40
        shape = Mesh(
            torch.rand(V, 3, generator=generator).round(decimals=1), torch.randint(V, (F, 3), generator=generator)
        )
        target = torch.rand(V, generator=generator) + 0.01
        found = remeshed(shape, target, frozen=torch.rand(V, generator=generator) < 0.2)
        assert len(found.vertices) == 0 or float(found.vertices.max()) <= 1


def test_what_is_no_mesh_is_refused():
    vertices = CUBE.vertices.clone()
    vertices[3, 1] = torch.nan
    with pytest.raises(BadData, match="a vertex is not finite"):
        Mesh(vertices, CUBE.faces)
    with pytest.raises(BadData, match="faces name the vertices"):
        Mesh(CUBE.vertices[:5], CUBE.faces)


@pytest.mark.parametrize("length", [0.0, -1.0, float("nan"), float("inf")])
def test_a_length_that_is_none_is_refused(length):
    with pytest.raises(ValueError, match="a finite length in metres, above 0"):
        isotropic(CUBE, length)
    with pytest.raises(ValueError, match="target length is not finite and above 0"):
        remeshed(CUBE, torch.full((len(CUBE.vertices),), length))


def test_a_triangle_alone_is_no_hole():
    """Unwelded meshes came out twice, each triangle with its own back."""
    soup = BAD["vertices twice"]
    assert torch.equal(filled(soup).faces, soup.faces)
