"""Hats, glasses, bags, scarves: every kind on every body, where it belongs, hanging down in any pose."""

from functools import cache

import numpy as np
import pytest
import torch

from avatarkit import files, mesh, poses
from avatarkit.body import JOINT_INDEX, skinned
from avatarkit.body.phenotype import Phenotype
from avatarkit.outfit import BAGS, GLASSES, HATS, SCARVES, Item
from avatarkit.tailor import accessories, bags, straps
from avatarkit.tailor.draping import Obstacle, penetration
from avatarkit.tailor.piece import PANEL

PEOPLE = {"child": Phenotype(sex=0.5, age=6), "heavy": Phenotype(sex=1.0, age=45, weight=1.0)}


@cache
def model():
    return files.read_body_model("builtin")


@cache
def betas(who):
    return PEOPLE[who].betas(model())


@cache
def body(who):
    return model().shaped(torch.as_tensor(betas(who), dtype=torch.float32))


@cache
def made(who, kind):
    return accessories.made(model(), betas(who), Item(kind))


def joint(who, name):
    return body(who).joints[JOINT_INDEX[name]].numpy()


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize("kind", [*HATS, *GLASSES, *BAGS, *SCARVES])
def test_every_kind_is_made(who, kind):
    item = made(who, kind)
    assert np.isfinite(item.vertices).all() and len(item.faces) < 4000
    np.testing.assert_allclose(item.lbs_weights.sum(1), 1, atol=1e-5)
    assert mesh.is_oriented(torch.from_numpy(item.faces))
    assert np.abs(item.vertices - joint(who, "spine3")).max() < 1.0


def test_an_unknown_item_is_an_error():
    with pytest.raises(ValueError, match="umbrella"):
        accessories.made(model(), betas("child"), Item("umbrella"))


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize("kind", HATS)
def test_hats_sit_above_the_eyes_and_hold_the_crown(who, kind):
    item, vertices = made(who, kind), body(who).vertices.numpy()
    eye = joint(who, "left_eye")
    crown = item.vertices[item.faces[item.panel == PANEL["upper"]]].reshape(-1, 3)
    assert crown[crown[:, 2] > eye[2] - 0.03, 1].min() > eye[1] + 0.015
    assert crown[:, 1].max() > vertices[:, 1].max()


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize("kind", GLASSES)
def test_glasses_are_before_the_eyes_and_reach_the_ears(who, kind):
    item = made(who, kind)
    eye = joint(who, "left_eye")
    middle = np.abs(item.vertices[:, 0] - eye[0]) < 0.01
    front = item.vertices[middle & (np.abs(item.vertices[:, 1] - eye[1]) < 0.03)]
    assert (front[:, 2] > eye[2] + 0.004).all() and front[:, 2].max() < eye[2] + 0.05
    assert item.vertices[:, 2].min() < joint(who, "head")[2] + 0.02
    lens = (item.panel == PANEL["lens"]).any()
    assert lens == (kind == "sunglasses")  # eyes are seen through the others


@pytest.mark.parametrize("who", PEOPLE)
def test_straps_lie_on_the_body(who):
    item = made(who, "backpack")
    vertices = body(who).vertices.numpy()
    skin = Obstacle(vertices, vertices, model().outer_faces.numpy())
    strap = np.unique(item.faces[item.panel == PANEL["strap"]])
    assert penetration(item.vertices[strap], skin) < 0.1
    assert item.vertices[item.faces[item.panel == PANEL["body"]]][..., 2].mean() < joint(who, "spine3")[2]


def test_straps_are_lifted_out_of_what_is_worn():
    """They sank into thick shirts: all but a triangle at the armpit."""
    item, who = made("heavy", "backpack"), body("heavy").vertices.double().numpy()
    faces = bags.wearer(model(), betas("heavy")).body.faces
    normals = Obstacle(who, who, faces).shell.normals
    thick = who + 0.025 * normals
    below = [Obstacle(who, who, faces), Obstacle(thick, thick, faces)]
    laid = straps.worn(item, item.vertices, below)
    for mine in item.straps:
        middle = slice(mine.start + 36, mine.stop - 36)
        assert penetration(item.vertices[middle], below[1]) > 0.3 > 0.06 > penetration(laid[middle], below[1])
        assert np.abs(laid[mine] - item.vertices[mine]).max() < 0.08
    bag = np.ones(len(laid), bool)
    for mine in item.straps:
        bag[mine] = False
    assert np.array_equal(laid[bag], item.vertices[bag])


def test_a_line_is_drawn_tight_around_a_bar():
    a = np.arange(24) * 2 * np.pi / 24
    ring = np.stack([np.sin(a), 0 * a, np.cos(a)], 1)
    rows = np.concatenate([0.1 * ring + [0, y, 0] for y in np.linspace(-0.2, 0.2, 15)])
    grid = np.arange(15 * 24).reshape(15, 24)
    b, c = grid[:-1], np.roll(grid[:-1], -1, 1)
    faces = np.concatenate(
        [np.stack([b, c, c + 24], -1).reshape(-1, 3), np.stack([b, c + 24, b + 24], -1).reshape(-1, 3)]
    )
    bar = Obstacle(rows, rows, faces)
    line = straps.tightened(0.16 * ring[None], bar, 0.01, closed=True)[0]
    np.testing.assert_allclose(np.linalg.norm(line[:, [0, 2]], axis=1), 0.11, atol=0.004)


def test_a_tote_hangs_straight_down_from_a_raised_hand():
    pose = poses.pose_of("arms raised", body("heavy"))
    posed = body("heavy").posed(pose)
    item = made("heavy", "tote bag")
    start = skinned(torch.from_numpy(item.vertices).float(), torch.from_numpy(item.lbs_weights), posed.world_from_rest)
    placed = accessories.placed(item, start.numpy(), posed.world_from_rest.numpy())
    wrist = posed.world_from_joint[JOINT_INDEX["left_wrist"], :3, 3].numpy()
    assert placed[:, 1].mean() < wrist[1] - 0.1
    assert np.abs((placed - wrist)[:, [0, 2]]).max() < 0.35
    np.testing.assert_allclose(np.ptp(placed[:, 1]), np.ptp(item.vertices[:, 1]), atol=1e-6)


def test_a_scarf_lies_on_the_chest():
    posed = body("heavy").posed(poses.pose_of("standing", body("heavy")))
    item = made("heavy", "scarf")
    start = skinned(torch.from_numpy(item.vertices).float(), torch.from_numpy(item.lbs_weights), posed.world_from_rest)
    skin = Obstacle(body("heavy").vertices.numpy(), posed.vertices.numpy(), model().outer_faces.numpy())
    placed = accessories.placed(item, start.numpy(), posed.world_from_rest.numpy(), [skin])
    assert penetration(placed[-len(item.locks.line_of) :], skin) < 0.02
