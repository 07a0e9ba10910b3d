"""Motions from files made elsewhere, as arrays → `Clip`, or one frame of them → `Pose`, in our axes.

What is understood, told apart by its keys:

    smplx's own keys        global_orient, body_pose (63; 69 of SMPL), jaw_pose, …hand_pose (45 each), transl    Y up
    AMASS, SMPL+H           poses (T, 156) = root 3, body 63, hands 2 · 45; trans                                Z up
    AMASS, SMPL-X stageii   poses (T, 165) = root 3, body 63, jaw 3, eyes 6, hands 2 · 45; trans                 Z up
                            or root_orient, pose_body, pose_jaw, pose_eye, pose_hand; trans                      Z up
    SMPL                    poses (T, 72) = root 3, body 63, two hand joints, which are left out; or (T, 66)     Z up

A file with `poses` or `pose_body` counts as AMASS, whose world has +Z up; smplx's keys are taken as they are. Every
array may lack the frame axis, and joints may have an axis of their own: (T, 21, 3).
"""

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from avatarkit.body import Body, Pose
from avatarkit.clips import Clip
from avatarkit.errors import BadData
from avatarkit.poses.turns import RELAXED
from avatarkit.reaching import carried_by
from avatarkit.rotation import axis_angle_from_rotation, rotation_from_axis_angle

Arrays = Mapping[str, np.ndarray]

SIZES = {"global_orient": 3, "body_pose": 63, "jaw_pose": 3, "leye_pose": 3, "reye_pose": 3}
SIZES |= {"left_hand_pose": 45, "right_hand_pose": 45, "transl": 3}
# Columns of `poses` by their number, part by part.
_HANDS = ("left_hand_pose", "right_hand_pose")
LAYOUTS: dict[int, tuple[str, ...]] = {
    66: ("global_orient", "body_pose"),
    72: ("global_orient", "body_pose"),
    156: ("global_orient", "body_pose", *_HANDS),
    165: ("global_orient", "body_pose", "jaw_pose", "leye_pose", "reye_pose", *_HANDS),
}
_STAGEII: dict[str, tuple[str, ...]] = {
    "root_orient": ("global_orient",),
    "pose_body": ("body_pose",),
    "pose_jaw": ("jaw_pose",),
}
_STAGEII |= {"pose_eye": ("leye_pose", "reye_pose"), "pose_hand": _HANDS}
MOST_FRAMES = 200_000
RATES = ("mocap_framerate", "mocap_frame_rate", "fps", "frame_rate")
AMASS_LEG = 0.80
"""Metres from hip over knee to ankle of SMPL's average adults; the files say betas alone, whose body is not here."""
FEET = ("left_ankle", "right_ankle", "left_foot", "right_foot")


def is_amass(arrays: Arrays) -> bool:
    """Do the arrays come from AMASS, where +Z is up?"""
    return "poses" in arrays or "pose_body" in arrays


def is_smplx_shape(arrays: Arrays) -> bool:
    """Are its betas SMPL-X's? Those of AMASS's older files are SMPL+H's, another space."""
    return not is_amass(arrays) or "pose_body" in arrays or np.shape(arrays["poses"])[-1:] == (165,)


def frame_count(arrays: Arrays) -> int:
    """How many frames the motion has; BadData naming the key when it is no motion."""
    return max(len(part) for part in parts_of(arrays).values())


def pose_at(arrays: Arrays, frame: int = 0) -> tuple[Pose, bool]:
    """The pose of one frame (float32, +Y up, translation as recorded), and whether the file knows about fingers.

    BadData when the frame is not there, a key is missing or has another shape, or a number is not finite.
    """
    parts = parts_of(arrays)
    frames = max(len(part) for part in parts.values())
    if not 0 <= frame < frames:
        raise BadData(f"frame {frame}: the motion has {frames} frames, expected 0 to {frames - 1}")
    rows = {key: np.zeros(n) for key, n in SIZES.items()}
    rows |= {key: part[frame if len(part) > 1 else 0] for key, part in parts.items()}
    for key, row in rows.items():
        if not np.isfinite(row).all() or np.abs(row).max() > 1e4:
            raise BadData(f"{key}: frame {frame} holds NaN, infinity or a number beyond 10,000, expected finite ones")
    pose = Pose(**{key: torch.from_numpy(np.array(row, np.float32)) for key, row in rows.items()})
    return (upright(pose) if is_amass(arrays) else pose), "left_hand_pose" in parts


