"""Triangles that cross others: exact on grids of integers, where all that is awkward happens all the time."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from solids import ball
from twins import crossing_by_every_pair

from avatarkit.crossing import crossing_faces, least_crossing, uncrossed, widened
from avatarkit.mesh import combined

FLOOR = [[0, 0, 0], [4, 0, 0], [0, 0, 4]]  # its normal points down, towards -y


def crossing(points, faces):
    return crossing_faces(torch.tensor(points, dtype=torch.float32), torch.tensor(faces)).tolist()


def against_the_floor(*points):
    """Of the floor and another triangle, do both cross? They always agree."""
    first, second = crossing(FLOOR + list(points), [[0, 1, 2], [3, 4, 5]])
    assert first == second
    return first


@pytest.mark.parametrize(
    "points, expected",
    [
        ([[1, -1, 1], [1, 1, 1], [9, 1, 9]], True),
        ([[1, 1, 1], [1, 2, 1], [9, 1, 9]], False),
        ([[9, -1, 9], [9, 1, 9], [-9, 0.5, -9]], True),  # no edge of it meets the floor, but the floor's meet it
        ([[1, 0, 1], [1, -1, 1], [2, -1, 1]], False),  # a tip that stands on it from above
        ([[1, 0, 1], [2, 0, 1], [1, 0, 2]], False),  # in its plane, inside of it
        ([[3, 0, 3], [9, 0, 9], [9, 0, 8]], False),  # in its plane, beside it
        ([[2, -1, 0], [2, 1, 0], [2, 1, -4]], False),  # touches its rim from outside
        ([[4, -1, 0], [4, 1, 0], [9, 1, 0]], False),  # touches its corner
        ([[1, -1, 1], [1, 1, 1], [1, 3, 1]], True),  # no area
        ([[1, -1e-4, 1], [1, 1e-4, 1], [9, 1, 9]], True),
        ([[1, -1, 1], [1.00002, -1, 1], [1, 1, 1]], True),  # a sliver
        ([[1, 1e-4, 1], [1, 2e-4, 3], [3, 1e-4, 1]], False),  # a layer of cloth just over another
    ],
)
def test_two_triangles(points, expected):
    assert against_the_floor(*points) == expected


def test_neighbours_do_not_cross_but_a_face_folded_through_its_neighbour_does():
    # two floors that share an edge; then a third that hangs on one corner, its far edge through the first
    flat = [[0, 0, 0], [4, 0, 0], [0, 0, 4], [4, 0, 4], [2, 1, 1], [1, -1, 1]]
    assert crossing(flat, [[0, 1, 2], [1, 3, 2]]) == [False, False]
    assert crossing(flat, [[0, 1, 2], [1, 3, 2], [0, 4, 5]]) == [True, False, True]
    # guards edges at the shared corner being taken for passing through it, by rounding
    assert crossing([*flat[:3], [-1, 1, 0], [-1, -1, 1]], [[0, 1, 2], [0, 3, 4]]) == [False, False]


def test_nothing_crosses_in_no_faces_in_points_and_on_a_ball():
    mesh = ball(0.5, n=16)
    assert crossing_faces(mesh.vertices, mesh.faces[:0]).shape == (0,)
    assert crossing([[1, 1, 1]] * 3, [[0, 1, 2], [2, 1, 0]]) == [False, False]
    assert not crossing_faces(mesh.vertices, mesh.faces).any()


def test_a_face_that_is_not_finite_is_refused():
    with pytest.raises(ValueError, match="finite"):
        crossing([[0, 0, float("nan")], [1, 0, 0], [0, 1, 0]], [[0, 1, 2]])


@pytest.mark.parametrize("far", [0.0, 1000.0])
def test_two_balls_cross_along_a_circle(far):
    """Guards the rounding being coarse for a mesh far from the origin, and the sweep's axis."""
    balls = [ball(0.5, n=20, centre=centre) for centre in ((0.0, 0.0, far), (0.0, 0.6, far))]
    mesh = combined(balls)
    found = crossing_faces(mesh.vertices, mesh.faces)
    middles = mesh.vertices[mesh.faces].mean(dim=1) - torch.tensor([0.0, 0.3, far])
    assert found.any() and found[: len(balls[0].faces)].any() and found[len(balls[0].faces) :].any()
    assert float(middles[found][:, 1].abs().max()) < 0.06
    assert float((middles[found].norm(dim=1) - 0.4).abs().max()) < 0.06
    apart = combined([balls[0], ball(0.49, n=20, centre=(0.0, 0.0, far))])
    assert not crossing_faces(apart.vertices, apart.faces).any()


