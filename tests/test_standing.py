import pytest
import torch
from bodies import random_pose, small_model

from avatarkit import standing
from avatarkit.body import Pose


def test_a_body_stands_on_the_ground_over_the_origin():
    model = small_model()
    body = model.shaped(torch.zeros(2))
    pose = random_pose(seed=1)
    posed = body.posed(standing.grounded(body, pose))
    assert float(posed.vertices[..., 1].min()) == pytest.approx(0, abs=1e-5)
    assert posed.joints[0, [0, 2]].abs().max() < 1e-5


def test_a_person_who_looks_up_is_not_turned():
    pose = Pose.rest().turned({"pelvis": (-1.5707, 0.0, 0.0)})
    assert torch.equal(standing.facing_front(pose).global_orient, pose.global_orient)
