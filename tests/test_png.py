import io
import struct
import time
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of
from PIL import Image

from avatarkit import png
from avatarkit.errors import BadData
from tests.mutations import mutations
from tests.twins import png_filtered_rows

TEXT = {"avatarkit": '{"views": [1, 2]}', "Título": "中文 ok", "empty": ""}


def picture(H: int, W: int, seed: int = 0) -> np.ndarray:
    """Smooth, with noise in the low bits and an empty border, as normal maps are."""
    y, x = np.mgrid[:H, :W]
    noise = np.random.default_rng(seed).integers(0, 64, (H, W, 4))
    rgba = np.stack([x * 65000 // W, y * 65000 // H, (x + y) * 65000 // (H + W), np.full_like(x, 65000)], 2) + noise
    rgba[: H // 4] = 0
    return rgba.astype(np.uint16)


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def by_hand(
    size: tuple[int, int], depth: int, colour: int, lines: bytes, *more: bytes, interlace: int = 0, end: bytes = b""
) -> bytes:
    """A PNG of these already filtered lines, `more` chunks before its IDAT."""
    start = chunk(b"IHDR", struct.pack(">IIBBBBB", *size, depth, colour, 0, 0, interlace))
    return png.SIGNATURE + start + b"".join(more) + chunk(b"IDAT", zlib.compress(lines) + end) + chunk(b"IEND", b"")


def test_two_pixels_are_stored_as_the_specification_says():
    rgba = np.array([[[1, 2, 3, 65535], [256, 0, 0, 0]]], np.uint16)
    data = png.encode(rgba, {"a": "é"})
    assert data[:33] == png.SIGNATURE + chunk(b"IHDR", bytes.fromhex("00000002 00000001 10 06 00 00 00"))
    assert data[33:53] == chunk(b"iTXt", b"a\0\0\0\0\0\xc3\xa9")
    np.testing.assert_array_equal(png.decode(data)[0], rgba)


@settings(max_examples=60, deadline=None)
@given(arrays_of.arrays(np.uint16, st.tuples(st.integers(1, 6), st.integers(1, 6), st.just(4))))
def test_any_picture_round_trips_bit_for_bit(rgba):
    found, text = png.decode(png.encode(rgba, TEXT))
    np.testing.assert_array_equal(found, rgba)
    assert text == TEXT and found.dtype == np.uint16


def test_bands_join(monkeypatch):
    # Guards: the first row of a band is filtered against the last row of the one before.
    monkeypatch.setattr(png, "BAND_BYTES", 3 * 8 * 20)
    rgba = picture(16, 20)
    np.testing.assert_array_equal(png.decode(png.encode(rgba, {}))[0], rgba)


def test_pillow_opens_what_we_write_and_sees_the_high_bytes():
    rgba = picture(16, 20)
    with Image.open(io.BytesIO(png.encode(rgba, TEXT))) as image:
        np.testing.assert_array_equal(np.asarray(image.convert("RGBA")), rgba >> 8)
        assert image.text == TEXT


def test_filters_pay_and_decode_fast():
    rgba = picture(64, 64)
    data = png.encode(rgba, {})
    assert len(data) < 0.9 * len(zlib.compress(rgba.astype(">u2").tobytes()))
    lines = zlib.decompress(data[data.index(b"IDAT") + 4 :])
    assert {lines[y * (1 + 64 * 8)] for y in range(64)} <= {0, 1, 2}


@pytest.mark.parametrize(("depth", "colour"), [(d, c) for d in (8, 16) for c in (0, 2, 4, 6)])
@pytest.mark.parametrize("size", [(7, 5), (1, 6), (6, 1), (3, 12)])
def test_every_filter_of_every_format(depth, colour, size):
    # The twin filters a byte at a time, by the specification's formulas; wide, tall and one-pixel pictures.
    generator = np.random.default_rng(depth + colour)
    (W, H), C = size, png.CHANNELS[colour]
    samples = generator.integers(0, 1 << depth, (H, W, C))
    rows = samples.astype(">u2" if depth == 16 else "u1").view(np.uint8).reshape(H, -1)
    wide = samples * (257 if depth == 8 else 1)
    expected = np.full((H, W, 4), 65535)
    expected[..., :3] = wide[..., : 3 if C > 2 else 1]
    if C in (2, 4):
        expected[..., 3] = wide[..., -1]
    for kinds in ([0] * H, [1] * H, [2] * H, [3] * H, [4] * H, list(generator.integers(0, 5, H))):
        found, _ = png.decode(by_hand(size, depth, colour, png_filtered_rows(rows, kinds, C * depth // 8)))
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "P", "I;16"])
def test_we_read_what_pillow_writes(mode):
    small = (picture(13, 9) >> 8).astype(np.uint8)
    if mode == "I;16":
        grey, expected = picture(13, 9)[..., 0], np.full((13, 9, 4), 65535)
        image, expected[..., :3] = Image.fromarray(grey), grey[..., None]
    else:
        image = Image.fromarray(small).convert(mode)
        expected = np.asarray(image.convert("RGBA")).astype(np.uint16) * 257
    out = io.BytesIO()
    image.save(out, "PNG", bits=8)
    np.testing.assert_array_equal(png.decode(out.getvalue())[0], expected)


def test_transparent_colours():
    palette = (chunk(b"PLTE", bytes([1, 2, 3, 4, 5, 6])), chunk(b"tRNS", bytes([7])))
    found, _ = png.decode(by_hand((2, 1), 8, 3, bytes([0, 0, 1]), *palette))
    np.testing.assert_array_equal(found // 257, [[[1, 2, 3, 7], [4, 5, 6, 255]]])
    found, _ = png.decode(by_hand((2, 1), 8, 0, bytes([0, 9, 8]), chunk(b"tRNS", b"\0\x09")))
    np.testing.assert_array_equal(found[..., 3], [[0, 65535]])


def test_all_kinds_of_text():
    chunks = (
        chunk(b"tEXt", b"a\0caf\xe9"),
        chunk(b"zTXt", b"b\0\0" + zlib.compress(b"packed")),
        chunk(b"iTXt", b"c\0\1\0en\0sea\0" + zlib.compress("中".encode())),
        chunk(b"tEXt", b"a\0the second is left"),
    )
    assert png.decode(by_hand((1, 1), 8, 0, b"\0\0", *chunks))[1] == {"a": "café", "b": "packed", "c": "中"}


GREY = b"\0\0\0" * 2  # two rows of two pixels


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "starts with b''"),
        (b"\xff\xd8\xff\xe0 a photo", "expected a PNG"),
        (png.SIGNATURE, "cut off"),
        (png.SIGNATURE + chunk(b"IEND", b""), "IHDR, found none"),
        (png.SIGNATURE + chunk(b"IDAT", b""), "IHDR first"),
        (by_hand((2, 2), 8, 0, GREY)[:-13], "cut off"),
        (by_hand((2, 2), 8, 0, GREY)[:-1] + b"\0", "checksum"),
        (by_hand((2, 2), 8, 0, GREY[:3]), "expected 6 bytes of pixels, found 3"),
        (by_hand((2, 2), 8, 0, GREY * 2), "found more"),
        (by_hand((2, 2), 8, 0, bytes(1 << 24)), "at most 6 bytes, found more"),
        (by_hand((2, 2), 8, 0, b"\5\0\0" * 2), "row filter 5"),
        (by_hand((2, 2), 8, 0, GREY, interlace=1), "interlac"),
        (by_hand((2, 2), 4, 0, GREY), "bit depth 4"),
        (by_hand((2, 2), 8, 5, GREY), "colour type 5"),
        (by_hand((100_000, 100_000), 8, 0, GREY), "100000 x 100000"),
        (by_hand((16384, 16384), 8, 0, GREY), "16384 x 16384"),
        (by_hand((0, 2), 8, 0, GREY), "0 x 2"),
        (by_hand((2, 2), 8, 3, GREY), "PLTE"),
        (by_hand((2, 2), 8, 3, b"\0\0\1" * 2, chunk(b"PLTE", bytes(3))), "palette of 1"),
        (by_hand((2, 2), 8, 0, GREY, chunk(b"tRNS", b"")), "tRNS"),
        (by_hand((2, 2), 8, 0, GREY, chunk(b"CgBI", b"")), "CgBI"),
        (by_hand((2, 2), 8, 0, GREY, chunk(b"IHDR", bytes(13))), "found two"),
        (by_hand((2, 2), 8, 0, GREY, chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(1 << 25)))), "found more"),
        (by_hand((2, 2), 8, 0, GREY, chunk(b"zTXt", b"a\0\0junk")), "damaged"),
        (by_hand((2, 2), 8, 0, GREY, chunk(b"iTXt", b"a\0\0\0\0\0\xff")), "UTF-8"),
        (by_hand((2, 2), 8, 0, GREY, chunk(b"tEXt", b"\0no keyword")), "keyword"),
    ],
)
def test_bad_files_are_refused_in_one_line(data, says):
    with pytest.raises(BadData, match=says) as caught:
        png.decode(data)
    assert "\n" not in str(caught.value)


