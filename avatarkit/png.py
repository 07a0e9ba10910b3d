"""16-bit RGBA pictures with text beside them, as PNG: `encode` is bit-exact and repeatable, `decode` is bounded.

Neither Pillow nor imageio writes 16-bit RGBA. Files of ours use the filters None, Sub and Up, which decode
a row at a time; foreign files may use Average and Paeth, whose pixels wait for each other: `_unfilter` takes
them along diagonals, all pixels of one diagonal at once.

           x →          filter: what is subtracted from a byte, of its neighbours a (left), b (up), c (up-left)
        c  b            0 None  0         3 Average  (a + b) >> 1
        a  ?            1 Sub   a         4 Paeth    that one of a, b, c nearest to a + b - c
                        2 Up    b
"""

import re
import struct
import zlib
from collections.abc import Iterator

import numpy as np

from avatarkit.errors import BadData
from avatarkit.shapes import sizes

SIGNATURE = b"\x89PNG\r\n\x1a\n"
LONGEST_SIDE = 16384
MOST_PIXELS = 32 << 20
MOST_CHUNKS = 1 << 17
MOST_TEXT = 16 << 20
MOST_TEXTS = 1024
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by colour type: grey, RGB, palette, grey + alpha, RGBA
BAND_BYTES = 4 << 20
KEYWORD = re.compile(r"(?! )[\x20-\x7e\xa1-\xff]{1,79}(?<! )")


def encode(rgba: np.ndarray, text: dict[str, str]) -> bytes:
    """The bytes of a 16-bit RGBA PNG of `rgba` (H, W, 4) uint16, `text` in iTXt chunks (keywords Latin-1, ≤ 79)."""
    H, W = sizes("H W 4", rgba)
    if rgba.dtype != np.uint16 or not 0 < H <= LONGEST_SIDE or not 0 < W <= LONGEST_SIDE or H * W > MOST_PIXELS:
        raise ValueError(f"expected uint16, sides to {LONGEST_SIDE}, {MOST_PIXELS} pixels; got {rgba.dtype} {H} x {W}")
    chunks = [_chunk(b"IHDR", struct.pack(">IIBBBBB", W, H, 16, 6, 0, 0, 0))]
    for keyword, value in text.items():
        if not KEYWORD.fullmatch(keyword) or "\0" in value:
            raise ValueError(f"cannot store text {keyword!r}: expected a keyword of 1 to 79 Latin-1 characters, no NUL")
        chunks.append(_chunk(b"iTXt", keyword.encode("latin-1") + b"\0\0\0\0\0" + value.encode("utf-8")))
    compressor = zlib.compressobj(6)
    packed = b"".join([compressor.compress(band) for band in _filtered(rgba)] + [compressor.flush()])
    return b"".join([SIGNATURE, *chunks, _chunk(b"IDAT", packed), _chunk(b"IEND", b"")])


