"""Damaged copies of a file: blind ones (cut, flipped, spliced), and ones that keep checksums and lengths right."""

import copy
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

EXTREMES = (0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x7FC00000, 0x7F800000)
JSON_VALUES: tuple[Any, ...] = (
    None, True, -1, 0, 1, 3, 255, 2**31, 2**64, 10**30, 0.5, -1e308, float("nan"), float("inf"), "", "x", "MAT4",
    "SCALAR", "data:,x", "../../x", "\ud800", [], [0], [[]], [None], {}, {"a": 0}, [0] * 17,
)  # fmt: skip


def mutations(data: bytes, count: int, seed: int) -> Iterator[bytes]:
    """`count` damaged copies of `data`, always the same for a seed; half know the format (PNG, zip, GLB, JSON)."""
    generator = np.random.default_rng(seed)
    aware = _aware(data)
    for _ in range(count):
        change = aware if aware and generator.random() < 0.5 else _blind
        yield change(data, generator)


def _aware(data: bytes) -> Callable[[bytes, np.random.Generator], bytes] | None:
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        return _png
    if data[:2] == b"PK":
        return _zip
    if data[:4] == b"glTF":
        return _glb
    if data[:1] == b"{":
        return _json
    return None


def _blind(data: bytes, generator: np.random.Generator) -> bytes:
    """Cut it off, flip bits, overwrite a number, leave out, repeat or shuffle a stretch."""
    out, kind = bytearray(data), int(generator.integers(6))
    at, to = sorted(int(x) for x in generator.integers(0, len(data) + 1, 2))
    if kind == 0:
        return data[:at]
    if kind == 1:
        for where in generator.integers(0, len(out), 1 + int(generator.integers(8))):
            out[where] ^= 1 << int(generator.integers(8))
    elif kind == 2:
        at -= at % 4 if generator.random() < 0.5 else 0
        out[at : at + 4] = struct.pack(generator.choice(["<I", ">I"]), int(generator.choice(EXTREMES)))
    elif kind == 3:
        del out[at:to]
    elif kind == 4:
        out[at:at] = out[at:to]
    else:
        out[at:to] = generator.integers(0, 256, to - at, dtype=np.uint8).tobytes()
    return bytes(out)


def _png(data: bytes, generator: np.random.Generator) -> bytes:
    """Damage one chunk's body, drop, repeat or move it; its checksum stays right, IDAT's zlib stream mostly too."""
    chunks, at = [], 8
    while at + 12 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        chunks.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + length]))
        at += 12 + length
    which, kind = int(generator.integers(len(chunks))), int(generator.integers(5))
    name, body = chunks[which]
    if kind == 0:
        del chunks[which]
    elif kind == 1:
        chunks.insert(int(generator.integers(len(chunks) + 1)), (name, body))
    elif name == b"IDAT" and kind < 4:
        chunks[which] = (name, zlib.compress(_blind(zlib.decompress(body), generator)))
    elif body:
        chunks[which] = (name, _blind(body, generator))
    return data[:8] + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    )


def _zip(data: bytes, generator: np.random.Generator) -> bytes:
    """Damage one member inside a sound archive, rename it, or write it twice."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = [(name, archive.read(name)) for name in archive.namelist()]
    which, kind = int(generator.integers(len(members))), int(generator.integers(5))
    name, body = members[which]
    if kind == 0:
        members[which] = (str(generator.choice(["../x.npy", "/x.npy", "x", "a\\b.npy", ".npy", "é.npy"])), body)
    elif kind == 1:
        other = members[int(generator.integers(len(members)))][1]
        members[which] = (name, body[:128] + other[128:])
    else:
        members[which] = (name, _blind(body[:128], generator) + body[128:] if kind < 4 else _blind(body, generator))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in members:
            archive.writestr(name, body)
    return out.getvalue()


def _glb(data: bytes, generator: np.random.Generator) -> bytes:
    """Damage one value of the JSON, or four bytes of the binary chunk, and put the container together again."""
    length = int.from_bytes(data[12:16], "little")
    text, rest = data[20 : 20 + length], bytearray(data[20 + length :])
    if generator.random() < 0.8:
        text = _json(text, generator)
        text += b" " * (-len(text) % 4)
    elif len(rest) > 12:
        at = 8 + 4 * int(generator.integers((len(rest) - 8) // 4))
        rest[at : at + 4] = struct.pack("<I", int(generator.choice(EXTREMES)))
    body = struct.pack("<I4s", len(text), b"JSON") + text + bytes(rest)
    return data[:8] + struct.pack("<I", 12 + len(body)) + body


def _json(data: bytes, generator: np.random.Generator) -> bytes:
    """Replace, remove, repeat or nudge one value, chosen among all that the document holds."""
    document = json.loads(data)
    places: list[tuple[Any, Any]] = []
    stack = [document]
    while stack:
        value = stack.pop()
        keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
        places += [(value, key) for key in keys]
        stack += [value[key] for key in keys]
    for _ in range(1 + int(generator.integers(2))):
        parent, key = places[int(generator.integers(len(places)))]
        kind = int(generator.integers(4))
        if (isinstance(parent, list) and key >= len(parent)) or (isinstance(parent, dict) and key not in parent):
            continue
        if kind == 0:
            del parent[key]
        elif kind == 1 and isinstance(parent[key], int):
            parent[key] += int(generator.choice([-1, 1, 2, 4, 1000]))
        elif kind == 2 and isinstance(parent, list):
            parent.append(copy.deepcopy(parent[key]))
        else:
            parent[key] = copy.deepcopy(JSON_VALUES[int(generator.integers(len(JSON_VALUES)))])
    return json.dumps(document).encode()
