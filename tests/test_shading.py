import math

import pytest
import torch

from avatarkit import camera, shading
from avatarkit.surface import Surface

UP = torch.tensor([0.0, 1.0, 0.0])
QUAD = torch.tensor([[0, 1, 2], [0, 2, 3]])


def wall(x, half=100.0):
    """A square wall in the plane of constant x, from y = 0 up."""
    corners = [[x, 0, -half], [x, half, -half], [x, half, half], [x, 0, half]]
    return Surface(torch.tensor(corners), QUAD)


def test_the_hemisphere_is_dense_as_the_cosine():
    directions = shading.hemisphere(4000, torch.zeros(1, dtype=torch.float64))
    assert torch.allclose(directions.norm(dim=1), torch.ones(4000, dtype=torch.float64))
    # the mean of z under cosine density is 2/3, of x and y nothing
    assert torch.allclose(directions.mean(0), torch.tensor([0, 0, 2 / 3], dtype=torch.float64), atol=2e-3)


def test_tangents_are_a_right_handed_frame_even_at_the_poles():
    normals = torch.nn.functional.normalize(torch.randn(50, 3, generator=torch.Generator().manual_seed(0)), dim=1)
    normals = torch.cat([normals, torch.tensor([[0, 0, 1.0], [0, 0, -1], [0, 1, 0]])])
    x, y = shading.tangents(normals)
    frames = torch.stack([x, y, normals], dim=1)
    assert torch.allclose(frames @ frames.transpose(1, 2), torch.eye(3).expand(53, 3, 3), atol=1e-5)
    assert torch.allclose(torch.linalg.det(frames), torch.ones(53), atol=1e-5)


def test_openness_is_a_half_beside_a_wall_and_1_far_from_it():
    points = torch.tensor([[-0.05, 0.0, 0.0], [-50.0, 0.0, 0.0]])
    found = shading.openness(wall(0.0), points, UP.expand(2, 3), reach=10.0, count=400)
    assert torch.allclose(found, torch.tensor([0.5, 1.0]), atol=0.03)


def test_a_surface_does_not_hide_itself():
    square = torch.tensor([[-1.0, 0, -1], [-1, 0, 1], [1, 0, 1], [1, 0, -1]])
    found = shading.openness(Surface(square, QUAD), square * 0.9, UP.expand(4, 3), reach=5.0)
    assert torch.equal(found, torch.ones(4))


def test_a_wall_hides_the_lamp_behind_it():
    points = torch.tensor([[-1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [-1.0, 1.0, 0.0]])
    normals = torch.tensor([[1.0, 0, 0], [1, 0, 0], [-1, 0, 0]])
    seen = shading.lamp_seen(wall(0.0), points, normals, torch.tensor([1.0, 0.0, 0.0]), reach=5.0)
    assert seen.tolist() == [0.0, 1.0, 0.0]  # the last looks away from the lamp


def test_a_lamp_at_the_edge_of_a_wall_is_half_seen():
    """A round lamp: the edge of its shadow is soft."""
    point = torch.tensor([[-1.0, 0.0, 0.0]])
    seen = shading.lamp_seen(wall(0.0), point, torch.tensor([[1.0, 0, 0]]), torch.tensor([1.0, 0.0, 0.0]), reach=5.0)
    assert 0.3 < seen.item() < 0.7


def lit(normal, *, open_sky=1.0, lamp_seen=1.0):
    one = torch.ones(1)
    normal = torch.nn.functional.normalize(torch.tensor([normal]), dim=1)
    albedo = torch.full((1, 3), 0.5)
    return shading.lit(albedo, normal, UP, one * open_sky, one * lamp_seen, gloss=0.0).mean().item()


def test_what_faces_the_key_lamp_is_brightest_and_what_is_hidden_darker():
    towards = shading.direction(shading.KEY, torch.zeros(1)).tolist()
    facing = lit(towards)
    assert facing > lit([0.0, 0.0, 1.0]) > lit([-t for t in towards])
    assert facing > lit(towards, open_sky=0.5) > lit(towards, open_sky=0.5, lamp_seen=0.0) > 0


def test_a_lit_colour_is_the_albedos():
    normals, one = torch.tensor([[0.0, 0.0, 1.0]]), torch.ones(1)
    red = shading.lit(torch.tensor([[0.5, 0.0, 0.0]]), normals, UP, one, one, gloss=0.0)
    assert red[0, 0] > 0.1 and red[0, 1:].tolist() == [0.0, 0.0]


def test_tones_rise_below_1_without_a_jump():
    tones = shading.tone_mapped(torch.linspace(0, 4, 401))
    assert (tones.diff() > 0).all() and tones.max() < 1
    assert torch.equal(tones[:60], torch.linspace(0, 4, 401)[:60])
    assert tones.diff().max() < 0.0101


@pytest.mark.parametrize("kind", ["perspective", "orthographic"])
def test_the_floor_is_dark_under_a_thing_and_nowhere_else(kind):
    # a table top 0.2 m above the floor's level, which is where the lowest vertex is
    table = torch.tensor([[-1.0, 0.2, -1], [-1, 0.2, 1], [1, 0.2, 1], [1, 0.2, -1], [0, 0, 0]])
    ground = shading.Ground.under(table, torch.cat([QUAD, torch.tensor([[4, 4, 4]])]))
    view = camera.framing(table, (81, 81), kind=kind, elevation=80, fill=0.05)
    dark = ground.shade(view)
    middle, _ = camera.project(view, torch.tensor([0.0, 0.0, 0.0]))
    column, row = middle.long().tolist()
    assert dark[row, column] > 0.7 and dark[0, 0] == 0
    assert 0 <= dark.min() and dark.max() <= 1


def test_the_floor_is_not_seen_from_below():
    table = torch.tensor([[-1.0, 0.2, -1], [-1, 0.2, 1], [1, 0.2, 1], [1, 0, -1]])
    view = camera.framing(table, (9, 9), elevation=-math.degrees(0.5))
    assert shading.Ground.under(table, QUAD).shade(view).max() == 0