def test_a_stream_that_stops_without_its_checksum_is_refused():
    # Guards: Pillow 13 loads a PNG whose zlib stream ends early, the rest black.
    packed = zlib.compress(GREY)[:-2]
    start = chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 2, 8, 0, 0, 0, 0))
    with pytest.raises(BadData, match="cut off after 6 bytes"):
        png.decode(png.SIGNATURE + start + chunk(b"IDAT", packed) + chunk(b"IEND", b""))


@pytest.mark.parametrize("keyword", ["", "x" * 80, " a", "a ", "中", "a\0"])
def test_encode_refuses_bad_keywords(keyword):
    with pytest.raises(ValueError, match="keyword"):
        png.encode(np.zeros((1, 1, 4), np.uint16), {keyword: ""})


@pytest.mark.parametrize("rgba", [np.zeros((2, 2, 4), "u1"), np.zeros((2, 2, 3), "u2"), np.zeros((0, 2, 4), "u2")])
def test_encode_refuses_other_arrays(rgba):
    with pytest.raises(ValueError, match="expected"):
        png.encode(rgba, {})


def test_mutated_files_decode_or_are_bad_data():
    foreign = by_hand((6, 5), 8, 2, png_filtered_rows(np.arange(90, dtype=np.uint8).reshape(5, 18), [0, 1, 2, 3, 4], 3))
    refused = 0
    for damaged in [*mutations(png.encode(picture(5, 6), TEXT), 250, seed=0), *mutations(foreign, 250, seed=1)]:
        start = time.perf_counter()
        try:
            png.decode(damaged)
        except BadData as error:
            refused += 1
            assert "\n" not in str(error) and len(str(error)) < 400
        assert time.perf_counter() - start < 2
    assert refused > 250
