"""The detector itself is mediapipe's; here: what comes through the pipe, and what a machine without it says."""

import numpy as np
import pytest

from avatarkit import detect
from avatarkit.errors import NotInstalled


def test_a_mirror_image_is_turned_back():
    plain = {"plain_pose": np.zeros((33, 4)), "plain_world": np.zeros((33, 4)), "plain_mask": np.zeros((10, 100))}
    plain["plain_pose"][:, 0] = np.arange(33)
    plain["plain_pose"][11, :2], plain["plain_world"][11, 0] = (70, 5), 0.2
    plain["plain_mask"][3, 90] = 1
    swap = np.arange(33)
    swap[list(detect.LEFT)], swap[list(detect.RIGHT)] = detect.RIGHT, detect.LEFT
    mirrored = {"mirrored_pose": plain["plain_pose"][swap] * [-1, 1, 1, 1] + [100, 0, 0, 0]}
    mirrored["mirrored_world"] = plain["plain_world"][swap] * [-1, 1, 1, 1]
    mirrored["mirrored_mask"] = plain["plain_mask"][:, ::-1]
    mirrored["mirrored_right_hand"] = np.full((21, 3), 40.0)
    answer = plain | mirrored
    found = detect._agreed([detect._look(answer, side, 100) for side in ("plain", "mirrored")])
    assert np.allclose(found.pose[11], [70, 5])
    assert np.allclose(found.doubt, 0)
    assert found.world[11, 0] == pytest.approx(0.2)
    assert found.mask[3, 90] == 1
    assert found.left_hand[0].tolist() == [60, 40, 40]
    assert found.right_hand is None


def test_where_it_is_missing_a_line_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setenv("AVATARKIT_PHOTO_PYTHON", str(tmp_path / "python"))
    detect._child.cache_clear()
    try:
        with pytest.raises(NotInstalled, match="AVATARKIT_PHOTO_PYTHON"):
            detect.detected(np.zeros((8, 8, 3), np.uint8))
    finally:
        detect._child.cache_clear()


def test_nobody_in_an_empty_picture():
    missing = detect.available()
    if missing:
        pytest.skip(f"NO DETECTOR: {missing}")
    found, faces = detect.detected(np.full((120, 160, 3), 128, np.uint8))
    assert found is None
    assert faces.shape == (0, 4)
