"""Hair and beards: every style on small and tall heads, closed locks, nothing in the body, hats press."""

from functools import cache

import numpy as np
import pytest
import torch

from avatarkit import files, mesh, poses
from avatarkit.body import JOINT_INDEX, skinned
from avatarkit.body.phenotype import Phenotype
from avatarkit.outfit import BEARDS, HAIRSTYLES, Hair, Item
from avatarkit.tailor import hair, hats, scalp
from avatarkit.tailor.draping import Obstacle, penetration
from avatarkit.tailor.hair.flowing import LINE, Flow, around, loop
from avatarkit.tailor.hair.growing import Coat, from_line, grain, knobs, locks_mesh

PEOPLE = {"child": Phenotype(sex=0.6, age=6), "man": Phenotype(sex=0.0, age=40, weight=0.9)}


@cache
def model():
    return files.read_body_model("builtin")


@cache
def betas(who):
    return PEOPLE[who].betas(model())


@cache
def body(who):
    return model().shaped(torch.as_tensor(betas(who), dtype=torch.float32))


def grown(who, style, seed=0, hat=None, **cut):
    return hair.grown(model(), betas(who), Hair(style, **cut), np.random.default_rng(seed), hat)


def settled(fitted, who, turns):
    pose = poses.turned(turns).to(dtype=torch.float32)
    posed = body(who).posed(pose)
    skin = Obstacle(body(who).vertices.numpy(), posed.vertices.numpy(), model().outer_faces.numpy())
    start = skinned(
        torch.from_numpy(fitted.vertices).float(), torch.from_numpy(fitted.lbs_weights), posed.world_from_rest
    )
    carried = posed.world_from_rest.numpy()
    head, chest = carried[JOINT_INDEX["head"]], carried[JOINT_INDEX["spine3"]]
    return hair.settled(fitted, head, chest, start.numpy(), [skin]), skin, posed


def check(fitted):
    assert np.isfinite(fitted.vertices).all()
    assert 0 <= fitted.faces.min() and fitted.faces.max() < len(fitted.vertices)
    np.testing.assert_allclose(fitted.lbs_weights.sum(1), 1, atol=1e-5)
    assert fitted.strand.shape == (len(fitted.vertices), 2)
    assert -1e-6 <= fitted.strand[:, 0].min() and fitted.strand[:, 0].max() <= 1 + 1e-6
    assert mesh.is_oriented(torch.from_numpy(fitted.faces))


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize("style", HAIRSTYLES)
def test_every_style_grows_on_every_head(who, style):
    fitted = grown(who, style)
    if style == "bald":
        assert fitted is None
        return
    check(fitted)
    assert 1000 < len(fitted.faces) < 12000
    near = np.linalg.norm(fitted.vertices - body(who).joints[JOINT_INDEX["head"]].numpy(), axis=1)
    assert near.max() < 0.75  # a wrong flow once threw locks across the room


@pytest.mark.parametrize("style", [style for style in BEARDS if style != "none"])
def test_beards_grow_below_the_nose(style):
    fitted = hair.beard(model(), betas("man"), Hair(beard=style), np.random.default_rng(0))
    check(fitted)
    nose = model().landmark_points(body("man").vertices)[model().landmarks.names.index("nose_tip")]
    middle = np.abs(fitted.vertices[:, 0]) < 0.02
    assert fitted.vertices[middle, 1].max() < float(nose[1])
    assert hair.beard(model(), betas("man"), Hair(), np.random.default_rng(0)) is None


def test_the_same_seed_gives_the_same_hair_and_another_does_not():
    one, same, other = (grown("man", "wavy", seed).vertices for seed in (3, 3, 4))
    assert np.array_equal(one, same)
    assert one.shape != other.shape or not np.array_equal(one, other)


def test_length_and_volume_are_seen():
    short, long = (grown("man", "long", length=length).vertices[:, 1].min() for length in (0.0, 1.0))
    assert long < short - 0.1
    flat, big = (np.ptp(grown("man", "afro", volume=volume).vertices[:, 0]) for volume in (0.0, 1.0))
    assert big > flat + 0.03


