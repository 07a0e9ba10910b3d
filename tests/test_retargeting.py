"""Retargeting: a body's own motion comes back from a BVH; another rest pose, size or axes change nothing."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from avatarkit import files
from avatarkit.body import JOINT_INDEX, JOINT_NAMES, PARENTS, Pose, place_joints
from avatarkit.bvh import Recording, decode
from avatarkit.errors import BadData
from avatarkit.retargeting import retargeted
from avatarkit.rotation import axis_angle_from_rotation, rotation_from_axis_angle

T = 5
LIMBS = [f"{side}_{joint}" for side in ("left", "right") for joint in ("hip", "knee", "shoulder", "elbow")]
ENDS = {"hip": "knee", "knee": "ankle", "shoulder": "elbow", "elbow": "wrist"}


@pytest.fixture(scope="module")
def body():
    torch.set_num_threads(1)
    model = files.read_body_model("builtin")
    return model.shaped(torch.zeros(1))


@pytest.fixture(scope="module")
def pose():
    """A person who walks about, faces +Z at first, and is never far from upright."""
    generator = torch.Generator().manual_seed(3)
    full = torch.randn(T, 55, 3, generator=generator, dtype=torch.float64) * 0.25
    full[:, 0] *= 0.3
    full[0, 0] = 0
    transl = torch.rand(T, 3, generator=generator, dtype=torch.float64)
    return Pose.from_full(full, transl - transl[0])


def local_of(world):
    return torch.stack([world[:, j] if p < 0 else world[:, p].mT @ world[:, j] for j, p in enumerate(PARENTS)], dim=1)


def world_of(pose, joints):
    turns = rotation_from_axis_angle(pose.full().double())
    return place_joints(turns, joints.double(), PARENTS, pose.transl.double())


def recorded(pose, joints, *, rest=None, axes=None, scale=1.0, names=JOINT_NAMES):
    """What a BVH says of a pose of these joints (55,3), whose zero pose is `rest` (55,3,3) world rotations, in other
    axes (3,3), in units of 1 / scale metres."""
    identity = torch.eye(3, dtype=torch.float64)
    rest = identity.expand(55, 3, 3) if rest is None else rest
    axes = identity if axes is None else axes
    placed = place_joints(local_of(rest[None]), joints.double()[None], PARENTS, torch.zeros(1, 3).double())[0, :, :3, 3]
    offsets = torch.stack([placed[j] - (placed[p] if p >= 0 else 0) for j, p in enumerate(PARENTS)])
    world = world_of(pose, joints)
    turns = local_of(axes @ world[..., :3, :3] @ rest.mT @ axes.T)
    places = offsets.expand(len(turns), -1, -1).clone()
    places[:, 0] = world[:, 0, :3, 3]
    arrays = [(scale * part @ axes.T).numpy() for part in (offsets, places)]
    return Recording(names, PARENTS, arrays[0], {}, 0.04, turns.numpy(), arrays[1])


def a_pose():
    """World rotations of a rest pose with arms 45 degrees down and legs apart."""
    turns = {"left_shoulder": -0.785, "right_shoulder": 0.785, "left_hip": 0.15, "right_hip": -0.15}
    turns |= {"left_ankle": -0.15, "right_ankle": 0.15}
    pose = Pose.rest(1, dtype=torch.float64).turned({name: (0, 0, angle) for name, angle in turns.items()})
    return world_of(pose, torch.zeros(55, 3))[0, :, :3, :3]


def degrees_apart(a, b):
    """Of joints' local rotations (T,55): the angle between the poses."""
    turns = [rotation_from_axis_angle(pose.full().double()) for pose in (a, b)]
    return torch.rad2deg(axis_angle_from_rotation(turns[0].mT @ turns[1]).norm(dim=-1))


