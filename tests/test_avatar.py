"""An avatar's skeleton moves as the body's does, whatever pose it was bound in."""

from dataclasses import replace

import pytest
import torch
from bodies import random_pose, small_model

from avatarkit.avatar import Avatar
from avatarkit.mesh import Mesh


def of_body():
    """Each vertex on one joint, as only then blends of two poses are the blend of both."""
    model = small_model(correctives=False)
    body = model.shaped(torch.zeros(0))
    morphs = torch.zeros(1, 60, 3).index_fill(1, torch.tensor([7]), 0.1)
    weights = torch.eye(55)[model.lbs_weights.argmax(dim=1)]
    return body, Avatar(Mesh(body.vertices, model.faces), body.joints, weights, ("smile",), morphs)


def bound(avatar, body, still):
    posed = body.posed(still)
    mesh = Mesh(avatar.posed(still), avatar.mesh.faces)
    return replace(avatar, mesh=mesh, joints=posed.joints, bind=posed.world_from_joint[:, :3, :3])


def test_it_poses_as_the_body_does():
    body, avatar = of_body()
    pose = random_pose(2)
    assert torch.allclose(avatar.world_from_rest(pose), body.posed(pose).world_from_rest, atol=1e-5)


def test_bound_in_another_pose_it_still_does():
    body, avatar = of_body()
    again, pose = bound(avatar, body, random_pose(seed=3, scale=0.3)), random_pose(seed=4)
    there = avatar.posed(pose) - (avatar.joints[0] + pose.transl)
    assert torch.allclose(again.posed(pose) - (again.joints[0] + pose.transl), there, atol=1e-4)


def test_where_it_is_bound_nothing_is_turned():
    body, avatar = of_body()
    still = random_pose(seed=3, scale=0.3)
    found = bound(avatar, body, still).turns(still)
    assert torch.allclose(found, torch.eye(3).expand(55, 3, 3), atol=1e-5)


def test_an_expression_is_added_before_skinning():
    _, avatar = of_body()
    rest = random_pose(scale=0.0)
    moved = avatar.posed(rest, {"smile": 0.5}) - avatar.posed(rest)
    assert torch.allclose(moved[7], torch.full((3,), 0.05), atol=1e-6) and float(moved[8].abs().max()) < 1e-6
    with pytest.raises(ValueError, match="frown"):
        avatar.posed(rest, {"frown": 1.0})