@pytest.mark.parametrize("style", ["long", "ponytail", "two braids"])
def test_hanging_hair_follows_the_head_and_stays_out_of_the_body(style):
    fitted = grown("man", style, length=1.0)
    turns = {"head": (0.0, 0.9, 0.0), "spine2": (0.5, 0.0, 0.0)}
    vertices, skin, posed = settled(fitted, "man", turns)
    assert np.isfinite(vertices).all()
    riders = len(fitted.locks.line_of)
    loose = fitted.locks.row_of > fitted.locks.held[fitted.locks.line_of]
    assert penetration(vertices[-riders:][loose], skin) < 0.02
    # what hangs does so below the head, whichever way the trunk is bent
    head = posed.world_from_joint[JOINT_INDEX["head"], :3, 3].numpy()
    tip = vertices[-riders:][fitted.locks.row_of * loose >= fitted.locks.row_of[loose].max() - 1e-9].mean(0)
    assert tip[1] < head[1] - 0.1
    stretched = np.linalg.norm(np.diff(vertices[fitted.faces[:, :2]], axis=1), axis=-1)
    rest = np.linalg.norm(np.diff(fitted.vertices[fitted.faces[:, :2]], axis=1), axis=-1)
    assert np.percentile(stretched / np.maximum(rest, 1e-3), 99) < 2


def test_a_hat_presses_what_is_under_it():
    free, pressed = grown("man", "afro"), grown("man", "afro", hat=Item("beanie"))
    head = scalp.head_of(model(), betas("man"))
    crown = head.points[-1, 0]
    assert free.vertices[:, 1].max() > crown[1] + 0.03
    assert pressed.vertices[:, 1].max() < crown[1] + 0.008
    # softly: what lay further out still does
    ray = head.points[-1, 0] + np.linspace(0, 0.05, 6)[:, None] * [0, 1, 0]
    low = hats.pressed(ray, head, hats.roof_of("beanie"))[:, 1]
    assert (np.diff(low) > 0).all() and low[-1] < crown[1] + 0.008


def test_the_chart_lies_on_the_skin_and_bridges_the_ears():
    head = scalp.head_of(model(), betas("child"))
    vertices = body("child").vertices.numpy()
    above = scalp.ROWS // 2
    sampled = head.eared[above:].reshape(-1, 3)[::7]
    far = np.linalg.norm(sampled[:, None] - vertices[None], axis=-1).min(1)
    assert far.max() < 0.02
    cells = head.chart.ear
    bridged = np.abs(head.points.reshape(-1, 3)[cells, 0])
    assert (np.abs(head.eared.reshape(-1, 3)[cells, 0]) - bridged).max() > 0.005
    np.testing.assert_allclose(head.chart.bridge.sum(1), 1, atol=1e-9)


def test_directions_and_vectors_are_inverse():
    directions = np.radians([[0.0, 0.0], [90.0, 30.0], [-120.0, -50.0]])
    np.testing.assert_allclose(scalp.to_directions(scalp.to_vectors(directions)), directions, atol=1e-12)
    np.testing.assert_allclose(scalp.to_vectors(directions[:2]), [[0, 0, 1], [np.sqrt(0.75), 0.5, 0]], atol=1e-12)


def test_a_ray_leaves_through_the_triangle_ahead():
    vertices = np.array([[-1.0, -1, 2], [1, -1, 2], [0, 1, 2], [-1, -1, -3], [1, -1, -3], [0, 1, -3]])
    faces = np.array([[0, 1, 2], [3, 4, 5]])
    corners, bary = np.zeros((2, 3), np.int64), np.zeros((2, 3))
    scalp.cast(vertices, faces, np.zeros(3), np.array([[0.0, 0, 1], [0, 0, -1]]), corners, bary)
    assert corners.tolist() == [[0, 1, 2], [3, 4, 5]]
    np.testing.assert_allclose(bary, [[0.25, 0.25, 0.5]] * 2)


