import importlib

import pytest
import torch
from twins import first_hit_by_every_triangle

from avatarkit import surface
from avatarkit.errors import NotInstalled
from avatarkit.surface import Surface

# a unit cube around the origin, faces outwards: vertex number = 4 x + 2 y + z of its corner
CUBE = torch.cartesian_prod(*[torch.tensor([-0.5, 0.5])] * 3)
QUADS = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
CUBE_FACES = torch.tensor([t for a, b, c, d in QUADS for t in ((a, b, c), (a, c, d))])


def test_rays_hit_the_cube_where_arithmetic_says():
    origins = torch.tensor([[0.1, 0.2, 3.0], [0.1, 0.2, 0.0], [2.0, 2.0, 3.0]])
    hits = Surface(CUBE, CUBE_FACES).cast(origins, torch.tensor([0.0, 0.0, -2.0]).expand(3, 3))
    # in lengths of the direction; the second ray starts inside and hits the back face's inner side
    assert torch.allclose(hits.distance, torch.tensor([1.25, 0.25, float("inf")]))
    assert hits.face[0].item() in (10, 11) and hits.face[1].item() in (8, 9) and hits.face[2].item() == -1
    corners = CUBE[CUBE_FACES[hits.face[:2]]]
    points = (corners * hits.barycentric[:2, :, None]).sum(dim=1)
    assert torch.allclose(points, torch.tensor([[0.1, 0.2, 0.5], [0.1, 0.2, -0.5]]), atol=1e-6)
    assert torch.equal(hits.barycentric[2], torch.zeros(3))


def test_casting_equals_its_twin():
    generator = torch.Generator().manual_seed(0)
    vertices = torch.rand(30, 3, generator=generator)
    faces = torch.stack([torch.randperm(30, generator=generator)[:3] for _ in range(20)])
    origins = torch.rand(40, 3, generator=generator) * 4 - 2
    directions = torch.nn.functional.normalize(torch.rand(40, 3, generator=generator) - origins, dim=1)
    hits = Surface(vertices, faces).cast(origins, directions)
    expected = [first_hit_by_every_triangle(vertices, faces, *ray) for ray in zip(origins, directions, strict=True)]
    assert hits.face.tolist() == [face for _, face in expected]
    assert 5 < (hits.face >= 0).sum() < 40  # else the test says little
    assert torch.allclose(hits.distance, torch.tensor([distance for distance, _ in expected]), rtol=1e-4)


def test_answers_have_the_shape_and_dtype_of_the_question():
    origins = torch.zeros(2, 5, 3, dtype=torch.float64)
    hits = Surface(CUBE.double(), CUBE_FACES).cast(origins, torch.ones_like(origins))
    assert (hits.distance.shape, hits.distance.dtype) == ((2, 5), torch.float64)
    assert (hits.face.shape, hits.face.dtype) == ((2, 5), torch.int64)
    assert hits.barycentric.shape == (2, 5, 3)


def test_the_closest_points_of_a_cube():
    points = torch.tensor([[2.0, 0.1, 0.2], [0.1, 0.3, 0.0], [1.5, 1.5, 1.5]])
    nearest = Surface(CUBE, CUBE_FACES).closest(points)
    expected = torch.tensor([[0.5, 0.1, 0.2], [0.1, 0.5, 0.0], [0.5, 0.5, 0.5]])
    assert torch.allclose(nearest.point, expected, atol=1e-6)
    assert torch.allclose(nearest.distance, torch.tensor([1.5, 0.2, 3**0.5]))
    blended = (CUBE[CUBE_FACES[nearest.face]] * nearest.barycentric[..., None]).sum(dim=1)
    assert torch.allclose(blended, expected, atol=1e-6)


def test_the_signed_distance_is_negative_inside():
    points = torch.tensor([[0.0, 0.0, 0.4], [0.0, 0.0, 0.7]])
    assert torch.allclose(Surface(CUBE, CUBE_FACES).signed_distance(points), torch.tensor([-0.1, 0.2]), atol=1e-6)


def test_occlusion_counts_between_near_and_far():
    origins, towards = torch.tensor([[0.0, 0.0, 3.0]]), torch.tensor([[0.1, 0.05, -1.0]])
    cube = Surface(CUBE, CUBE_FACES)
    assert cube.occluded(origins, towards).tolist() == [True]
    assert cube.occluded(origins, -towards).tolist() == [False]
    assert cube.occluded(origins, towards, far=2.0).tolist() == [False]
    assert cube.occluded(origins, towards, near=4.0).tolist() == [False]


def test_gradients_do_not_pass_and_do_not_disturb():
    vertices = CUBE.clone().requires_grad_()
    found = Surface(vertices, CUBE_FACES).closest(torch.zeros(1, 3, requires_grad=True))
    assert not found.distance.requires_grad


def test_nan_is_refused():
    """Embree answers NaN with NaN and no error."""
    cube, nan = Surface(CUBE, CUBE_FACES), torch.full((2, 3), float("nan"))
    with pytest.raises(ValueError, match="points are not all finite"):
        cube.closest(nan)
    with pytest.raises(ValueError, match="rays are not all finite"):
        cube.cast(torch.zeros(2, 3), torch.full((2, 3), float("inf")))
    with pytest.raises(ValueError, match="vertices are not all finite"):
        Surface(nan, torch.tensor([[0, 1, 1]]))


def test_a_surface_needs_faces():
    with pytest.raises(ValueError, match="no faces"):
        Surface(CUBE, CUBE_FACES[:0])


@pytest.mark.parametrize(
    "error, message",
    [
        (ModuleNotFoundError("No module named 'open3d'", name="open3d"), "not installed.*pip install open3d"),
        (
            OSError("libusb-1.0.so.0: cannot open shared object file: No such"),
            "lacks .* libusb-1.0.so.0: sudo apt",
        ),
        (ImportError("libGL.so.1: cannot open shared object file: No such file"), "lacks .* libGL.so.1: .* libgl1 "),
        (ImportError("numpy.core.multiarray failed to import"), "numpy.core.multiarray.*--force-reinstall"),
    ],
)
def test_what_is_missing_is_named_with_the_line_that_installs_it(monkeypatch, error, message):
    def fail(name):
        raise error

    monkeypatch.setattr(importlib, "import_module", fail)
    with pytest.raises(NotInstalled, match=message) as caught:
        Surface(CUBE, CUBE_FACES)
    assert caught.value.exit_code == 69
    assert surface.missing() == str(caught.value)


def test_nothing_is_missing_here():
    assert surface.missing() is None
