"""BVH: what a small file means, in every channel order; what is wrong with a bad one, and on which line."""

import itertools

import numpy as np
import pytest

from avatarkit.bvh import decode
from avatarkit.errors import BadData

SMALL = """HIERARCHY
ROOT Hips
{
  OFFSET 0 90 0
  CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
  JOINT Left Up Leg
  {
    OFFSET 10 0 0
    CHANNELS 3 Zrotation Xrotation Yrotation
    End Site
    {
      OFFSET 0 -45 0
    }
  }
}
MOTION
Frames: 2
Frame Time: 0.0333333
1 2 3 0 0 0 0 0 0
4 5 6 90 0 0 0 30 0
"""


def turn(axis, degrees):
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return {
        "X": np.array([[1, 0, 0], [0, c, -s], [0, s, c]]),
        "Y": np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]]),
        "Z": np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]),
    }[axis]


def test_a_small_file():
    found = decode(SMALL.encode())
    assert found.names == ("Hips", "Left Up Leg") and found.parents == (-1, 0)
    assert found.offsets.tolist() == [[0, 90, 0], [10, 0, 0]] and found.tips[1].tolist() == [0, -45, 0]
    assert found.frame_time == 0.0333333
    assert found.places[:, 0].tolist() == [[1, 2, 3], [4, 5, 6]] and found.places[1, 1].tolist() == [10, 0, 0]
    np.testing.assert_allclose(found.rotations[0], np.eye(3)[None].repeat(2, 0))
    np.testing.assert_allclose(found.rotations[1, 0], turn("Z", 90), atol=1e-12)
    np.testing.assert_allclose(found.rotations[1, 1], turn("X", 30), atol=1e-12)


@pytest.mark.parametrize(("leg", "unit"), [(0.8, "metres"), (85, "centimetres"), (7, "units of its own")])
def test_what_its_lengths_seem_to_be_in(leg, unit):
    assert decode(SMALL.replace("OFFSET 10 0 0", f"OFFSET 0 -{leg} 0").encode()).unit == unit


@pytest.mark.parametrize("order", ["".join(axes) for axes in itertools.permutations("XYZ")])
def test_every_order_of_channels(order):
    """Rotations multiply in the order in which they are named; positions may come between and after them."""
    names = " ".join(f"{axis}rotation" for axis in order)
    text = SMALL.replace("Xposition Yposition Zposition Zrotation Xrotation Yrotation", f"Zposition {names} Xposition")
    text = (
        text.replace("CHANNELS 6", "CHANNELS 5")
        .replace("1 2 3 0 0 0 0", "7 10 20 30 8 0")
        .replace("4 5 6 90 0 0 0 30 0", "0 0 0 0 0 0 0 0")
    )
    found = decode(text.encode())
    expected = turn(order[0], 10) @ turn(order[1], 20) @ turn(order[2], 30)
    np.testing.assert_allclose(found.rotations[0, 0], expected, atol=1e-12)
    assert found.places[0, 0].tolist() == [8, 90, 7]  # what has no channel keeps its offset


