"""What a file says of itself comes back from its bytes, and nothing else in it changes."""

import io
import json

import numpy as np
import pytest
from PIL import Image

from avatarkit import gltf, imprint, npz, png
from avatarkit.gltf import Primitive, Scene

SAID = {"tool": "avatarkit 9", "digital_source_type": imprint.SOURCE_TYPES + "composite", "consent": ['"Ana" <é> & co']}
PIXELS = np.arange(4 * 4 * 3, dtype=np.uint8).reshape(4, 4, 3)


def saved(kind, **options):
    out = io.BytesIO()
    Image.fromarray(PIXELS).save(out, kind, **options)
    return out.getvalue()


def glb(extras):
    triangle = Primitive(np.eye(3, dtype=np.float32), np.array([[0, 1, 2]]))
    return gltf.encode(Scene((gltf.Mesh((triangle,)),), (gltf.Node(mesh=0),), extras=extras))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.png", imprint.imprinted(saved("PNG"), SAID)),
        ("wide.png", imprint.imprinted(png.encode(np.zeros((2, 2, 4), np.uint16), {"avatarkit": "{}"}), SAID)),
        ("a.jpg", imprint.imprinted(saved("JPEG"), SAID)),
        ("a.webp", saved("WEBP", xmp=imprint.xmp(SAID))),
        ("a.glb", glb({"provenance": SAID})),
        ("a.npz", npz.encode({"betas": np.zeros(3), "provenance": np.array(json.dumps(SAID))})),
        ("a.ply", imprint.imprinted(b"ply\nformat ascii 1.0\nelement vertex 0\nend_header\n", SAID)),
        ("a.obj", imprint.imprinted(b"v 0 0 0\n", SAID)),
    ],
)
def test_what_is_put_in_is_found_again(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    assert imprint.found_in(tmp_path / name) == SAID


def test_pixels_and_other_texts_stay(tmp_path):
    assert (np.asarray(Image.open(io.BytesIO(imprint.imprinted(saved("PNG"), SAID)))) == PIXELS).all()
    plain, marked = saved("JPEG"), imprint.imprinted(saved("JPEG"), SAID)
    assert (np.asarray(Image.open(io.BytesIO(marked))) == np.asarray(Image.open(io.BytesIO(plain)))).all()
    wide = np.arange(16, dtype=np.uint16).reshape(2, 2, 4) * 4000
    pixels, text = png.decode(imprint.imprinted(png.encode(wide, {"avatarkit": "{}"}), SAID))
    assert (pixels == wide).all() and text["avatarkit"] == "{}" and json.loads(text["provenance"]) == SAID


def test_other_programs_find_the_source_type_where_they_look_for_it():
    """Pillow reads XMP from each of them; a packet that is no XML would raise."""
    for content in (
        imprint.imprinted(saved("PNG"), SAID),
        imprint.imprinted(saved("JPEG"), SAID),
        saved("WEBP", xmp=imprint.xmp(SAID)),
    ):
        packet = Image.open(io.BytesIO(content)).info["xmp"]
        assert b'Iptc4xmpExt:DigitalSourceType="' + SAID["digital_source_type"].encode() in packet
        pytest.importorskip("xml.etree.ElementTree").fromstring(packet)


def test_blender_drops_the_assets_extras_and_keeps_the_scenes(tmp_path):
    whole = glb({"provenance": SAID})
    (tmp_path / "a.glb").write_bytes(whole.replace(b'"asset":{"extras"', b'"asset":{"extrax"'))
    assert imprint.found_in(tmp_path / "a.glb") == SAID


def test_a_picture_that_a_generator_labelled_says_so(tmp_path):
    theirs = {"digital_source_type": imprint.SOURCE_TYPES + "trainedAlgorithmicMedia"}
    packet = imprint.xmp(theirs).replace(b"avatarkit:provenance", b"else:provenance")
    (tmp_path / "a.webp").write_bytes(saved("WEBP", xmp=packet))
    assert imprint.found_in(tmp_path / "a.webp") == theirs


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"glTF",
        b"glTF\2\0\0\0\xff\xff\xff\xff\xff\xff\xff\xffJSON{",
        b"PK\3\4",
        imprint.PNG + b"\xff\xff\xff\xffiTXt",
        imprint.imprinted(saved("PNG"), SAID)[:60],
        b'{"asset": ' + b"[" * 100_000,
        b'{"asset": {"extras": [1]}}',
        b'{"asset": {"extras": {"provenance": 3}}}',
        saved("JPEG"),
    ],
)
def test_a_damaged_or_silent_file_says_nothing(tmp_path, content):
    (tmp_path / "a").write_bytes(content)
    assert imprint.found_in(tmp_path / "a") is None
    assert imprint.found_in(tmp_path / "absent") is None
