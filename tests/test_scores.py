"""The figures that results are judged by: known from formulas on balls and boxes, and blind to what nobody sees."""

import math

import numpy as np
import pytest
import torch
from solids import ball

from avatarkit import camera as cameras
from avatarkit import scores
from avatarkit.mesh import Mesh, combined
from avatarkit.scores import Truth, Views, scored
from avatarkit.surface import Surface

COUNT = 4000


@pytest.fixture(scope="module")
def truth():
    return Truth.of(ball(0.5, n=48), count=COUNT)


def test_a_larger_ball_is_farther_by_the_difference_of_radii(truth):
    score = scored(truth, ball(0.53, n=48), count=COUNT)
    assert score.p2s == pytest.approx(30, abs=0.5) and score.s2p == pytest.approx(30, abs=0.5)
    assert score.chamfer == pytest.approx((score.p2s + score.s2p) / 2)
    assert score.f_score == 0.0 and 3 < score.degrees < 5  # no pixel sees the same place of both
    assert score.iou == pytest.approx((0.5 / 0.53) ** 2, abs=0.005)
    near = scored(truth, ball(0.508, n=48), count=COUNT)
    assert near.f_score == 1.0 and near.chamfer == pytest.approx(8, abs=0.4)


def test_the_truth_against_itself_is_the_floor(truth):
    score = scored(truth, ball(0.5, n=48), count=COUNT)
    assert score.chamfer < 0.001 and score.f_score == 1.0 and score.iou == 1.0 and score.degrees < 0.1


def test_half_of_the_truth_missing_shows_in_one_direction_only(truth):
    """Guards P2S and S2P being taken for each other."""
    mesh = ball(0.5, n=48)
    upper = Mesh(mesh.vertices, mesh.faces[mesh.vertices[mesh.faces][..., 1].amin(dim=1) >= 0])
    score = scored(truth, upper, count=COUNT)
    assert score.p2s < 0.001 < 50 < score.s2p
    assert 0.5 < score.f_score < 0.8


def test_what_is_inside_is_not_of_the_outer_surface():
    outer, inner = ball(0.5, n=24), ball(0.2, n=24)
    points = scores.outer_points(combined([outer, inner]), COUNT)
    assert float(points.norm(dim=1).min()) > 0.49
    assert len(points) == pytest.approx(COUNT * 0.25 / 0.29, rel=0.02)


def test_nobody_looks_from_far_below():
    """The ground of a deep bowl is seen when the bowl stands, and not when it lies on its rim."""
    mesh = ball(0.5, n=24)
    bowl = mesh.faces[mesh.vertices[mesh.faces][..., 1].amax(dim=1) <= 1e-6]
    for upright in (1.0, -1.0):
        turned = torch.tensor([1.0, upright, 1.0])
        ground = turned * torch.tensor([[0.0, -0.49, 0.0]])
        assert scores.is_outer(ground, Surface(mesh.vertices * turned, bowl)).tolist() == [upright > 0]


def test_directions_are_spread_over_the_sphere_above_minus_30_degrees():
    found = scores.directions()
    assert found.shape == (64, 3) and torch.allclose(found.norm(dim=1), torch.ones(64))
    assert -0.5 < float(found[:, 1].min()) < -0.47 and float(found[:, 1].max()) > 0.97
    nearest = (found @ found.T - 2 * torch.eye(64)).amax(dim=1)
    assert float(nearest.max()) < math.cos(math.radians(12)) and float(nearest.min()) > math.cos(math.radians(30))


def test_points_are_even_by_area_and_repeat():
    """Guards an area for a triangle's index, and corners that draw more points than the middle."""
    vertices = torch.tensor([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 2], [3, 0, 2], [0, 1, 2]])
    mesh = Mesh(vertices, torch.tensor([[0, 1, 2], [3, 4, 5]]))
    points = scores.area_uniform(mesh, COUNT, seed=3)
    assert int((points[:, 2] > 1).sum()) == COUNT * 3 // 4
    first = points[points[:, 2] < 1]
    assert torch.allclose(first.mean(dim=0), torch.tensor([1 / 3, 1 / 3, 0]), atol=0.02)
    assert float((first[:, 0] > 0.5).float().mean()) == pytest.approx(0.25, abs=0.03)
    assert torch.equal(points, scores.area_uniform(mesh, COUNT, seed=3))
    assert not torch.equal(points, scores.area_uniform(mesh, COUNT, seed=4))
    with pytest.raises(ValueError, match="no area"):
        scores.area_uniform(Mesh(vertices, torch.tensor([[0, 1, 1]])), 5)


@pytest.mark.parametrize("kind", ["orthographic", "perspective"])
def test_cloth_seen_from_within_has_the_normal_of_the_side_that_is_seen(kind):
    """A sheet that faces away: its own normal, or the other side's."""
    sheet = Mesh(torch.tensor([[-1.0, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]]), torch.tensor([[0, 2, 1], [0, 3, 2]]))
    camera = cameras.framing(sheet.vertices, (32, 32), kind=kind, fill=0.5)
    for two_sided, z in ((False, -1.0), (True, 1.0)):
        views = scores.seen(sheet, [camera], two_sided=two_sided)
        assert int(views.masks.sum()) == 16 * 16
        assert torch.allclose(views.normals[views.masks], torch.tensor([0.0, 0.0, z]))


def test_methods_are_compared_on_the_pixels_common_to_all():
    up, right = torch.tensor([0.0, 1.0, 0.0]), torch.tensor([1.0, 0.0, 0.0])
    masks = torch.tensor([[[True, True, True, False]]])
    truth = Views(up.expand(1, 1, 4, 3), masks)
    half_wrong = Views(torch.stack([up, right, up, right])[None, None], torch.ones_like(masks))
    narrow = Views(up.expand(1, 1, 4, 3), torch.tensor([[[False, True, False, True]]]))
    assert scores.normal_errors(truth, {"a": half_wrong})["a"] == pytest.approx(30)
    assert scores.normal_errors(truth, {"a": half_wrong, "b": narrow}) == pytest.approx({"a": 90, "b": 0})
    apart = Views(up.expand(1, 1, 4, 3), ~masks)
    assert scores.normal_errors(truth, {"a": apart}) == {"a": 180.0}
    assert scores.mask_iou(masks, narrow.masks) == pytest.approx(1 / 4)


def test_intervals_hold_the_mean_as_often_as_they_say():
    generator = np.random.default_rng(0)
    found = [scores.interval(generator.normal(5, 2, size=32), draws=400) for _ in range(200)]
    assert 0.88 < np.mean([low < 5 < high for _, low, high in found]) < 0.99
    assert np.mean([high - low for _, low, high in found]) == pytest.approx(2 * 1.96 * 2 / math.sqrt(32), rel=0.1)
    assert scores.interval([3.0]) == (3.0, 3.0, 3.0)
    with pytest.raises(ValueError, match="one number a person"):
        scores.interval([])


def test_pelvis_and_scale_undo_what_was_done():
    generator = torch.Generator().manual_seed(0)
    true = torch.randn(50, 3, generator=generator)
    linear, moved = scores.pelvis_and_scale(true / 2 + 1, true, (true[0] / 2 + 1, true[0]))
    assert torch.allclose((true / 2 + 1) @ linear.T + moved, true, atol=1e-5)