@pytest.mark.parametrize(
    "text",
    [
        SMALL.replace("\n", "\r\n"),
        "\ufeff" + SMALL,
        SMALL.replace("{\n", " { "),
        SMALL.replace("  ", "\t").replace("Frames: ", "Frames:\t").replace("rotation", "ROTATION"),
        SMALL + "\n \n",
        SMALL.replace("ROOT Hips\n{", "ROOT Hips{"),
    ],
)
def test_what_other_programs_write(text):
    found, plain = decode(text.encode()), decode(SMALL.encode())
    assert found.names == plain.names and np.array_equal(found.rotations, plain.rotations)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("MOTION", "MOTIONS", "no line MOTION"),
        ("HIERARCHY", "HIERARCH", "line 1: found 'HIERARCH', expected HIERARCHY"),
        ("ROOT", "JOINT", "line 2: found 'JOINT', expected ROOT"),
        ("OFFSET 10 0 0", "OFFSET 10 0", "line 9: found 'CHANNELS', expected three numbers"),
        ("OFFSET 10 0 0", "OFFSET 10 nan 0", "line 8: found 'nan'"),
        ("OFFSET 10 0 0", "OFFSET 10 1e9 0", "line 8: found '1e9'"),
        ("CHANNELS 3", "CHANNELS 4", "line 10: found 'End', expected Xposition"),
        ("CHANNELS 3", "CHANNELS 99", "line 9: found '99', expected 0 to 9 channels"),
        ("CHANNELS 3", "CHANNELS 2", "line 9: found 'Yrotation', expected OFFSET"),
        ("    }\n  }\n}\n", "    }\n  }\n", "line 14: the hierarchy ends"),
        ("    }\n  }\n}\n", "    }\n  }\n}\nROOT B { }\n", "line 16: found 'ROOT', expected MOTION: one skeleton"),
        ("JOINT Left Up Leg", "JOINT", "line 7: found '{', expected a joint's name"),
        ("Frames: 2", "Frames: two", "line 17: found 'Frames: two', expected Frames: and a number"),
        ("Frames: 2", "Frames: 0", "line 17: found 0 frames, expected 1 to"),
        ("Frames: 2", "Frames: 1e12", "line 17: found 1e.12 frames"),
        ("Frames: 2", "Frames: nan", "line 17: found nan frames"),
        ("Frames: 2", "Frames: 3", "line 17: 3 frames are said, 2 rows"),
        ("Frame Time: 0.0333333", "", "line 19: found '1 2 3 0 0 0 0 0 0', expected Frame Time"),
        ("Frame Time: 0.0333333", "Frame Time: 0", "line 18: found a frame time of 0"),
        ("4 5 6 90", "4 5 90", "line 20: found 8 numbers, expected 9"),
        ("4 5 6 90", "4 5 x 90", "line 20: found 'x', expected numbers"),
        ("4 5 6 90", "4 5 inf 90", "line 20: found NaN, infinity"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(old, new, message):
    assert SMALL.count(old) >= 1
    with pytest.raises(BadData, match=message):
        decode(SMALL.replace(old, new, 1).encode())


def test_hostile_files_are_refused_quickly():
    deep = "HIERARCHY\nROOT a\n{\n" + "JOINT b {\n" * 200_000
    with pytest.raises(BadData, match="longer than 1 MB"):
        decode((deep + "\nMOTION\n").encode())
    with pytest.raises(BadData, match="another joint, expected at most 1024"):
        decode((deep[:30_000] + "\nMOTION\n").encode())
    with pytest.raises(BadData, match="line 19: found 10 numbers, expected 9"):
        decode((SMALL.replace("1 2 3", "1 " * 5_000_000 + "2 3")).encode())
    with pytest.raises(BadData, match="more than 1000000 lines"):
        decode((SMALL + "\n" * 1_000_001).encode())
    still = "HIERARCHY\nROOT a\n{\n" + "JOINT b { }\n" * 1000 + "}\nMOTION\nFrames: 5000\nFrame Time: 1\n"
    with pytest.raises(BadData, match="found 5000 frames, expected 1 to 1998: cut the motion"):
        decode(still.encode())  # a few bytes a frame, but rotations for 1001 joints
    for junk in (b"", b"MOTION", b"\x00" * 1000, bytes(range(256)) * 10, b"HIERARCHY\nMOTION\n"):
        with pytest.raises(BadData):
            decode(junk)


def test_any_cut_and_any_changed_byte_is_read_or_refused():
    data = SMALL.encode()
    rng = np.random.default_rng(0)
    for k in range(0, len(data), 7):
        damaged = bytearray(data)
        damaged[k] = rng.integers(256)
        for version in (data[:k], bytes(damaged)):
            try:
                assert np.isfinite(decode(version).rotations).all()
            except BadData as error:
                assert "\n" not in str(error)