def spelt(recording):
    """The text of a BVH with channels in the order ZYX."""
    lines, rows = ["HIERARCHY"], []
    children = {j: [k for k, p in enumerate(PARENTS) if p == j] for j in range(55)}
    order = []

    def joint(j, kind):
        order.append(j)
        count, positions = (6, "Xposition Yposition Zposition ") if kind == "ROOT" else (3, "")
        lines.extend(
            [f"{kind} {recording.names[j]}", "{", "OFFSET " + " ".join(map(repr, recording.offsets[j].tolist()))]
        )
        lines.append(f"CHANNELS {count} {positions}Zrotation Yrotation Xrotation")
        for child in children[j]:
            joint(child, "JOINT")
        if not children[j]:
            lines.extend(["End Site", "{", "OFFSET 0 0 0.01", "}"])
        lines.append("}")

    joint(0, "ROOT")
    for turns, places in zip(recording.rotations, recording.places, strict=True):
        row = [*places[0]]
        for j in order:
            R = turns[j]
            y = math.asin(-R[2, 0])
            row += [math.degrees(angle) for angle in (math.atan2(R[1, 0], R[0, 0]), y, math.atan2(R[2, 1], R[2, 2]))]
        rows.append(" ".join(f"{float(number):.6f}" for number in row))
    head = ["MOTION", f"Frames: {len(rows)}", f"Frame Time: {recording.frame_time}"]
    return "\n".join([*lines, *head, *rows]) + "\n"


def test_a_motion_written_as_bvh_comes_back(body, pose):
    recording = decode(spelt(recorded(pose, body.joints, scale=100)).encode())
    clip, words = retargeted(recording, body, "there and back")
    assert degrees_apart(clip.pose, pose).max() < 0.1
    # x and z from where it begins; the height is where the feet say.
    moved = clip.pose.transl.double() - pose.transl
    assert (moved - moved[0]).abs().max() < 1e-4 and moved[:, [0, 2]].abs().max() < 1e-4
    assert (
        words == []
        and clip.name == "there and back"
        and clip.times.tolist() == pytest.approx([0, 0.04, 0.08, 0.12, 0.16])
    )


def test_axes_and_units_are_found(body, pose):
    """The same in a world with +Z up, facing -Y, in inches."""
    axes = torch.tensor([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]], dtype=torch.float64)
    plain, _ = retargeted(recorded(pose, body.joints), body, "x")
    turned, _ = retargeted(recorded(pose, body.joints, axes=axes, scale=1 / 0.0254), body, "x")
    assert degrees_apart(plain.pose, turned.pose).max() < 0.02
    assert torch.allclose(plain.pose.transl, turned.pose.transl, atol=1e-5)


def bones(joints):
    """Directions of the limbs' bones (T,8,3) of joints (T,55,3)."""
    rows = []
    for name in LIMBS:
        side, joint = name.split("_")
        rows.append(joints[:, JOINT_INDEX[f"{side}_{ENDS[joint]}"]] - joints[:, JOINT_INDEX[name]])
    return torch.nn.functional.normalize(torch.stack(rows, dim=1), dim=-1)


def test_another_rest_pose_gives_the_same_bones_in_the_world(body, pose):
    """From a skeleton that rests in A-pose every limb points where it pointed there; so it does with other lengths."""
    long = body.joints.clone()
    long[[JOINT_INDEX["left_ankle"], JOINT_INDEX["right_ankle"], 10, 11], 1] -= 0.2
    for joints in (body.joints, long):
        there = world_of(pose, joints)[..., :3, 3]
        clip, _ = retargeted(recorded(pose, joints, rest=a_pose()), body, "a")
        here = world_of(clip.pose, body.joints)[..., :3, 3]
        apart = torch.rad2deg(torch.acos((bones(there) * bones(here)).sum(-1).clamp(max=1)))
        assert apart.max() < 0.1
    assert retargeted(recorded(pose, body.joints), body, "t")[0].pose.full().isfinite().all()


def test_at_rest_in_a_pose_our_person_stands_in_a_pose_with_flat_feet(body):
    recording = recorded(Pose.rest(1, dtype=torch.float64), body.joints, rest=a_pose())
    still = replace(recording, rotations=np.broadcast_to(np.eye(3), (1, 55, 3, 3)).copy())
    clip, _ = retargeted(still, body, "rest")
    joints = world_of(clip.pose, body.joints)[0]
    arm = joints[JOINT_INDEX["left_wrist"], :3, 3] - joints[JOINT_INDEX["left_shoulder"], :3, 3]
    assert math.degrees(math.atan2(-arm[1], arm[0])) == pytest.approx(45, abs=1)
    assert torch.allclose(joints[JOINT_INDEX["left_ankle"], :3, :3], torch.eye(3).double(), atol=1e-5)


