import pytest
import torch
from twins import cotangent_laplacian_by_angles, parts_by_walking

from avatarkit import mesh
from avatarkit.errors import BadData
from avatarkit.mesh import Mesh

#   3───2
#   │ ╱ │      both faces counter-clockwise, normal +Z
#   0───1
SQUARE = torch.tensor([[0.0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]])
SQUARE_FACES = torch.tensor([[0, 1, 2], [0, 2, 3]])

TETRAHEDRON = torch.tensor([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], dtype=torch.float64)
TETRAHEDRON_FACES = torch.tensor([[0, 2, 1], [0, 1, 3], [1, 2, 3], [2, 0, 3]])

FIN = torch.tensor([[0, 1, 2], [1, 0, 3], [0, 1, 4]])  # three faces on the edge 0 1
BOW_TIE = torch.tensor([[0, 1, 2], [0, 3, 4]])  # two faces that share the vertex 0 alone
TURNED = torch.tensor([[0, 1, 2], [0, 3, 2]])  # the square, its second face the wrong way round


def torus(n=6):
    i, j = torch.meshgrid(torch.arange(n), torch.arange(n), indexing="ij")
    a, b, c, d = ((i + s) % n * n + (j + t) % n for s, t in ((0, 0), (1, 0), (1, 1), (0, 1)))
    return torch.cat([torch.stack([a, b, c], -1).reshape(-1, 3), torch.stack([a, c, d], -1).reshape(-1, 3)])


def test_edges_name_the_face_on_each_side():
    found = mesh.edges(SQUARE_FACES)
    assert found.vertices.tolist() == [[0, 1], [0, 2], [0, 3], [1, 2], [2, 3]]
    # 0 -> 2 runs in face 1, so face 1 is to its left (seen from +Z), face 0 to its right
    assert found.faces.tolist() == [[0, -1], [1, 0], [-1, 1], [0, -1], [1, -1]]
    assert found.counts.tolist() == [[1, 0], [1, 1], [0, 1], [1, 0], [1, 0]]
    assert found.of_faces.tolist() == [[0, 3, 1], [1, 4, 2]]


def test_no_faces_have_no_edges():
    assert mesh.edges(torch.zeros(0, 3, dtype=torch.int64)).vertices.shape == (0, 2)


@pytest.mark.parametrize(
    "faces, closed, oriented, manifold, euler",
    [
        (SQUARE_FACES, False, True, True, 1),
        (TETRAHEDRON_FACES, True, True, True, 2),
        (torus(), True, True, True, 0),
        (FIN, False, False, False, 1),
        (BOW_TIE, False, True, False, 1),
        (TURNED, False, False, True, 1),
        (torch.tensor([[0, 1, 1]]), False, True, False, 1),
        # two tetrahedra that touch in a vertex: every edge is fine, the vertex is not
        (torch.cat([TETRAHEDRON_FACES, TETRAHEDRON_FACES + 3]), True, True, False, 3),
    ],
    ids=["square", "tetrahedron", "torus", "fin", "bow tie", "turned", "needle", "pinched"],
)
def test_what_connectivity_says(faces, closed, oriented, manifold, euler):
    assert mesh.is_closed(faces) == closed
    assert mesh.is_oriented(faces) == oriented
    assert mesh.is_manifold(faces) == manifold
    assert mesh.euler_characteristic(faces) == euler


def test_normals_areas_and_volume_of_a_tetrahedron():
    s = 3**-0.5
    normals = torch.tensor([[0, 0, -1.0], [0, -1, 0], [s, s, s], [-1, 0, 0]], dtype=torch.float64)
    assert torch.allclose(mesh.face_normals(TETRAHEDRON, TETRAHEDRON_FACES), normals)
    areas = torch.tensor([0.5, 0.5, 3**0.5 / 2, 0.5], dtype=torch.float64)
    assert torch.allclose(mesh.face_areas(TETRAHEDRON, TETRAHEDRON_FACES), areas)
    found = mesh.volume(TETRAHEDRON, TETRAHEDRON_FACES)
    assert torch.allclose(found, torch.tensor(1 / 6, dtype=torch.float64))
    assert torch.allclose(mesh.volume(TETRAHEDRON, TETRAHEDRON_FACES.flip(1)), -found)
    # at the vertex 0 meet three faces of equal area
    assert torch.allclose(mesh.vertex_normals(TETRAHEDRON, TETRAHEDRON_FACES)[0], -normals[2])


