"""Where a person is in a photo: body, hand and face landmarks, a 3D cue, a mask. The only door to mediapipe.

mediapipe 0.10.21 (extra `photo`) needs numpy < 2 and Python ≤ 3.12, which the rest of avatarkit does not; so it runs
in a process of its own, `python -m avatarkit.detect`, with this interpreter or the one that AVATARKIT_PHOTO_PYTHON
names. The process is kept for the next photo. Messages: 8 bytes of length, then an .npz.

Every photo is looked at twice, as it is and in a mirror, and the two answers are averaged: where they differ the
detector guesses.
"""

from __future__ import annotations

import atexit
import io
import os
import struct
import subprocess
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from avatarkit import npz
from avatarkit.errors import NotInstalled

Array = NDArray[Any]

LEFT = (1, 2, 3, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31)
RIGHT = (4, 5, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30, 32)
INSTALL = "pip install 'avatarkit[photo]' (Python 3.10 to 3.12), or name a Python that has it in AVATARKIT_PHOTO_PYTHON"
LARGEST_MESSAGE = 1 << 30


@dataclass(frozen=True, eq=False)
class Detection:
    """What was found in a photo; pixels are continuous, of the photo that was given."""

    pose: Array
    """(33,2) pixels, in mediapipe's order"""
    visibility: Array
    """(33) 0 to 1"""
    world: Array
    """(33,3) metres, camera axes (x right, y down, z away), the middle of the hips at the origin"""
    doubt: Array
    """(33) pixels, how far apart the photo and its mirror image put a landmark"""
    left_hand: Array | None
    """(21,3) pixels; depth in the same unit, from the wrist on"""
    right_hand: Array | None
    face: Array | None
    """(478,3) pixels, alike"""
    mask: Array
    """(H,W) float32, 0 to 1: how surely a pixel is the person"""


def detected(photo: Array) -> tuple[Detection | None, Array]:
    """The person in an sRGB photo (H,W,3) uint8, or None; and the boxes (N,4) of all faces: left, top, width, height.

    NotInstalled where mediapipe is missing.
    """
    child = _child()
    assert child.stdin is not None and child.stdout is not None
    try:
        _send(child.stdin, {"photo": np.ascontiguousarray(photo)})
        answer = _receive(child.stdout)
    except (BrokenPipeError, EOFError):
        _child.cache_clear()
        raise NotInstalled(f"photos need mediapipe 0.10.21, and it would not start: {INSTALL}") from None
    if "missing" in answer:
        _child.cache_clear()
        raise NotInstalled(f"photos need mediapipe 0.10.21 ({answer['missing']}): {INSTALL}")
    faces = answer["faces"]
    looks = [_look(answer, side, photo.shape[1]) for side in ("plain", "mirrored") if f"{side}_pose" in answer]
    return (_agreed(looks) if looks else None), faces


def available() -> str | None:
    """None where photos can be detected, else why not."""
    try:
        detected(np.zeros((64, 64, 3), np.uint8))
    except NotInstalled as error:
        return str(error)
    return None


def _look(answer: dict[str, Array], side: str, width: int) -> dict[str, Array]:
    """One of the two answers, in the photo's pixels, left and right as they are."""
    found = {key.removeprefix(f"{side}_"): value for key, value in answer.items() if key.startswith(f"{side}_")}
    if side == "plain":
        return found
    swap = np.arange(33)
    swap[list(LEFT)], swap[list(RIGHT)] = RIGHT, LEFT
    found["pose"], found["world"] = found["pose"][swap], found["world"][swap] * [-1, 1, 1, 1]
    hands = {"left_hand": found.pop("right_hand", None), "right_hand": found.pop("left_hand", None)}
    found |= {key: value for key, value in hands.items() if value is not None}
    found.pop("face", None)  # its 478 points have no list of partners here
    found["mask"] = found["mask"][:, ::-1]
    for key in ("pose", "left_hand", "right_hand"):
        if key in found:
            found[key] = found[key] * [-1, *[1] * (found[key].shape[1] - 1)]
            found[key][:, 0] += width
    return found


def _agreed(looks: list[dict[str, Array]]) -> Detection:
    """The mean of the answers; a hand that only one of them saw is taken from it."""

    def mean(key: str) -> Array | None:
        seen = [look[key] for look in looks if key in look]
        return np.mean(seen, axis=0) if seen else None

    pose, world, mask = mean("pose"), mean("world"), mean("mask")
    assert pose is not None and world is not None and mask is not None
    spread = [np.linalg.norm(look["pose"][:, :2] - pose[:, :2], axis=1) for look in looks]
    return Detection(
        pose=pose[:, :2],
        visibility=pose[:, 3],
        world=world[:, :3],
        doubt=2 * np.mean(spread, axis=0),
        left_hand=mean("left_hand"),
        right_hand=mean("right_hand"),
        face=mean("face"),
        mask=mask.astype(np.float32),
    )