def test_paths_are_as_long_as_legs_are(body, pose):
    half, _ = retargeted(recorded(pose, body.joints * 0.5), body, "small")
    path, full = (p.transl[:, [0, 2]].double() for p in (half.pose, pose))
    # the small person walked as far with legs half as long: twice as far on ours
    assert torch.allclose(path, 2 * full, atol=0.02)


def test_a_zero_pose_that_nobody_can_stand_in(body, pose):
    """All bones along +X, as some recorders write: a frame in which the person stands is taken for rest, and said."""
    sideways = torch.eye(3, dtype=torch.float64).expand(55, 3, 3).clone()
    for j in range(55):
        child = next((k for k, p in enumerate(PARENTS) if p == j), None)
        if child is not None:
            bone = torch.nn.functional.normalize(body.joints[child].double() - body.joints[j].double(), dim=0)
            angle = math.acos(float(bone[0].clamp(-1, 1)))
            axis = torch.linalg.cross(bone, bone.new_tensor([1.0, 0, 0]))
            sideways[j] = rotation_from_axis_angle(torch.nn.functional.normalize(axis, dim=0) * angle)
    full = pose.full().clone()
    full[0] = 0
    clip, words = retargeted(recorded(Pose.from_full(full, pose.transl), body.joints, rest=sideways), body, "x")
    assert "does not stand at rest: frame 0" in words[0]
    there, here = (world_of(p, body.joints)[..., :3, 3] for p in (Pose.from_full(full), clip.pose))
    apart = torch.rad2deg(torch.acos((bones(there) * bones(here)).sum(-1).clamp(max=1)))
    assert apart.max() < 0.1


def test_joints_that_are_not_known_are_told(body, pose):
    names = list(JOINT_NAMES)
    for side in ("left", "right"):
        names[JOINT_INDEX[f"{side}_foot"]] = f"{side}_flipper"
        for finger in ("index", "middle", "pinky", "ring", "thumb"):
            for k in (1, 2, 3):
                names[JOINT_INDEX[f"{side}_{finger}{k}"]] = f"{side}_tentacle{finger[0]}{k}"
    clip, words = retargeted(recorded(pose, body.joints, names=tuple(names)), body, "squid")
    assert words[0] == "has no joints for left_foot, right_foot, left fingers, right fingers: they stay as at rest"
    assert words[1].startswith("joints not recognised, and left out: left_flipper, right_flipper, left_tentaclei1")
    assert words[1].endswith("more")
    assert clip.pose.left_hand_pose.abs().max() > 0.1  # relaxed, not flat


def test_a_spine_of_one_joint_bends_ours_in_three(body, pose):
    """A bend of 60 degrees at the one joint between pelvis and neck is 20 degrees at each of ours."""
    names = ["spine_twist" if n in ("spine1", "spine2") else n for n in JOINT_NAMES]
    keep = [j for j, n in enumerate(names) if n != "spine_twist"]
    bent = Pose.rest(1, dtype=torch.float64).turned({"spine3": (math.radians(60), 0, 0)})
    full = recorded(bent, body.joints)
    parents = tuple(-1 if PARENTS[j] < 0 else keep.index(PARENTS[j] if PARENTS[j] in keep else 0) for j in keep)
    offsets = full.offsets[keep].copy()
    offsets[keep.index(9)] = (body.joints[9] - body.joints[0]).numpy()
    places = np.broadcast_to(offsets, (1, len(keep), 3)).copy()
    less = Recording(tuple(names[j] for j in keep), parents, offsets, {}, 0.04, full.rotations[:, keep], places)
    clip, _ = retargeted(less, body, "x")
    angles = torch.rad2deg(clip.pose.full()[0, [3, 6, 9], 0])
    assert torch.allclose(angles, torch.full((3,), 20.0), atol=0.01)


def test_no_person_in_the_proportions(body, pose):
    recording = recorded(pose, body.joints * 0)
    with pytest.raises(BadData, match="found no person"):
        retargeted(recording, body, "point")