def test_normals_have_the_right_gradient():
    moved = (TETRAHEDRON + 0.1 * TETRAHEDRON.flip(0)).requires_grad_()
    torch.autograd.gradcheck(lambda v: mesh.vertex_normals(v, TETRAHEDRON_FACES), moved)
    torch.autograd.gradcheck(lambda v: mesh.face_normals(v, TETRAHEDRON_FACES), moved)


def test_degenerate_faces_give_neither_nan_nor_wild_gradients():
    vertices = torch.tensor([[0.0, 0, 0], [1, 0, 0], [2, 0, 0], [5, 5, 5]], requires_grad=True)
    faces = torch.tensor([[0, 1, 2], [0, 0, 0]])  # a line and a point; vertex 3 has no face
    normals = mesh.vertex_normals(vertices, faces)
    assert torch.equal(normals, torch.zeros(4, 3))
    (normals * torch.randn(4, 3, generator=torch.Generator().manual_seed(0))).sum().backward()
    assert torch.equal(vertices.grad, torch.zeros(4, 3))


def test_normals_of_a_micrometre_mesh_are_unit():
    normals = mesh.face_normals(SQUARE * 1e-6, SQUARE_FACES)
    assert torch.allclose(normals, torch.tensor([0.0, 0, 1]).expand(2, 3))


def test_the_uniform_laplacian_is_the_neighbours_mean_less_the_vertex():
    values = torch.tensor([[1.0], [10], [100], [1000], [7]])
    laplacian = mesh.uniform_laplacian(SQUARE_FACES, 5)
    # 0 meets 1 2 3; 1 meets 0 2; 2 meets 0 1 3; 3 meets 0 2; 4 nobody
    expected = torch.tensor([[1110 / 3 - 1], [101 / 2 - 10], [1011 / 3 - 100], [101 / 2 - 1000], [0]])
    assert torch.allclose(laplacian @ values, expected)
    sums = mesh.uniform_laplacian(SQUARE_FACES, 5, normalised=False)
    assert torch.allclose(sums @ values, expected * torch.tensor([[3.0], [2], [3], [2], [0]]))


def test_the_cotangent_laplacian_equals_its_twin():
    moved = TETRAHEDRON + 0.2 * TETRAHEDRON.flip(0)
    found = mesh.cotangent_laplacian(moved, TETRAHEDRON_FACES).to_dense()
    assert torch.allclose(found, cotangent_laplacian_by_angles(moved, TETRAHEDRON_FACES))


def test_the_cotangent_laplacian_is_minus_the_gradient_of_the_area():
    moved = (TETRAHEDRON + 0.2 * TETRAHEDRON.flip(0)).requires_grad_()
    mesh.face_areas(moved, TETRAHEDRON_FACES).sum().backward()
    assert torch.allclose(mesh.cotangent_laplacian(moved.detach(), TETRAHEDRON_FACES) @ moved.detach(), -moved.grad)


def test_the_cotangent_laplacian_bears_degenerate_faces():
    vertices = torch.tensor([[0.0, 0, 0], [1, 0, 0], [2, 0, 0]], requires_grad=True)
    found = mesh.cotangent_laplacian(vertices, torch.tensor([[0, 1, 2], [1, 1, 1]])).to_dense()
    assert torch.equal(found, torch.zeros(3, 3))


@pytest.mark.parametrize("seed", range(3))
def test_components_equal_their_twin(seed):
    generator = torch.Generator().manual_seed(seed)
    faces = torch.randint(0, 120, (40, 3), generator=generator)
    assert mesh.components(faces, 120).tolist() == parts_by_walking(faces, 120)


