"""Shape, then pose: invariants of both, smplx's own answer, gradients, and the built-in body where it is there."""

from pathlib import Path

import numpy as np
import pytest
import torch
from bodies import official_arrays, random_pose, small_model
from twins import skinned_one_vertex_at_a_time

import avatarkit.body
from avatarkit import npz
from avatarkit.body import BodyModel, Pose, normalised
from avatarkit.rotation import rotation_from_axis_angle

BUILTIN = Path(avatarkit.body.__file__).with_name("builtin.npz")


@pytest.fixture(scope="module")
def builtin() -> BodyModel:
    if not BUILTIN.exists():
        pytest.skip("avatarkit/body/builtin.npz is not there: make body")
    return BodyModel.from_arrays(npz.decode(BUILTIN.read_bytes()), sha256="0" * 64)


def coefficients(*shape: int, seed: int = 1) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_rest_is_identity():
    model = small_model()
    body = model.shaped(torch.zeros(10))
    assert torch.equal(body.vertices, model.v_template)
    posed = body.posed(Pose.rest())
    torch.testing.assert_close(posed.vertices, model.v_template, atol=1e-6, rtol=0)
    torch.testing.assert_close(posed.joints, body.joints, atol=1e-6, rtol=0)
    torch.testing.assert_close(posed.world_from_rest, torch.eye(4).expand(55, 4, 4), atol=1e-6, rtol=0)


def test_joints_are_regressed_from_the_shaped_vertices():
    model = small_model()
    body = model.shaped(coefficients(3, 10), coefficients(3, 10, seed=2))
    torch.testing.assert_close(body.joints, model.J_regressor @ body.vertices, atol=1e-5, rtol=0)


def test_fewer_betas_are_zeros():
    model, betas = small_model(), coefficients(4)
    padded = torch.cat([betas, torch.zeros(6)])
    torch.testing.assert_close(model.shaped(betas).vertices, model.shaped(padded).vertices, atol=1e-6, rtol=0)
    assert torch.equal(model.shaped(torch.zeros(0)).vertices, model.v_template)
    with pytest.raises(ValueError, match="11 coefficients for 10"):
        model.shaped(torch.zeros(11))


def test_turning_the_pelvis_is_rigid():
    body = small_model(correctives=False).shaped(coefficients(10))
    turn = torch.tensor([0.3, -1.0, 0.4])
    posed = body.posed(Pose.rest().turned({"pelvis": turn}))
    pelvis = body.joints[0]
    expected = (body.vertices - pelvis) @ rotation_from_axis_angle(turn).T + pelvis
    torch.testing.assert_close(posed.vertices, expected, atol=1e-5, rtol=0)


def test_equals_the_slow_twin():
    model = small_model(V=20, correctives=False).to(dtype=torch.float64)
    body, pose = model.shaped(coefficients(10).double()), Pose.from_full(random_pose().full().double())
    posed = body.posed(pose)
    vertices, frames = skinned_one_vertex_at_a_time(
        body.vertices, body.joints, pose.full(), model.parents, model.lbs_weights
    )
    torch.testing.assert_close(posed.vertices, vertices, atol=1e-10, rtol=0)
    torch.testing.assert_close(posed.joints, frames[:, :3, 3], atol=1e-10, rtol=0)


def test_a_batch_is_its_members():
    model = small_model()
    betas, expression, pose = coefficients(4, 10), coefficients(4, 10, seed=2), random_pose(4)
    batch = model.shaped(betas, expression).posed(pose)
    for k in range(4):
        one = Pose(**{name: part[k] for name, part in vars(pose).items()})
        single = model.shaped(betas[k], expression[k]).posed(one)
        torch.testing.assert_close(single.vertices, batch.vertices[k], atol=2e-6, rtol=0)
        torch.testing.assert_close(single.world_from_joint, batch.world_from_joint[k], atol=2e-6, rtol=0)
    one_body = model.shaped(betas[0]).posed(pose)
    assert one_body.vertices.shape == (4, 60, 3) and one_body.joints.shape == (4, 55, 3)


def test_only_some_vertices():
    model, pose, chosen = small_model(), random_pose(2), torch.tensor([5, 0, 59])
    betas, expression = coefficients(2, 10), coefficients(2, 10, seed=2)
    whole = model.shaped(betas, expression).posed(pose)
    some = model.shaped(betas, expression, only=chosen).posed(pose)
    torch.testing.assert_close(some.vertices, whole.vertices[:, chosen], atol=1e-6, rtol=0)
    torch.testing.assert_close(some.joints, whole.joints, atol=1e-6, rtol=0)


