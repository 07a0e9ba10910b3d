"""What a rig does to its mesh when joints are turned far: poses that ask much of it, and what they tear, empty or mix.

for name, pose in poses().items(): …
stressed(avatar)                      {"stretch_p99": …, "volume_lost_percent": …, …}
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from avatarkit.avatar import Avatar
from avatarkit.body import JOINT_INDEX, JOINT_NAMES, PARENTS, Pose
from avatarkit.mesh import edges
from avatarkit.shapes import sizes

SIDES, FINGERS = ("left", "right"), ("thumb", "index", "middle", "ring", "pinky")
FINGER_JOINTS = [[JOINT_INDEX[f"{side}_{finger}{k}"] for k in (1, 2, 3)] for side in SIDES for finger in FINGERS]
BENT = 120.0
"""Degrees by which elbows and knees are bent."""
AROUND = 0.2
"""Metres about a joint in which volume is counted."""
ASIDE = 0.1
"""Metres from the middle, at rest, from where on a limb is known to be the left or the right one."""
EVERY = 7
"""Of the edges so many are one that is measured."""


def poses() -> dict[str, Pose]:
    """30 poses: each joint far from rest, alone and together."""
    bend = math.radians(BENT)
    found: dict[str, dict[str, tuple[float, float, float]]] = {}
    for k, s in enumerate(SIDES):
        sign = 1 - 2 * k
        found[f"{s} elbow"] = {f"{s}_elbow": (0, -sign * bend, 0)}
        found[f"{s} knee"] = {f"{s}_knee": (bend, 0, 0)}
        found[f"{s} arm up"] = {f"{s}_shoulder": (0, 0, sign * 1.3)}
        found[f"{s} arm down"] = {f"{s}_shoulder": (0, 0, -sign * 1.3)}
        found[f"{s} arm ahead"] = {f"{s}_shoulder": (0, -sign * 1.5, 0)}
        found[f"{s} kick"] = {f"{s}_hip": (-1.6, 0, 0)}
        found[f"{s} split"] = {f"{s}_hip": (0, 0, sign * 1.0)}
        found[f"{s} lunge"] = {f"{s}_hip": (-1.2, 0, 0), f"{s}_knee": (1.4, 0, 0)}
        found[f"{s} fist"] = {f"{s}_{f}{n}": (0, 0, -sign * 1.3) for f in FINGERS[1:] for n in (1, 2, 3)}
        found[f"{s} wrist"] = {f"{s}_wrist": (0.3, 0, sign * 1.0)}
        found[f"head {s}"] = {"neck": (0, sign * 0.5, 0), "head": (0, sign * 0.7, 0)}
        found[f"lean {s}"] = {f"spine{n}": (0, 0, sign * 0.3) for n in (1, 2, 3)}
    found["both knees"] = found["left knee"] | found["right knee"]
    found["both elbows"] = found["left elbow"] | found["right elbow"]
    found["splits"] = found["left split"] | found["right split"]
    found["sitting"] = {f"{s}_{j}": (t, 0, 0) for s in SIDES for j, t in (("hip", -1.5), ("knee", 1.5))}
    found["nod"] = {"neck": (0.5, 0, 0), "head": (0.5, 0, 0)}
    found["bow"] = {f"spine{n}": (0.4, 0, 0) for n in (1, 2, 3)}
    return {name: Pose.rest().turned(turns) for name, turns in found.items()}


def stressed(avatar: Avatar) -> dict[str, float]:
    """`stretch_p99`: the 99th percentile, over edges and poses, of length over length at rest; `volume_lost_percent`:
    what elbows and knees lose of the volume around them when bent, their mean; `finger_crossing_percent`: `mixed`;
    `limb_crossing_percent`: `crossed`; `unweighted_vertices`: those whose weights do not sum to one."""
    rest, pairs = avatar.mesh.vertices, edges(avatar.mesh.faces).vertices
    stretched = torch.cat([stretch(avatar.posed(pose), rest, pairs) for pose in poses().values()])
    return {
        "stretch_p99": float(stretched.kthvalue(max(1, math.ceil(0.99 * len(stretched)))).values),
        "volume_lost_percent": volume_lost(avatar),
        "finger_crossing_percent": 100 * mixed(avatar),
        "limb_crossing_percent": 100 * crossed(avatar),
        "unweighted_vertices": float(unweighted(avatar)),
    }


def stretch(vertices: Tensor, rest: Tensor, pairs: Tensor) -> Tensor:
    """Of every EVERYth edge (E,2): its length between `vertices` (V,3) over that at `rest` (V,3)."""
    sizes("V 3, V 3, E 2", vertices, rest, pairs)
    some = pairs[::EVERY]
    after, before = ((x[some[:, 0]] - x[some[:, 1]]).norm(dim=1) for x in (vertices, rest))
    return after / before.clamp(min=1e-5)


def volume_lost(avatar: Avatar) -> float:
    """Percent of the volume about elbows and knees that is gone at BENT degrees: their mean."""
    found = [lost_at(avatar, f"{side} {joint}") for side in SIDES for joint in ("elbow", "knee")]
    known = [value for value in found if math.isfinite(value)]
    return sum(known) / len(known) if known else math.nan


def lost_at(avatar: Avatar, name: str) -> float:
    """Percent of the volume within AROUND of the joint that the pose of this name bends, seen from the joint; not a
    number where no face is there."""
    joint, pose = JOINT_NAMES.index(name.replace(" ", "_")), poses()[name]
    rest, there = avatar.mesh.vertices, avatar.posed(pose)
    own = avatar.lbs_weights[:, [joint, PARENTS[joint]]].sum(dim=1) > 0.9
    near = own & ((rest - avatar.joints[joint]).norm(dim=1) < AROUND)
    corners = avatar.mesh.faces[near[avatar.mesh.faces].all(dim=1)]
    full, left = (_cone(x[corners] - avatar.joints[joint]) for x in (rest, there))
    return 100 * (full - left) / full if full != 0 else math.nan


def _cone(corners: Tensor) -> float:
    """Six times the volume between triangles (F,3,3) and the origin."""
    a, b, c = corners.unbind(dim=1)
    return float((a * torch.linalg.cross(b, c)).sum())


def crossed(avatar: Avatar) -> float:
    """The share of the vertices more than ASIDE from the middle with over half of their weight on the other side."""
    x = avatar.mesh.vertices[:, 0]
    side = torch.tensor([name.startswith("left") - name.startswith("right") for name in JOINT_NAMES])
    on_left, on_right = (avatar.lbs_weights[:, side == k].sum(dim=1) for k in (1, -1))
    wrong = ((x > ASIDE) & (on_right > 0.5)) | ((x < -ASIDE) & (on_left > 0.5))
    return float(wrong.double().mean())


def mixed(avatar: Avatar) -> float:
    """The share of the fingers' vertices with over a fifth of their weight on another finger than most of it."""
    weights = torch.stack([avatar.lbs_weights[:, own].sum(dim=1) for own in FINGER_JOINTS], dim=1)
    first, second = weights.topk(2, dim=1).values.unbind(dim=1)
    of_finger = first > 0.5
    return float((second[of_finger] > 0.2).double().mean()) if bool(of_finger.any()) else 0.0


def unweighted(avatar: Avatar) -> int:
    """How many vertices have weights that do not sum to one."""
    return int(((avatar.lbs_weights.sum(dim=1) - 1).abs() > 1e-3).sum())