def decode(data: bytes) -> tuple[np.ndarray, dict[str, str]]:
    """The picture (H, W, 4) uint16 RGBA, and its text by keyword (tEXt, zTXt, iTXt; the first of a name).

    Reads grey, RGB, palette, with or without alpha, 8 or 16 bits: 8-bit values times 257, absent alpha 65535,
    `tRNS` honoured; colour profiles are left alone. BadData for a damaged, interlaced, too large or 1-4 bit file.
    """
    header: dict[str, int] = {}
    others: dict[bytes, bytes] = {}
    text: dict[str, str] = {}
    packed = []
    for kind, body in _chunks(data):
        if not header and kind != b"IHDR":
            raise BadData(f"PNG: expected the chunk IHDR first, found {_name(kind)}")
        if kind == b"IHDR":
            if header:
                raise BadData("PNG: expected one chunk IHDR, found two")
            header = _read_header(body)
        elif kind == b"IDAT":
            packed.append(body)
        elif kind in (b"tEXt", b"zTXt", b"iTXt"):
            _add_text(text, kind, bytes(body))
        elif kind in (b"PLTE", b"tRNS"):
            others[kind] = bytes(body)
        elif not kind[0] & 32:  # a capital first letter: a picture cannot be read without it
            raise BadData(f"PNG: the critical chunk {_name(kind)} is not known: save it again as a plain PNG")
    if not header:
        raise BadData("PNG: expected the chunk IHDR, found none")
    samples = _samples(header, b"".join(packed))
    return _rgba(samples, header["colour"], others.get(b"PLTE", b""), others.get(b"tRNS")), text


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _filtered(rgba: np.ndarray) -> Iterator[bytes]:
    """The filtered rows, a band at a time; per row the filter whose bytes are smallest, taken as signed numbers."""
    H, W = rgba.shape[:2]
    band = max(1, BAND_BYTES // (8 * W))
    above = np.zeros((1, W * 8), np.uint8)
    for start in range(0, H, band):
        rows = np.ascontiguousarray(rgba[start : start + band], ">u2").view(np.uint8).reshape(-1, W * 8)
        sub = rows.copy()
        sub[:, 8:] -= rows[:, :-8]
        up = rows - np.concatenate([above, rows[:-1]])
        options = np.stack([rows, sub, up])
        cost = np.minimum(options, 0 - options).sum(2, dtype=np.int64)
        best = cost.argmin(0)
        chosen = np.take_along_axis(options, best[None, :, None], 0)[0]
        yield np.concatenate([best[:, None].astype(np.uint8), chosen], 1).tobytes()
        above = rows[-1:]


def _chunks(data: bytes) -> Iterator[tuple[bytes, memoryview]]:
    """Each chunk's kind and body, checksums compared, up to IEND; what follows IEND is ignored."""
    if data[:8] != SIGNATURE:
        raise BadData(f"PNG: expected a PNG, found a file that starts with {data[:8]!r}")
    whole, at = memoryview(data), 8
    for _ in range(MOST_CHUNKS):
        if at + 12 > len(data):
            raise BadData(f"PNG: expected a chunk at byte {at}, found the end: the file is cut off")
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 8 + length
        if end + 4 > len(data):
            raise BadData(f"PNG: chunk {_name(kind)} says {length} bytes, found {len(data) - at - 12}: it is cut off")
        if zlib.crc32(whole[at + 4 : end]) != int.from_bytes(data[end : end + 4], "big"):
            raise BadData(f"PNG: chunk {_name(kind)} at byte {at}: the checksum differs: the file is damaged")
        if kind == b"IEND":
            return
        yield kind, whole[at + 8 : end]
        at = end + 4
    raise BadData(f"PNG: expected at most {MOST_CHUNKS} chunks, found more")


def _name(kind: bytes) -> str:
    return ascii(kind.decode("latin-1"))


def _read_header(body: memoryview) -> dict[str, int]:
    if len(body) != 13:
        raise BadData(f"PNG: IHDR: expected 13 bytes, found {len(body)}")
    width, height, depth, colour, compression, filtering, interlace = struct.unpack(">IIBBBBB", body)
    if not 0 < width <= LONGEST_SIDE or not 0 < height <= LONGEST_SIDE or width * height > MOST_PIXELS:
        raise BadData(f"PNG: {width} x {height}: expected sides of 1 to {LONGEST_SIDE}, at most {MOST_PIXELS} pixels")
    if depth not in (8, 16) or colour not in CHANNELS or (colour == 3 and depth == 16):
        raise BadData(f"PNG: bit depth {depth}, colour type {colour}: expected 8 or 16 bits: save it as RGB or RGBA")
    if compression or filtering or interlace:
        raise BadData("PNG: interlaced, or an unknown compression: save it again without interlacing")
    return {"width": width, "height": height, "depth": depth, "colour": colour,
            "pixel_bytes": CHANNELS[colour] * depth // 8}  # fmt: skip


def _samples(header: dict[str, int], packed: bytes) -> np.ndarray:
    """The file's own numbers (H, W, C), uint8 or big-endian uint16."""
    H, W, C = header["height"], header["width"], header["pixel_bytes"]
    needed = H * (1 + W * C)
    raw = _inflate(packed, needed, "IDAT")
    if len(raw) != needed:
        raise BadData(f"PNG: IDAT: expected {needed} bytes of pixels, found {len(raw)}: the file is cut off")
    lines = np.frombuffer(raw, np.uint8).reshape(H, 1 + W * C)
    pixels = np.array(lines[:, 1:], order="C").reshape(H, W, C)  # without the filters' numbers between the rows
    _unfilter(lines[:, 0], pixels)
    return pixels.view(">u2") if header["depth"] == 16 else pixels


def _inflate(packed: bytes, most: int, label: str) -> bytes:
    """The zlib stream's bytes; BadData where it is damaged, unfinished or longer than `most`."""
    decompressor = zlib.decompressobj()
    try:
        raw = decompressor.decompress(packed, most + 1)
    except zlib.error as error:
        raise BadData(f"PNG: {label}: the compressed stream is damaged ({error})") from error
    if len(raw) > most:
        raise BadData(f"PNG: {label}: expected at most {most} bytes, found more")
    if not decompressor.eof:
        raise BadData(f"PNG: {label}: the compressed stream is cut off after {len(raw)} bytes")
    return raw


def _add_text(text: dict[str, str], kind: bytes, body: bytes) -> None:
    """Put a text chunk's value under its keyword, unless the keyword is there already."""
    left = MOST_TEXT - sum(map(len, text.values()))
    keyword, _, rest = body.partition(b"\0")
    compressed, encoding = kind == b"zTXt", "latin-1"
    if kind == b"zTXt":
        rest = rest[1:]
    elif kind == b"iTXt":
        compressed, encoding = rest[:1] == b"\1", "utf-8"
        rest = rest[2:].partition(b"\0")[2].partition(b"\0")[2]  # language, translated keyword
    name = keyword.decode("latin-1")
    if not KEYWORD.fullmatch(name) or len(text) >= MOST_TEXTS or len(rest) > left:
        raise BadData(f"PNG: text {name[:40]!r}: expected a keyword and at most {MOST_TEXT} bytes of text in all")
    value = _inflate(rest, left, f"text {name!r}") if compressed else rest
    try:
        text.setdefault(name, value.decode(encoding))
    except UnicodeDecodeError as error:
        raise BadData(f"PNG: text {name!r}: expected UTF-8 ({error.reason})") from error


def _unfilter(kinds: np.ndarray, pixels: np.ndarray) -> None:
    """Turn the filtered bytes (H, W, C) into the pixels', in place; `kinds` (H) holds each row's filter."""
    if kinds.max() > 4:
        raise BadData(f"PNG: row filter {kinds.max()}: expected 0 to 4: the file is damaged")
    if kinds.max() > 2:
        _unfilter_diagonals(kinds, pixels)
        return
    sub = kinds == 1
    pixels[sub] = np.cumsum(pixels[sub], axis=1, dtype=np.uint8)
    for row in np.flatnonzero(kinds[1:] == 2) + 1:
        pixels[row] += pixels[row - 1]


def _unfilter_diagonals(kinds: np.ndarray, pixels: np.ndarray) -> None:
    """Unfilter in place. Pixel (y, k - y) needs only the diagonals k-1 (its left and up) and k-2 (its up-left).

    Paeth with b = c = 0 predicts a, with a = c = 0 predicts b, with all 0 predicts 0: masks make it Sub, Up and None.
    """
    H, W, C = pixels.shape
    flat = pixels.reshape(H * W, C)
    users = ((1, 3, 4), (2, 3, 4), (4,))  # the filters that look at a, at b, at c
    keep_a, keep_b, keep_c = (np.isin(kinds, filters).astype(np.int16)[:, None] for filters in users)
    average = (kinds == 3)[:, None]
    averages = bool(average.any())
    last, before = np.zeros((H + 1, C), np.int16), np.zeros((H + 1, C), np.int16)  # index y + 1; 0 is above the picture
    for k in range(H + W - 1):
        top, end = max(0, k - W + 1), min(H, k + 1)
        rows = slice(top, end)
        a, b, c = last[top + 1 : end + 1] * keep_a[rows], last[rows] * keep_b[rows], before[rows] * keep_c[rows]
        to_a, to_b = b - c, a - c
        to_c = np.abs(to_a + to_b)
        np.abs(to_a, out=to_a)
        np.abs(to_b, out=to_b)
        guess = np.where((to_a <= to_b) & (to_a <= to_c), a, np.where(to_b <= to_c, b, c))
        if averages:
            np.copyto(guess, (a + b) >> 1, where=average[rows])
        # Flat index of (y, k - y): y (W - 1) + k. With W = 1 a diagonal is one pixel.
        diagonal = flat[top * (W - 1) + k : (end - 1) * (W - 1) + k + 1 : max(W - 1, 1)]
        guess += diagonal
        guess &= 255
        diagonal[:] = guess
        # In `before` the row above's pixel left of the border counts as 0: rows enter at x = 0 with zeros behind them.
        before[top + 1 : end + 1] = last[top + 1 : end + 1]
        last[top + 1 : end + 1] = guess


def _rgba(samples: np.ndarray, colour: int, palette: bytes, transparent: bytes | None) -> np.ndarray:
    """(H, W, 4) uint16 from the file's own samples (H, W, C), big-endian 16-bit or 8-bit."""
    H, W, C = samples.shape
    rgba = np.full((H, W, 4), 65535, np.uint16)
    if colour == 3:
        table = np.full((len(palette) // 3, 4), 255, np.uint8)
        table[:, :3] = np.frombuffer(palette, np.uint8, len(table) * 3).reshape(-1, 3)
        alpha = np.frombuffer(transparent or b"", np.uint8)
        if not 0 < len(table) <= 256 or len(palette) % 3 or len(alpha) > len(table):
            raise BadData(f"PNG: PLTE: expected 1 to 256 colours, found {len(palette)} bytes, alpha for {len(alpha)}")
        if samples.max() >= len(table):
            raise BadData(f"PNG: colour {samples.max()} of a palette of {len(table)}: the file is damaged")
        table[: len(alpha), 3] = alpha
        np.multiply(table[samples[:, :, 0]], np.uint16(257), out=rgba)
        return rgba
    scale = np.uint16(257 if samples.dtype == np.uint8 else 1)
    np.multiply(samples[:, :, : 3 if C > 2 else 1], scale, out=rgba[:, :, :3])
    if C in (2, 4):
        np.multiply(samples[:, :, -1], scale, out=rgba[:, :, 3])
    elif transparent is not None:
        if len(transparent) != 2 * C:
            raise BadData(f"PNG: tRNS: expected {2 * C} bytes, found {len(transparent)}")
        rgba[(samples == np.frombuffer(transparent, ">u2")).all(2), 3] = 0
    return rgba
