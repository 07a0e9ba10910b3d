"""MakeHuman's clothes: `.mhclo` (how a mesh hangs on the base mesh), its `.obj` and `.mhmat`; bytes to arrays.

Plain text files, a statement a line. Nothing in them is executed and no path in them is opened here; every complaint
names the line. https://static.makehumancommunity.org (MakeClothes), base mesh hm08.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from avatarkit.errors import BadData

BASE_VERTICES = 19158
MOST_BYTES = 64 << 20
MOST_LINES = 2_000_000
MOST_CORNERS = 64
AXES = ("x_scale", "y_scale", "z_scale")
SECTIONS = ("verts", "delete_verts", "weights")
FILE_NAME = re.compile(r"(?!\.)[^/\\:\x00-\x1f\x7f]{1,128}")


@dataclass(frozen=True, eq=False)
class Binding:
    """How a garment of V vertices hangs on the base mesh, as its `.mhclo` says.

    vertex = Σ_k weights_k · base[anchors_k] + scale · offset, scale_a = |base[i] - base[j]| along axis a / length.
    """

    name: str
    tags: tuple[str, ...]
    obj_file: str
    material_file: str | None
    anchors: np.ndarray
    """(V, 3) int64 base vertices"""
    weights: np.ndarray
    """(V, 3) float64, rows sum to about one"""
    offsets: np.ndarray
    """(V, 3) float64, decimetres in the base mesh's own axes (our axes) and pose"""
    scale_vertices: np.ndarray
    """(3, 2) int64 base vertices whose distance along x, y, z is measured; -1 for none"""
    scale_lengths: np.ndarray
    """(3) float64, that distance on the base mesh, decimetres"""
    covers: np.ndarray
    """(D) int64 base vertices that the garment hides, ascending"""
    z_depth: int = 50


@dataclass(frozen=True, eq=False)
class Shape:
    """A Wavefront mesh: its vertices in the file's order, triangles, texture coordinates."""

    vertices: np.ndarray
    """(V, 3) float64, decimetres"""
    faces: np.ndarray
    """(F, 3) int64; polygons as fans"""
    uvs: np.ndarray | None
    """(F, 3, 2) float32 per corner, u right, v DOWN; None where a face lacks them"""


@dataclass(frozen=True)
class Finish:
    """What an `.mhmat` says of the surface's colour."""

    colour: tuple[float, float, float] | None = None
    """sRGB, 0 … 1"""
    texture_file: str | None = None
    transparent: bool = False


class Line:
    """One statement: its words, and the number that complaints name."""

    def __init__(self, number: int, words: list[str]):
        self.number, self.words = number, words

    def wrong(self, expected: str) -> BadData:
        """The complaint about this line."""
        found = " ".join(self.words)
        return BadData(f"line {self.number}: found {found[:60]!r}, expected {expected}")

    def integer(self, word: str, expected: str, low: int, high: int) -> int:
        """A word as an integer of low … high - 1."""
        if not re.fullmatch(r"[+-]?\d{1,9}", word) or not low <= int(word) < high:
            raise self.wrong(expected)
        return int(word)

    def numbers(self, words: list[str], expected: str) -> list[float]:
        """Words as finite numbers, smaller than a million."""
        try:
            values = [float(word) for word in words]
        except ValueError:
            raise self.wrong(expected) from None
        if not all(abs(value) < 1e6 for value in values):
            raise self.wrong(expected)
        return values


def lines_of(content: bytes) -> Iterator[Line]:
    """The statements of a text file, comments and empty lines left out. Raises BadData for what is no such text."""
    if len(content) > MOST_BYTES or content.count(b"\n") > MOST_LINES:
        raise BadData(f"larger than {MOST_BYTES >> 20} MB or {MOST_LINES} lines, expected a garment's file")
    if b"\0" in content:
        raise BadData("found a binary file, expected MakeHuman's text")
    for number, text in enumerate(content.decode("utf-8-sig", "replace").splitlines(), start=1):
        words = text.split()
        if words and not words[0].startswith(("#", "//")):
            yield Line(number, words)


def decode_binding(content: bytes) -> Binding:
    """A `.mhclo` file. Raises BadData that names the line; keys of other programs are passed over."""
    said: dict[str, str] = {}
    tags: list[str] = []
    rows: list[tuple[float, ...]] = []
    covers: list[int] = []
    scales = {axis: (-1, -1, 1.0) for axis in AXES}
    z_depth, section = 50, ""
    for line in lines_of(content):
        key, *rest = line.words
        if key[0].isdigit():
            if section == "verts":
                rows.append(_anchored(line))
            elif section == "delete_verts":
                covers += _ranges(line)
            elif not section:
                raise line.wrong("`verts 0` before the first vertex")
            continue
        section = key if key in SECTIONS else section  # MakeClothes 1 wrote other keys below `verts 0`
        if key == "verts" and rest not in ([], ["0"]):
            raise line.wrong("`verts 0`")
        if key in AXES:
            scales[key] = _scale(line)
        elif key == "tag" and rest:
            tags.append(" ".join(rest))
        elif key == "z_depth":
            z_depth = line.integer(rest[0] if rest else "", "`z_depth` and an integer", -1000, 1000)
        elif key in ("obj_file", "material", "name") and rest:
            said[key] = " ".join(rest)
        elif key == "basemesh" and rest != ["hm08"]:
            raise line.wrong("`basemesh hm08`: this garment is for another base mesh")
    if not rows:
        raise BadData("found no vertices, expected `verts 0` and a line for each vertex of the .obj")
    if not FILE_NAME.fullmatch(said.get("obj_file", "")):
        raise BadData(f"obj_file is {said.get('obj_file')!r}, expected the name of an .obj beside this file")
    table = np.array(rows)
    return Binding(
        name=said.get("name", said["obj_file"].rpartition(".")[0]),
        tags=tuple(tags),
        obj_file=said["obj_file"],
        material_file=said.get("material"),
        anchors=table[:, :3].astype(np.int64),
        weights=table[:, 3:6],
        offsets=table[:, 6:],
        scale_vertices=np.array([scales[axis][:2] for axis in AXES], np.int64),
        scale_lengths=np.array([scales[axis][2] for axis in AXES]),
        covers=np.unique(np.array(covers, np.int64)),
        z_depth=z_depth,
    )