def test_flows_lead_from_root_to_end():
    ends = loop(LINE, 60)
    flow = Flow(around((180.0, 74.0), ends), ends)
    np.testing.assert_allclose(flow.at(np.arange(60) / 60, np.ones(60)), ends, atol=1e-9)
    np.testing.assert_allclose(np.linalg.norm(flow.at(np.linspace(0, 1, 50), np.linspace(0, 1, 50)), axis=1), 1)


def test_noise_is_periodic_and_bounded():
    u = np.linspace(0, 1, 101)
    values = grain(np.random.default_rng(0), u, 0.3 + 0 * u, (8, 4))
    assert np.abs(values).max() <= 1
    np.testing.assert_allclose(values[0], values[-1])


def test_a_lock_is_a_closed_tube_that_looks_outwards():
    lines = np.stack([np.zeros(5), -np.arange(5.0), np.zeros(5)], 1)[None]
    outward = np.broadcast_to([0.0, 0.0, 1.0], lines.shape)
    vertices, faces, strand, line_of, row_of = locks_mesh(lines, outward, np.full((1, 5), 0.3), np.full((1, 5), 0.1))
    assert mesh.is_closed(torch.from_numpy(faces))
    assert float(mesh.volume(torch.from_numpy(vertices), torch.from_numpy(faces))) > 0
    assert strand[:, 0].min() == 0 and strand[:, 0].max() == 1
    assert set(line_of) == {0} and row_of.max() == 4


def test_the_face_of_a_flat_lock_does_not_look_aside():
    # vertices shared with the under side once had normals that did, and shone as rows of white dots
    lines = np.stack([np.zeros(5), -np.arange(5.0), np.zeros(5)], 1)[None]
    outward = np.broadcast_to([0.0, 0.0, 1.0], lines.shape)
    half = np.full((1, 5), 0.3), np.full((1, 5), 0.1)
    for section, ways in (("arch", {1}), ("lens", {1, -1})):
        vertices, faces, strand, _, row_of = locks_mesh(lines, outward, *half, section)
        normals = mesh.vertex_normals(torch.from_numpy(vertices), torch.from_numpy(faces)).numpy()
        assert np.abs(normals[:, 2]).min() > 0.9 and set(np.sign(normals[:, 2])) == ways
        assert len(vertices) == len(strand) == len(row_of)


def test_locks_side_by_side_fall_as_one():
    fitted = grown("man", "long", length=1.0)
    between = fitted.locks.between
    assert 0.8 < between.mean() < 1 and not between[0] and not between[-1]
    assert not grown("man", "ponytail").locks.between.any()


def test_hanging_hair_covers_the_ears():
    # slivers of ear once showed through
    for who in PEOPLE:
        head = scalp.head_of(model(), betas(who))
        ears = head.eared.reshape(-1, 3)[head.chart.ear]
        vertices = grown(who, "bob").vertices
        middle = 0.5 * (ears.min(0) + ears.max(0))
        beside = np.linalg.norm((vertices - middle)[:, 1:], axis=1) < 0.02 * head.scale
        assert np.abs(vertices[beside, 0]).max() > np.abs(ears[:, 0]).max()


def test_a_coat_rises_from_the_hairline_by_distance():
    # above the notch at the ear it once jumped, as heights above the line do
    around_ear = np.radians(np.stack([np.linspace(100, 112, 200), np.full(200, 12.0)], 1))
    assert np.abs(np.diff(Coat(0.01, 0.01, fade=10).height(around_ear))).max() < 2e-4
    line = np.radians(LINE[:1])
    assert from_line(line)[0] < 1.5
    assert Coat(0.01, 0.01, fade=10).height(line + np.radians([0, 12]))[0] > 0.0099


def test_knobs_are_round_and_everywhere():
    vectors = scalp.to_vectors(np.random.default_rng(1).uniform(-0.5, 1.2, (4000, 2)))
    height = knobs(np.random.default_rng(0), vectors, 0.12)
    assert height.min() >= 0 and height.max() <= 1 and height.max() > 0.95
    assert (height > 0.2).mean() > 0.9
