"""What stress finds: nothing wrong where nothing is, and each fault where it was put."""

from dataclasses import replace

import pytest
import torch
from avatars import builtin

from avatarkit import stress
from avatarkit.avatar import Avatar
from avatarkit.body import JOINT_INDEX
from avatarkit.mesh import Mesh


@pytest.fixture(scope="module")
def body():
    model = builtin()
    shaped = model.shaped(torch.zeros(1))
    return Avatar(Mesh(shaped.vertices, model.outer_faces), shaped.joints, model.lbs_weights)


def test_the_bodys_own_rig_holds(body, monkeypatch):
    every = stress.poses()
    some = {name: every[name] for name in ("left elbow", "right elbow", "left knee", "right knee", "left fist")}
    monkeypatch.setattr(stress, "poses", lambda: some)
    found = stress.stressed(body)
    assert 1 < found["stretch_p99"] < 2 and 0 < found["volume_lost_percent"] < 20
    assert (
        len(every) == 30
        and found["finger_crossing_percent"] < 6
        and found["limb_crossing_percent"] == found["unweighted_vertices"] == 0
    )


def test_what_hangs_rigidly_loses_nothing_and_keeps_its_lengths(body):
    weights = torch.zeros_like(body.lbs_weights)
    weights[:, 0] = 1
    rigid = replace(body, lbs_weights=weights)
    pose = stress.poses()["sitting"]
    assert torch.allclose(
        stress.stretch(rigid.posed(pose), rigid.mesh.vertices, body.mesh.faces[:, :2]), torch.ones(1), atol=1e-3
    )
    weights = torch.zeros_like(body.lbs_weights)
    weights[:, JOINT_INDEX["left_elbow"]] = 1
    assert stress.lost_at(replace(body, lbs_weights=weights), "left elbow") == pytest.approx(0, abs=1e-2)


def test_each_fault_is_found(body):
    weights = body.lbs_weights.clone()
    weights[:7] = 0
    left, right = (weights[:, JOINT_INDEX[f"{side}_index2"]] for side in ("left", "right"))
    mixed = weights.clone()
    mixed[:, JOINT_INDEX["left_middle2"]] += 0.5 * left
    mixed[:, JOINT_INDEX["left_index2"]] *= 0.5
    assert stress.unweighted(replace(body, lbs_weights=weights)) == 7
    assert stress.mixed(replace(body, lbs_weights=mixed)) > stress.mixed(body) + 0.01
    swapped = weights.clone()
    swapped[:, JOINT_INDEX["left_index2"]], swapped[:, JOINT_INDEX["right_index2"]] = right, left
    assert stress.crossed(replace(body, lbs_weights=swapped)) > 0.001 + stress.crossed(body)