def test_a_long_strip_with_shuffled_vertices_is_one_component():
    """Labels that only walk to neighbours would need 10,000 rounds."""
    i = torch.randperm(10_000, generator=torch.Generator().manual_seed(0))
    assert int(mesh.components(torch.stack([i[:-2], i[1:-1], i[2:]], dim=1), 10_000).max()) == 0


def test_boundary_loops_run_with_their_faces_longest_first():
    assert [loop.tolist() for loop in mesh.boundary_loops(SQUARE_FACES)] == [[0, 1, 2, 3]]
    assert mesh.boundary_loops(TETRAHEDRON_FACES) == []
    both = torch.cat([TETRAHEDRON_FACES[1:] + 4, SQUARE_FACES])
    assert [len(loop) for loop in mesh.boundary_loops(both)] == [4, 3]


def test_rims_that_touch_are_walked_apart():
    assert [loop.tolist() for loop in mesh.boundary_loops(BOW_TIE)] == [[0, 1, 2], [0, 3, 4]]


def painted():
    return Mesh(
        SQUARE,
        SQUARE_FACES,
        {"_PART": torch.tensor([5, 6, 7, 8])},
        torch.arange(12.0).reshape(2, 3, 2),
        {"base_colour": torch.zeros(2, 2, 3, dtype=torch.uint8)},
    )


def test_a_submesh_keeps_what_is_painted_on_it():
    found, new_from_old = mesh.submesh(painted(), torch.tensor([False, True]))
    assert found.faces.tolist() == [[0, 1, 2]]
    assert torch.equal(found.vertices, SQUARE[[0, 2, 3]])
    assert new_from_old.tolist() == [0, -1, 1, 2]
    assert found.attributes["_PART"].tolist() == [5, 7, 8]
    assert found.uvs is not None and found.uvs[0, 0].tolist() == [6.0, 7.0]
    assert "base_colour" in found.images


def test_combined_meshes_share_what_all_have():
    first = painted()
    found = mesh.combined([first, first.having(extra=torch.zeros(4))])
    assert found.faces.tolist() == [[0, 1, 2], [0, 2, 3], [4, 5, 6], [4, 6, 7]]
    assert found.attributes["_PART"].tolist() == [5, 6, 7, 8] * 2
    assert set(found.attributes) == {"_PART"} and found.uvs is not None
    assert found.images["base_colour"] is first.images["base_colour"]
    assert mesh.combined([first, painted()]).images == {}  # two images cannot be one
    assert mesh.combined([first, Mesh(SQUARE, SQUARE_FACES)]).uvs is None


def test_no_mesh_cannot_be_combined():
    with pytest.raises(ValueError, match="no mesh"):
        mesh.combined([])


@pytest.mark.parametrize("bad", [4, -1])
def test_a_face_without_its_vertex_is_bad_data(bad):
    with pytest.raises(BadData, match="expected 0 to 3"):
        Mesh(SQUARE, torch.tensor([[0, 1, bad]]))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_vertex_that_is_not_finite_is_bad_data(value):
    with pytest.raises(BadData, match="not finite"):
        Mesh(SQUARE.where(SQUARE != 1, torch.tensor(value)), SQUARE_FACES)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ((SQUARE[:, :2], SQUARE_FACES), "expected shapes"),
        ((SQUARE, SQUARE_FACES.int()), "dtypes"),
        ((SQUARE.long(), SQUARE_FACES), "dtypes"),
        ((SQUARE, SQUARE_FACES, {"short": torch.zeros(3)}), "attribute short has 3 rows for 4"),
        ((SQUARE, SQUARE_FACES, {}, torch.zeros(4, 2)), "expected shapes"),
    ],
)
def test_wrong_shapes_and_dtypes_are_the_programmers(arguments, message):
    with pytest.raises(ValueError, match=message):
        Mesh(*arguments)


def test_an_empty_mesh_is_a_mesh():
    assert len(Mesh(torch.zeros(0, 3), torch.zeros(0, 3, dtype=torch.int64)).faces) == 0
