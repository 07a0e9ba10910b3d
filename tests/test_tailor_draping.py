"""Cloth on simple bodies: a ball, two bars that overlap, a floor; nothing inside, little stretch, the same bytes."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from avatarkit.body import JOINT_INDEX
from avatarkit.mesh import edges as mesh_edges
from avatarkit.outfit import FABRICS as NAMES
from avatarkit.tailor import draping
from avatarkit.tailor.draping import Cloth, Obstacle, drape
from avatarkit.tailor.draping.nearest import nearest_face, nearest_vertex, on_triangle, walked
from avatarkit.tailor.draping.sheets import woven


def ball(radius=0.2, rings=20, around=40, stretch=(1.0, 1.0, 1.0)):
    """A closed sphere, +Y up, looking outwards."""
    polar, turn = np.arange(1, rings) * np.pi / rings, np.arange(around) * 2 * np.pi / around
    p, t = np.meshgrid(polar, turn, indexing="ij")
    rows = np.stack([np.sin(p) * np.sin(t), np.cos(p), np.sin(p) * np.cos(t)], -1).reshape(-1, 3)
    vertices = np.concatenate([rows, [[0, 1, 0], [0, -1, 0]]]) * radius * np.array(stretch)
    top, bottom = len(rows), len(rows) + 1
    faces = []
    for i in range(rings - 2):
        for j in range(around):
            a, b = i * around + j, i * around + (j + 1) % around
            faces += [[a, a + around, b], [b, a + around, b + around]]
    for j in range(around):
        k = (j + 1) % around
        faces += [[top, j, k], [bottom, (rings - 2) * around + k, (rings - 2) * around + j]]
    return vertices, np.array(faces)


def square(side=0.6, n=25, height=0.21):
    """A level square that looks up."""
    x = (np.arange(n) / (n - 1) - 0.5) * side
    z, x = np.meshgrid(x, x, indexing="ij")
    vertices = np.stack([x, np.full_like(x, height), z], -1).reshape(-1, 3)
    i = (np.arange(n - 1)[:, None] * n + np.arange(n - 1)).reshape(-1)
    return vertices, np.concatenate([np.stack([i, i + n, i + 1], 1), np.stack([i + 1, i + n, i + n + 1], 1)])


def cloth_of(vertices, faces, *, start=None, pinned=0.0, offset=0.003, **others):
    V = len(vertices)
    start = vertices if start is None else start
    return Cloth(vertices, start, faces, np.full(V, pinned), np.full(V, offset), **others)


def held_square():
    vertices, faces = square()
    middle = np.linalg.norm(vertices[:, [0, 2]], axis=1) < 0.05
    return replace(cloth_of(vertices, faces), pinned=0.5 * middle)


def obstacle(vertices, faces, posed=None, **others):
    return Obstacle(vertices, vertices if posed is None else posed, faces, **others)


@pytest.fixture(scope="module")
def napkin():
    """A square cloth, held in the middle, that fell on a ball."""
    skin = obstacle(*ball())
    return skin, drape(held_square(), [skin])


def test_the_nearest_point_of_a_triangle_is_that_of_a_fine_net_of_weights():
    rng = np.random.default_rng(0)
    steps = np.linspace(0, 1, 201)
    s, t = (w[np.add.outer(steps, steps) <= 1 + 1e-9] for w in np.meshgrid(steps, steps, indexing="ij"))
    for _ in range(40):
        corners, point = rng.normal(size=(3, 3)), rng.normal(size=3) * 2
        net = corners[0] + s[:, None] * (corners[1] - corners[0]) + t[:, None] * (corners[2] - corners[0])
        p, q, square_found = on_triangle(corners, 0, 1, 2, *point)
        assert p >= 0 and q >= 0 and p + q <= 1 + 1e-12
        best = np.linalg.norm(net - point, axis=1).min()
        assert best - 0.02 < np.sqrt(square_found) <= best + 1e-12


def test_grid_and_walk_find_the_nearest_vertex_of_all():
    skin = obstacle(*ball())
    for point in np.random.default_rng(1).normal(size=(50, 3)) * 0.15:
        squares = ((skin.vertices - point) ** 2).sum(1)
        v, found = nearest_vertex(skin.grid, *point, 0.5)
        assert found == squares.min() == squares[v]
        assert squares[walked(skin.shell.vertices, skin.shell, *point, 0)] == squares.min()
        assert nearest_face(skin.shell.vertices, skin.shell, *point, v)[3] <= squares.min()
    assert nearest_vertex(skin.grid, 9.0, 9.0, 9.0, 0.1)[0] == -1


def test_edges_come_in_the_order_of_the_mesh_and_of_its_subdivision():
    _, faces = square(n=5)
    found, expected = woven(faces), mesh_edges(torch.from_numpy(faces))
    assert (found.edges == expected.vertices.numpy()).all()
    assert found.rim.sum() == 16 and len(found.hinges) == len(found.edges) - 16
    assert len(woven(np.zeros((0, 3), np.int64)).edges) == 0


def test_a_cloth_on_a_ball_stays_outside_hangs_down_and_keeps_its_lengths(napkin):
    skin, draped = napkin
    assert draping.penetration(draped.vertices, skin) == 0
    assert draping.clearances(draped.vertices, skin).min() > 0.001
    hanging = draped.vertices[np.abs(draped.rest[:, [0, 2]]).max(1) > 0.28, 1]
    assert hanging.max() < 0.15 and draped.vertices[:, 1].max() > 0.2
    assert np.percentile(draping.stretches(draped.vertices, draped.rest, draped.faces), 95) < 1.12


def test_the_same_cloth_gives_the_same_bytes_and_a_seed_other_wrinkles(napkin):
    skin, draped = napkin
    again = drape(held_square(), [obstacle(*ball())])
    assert again.vertices.tobytes() == draped.vertices.tobytes()
    other = drape(held_square(), [skin], seed=1)
    assert np.abs(other.vertices - draped.vertices).max() > 0.001


def test_what_vertices_carry_goes_through_the_subdivision(napkin):
    vertices, faces = square()
    _, draped = napkin
    assert len(draped.faces) == 4 * len(faces) and draped.face_of[5] == 1
    assert len(draped.vertices) == len(vertices) + len(woven(faces).edges)
    np.testing.assert_allclose(draped.carried(np.ones(len(vertices))), 1)
    np.testing.assert_allclose(draped.carried(vertices), draped.rest)
    assert draped.carried(np.ones((len(vertices), 55))).shape == (len(draped.rest), 55)


def test_a_second_layer_lies_on_the_first(napkin):
    skin, first = napkin
    below = obstacle(first.rest, first.faces, first.vertices, thickness=0.001)
    vertices, faces = square(side=0.5, n=21, height=0.23)
    second = drape(cloth_of(vertices, faces), [skin, below])
    assert draping.penetration(second.vertices, skin) == 0
    assert draping.penetration(second.vertices, below) < 0.01


def test_cloth_that_starts_inside_comes_out_on_its_own_side():
    """A sheet on the upper of two bars that overlap in the pose: the nearest way out would be through the lower one."""
    vertices, faces = ball(0.1, stretch=(3.0, 1.0, 1.0))
    rest = np.concatenate([vertices + [0, 0.3, 0], vertices - [0, 0.3, 0]])
    posed = np.concatenate([vertices + [0, 0.09, 0], vertices - [0, 0.06, 0]])
    skin = obstacle(rest, np.concatenate([faces, faces + len(vertices)]), posed)
    sheet, sheet_faces = square(0.2, 9, 0.41)
    start = sheet - [0, 0.30, 0]
    draped = drape(cloth_of(sheet, sheet_faces, start=start), [skin])
    assert draping.penetration(draped.vertices, skin) == 0
    middle = np.linalg.norm(draped.rest[:, [0, 2]], axis=1) < 0.04
    assert draped.vertices[middle, 1].min() > 0.17


def test_pins_hold_and_what_hangs_from_them_does_not_stretch():
    vertices, faces = square(0.5, 21)
    hung = np.stack([vertices[:, 0], -vertices[:, 2], vertices[:, 1]], 1) + [0, 1, 0]
    top = hung[:, 1] > 1.249
    cloth = replace(cloth_of(hung, faces), pinned=top.astype(float))
    draped = drape(cloth, [obstacle(*ball(0.05))])
    np.testing.assert_allclose(draped.vertices[: len(hung)][top], draped.rest[: len(hung)][top], atol=1e-3)
    assert abs(draped.vertices[:, 1].min() - 0.75) < 0.02


def test_nothing_falls_through_the_floor_or_the_seat():
    vertices, faces = square(0.5, 15)
    skin = obstacle(*ball(0.05, 8, 12))
    assert drape(cloth_of(vertices, faces), [skin], floor=0.0).vertices[:, 1].min() > -1e-9
    seat = draping.Seat(0.1, 0.0, 0.0, 0.0, 1.0, -0.1, 0.1, 1.0)
    draped = drape(cloth_of(vertices, faces), [skin], floor=0.0, seat=seat).vertices
    over = np.abs(draped[:, 2]) < 0.09
    assert draped[over, 1].min() > 0.099 and draped[~over, 1].min() < 0.09


def test_cloth_under_a_seat_stays_there():
    """The legs of trousers were lifted onto the seat, up to the knees."""
    vertices, faces = square(0.2, 9, -0.2)
    seat = draping.Seat(0.0, 0.0, 0.0, 0.0, 1.0, -0.3, 0.3, 0.3)
    assert drape(cloth_of(vertices, faces, pinned=0.1), [], seat=seat).vertices[:, 1].max() < -0.19


def test_the_back_of_a_skirt_leaves_the_chair_to_the_front():
    """It was lifted onto the seat, where it lay crumpled."""
    vertices, faces = square(0.05, 5, -0.1)
    seat = draping.Seat(0.0, 0.0, 0.0, 0.0, 1.0, -0.3, 0.06, 0.3)
    draped = drape(cloth_of(vertices, faces), [], seat=seat).vertices
    assert draped[:, 1].max() < -0.05


def test_loose_cloth_that_is_turned_inside_out_is_turned_back():
    """Behind the knees of people who sit, skirts hung in a loop."""
    rows = np.linspace(0, 1, 41)
    rest = np.stack([np.tile([0.0, 0.025, 0.05], 41), np.repeat(1 - rows, 3), np.zeros(123)], 1)
    number = np.arange(123).reshape(41, 3)
    a, b, c, d = (block.reshape(-1) for block in (number[:-1, :-1], number[:-1, 1:], number[1:, :-1], number[1:, 1:]))
    faces = np.concatenate([np.stack([a, c, b], 1), np.stack([b, c, d], 1)])
    start = rest.copy()
    loop = (start[:, 1] > 0.44) & (start[:, 1] < 0.56)
    start[loop, 1] = 1 - start[loop, 1]  # a tenth hangs upwards
    pinned = np.where(rest[:, 1] > 0.99, 1.0, 0.0)
    cloth = Cloth(rest, start, faces, pinned, np.full(123, 0.003), "cotton")
    draped = drape(cloth, [obstacle(*(ball(0.05)[0] + [0, 0, -0.3], ball(0.05)[1]))])
    middle = draped.vertices[:123].reshape(41, 3, 3)[:, 1, 1]
    assert (np.diff(middle) < 0).all()


def test_who_sits_has_a_seat_and_who_stands_has_none():
    joints = np.zeros((55, 3))
    for side, x in (("left", 0.1), ("right", -0.1)):
        for name, y, z in (("hip", 0.5, 0.0), ("knee", 0.5, 0.4), ("ankle", 0.1, 0.4)):
            joints[JOINT_INDEX[f"{side}_{name}"]] = x, y, z
    skin = ball(0.08)[0] + [0, 0.5, 0.1]
    seat = draping.seat_under(skin, joints)
    assert seat.height == pytest.approx(0.416) and (seat.forward_x, seat.forward_z) == (0, 1)
    assert seat.back < 0 < 0.2 < seat.front < 0.3, "calves are not on the seat"
    for side, x in (("left", 0.1), ("right", -0.1)):
        joints[JOINT_INDEX[f"{side}_ankle"]] = x, 0.25, 0.2
    assert draping.seat_under(skin, joints) is None, "who squats has their feet where a chair would be"
    for side in ("left", "right"):
        joints[JOINT_INDEX[f"{side}_knee"]] = 0.1, 0.1, 0.05
        joints[JOINT_INDEX[f"{side}_ankle"]] = 0.1, -0.3, 0.05
    assert draping.seat_under(skin, joints) is None


def test_a_lower_layer_that_pokes_through_is_settled_beneath(napkin):
    skin, outer = napkin
    above = obstacle(outer.rest, outer.faces, outer.vertices)
    poking = outer.vertices + 0.004 * above.shell.normals
    found = draping.settled(poking, outer.faces, above, skin)
    rim = above.shell.rim
    assert (draping.clearances(poking, above) > 0)[~rim].mean() > 0.9
    assert (draping.clearances(found, above) > 0)[~rim].mean() < 0.06
    assert draping.penetration(found, skin) == 0
    far = obstacle(outer.rest + 5, outer.faces, outer.vertices + 5)
    np.testing.assert_array_equal(draping.settled(poking, outer.faces, far, skin), poking)


def test_every_fabric_is_known_and_stiff_cloth_has_softer_folds():
    assert set(draping.FABRICS) == set(NAMES)
    skin, (vertices, faces) = obstacle(*ball(0.1)), square(0.4, 17, 0.11)

    def bent(stiffness):
        draped = drape(replace(cloth_of(vertices, faces), stiffness=np.full(len(vertices), stiffness)), [skin])
        _, _, hinges = woven(draped.faces)
        apart = [np.linalg.norm(p[hinges[:, 0]] - p[hinges[:, 1]], axis=1) for p in (draped.vertices, draped.rest)]
        return np.percentile(apart[0] / apart[1], 5)

    assert bent(4.0) > bent(0.05) + 0.005


def test_shapes_are_checked():
    vertices, faces = square(n=4)
    with pytest.raises(ValueError, match="expected shapes"):
        Cloth(vertices, vertices[:-1], faces, np.zeros(16), np.zeros(16))
    with pytest.raises(ValueError, match="expected shapes"):
        Obstacle(vertices, vertices[:-1], faces)