def test_landmarks_lie_on_their_triangles():
    model = small_model()
    found = model.landmark_points(model.v_template.expand(2, 60, 3))
    k = 17
    corners = model.v_template[model.faces[model.landmarks.faces[k]]]
    assert found.shape == (2, 51, 3)
    torch.testing.assert_close(found[1, k], model.landmarks.bary[k] @ corners, atol=1e-6, rtol=0)
    assert model.landmarks.names[0] == "ibug17"


def test_height_is_metres():
    model = small_model()
    y = model.v_template[:, 1]
    assert model.shaped(torch.zeros(3, 0)).height.tolist() == pytest.approx([float(y.max() - y.min())] * 3)


def test_another_float_type_moves_all():
    model = small_model().to(dtype=torch.float64)
    assert model.shapedirs.dtype == model.landmarks.bary.dtype == torch.float64
    assert model.faces.dtype == torch.int64
    assert model.shapedirs.permute(2, 1, 0).is_contiguous()  # or every blend would copy all directions


def test_gradients_in_everything():
    arrays = normalised(official_arrays(V=4))
    model = BodyModel.from_arrays(arrays, sha256="").to(dtype=torch.float64)
    betas, expression = coefficients(3).double(), coefficients(2, seed=2).double()
    full = random_pose(scale=0.3).full().double()
    full[10:] = 0  # the place where axis-angles are awkward
    inputs = [x.requires_grad_() for x in (betas, expression, full, torch.zeros(3, dtype=torch.float64))]

    def vertices_and_joints(betas, expression, full, transl):
        posed = model.shaped(betas, expression).posed(Pose.from_full(full, transl))
        return posed.vertices, posed.joints

    assert torch.autograd.gradcheck(vertices_and_joints, inputs)


@pytest.mark.parametrize(("directions", "betas", "expressions"), [(20, 10, 10), (400, 300, 100)])
def test_equals_smplx(tmp_path, monkeypatch, directions, betas, expressions):
    smplx = pytest.importorskip("smplx", reason="smplx is not installed: pip install avatarkit[smplx]")
    # Its extra joints are vertices of the official mesh, which this one does not have.
    monkeypatch.setitem(smplx.body_models.VERTEX_IDS, "smplx", dict.fromkeys(smplx.body_models.VERTEX_IDS["smplx"], 0))
    arrays = official_arrays(V=200, directions=directions)
    np.savez(tmp_path / "SMPLX_NEUTRAL.npz", **arrays)
    theirs = smplx.SMPLX(
        str(tmp_path / "SMPLX_NEUTRAL.npz"), num_betas=betas, num_expression_coeffs=expressions,
        use_pca=False, flat_hand_mean=True, batch_size=3,
    )  # fmt: skip
    ours = BodyModel.from_arrays(normalised(arrays), sha256="")
    pose, shape = random_pose(3), coefficients(3, betas)
    expression = coefficients(3, expressions, seed=2)
    with torch.no_grad():
        expected = theirs(betas=shape, expression=expression, **vars(pose))
    posed = ours.shaped(shape, expression).posed(pose)
    torch.testing.assert_close(posed.vertices, expected.vertices, atol=1e-5, rtol=0)
    torch.testing.assert_close(posed.joints, expected.joints[:, :55], atol=1e-5, rtol=0)


def test_the_builtin_body_mirrors(builtin):
    betas, pose = coefficients(builtin.shapedirs.shape[2]) * 0.5, random_pose(scale=0.2)
    flip = torch.tensor([-1.0, 1.0, 1.0])
    body = builtin.shaped(torch.stack([torch.zeros_like(betas), betas]))
    posed, mirrored = body.posed(pose).vertices, body.posed(pose.mirrored()).vertices
    torch.testing.assert_close(mirrored, (posed * flip)[:, builtin.mirror], atol=1e-5, rtol=0)


def test_the_builtin_body_stands(builtin):
    body = builtin.shaped(torch.zeros(0))
    head, foot, left, right = (
        body.joints[builtin.joint_names.index(name)] for name in ("head", "left_foot", "left_wrist", "right_wrist")
    )
    assert 1.4 < body.height < 2.0 and head[1] - foot[1] > 1
    assert left[0] > 0.4 and right[0] < -0.4  # the person's left is +X
    assert body.vertices[builtin.outer_faces.unique()][:, 2].max() > 0