def test_the_order_of_faces_and_axes_does_not_matter():
    generator = torch.Generator().manual_seed(1)
    vertices, faces = torch.rand(60, 3, generator=generator), torch.randint(60, (40, 3), generator=generator)
    found = crossing_faces(vertices, faces)
    assert 5 < int(found.sum()) < 40
    shuffle = torch.randperm(40, generator=generator)
    assert torch.equal(crossing_faces(vertices, faces[shuffle]), found[shuffle])
    for turn in (1, 2):
        stretched = vertices.roll(turn, dims=1) * torch.tensor([1.0, 4.0, 1.0])
        assert torch.equal(crossing_faces(stretched, faces), found)


COORDINATE = st.integers(0, 4)
POINTS = st.lists(st.tuples(COORDINATE, COORDINATE, COORDINATE), min_size=3, max_size=12)


@given(points=POINTS, data=st.data())
@settings(max_examples=300, deadline=None)
def test_as_every_pair_tried_in_fractions(points, data):
    """On a small grid most triangles touch, lie in a plane, share corners, or have no area."""
    index = st.integers(0, len(points) - 1)
    faces = data.draw(st.lists(st.tuples(index, index, index), min_size=1, max_size=8))
    vertices, faces = torch.tensor(points, dtype=torch.float32), torch.tensor(faces)
    assert crossing_faces(vertices, faces).tolist() == crossing_by_every_pair(vertices, faces)


def test_as_every_pair_tried_in_fractions_for_slivers():
    generator = torch.Generator().manual_seed(3)
    vertices = torch.rand(90, 3, generator=generator).round(decimals=2)
    vertices[:30, 1] *= 2.0**-12  # thin as paper, and tall ones through them
    vertices = (vertices * 2**16).round() / 2**16
    faces = torch.cat(
        [torch.randint(30, (12, 3), generator=generator), torch.randint(90, (14, 3), generator=generator)]
    )
    expected = crossing_by_every_pair(vertices, faces)
    assert 3 < sum(expected) < 26
    assert crossing_faces(vertices, faces).tolist() == expected


def test_a_fold_is_smoothed_out_and_what_does_not_cross_is_left_alone():
    mesh = ball(0.1)
    assert torch.equal(uncrossed(mesh.vertices, mesh.faces), mesh.vertices)
    folded = mesh.vertices.clone()
    folded[600] = -1.5 * folded[600]
    assert bool(crossing_faces(folded, mesh.faces).any())
    assert not bool(crossing_faces(uncrossed(folded, mesh.faces), mesh.faces).any())


def test_the_best_round_is_kept_and_waiting_ends():
    """Guards a change that only harms, and one that would go on for ever."""
    vertices, faces = pressed(0.08)
    seen = []

    def press_on(step, moved, crossing):
        seen.append(int(crossing.sum()))
        return moved * torch.tensor([0.95, 1.0, 1.0]), torch.ones_like(crossing)

    assert torch.equal(least_crossing(vertices, faces, press_on, rounds=20, patience=4), vertices)
    assert len(seen) == 5 and seen[0] == len(torch.unique(faces[crossing_faces(vertices, faces)]))


def test_rings_of_faces_are_counted():
    faces = torch.tensor([[0, 1, 2], [1, 2, 3], [2, 3, 4], [5, 6, 7]])
    marked = torch.zeros(8).index_fill(0, torch.tensor([0]), 1)
    assert widened(marked, faces, 0).tolist() == [1, 0, 0, 0, 0, 0, 0, 0]
    assert widened(marked, faces, 1).tolist() == [1, 1, 1, 0, 0, 0, 0, 0]
    assert widened(marked, faces, 2).tolist() == [1, 1, 1, 1, 1, 0, 0, 0]


def pressed(apart):
    """Two cigars of radius 5 cm side by side in one mesh, `apart` metres."""
    one = ball(0.05, n=40)
    long = one.vertices * torch.tensor([1.0, 4.0, 1.0])
    vertices = torch.cat([long, long + torch.tensor([apart, 0.003, 0.002])])
    return vertices, torch.cat([one.faces, one.faces + len(long)])


def test_limbs_that_are_pressed_into_each_other_sink_apart():
    """Guards calves on thighs: smoothing alone leaves 94 faces of these crossing."""
    vertices, faces = pressed(0.08)
    assert crossing_faces(vertices, faces).any()
    found = uncrossed(vertices, faces)
    assert not crossing_faces(found, faces).any()
    moved = (found - vertices).norm(dim=1)
    assert moved.max() < 0.02 and moved[vertices[:, 0] < 0].max() < 1e-6


def test_what_cannot_be_uncrossed_is_not_made_worse():
    vertices, faces = pressed(0.05)
    assert crossing_faces(uncrossed(vertices, faces), faces).sum() <= crossing_faces(vertices, faces).sum()
