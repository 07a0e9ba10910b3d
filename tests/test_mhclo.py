"""MakeHuman's clothes files: what is read, and that every complaint names its line."""

import numpy as np
import pytest

from avatarkit.errors import BadData
from avatarkit.mhclo import BASE_VERTICES, decode_binding, decode_finish, decode_shape

# Two vertices on three base vertices, one that is a base vertex itself; MakeClothes 1 wrote keys below `verts 0`.
SQUARE = b"""# made up
basemesh hm08
tag Shirt
name square
obj_file square.obj
x_scale 10 20 2.5
z_depth 7
verts 0
material square.mhmat
100 101 102 0.5 0.25 0.25 0.0 0.1 -0.2
100 101 102 0.2 0.3 0.5
103
104 105 106 1.5 -0.25 -0.25 0 0 0
delete_verts
5 7 - 9 12
13
"""
OBJ = b"""v 0 0 0
v 1 0 0
v 1 1 0
v 0 1 0
vt 0 0
vt 1 0
vt 1 1
vt 0 0.75
f 1/1 2/2 3/3 4/4
f -4/1 -3/2 -2/3
"""


def test_a_binding():
    found = decode_binding(SQUARE)
    assert (found.name, found.tags, found.obj_file, found.material_file) == (
        "square", ("Shirt",), "square.obj", "square.mhmat"
    )  # fmt: skip
    assert found.anchors.tolist() == [[100, 101, 102], [100, 101, 102], [103] * 3, [104, 105, 106]]
    assert found.weights.tolist() == [[0.5, 0.25, 0.25], [0.2, 0.3, 0.5], [1, 0, 0], [1.5, -0.25, -0.25]]
    assert found.offsets.tolist() == [[0, 0.1, -0.2], [0, 0, 0], [0, 0, 0], [0, 0, 0]]
    assert found.scale_vertices.tolist() == [[10, 20], [-1, -1], [-1, -1]] and found.scale_lengths[0] == 2.5
    assert found.covers.tolist() == [5, 7, 8, 9, 12, 13] and found.z_depth == 7


def test_a_shape_with_its_polygons_as_fans():
    found = decode_shape(OBJ)
    assert found.faces.tolist() == [[0, 1, 2], [0, 2, 3], [0, 1, 2]]
    assert found.uvs is not None and found.uvs[1].tolist() == [[0, 1], [1, 0], [0, 0.25]]  # v is down
    bare = decode_shape(OBJ.replace(b"f 1/1 2/2 3/3 4/4", b"f 1 2//1 3 4"))
    assert bare.uvs is None and np.array_equal(bare.faces, found.faces)


def test_a_finish():
    found = decode_finish(b"name x\ndiffuseColor 0.1 0.2 0.3\ndiffuseTexture cloth red.png\ntransparent True\n")
    assert found.colour == (0.1, 0.2, 0.3) and found.texture_file == "cloth red.png" and found.transparent
    assert decode_finish(b"shininess 0.5\n").texture_file is None
    with pytest.raises(BadData, match="line 1: found 'diffuseColor 1 2', expected `diffuseColor` and three"):
        decode_finish(b"diffuseColor 1 2\n")


@pytest.mark.parametrize(
    "old, new, complaint",
    [
        (b"103\n", b"19158\n", "line 12: found '19158', expected a vertex 0 … 19157"),
        (b"103\n", b"103 104\n", "line 12: found '103 104'"),
        (b"0.5 0.25 0.25 0.0", b"0.5 x 0.25 0.0", "line 10: .*three weights and an offset"),
        (b"0.5 0.25 0.25 0.0", b"0.5 nan 0.25 0.0", "line 10"),
        (b"0.5 0.25 0.25 0.0", b"1e300 0 0.25 0.0", "line 10"),
        (b"x_scale 10 20 2.5", b"x_scale 10 20 0", "line 6: .*a length above 0"),
        (b"x_scale 10 20 2.5", b"x_scale 10", "line 6"),
        (b"hm08", b"alpha7", "line 2: .*another base mesh"),
        (b"verts 0", b"verts 1", "line 8"),
        (b"verts 0\n", b"", "line 9: .*`verts 0` before the first vertex"),
        (b"7 - 9", b"9 - 7", "line 15"),
        (b"7 - 9 12", b"7 -", "line 15"),
        (b"obj_file square.obj", b"obj_file ../square.obj", "expected the name of an .obj beside this file"),
        (b"z_depth 7", b"z_depth deep", "line 7"),
    ],
)
def test_what_is_wrong_with_a_binding_is_said_with_its_line(old, new, complaint):
    with pytest.raises(BadData, match=complaint):
        decode_binding(SQUARE.replace(old, new, 1))


@pytest.mark.parametrize(
    "old, new, complaint",
    [
        (b"v 1 0 0", b"v 1 0", "line 2: found 'v 1 0', expected `v` and 3 numbers"),
        (b"f 1/1", b"f 5/1", "line 9: .*of the 4 vertices"),
        (b"f 1/1", b"f 0/1", "line 9"),
        (b"f -4/1", b"f -5/1", "line 10"),
        (b"f 1/1 2/2 3/3 4/4", b"f 1 2", "line 9: .*3 to 64 corners"),
        (OBJ, b"v 0 0 0\n", "found 1 vertices and 0 triangles"),
        (OBJ, b"\x00", "binary"),
    ],
)
def test_what_is_wrong_with_a_shape_is_said_with_its_line(old, new, complaint):
    with pytest.raises(BadData, match=complaint):
        decode_shape(OBJ.replace(old, new, 1))


def test_size_is_limited(monkeypatch):
    monkeypatch.setattr("avatarkit.mhclo.MOST_LINES", 5)
    with pytest.raises(BadData, match="5 lines"):
        decode_shape(OBJ)


def test_any_damage_is_bad_data_or_arrays():
    """Guards against exceptions of numpy's or int's that a user cannot read."""
    generator = np.random.default_rng(0)
    for _ in range(300):
        for text, decode in ((SQUARE, decode_binding), (OBJ, decode_shape)):
            damaged = bytearray(text)
            for place in generator.integers(len(text), size=3):
                damaged[place] = generator.choice(list(b"0 9-./e\nxv"))
            try:
                found = decode(bytes(damaged))
            except BadData:
                continue
            indices = found.faces if decode is decode_shape else found.anchors
            assert 0 <= indices.min() and indices.max() < BASE_VERTICES
