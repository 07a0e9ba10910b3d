"""Biovision's BVH: a skeleton and how it moves, bytes → arrays, trusting nothing.

    HIERARCHY                                   each joint: its OFFSET from its parent at rest, its CHANNELS
    ROOT Hips { OFFSET … CHANNELS 6 … JOINT … { … End Site { OFFSET … } } }
    MOTION
    Frames: 2                                   then a row a frame: the numbers of all channels,
    Frame Time: 0.0333333                       joint by joint as they were named; degrees

A joint's rotation is the product of its rotation channels in the order in which they are named, whichever it is: with
Zrotation Xrotation Yrotation, R = Rz Rx Ry. At rest all rotations are the identity. Units and axes are the file's own.
"""

import math
import re
from dataclasses import dataclass

import numpy as np

from avatarkit.errors import BadData

MOST_JOINTS = 1024
LONGEST_HIERARCHY = 1 << 20
MOST_NUMBERS = 6_000_000  # 60 joints for a quarter of an hour at 30 frames a second
MOST_LINES, LONGEST_NUMBER = 1_000_000, 40
_CHANNEL = re.compile(r"([XYZ])(position|rotation)", re.IGNORECASE)
_MOTION = re.compile(r"^[ \t]*MOTION[ \t\r]*$", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, eq=False)
class Recording:
    """What a BVH file holds, in its own units and axes; float64."""

    names: tuple[str, ...]
    parents: tuple[int, ...]
    """-1 for the root; parents come before their children"""
    offsets: np.ndarray
    """(J,3) each joint from its parent, at rest"""
    tips: dict[int, np.ndarray]
    """(3) the End Site of a joint that has one, from that joint"""
    frame_time: float
    """seconds"""
    rotations: np.ndarray
    """(T,J,3,3) relative to the parent"""
    places: np.ndarray
    """(T,J,3) each joint from its parent: its position channels, or else its offset"""

    @property
    def unit(self) -> str:
        """What its lengths seem to be in, as the skeleton at rest is as tall as people are: a guess, for telling."""
        points = np.zeros_like(self.offsets)
        for j, parent in enumerate(self.parents[1:], 1):
            points[j] = points[parent] + self.offsets[j]
        tall = float(np.ptp(points, axis=0).max())
        return "metres" if 0.4 < tall < 3 else "centimetres" if 40 < tall < 300 else "units of its own"


def decode(data: bytes) -> Recording:
    """The recording in a file's bytes. BadData with the line, what was found there and what was expected."""
    text = data.decode("utf-8-sig", errors="replace")
    motion = _MOTION.search(text)
    if motion is None:
        raise BadData("no line MOTION, expected a BVH file: HIERARCHY, then MOTION")
    if motion.start() > LONGEST_HIERARCHY:
        raise BadData(f"hierarchy: longer than {LONGEST_HIERARCHY >> 20} MB, expected at most {MOST_JOINTS} joints")
    joints = _hierarchy(_Words(text[: motion.start()]))
    first_line = text.count("\n", 0, motion.start()) + 1
    width = sum(len(joint.channels) for joint in joints)
    most = MOST_NUMBERS // max(width, 3 * len(joints))
    frame_time, rows = _motion(text[motion.end() :], first_line, width, most)
    rotations = np.broadcast_to(np.eye(3), (len(rows), len(joints), 3, 3)).copy()
    places = np.broadcast_to(np.stack([joint.offset for joint in joints]), (len(rows), len(joints), 3)).copy()
    column = 0
    for j, joint in enumerate(joints):
        for axis, kind in joint.channels:
            if kind == "rotation":
                rotations[:, j] = rotations[:, j] @ _about(axis, np.radians(rows[:, column]))
            else:
                places[:, j, axis] = rows[:, column]
            column += 1
    return Recording(
        names=tuple(joint.name for joint in joints),
        parents=tuple(joint.parent for joint in joints),
        offsets=np.stack([joint.offset for joint in joints]),
        tips={j: joint.tip for j, joint in enumerate(joints) if joint.tip is not None},
        frame_time=frame_time,
        rotations=rotations,
        places=places,
    )


class _Joint:
    def __init__(self, name: str, parent: int):
        self.name, self.parent = name, parent
        self.offset = np.zeros(3)
        self.channels: list[tuple[int, str]] = []
        self.tip: np.ndarray | None = None


class _Words:
    """The hierarchy word by word, each with its line."""

    def __init__(self, text: str):
        spaced = text.replace("{", " { ").replace("}", " } ")
        self.words = [(word, n) for n, line in enumerate(spaced.split("\n"), 1) for word in line.split()]
        self.at = 0

    def next(self, expected: str) -> str:
        if self.at >= len(self.words):
            raise BadData(f"line {self.line}: the hierarchy ends, expected {expected}")
        self.at += 1
        return self.words[self.at - 1][0]

    @property
    def line(self) -> int:
        """Where the last word was."""
        return self.words[max(self.at, 1) - 1][1] if self.words else 1

    def wrong(self, found: str, expected: str) -> BadData:
        return BadData(f"line {self.line}: found {found[:40]!r}, expected {expected}")

    def take(self, expected: str) -> None:
        found = self.next(expected)
        if found.lower() != expected.lower():
            raise self.wrong(found, expected)

    def name(self) -> str:
        """The words up to the line's end or the brace: names may hold spaces."""
        parts = [self.next("a joint's name")]
        line = self.line
        while self.at < len(self.words) and self.words[self.at][1] == line and self.words[self.at][0] != "{":
            parts.append(self.next("{"))
        if parts[0] in "{}":
            raise self.wrong(parts[0], "a joint's name")
        return " ".join(parts)[:128]

    def offset(self) -> np.ndarray:
        return np.array([self.number("three numbers after OFFSET") for _ in range(3)])

    def number(self, expected: str) -> float:
        found = self.next(expected)
        try:
            value = float(found)
        except ValueError:
            value = math.nan
        if not abs(value) < 1e6:
            raise self.wrong(found, expected)
        return value