def upright(pose: Pose) -> Pose:
    """The pose brought from a world with +Z up to ours with +Y up: (x, y, z) → (x, z, -y).

    The pelvis stands where translation and rest offset put it, so only up to that offset is the translation exact.
    """
    return rotated(pose, torch.tensor([-math.pi / 2, 0.0, 0.0]))


def rotated(pose: Pose, turn: Tensor) -> Pose:
    """The whole person turned about the world's origin by `turn` (3) axis-angle, radians."""
    rotation = rotation_from_axis_angle(turn.to(pose.global_orient))
    root = axis_angle_from_rotation(rotation @ rotation_from_axis_angle(pose.global_orient))
    full = torch.cat([root[..., None, :], pose.full()[..., 1:, :]], dim=-2)
    return Pose.from_full(full, (rotation @ pose.transl[..., None])[..., 0])


def parts_of(arrays: Arrays) -> dict[str, np.ndarray]:
    """The motion's parts under smplx's keys, each (T, n) or (1, n) for all frames."""
    found: dict[str, np.ndarray] = {}
    if "poses" in arrays:
        poses = np.asarray(arrays["poses"])
        layout = LAYOUTS.get(poses.shape[-1] if poses.ndim in (1, 2) else 0)
        if layout is None or poses.size == 0:
            expected = " or ".join(map(str, LAYOUTS))
            raise BadData(f"poses: found {poses.dtype} {poses.shape}, expected (frames, {expected})")
        found |= _split(np.atleast_2d(_numbers("poses", poses)), layout)
    elif "pose_body" in arrays:
        for key, layout in _STAGEII.items():
            if key in arrays:
                found |= _split(_by_frame(key, arrays[key], sum(SIZES[name] for name in layout)), layout)
    else:
        found |= {key: _by_frame(key, arrays[key], n) for key, n in SIZES.items() if key in arrays}
    if is_amass(arrays) and "trans" in arrays:
        found["transl"] = _by_frame("trans", arrays["trans"], 3)
    if "body_pose" not in found:
        keys = ", ".join(sorted(arrays)[:20])
        raise BadData(f"motion: no body_pose, poses or pose_body, expected SMPL-X or AMASS keys (there are: {keys})")
    lengths = {key: len(part) for key, part in found.items() if len(part) > 1}
    if len(set(lengths.values())) > 1:
        raise BadData(f"motion: numbers of frames differ: {', '.join(f'{k} {n}' for k, n in lengths.items())}")
    return found


def _split(columns: np.ndarray, layout: tuple[str, ...]) -> dict[str, np.ndarray]:
    found, start = {}, 0
    for key in layout:
        found[key] = columns[:, start : start + SIZES[key]]
        start += SIZES[key]
    return found


def _by_frame(key: str, array: np.ndarray, size: int) -> np.ndarray:
    """(T, size) of an array with or without a frame axis; SMPL's 69 numbers of the body are cut to SMPL-X's 63."""
    array = _numbers(key, np.asarray(array))
    if key == "body_pose" and array.shape[-1:] == (69,):
        array = array[..., :63]
    elif key == "body_pose" and array.shape[-2:] == (23, 3):
        array = array[..., :21, :]
    if array.size == size:
        return array.reshape(1, size)
    if array.ndim >= 2 and len(array) and array.size == len(array) * size:
        return array.reshape(len(array), size)
    hint = ": save the hands as 45 numbers, without PCA (use_pca=False)" if key.endswith("hand_pose") else ""
    raise BadData(f"{key}: found shape {array.shape}, expected ({size},) or (frames, {size}){hint}")