@lru_cache(maxsize=1)
def _child() -> subprocess.Popen[bytes]:
    python = os.environ.get("AVATARKIT_PHOTO_PYTHON") or sys.executable
    package = str(Path(__file__).parent.parent)
    paths = [package, *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths), "GLOG_minloglevel": "3"}
    try:
        child = subprocess.Popen(
            [python, "-m", "avatarkit.detect"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
        )
    except OSError as error:
        raise NotInstalled(f"AVATARKIT_PHOTO_PYTHON: {python} would not start ({error}): {INSTALL}") from None
    atexit.register(child.kill)
    return child


def _send(stream: IO[bytes], arrays: dict[str, Array]) -> None:
    content = io.BytesIO()
    np.savez(content, **arrays)  # type: ignore[arg-type]
    stream.write(struct.pack("<Q", content.tell()))
    stream.write(content.getvalue())
    stream.flush()


def _receive(stream: IO[bytes]) -> dict[str, Array]:
    head = stream.read(8)
    if len(head) < 8:
        raise EOFError
    (length,) = struct.unpack("<Q", head)
    content = stream.read(min(length, LARGEST_MESSAGE))
    if len(content) < length:
        raise EOFError
    return npz.decode(content, limit_bytes=LARGEST_MESSAGE)


def _serve() -> None:
    """Answer photos on stdin until it ends. What mediapipe itself prints goes to stderr."""
    answers, questions = os.fdopen(os.dup(1), "wb"), sys.stdin.buffer
    os.dup2(2, 1)
    try:
        import mediapipe
    except ImportError as error:
        _receive(questions)
        _send(answers, {"missing": np.array(f"{sys.executable}: {error}")})
        return
    solutions = mediapipe.solutions
    holistic = solutions.holistic.Holistic(
        static_image_mode=True, model_complexity=1, enable_segmentation=True, refine_face_landmarks=True
    )
    heads = solutions.face_detection.FaceDetection(model_selection=1, min_detection_confidence=0.5)
    while True:
        try:
            photo = _receive(questions)["photo"]
        except EOFError:
            return
        answer = {"faces": _boxes(heads, photo)}
        for side, seen in (("plain", photo), ("mirrored", np.ascontiguousarray(photo[:, ::-1]))):
            answer |= {f"{side}_{key}": value for key, value in _named(holistic.process(seen), photo).items()}
        _send(answers, answer)


def _boxes(heads: Any, photo: Array) -> Array:
    """Boxes (N,4) of all faces: left, top, width, height. The face detector sees squares: a wide photo would be made
    small in it, and lose faces, so that it is looked at square by square, each overlapping the next by half."""
    H, W = photo.shape[:2]
    side = min(H, W)
    boxes: list[tuple[float, float, float, float]] = []
    for left in np.linspace(0, W - side, 1 + -(-2 * (W - side) // side)).astype(int):
        for top in np.linspace(0, H - side, 1 + -(-2 * (H - side) // side)).astype(int):
            found = heads.process(np.ascontiguousarray(photo[top : top + side, left : left + side]))
            for face in found.detections or ():
                box = face.location_data.relative_bounding_box
                x, y, w, h = left + box.xmin * side, top + box.ymin * side, box.width * side, box.height * side
                if all(np.hypot(x + w / 2 - a - c / 2, y + h / 2 - b - d / 2) > max(w, c) / 2 for a, b, c, d in boxes):
                    boxes.append((x, y, w, h))
    return np.array(boxes, np.float32).reshape(-1, 4)


def _named(found: Any, photo: Array) -> dict[str, Array]:
    """One answer of mediapipe's as arrays; nothing where it saw nobody."""
    if found.pose_landmarks is None or found.segmentation_mask is None:
        return {}
    H, W = photo.shape[:2]
    rows = [(p.x * W, p.y * H, p.z * W, p.visibility) for p in found.pose_landmarks.landmark]
    world = [(p.x, p.y, p.z, p.visibility) for p in found.pose_world_landmarks.landmark]
    arrays = {"pose": rows, "world": world, "mask": found.segmentation_mask}
    for key in ("left_hand", "right_hand", "face"):
        points = getattr(found, f"{key}_landmarks")
        if points is not None:
            arrays[key] = [(p.x * W, p.y * H, p.z * W) for p in points.landmark]
    return {key: np.array(value, np.float32) for key, value in arrays.items()}


if __name__ == "__main__":
    _serve()