def _hierarchy(words: _Words) -> list[_Joint]:
    words.take("HIERARCHY")
    words.take("ROOT")
    joints = [_Joint(words.name(), -1)]
    words.take("{")
    inside = [0]  # the joints whose braces are open
    while inside:
        joint = joints[inside[-1]]
        word = words.next("OFFSET, CHANNELS, JOINT, End Site or }")
        kind = word.lower()
        if kind == "offset":
            joint.offset = words.offset()
        elif kind == "channels":
            joint.channels = _channels(words)
        elif kind == "joint":
            if len(joints) == MOST_JOINTS:
                raise BadData(f"line {words.line}: found another joint, expected at most {MOST_JOINTS}")
            joints.append(_Joint(words.name(), inside[-1]))
            inside.append(len(joints) - 1)
            words.take("{")
        elif kind == "end":
            words.name()
            for expected in ("{", "OFFSET"):
                words.take(expected)
            joint.tip = words.offset()
            words.take("}")
        elif kind == "}":
            inside.pop()
        else:
            raise words.wrong(word, "OFFSET, CHANNELS, JOINT, End Site or }")
    if words.at < len(words.words):
        found = words.next("MOTION")
        raise words.wrong(found, "MOTION: one skeleton a file")
    return joints


def _channels(words: _Words) -> list[tuple[int, str]]:
    count = words.number("how many channels")
    if count not in range(10):
        raise words.wrong(f"{count:g}", "0 to 9 channels")
    channels = []
    for _ in range(int(count)):
        found = words.next("a channel")
        match = _CHANNEL.fullmatch(found)
        if match is None:
            raise words.wrong(found, "Xposition … Zposition or Xrotation … Zrotation")
        channels.append(("XYZ".index(match[1].upper()), match[2].lower()))
    return channels


def _motion(text: str, first_line: int, width: int, most: int) -> tuple[float, np.ndarray]:
    """Seconds a frame, and the numbers (T, width) of at most so many frames."""
    if text.count("\n") > MOST_LINES:
        raise BadData(f"motion: more than {MOST_LINES} lines, expected a line for each frame")
    lines = [(n, line) for n, line in enumerate(text.split("\n"), first_line) if line.strip()]
    frames = _said(lines, 0, "Frames", first_line)
    frame_time = _said(lines, 1, "Frame Time", first_line)
    if not 1 <= frames <= most or frames % 1:
        raise BadData(f"line {lines[0][0]}: found {frames:g} frames, expected 1 to {most}: cut the motion")
    if not 1e-4 <= frame_time <= 10:
        raise BadData(f"line {lines[1][0]}: found a frame time of {frame_time:g}, expected 0.0001 to 10 seconds")
    rows = lines[2:]
    if len(rows) != frames:
        raise BadData(f"line {lines[0][0]}: {frames:g} frames are said, {len(rows)} rows of numbers follow")
    numbers = np.empty((len(rows), width))
    for row, (n, line) in zip(numbers, rows, strict=True):
        # A line of a hundred megabytes is not taken to pieces.
        words = line.split() if len(line) < LONGEST_NUMBER * (width + 1) else ["?"] * (width + 1)
        if len(words) != width:
            raise BadData(f"line {n}: found {len(words)} numbers, expected {width}, one for each channel")
        try:
            row[:] = words
        except ValueError:
            raise BadData(f"line {n}: found {_no_number(words)!r}, expected numbers") from None
        if not (np.abs(row) < 1e6).all():
            raise BadData(f"line {n}: found NaN, infinity or a number beyond 1,000,000, expected finite ones")
    return frame_time, numbers


def _said(lines: list[tuple[int, str]], index: int, label: str, first_line: int) -> float:
    """The number after a label, on its own line."""
    n, line = lines[index] if index < len(lines) else (first_line, "")
    said, colon, number = line.partition(":")
    try:
        if not colon or "".join(said.lower().split()) != label.lower().replace(" ", ""):
            raise ValueError
        return float(number)
    except ValueError:
        raise BadData(f"line {n}: found {line.strip()[:40]!r}, expected {label}: and a number") from None


def _no_number(words: list[str]) -> str:
    for word in words:
        try:
            float(word)
        except ValueError:
            return word[:40]
    return " ".join(words)[:40]


def _about(axis: int, angles: np.ndarray) -> np.ndarray:
    """(T,3,3) turns about x, y or z by `angles` (T), radians."""
    turns = np.zeros((len(angles), 3, 3))
    following, last = (axis + 1) % 3, (axis + 2) % 3
    turns[:, axis, axis] = 1
    turns[:, following, following] = turns[:, last, last] = np.cos(angles)
    turns[:, last, following] = np.sin(angles)
    turns[:, following, last] = -turns[:, last, following]
    return turns