def _anchored(line: Line) -> tuple[float, ...]:
    """A vertex: a base vertex, or three with barycentric weights, and an offset unless it is zero."""
    expected = f"a vertex 0 … {BASE_VERTICES - 1}, or three, three weights and an offset"
    words = line.words
    if len(words) not in (1, 6, 9):
        raise line.wrong(expected)
    anchors = [line.integer(word, expected, 0, BASE_VERTICES) for word in words[:3]]
    if len(words) == 1:
        return (*anchors * 3, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    weights, offset = line.numbers(words[3:6], expected), line.numbers(words[6:], expected) or [0.0, 0.0, 0.0]
    return (*anchors, *weights, *offset)


def _scale(line: Line) -> tuple[int, int, float]:
    expected = f"`{line.words[0]}`, two vertices 0 … {BASE_VERTICES - 1} and a length above 0"
    if len(line.words) != 4:
        raise line.wrong(expected)
    first, second = (line.integer(word, expected, 0, BASE_VERTICES) for word in line.words[1:3])
    (length,) = line.numbers(line.words[3:], expected)
    if length < 1e-6:
        raise line.wrong(expected)
    return first, second, length


def _ranges(line: Line) -> list[int]:
    """`3 5 - 7` means 3, 5, 6 and 7."""
    expected = f"vertices 0 … {BASE_VERTICES - 1} and ranges `first - last`"
    found: list[int] = []
    words = iter(line.words)
    for word in words:
        if word != "-":
            found.append(line.integer(word, expected, 0, BASE_VERTICES))
            continue
        last = line.integer(next(words, ""), expected, 0, BASE_VERTICES)
        if not found or last < found[-1]:
            raise line.wrong(expected)
        found += range(found[-1] + 1, last + 1)
    return found


def decode_shape(content: bytes) -> Shape:
    """An `.obj` file's vertices in their order, and its faces. Raises BadData that names the line."""
    places: list[list[float]] = []
    uv: list[list[float]] = []
    corners: list[tuple[int, int, int, int, int, int]] = []
    readers: dict[str, Callable[[Line], object]] = {
        "v": lambda line: places.append(_coordinates(line, 3)),
        "vt": lambda line: uv.append(_coordinates(line, 2)),
        "f": lambda line: corners.extend(_fan(line, len(places), len(uv))),
    }
    for line in lines_of(content):
        if line.words[0] in readers:
            readers[line.words[0]](line)
    if not places or not corners:
        raise BadData(f"found {len(places)} vertices and {len(corners)} triangles, expected a mesh")
    table = np.array(corners, np.int64)
    textured = bool(uv) and bool((table[:, 3:] >= 0).all())
    flipped = np.array(uv, np.float32) * (1, -1) + (0, 1) if textured else None
    uvs = flipped[table[:, 3:]].astype(np.float32) if flipped is not None else None
    return Shape(np.array(places), table[:, :3], uvs)


def _coordinates(line: Line, count: int) -> list[float]:
    expected = f"`{line.words[0]}` and {count} numbers"
    if len(line.words) <= count:
        raise line.wrong(expected)
    return line.numbers(line.words[1 : count + 1], expected)


def _fan(line: Line, vertices: int, uv: int) -> Iterator[tuple[int, int, int, int, int, int]]:
    """A polygon's triangles: three vertices and three texture coordinates each, from 0; -1 for no coordinate."""
    expected = f"a face of 3 to {MOST_CORNERS} corners `v`, `v/vt` or `v/vt/vn`, of the {vertices} vertices before it"
    if not 3 <= len(line.words) - 1 <= MOST_CORNERS:
        raise line.wrong(expected)

    def index(word: str, count: int) -> int:
        number = line.integer(word, expected, -count, count + 1)
        if number == 0:
            raise line.wrong(expected)
        return number - 1 if number > 0 else count + number

    split = [word.split("/") for word in line.words[1:]]
    at = [index(parts[0], vertices) for parts in split]
    painted = [index(parts[1], uv) if len(parts) > 1 and parts[1] else -1 for parts in split]
    for k in range(1, len(at) - 1):
        yield (at[0], at[k], at[k + 1], painted[0], painted[k], painted[k + 1])


def decode_finish(content: bytes) -> Finish:
    """An `.mhmat` file: `diffuseColor`, `diffuseTexture`, `transparent`; all else is passed over."""
    said: dict[str, Line] = {}
    for line in lines_of(content):
        if len(line.words) > 1:
            said[line.words[0]] = line
    colour = None
    if "diffuseColor" in said:
        line = said["diffuseColor"]
        values = line.numbers(line.words[1:4], "`diffuseColor` and three numbers 0 … 1")
        if len(values) != 3 or not all(0 <= value <= 1 for value in values):
            raise line.wrong("`diffuseColor` and three numbers 0 … 1")
        colour = (values[0], values[1], values[2])
    texture = " ".join(said["diffuseTexture"].words[1:]) if "diffuseTexture" in said else None
    transparent = "transparent" in said and said["transparent"].words[1].lower() == "true"
    return Finish(colour, texture, transparent)