def _numbers(key: str, array: np.ndarray) -> np.ndarray:
    if array.dtype.kind not in "fiu":
        raise BadData(f"{key}: found {array.dtype}, expected numbers")
    return array


def clip_of(arrays: Arrays, body: Body, name: str) -> tuple[Clip, list[str]]:
    """The whole motion on this body, set down, at the file's frame rate; and what a user should know about it.

    Paths in AMASS are those of people with legs of `AMASS_LEG` metres on average, and are scaled to this body's.
    Fingers that the file leaves out are relaxed. BadData naming the key when something is missing, has another shape,
    is not finite, or when there are more than `MOST_FRAMES` frames.
    """
    parts = parts_of(arrays)
    T = max(len(part) for part in parts.values())
    if T > MOST_FRAMES:
        raise BadData(f"motion: found {T} frames, expected at most {MOST_FRAMES}: cut it")
    for key, part in parts.items():
        if not np.isfinite(part).all() or np.abs(part).max() > 1e4:
            raise BadData(f"{key}: holds NaN, infinity or a number beyond 10,000, expected finite ones")
    rows = {key: parts.get(key, np.zeros((1, n))) for key, n in SIZES.items()}
    full = {
        key: torch.from_numpy(np.array(np.broadcast_to(row, (T, SIZES[key])), np.float32)) for key, row in rows.items()
    }
    pose = upright(Pose(**full)) if is_amass(arrays) else Pose(**full)
    if "left_hand_pose" not in parts:
        pose = pose.turned(RELAXED)
    hips, knees, ankles = body.joints[[1, 4, 7]].unbind(0)
    scale = float((hips - knees).norm() + (knees - ankles).norm()) / AMASS_LEG
    rate, words = _rate(arrays)
    times = torch.arange(T, dtype=torch.float64) / rate
    return set_down(Clip(name, times.float(), replace(pose, transl=pose.transl * scale)), body), words


def _rate(arrays: Arrays) -> tuple[float, list[str]]:
    """Frames a second, and a word where the file does not say."""
    for key in RATES:
        if key in arrays:
            rate = _numbers(key, np.asarray(arrays[key]))
            if rate.size != 1 or not 0.1 <= float(rate.reshape(-1)[0]) <= 10_000:
                raise BadData(f"{key}: found {rate.reshape(-1)[:3]}, expected 0.1 to 10,000 frames a second")
            return float(rate.reshape(-1)[0]), []
    return 30.0, [f"does not say how fast it is ({' or '.join(RATES[:2])}): 30 frames a second are taken"]


def set_down(clip: Clip, body: Body) -> Clip:
    """The clip moved so that it begins over x = z = 0, with the pelvis facing +Z, and walks on y = 0.

    The ground is where the body's lowest point is in most frames but for a few: the 5th percentile, so that neither a
    jump nor one bad frame moves it. See `Clip` for what the translation is relative to.
    """
    ahead = rotation_from_axis_angle(clip.pose.global_orient[0])[:, 2]
    if float(ahead[[0, 2]].norm()) > 0.1:
        heading = torch.atan2(ahead[0], ahead[2])
        clip = replace(clip, pose=rotated(clip.pose, torch.stack([0 * heading, -heading, 0 * heading])))
    frames = torch.linspace(0, len(clip.times) - 1, min(len(clip.times), 200)).round().long()
    some = Pose.from_full(clip.pose.full()[frames], clip.pose.transl[frames])
    # Every eighth vertex will do for what lies on the ground; of the feet, which stand on it, all.
    feet = carried_by(body, FEET)
    only = torch.cat([feet, torch.arange(0, len(body.vertices), 8)])
    soles = body.vertices[:, 1].amin()
    lowest = replace(body, vertices=body.vertices[only], only=only).posed(some).vertices[..., 1].amin(-1) - soles
    transl = clip.pose.transl
    start = torch.stack([transl[0, 0], lowest.quantile(0.05), transl[0, 2]])
    return replace(clip, pose=replace(clip.pose, transl=transl - start))
