"""Named arrays in one .npz: `encode` gives the same bytes for the same arrays, `decode` trusts nothing it is given.

numpy.load reads what `encode` writes, and `decode` reads what numpy.savez writes. Nothing is ever unpickled.
"""

import io
import math
import re
import struct
import zipfile
import zlib
from typing import IO

import numpy as np

from avatarkit.errors import BadData

LIMIT_BYTES = 512 << 20
MOST_MEMBERS = 1024
LONGEST_HEADER = 4096
MOST_AXES = 32
CHUNK_BYTES = 1 << 20
DEFLATE_RATIO = 1032  # no deflate stream expands further: 258 bytes from 2 bits
MAGIC = b"\x93NUMPY"
NAME = re.compile(r"(?!\.)[^/\\:\x00-\x1f\x7f]{1,128}")
TYPE = re.compile(r"b1|[iu][1248]|f[248]|c(8|16)|[US][1-9]\d{0,6}")
AXIS = re.compile(r"\d{1,18}L?")
OBJECT = re.compile(r"\s*\{\s*'descr':\s*'\|O8?'")
HEADER = re.compile(
    r"\s*\{\s*'descr':\s*'([^']{1,16})',\s*'fortran_order':\s*(True|False),"
    r"\s*'shape':\s*\(([\dL, ]*)\)\s*,?\s*\}\s*"
)
# What zipfile and zlib raise over a damaged archive.
DAMAGE = (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError, KeyError, IndexError,
          OverflowError, struct.error, zlib.error)  # fmt: skip


def encode(arrays: dict[str, np.ndarray]) -> bytes:
    """The bytes of an .npz: members in the given order, deflated, little-endian, row-major, dated 1980.

    Booleans, integers, floats, complex numbers and strings; ValueError for any other dtype (objects would be pickled).
    """
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, value in arrays.items():
            array = np.asarray(value)
            array = np.array(array, dtype=array.dtype.newbyteorder("<"), order="C")
            if not NAME.fullmatch(name) or not TYPE.fullmatch(array.dtype.str[1:]):
                raise ValueError(f"cannot store {name!r} of {array.dtype}: expected a plain name, numbers or text")
            member = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            member.create_system = 3  # the same bytes on Windows
            member.external_attr = 0o600 << 16
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, _header(array) + array.tobytes(), compresslevel=6)
    return out.getvalue()


def decode(data: bytes, *, limit_bytes: int = LIMIT_BYTES, skip_objects: bool = False) -> dict[str, np.ndarray]:
    """The arrays of an .npz by name, in the file's order: native bytes, row-major, writable, at most `limit_bytes`.

    BadData for anything that is damaged, too large, or would need unpickling; NaN and infinity are let through.
    `skip_objects` leaves out, unread, the members that would need unpickling.
    """
    # A directory entry becomes an object ten times its size: count them before zipfile builds them all.
    if data.count(b"PK\x01\x02") > 2 * MOST_MEMBERS:
        raise BadData(f"npz: expected at most {MOST_MEMBERS} members, found more")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            _check_directory(members, limit_bytes)
            wanted = [member for member in members if not (skip_objects and _holds_objects(archive, member))]
            return {member.filename[:-4]: _member(archive, member, limit_bytes) for member in wanted}
    except DAMAGE as error:
        raise BadData(f"npz: the archive is damaged ({str(error)[:80]}): make it again, or copy it again") from error


def _header(array: np.ndarray) -> bytes:
    """The .npy 1.0 header, padded so that the payload starts at a multiple of 64 bytes."""
    text = f"{{'descr': '{array.dtype.str}', 'fortran_order': False, 'shape': {array.shape}, }}".encode("ascii")
    text += b" " * (-(len(MAGIC) + 4 + len(text) + 1) % 64) + b"\n"
    return MAGIC + b"\x01\x00" + struct.pack("<H", len(text)) + text


def _check_directory(members: list[zipfile.ZipInfo], limit_bytes: int) -> None:
    if len(members) > MOST_MEMBERS:
        raise BadData(f"npz: expected at most {MOST_MEMBERS} members, found {len(members)}")
    seen = set()
    for member in members:
        name, label = member.filename, f"npz member {member.filename[:80]!r}"
        if not name.endswith(".npy") or not NAME.fullmatch(name[:-4]):
            raise BadData(f"{label}: expected a plain name ending in .npy")
        if name in seen:
            raise BadData(f"{label}: found twice, expected once")
        seen.add(name)
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or member.flag_bits & 1:
            raise BadData(f"{label}: expected stored or deflated bytes, found another compression, or a password")
        if member.file_size > DEFLATE_RATIO * member.compress_size + 64:
            raise BadData(f"{label}: {member.file_size} bytes cannot come out of {member.compress_size}")
    total = sum(member.file_size for member in members)
    if total > limit_bytes:
        raise BadData(f"npz: expected at most {limit_bytes} bytes of arrays, found {total}")


def _holds_objects(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bool:
    with archive.open(member) as stream:
        start = stream.read(LONGEST_HEADER)
    text = start[12 if start[len(MAGIC) : len(MAGIC) + 1] > b"\x01" else 10 :]
    return start.startswith(MAGIC) and OBJECT.match(text.decode("latin-1")) is not None


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, limit_bytes: int) -> np.ndarray:
    """One array, read piece by piece straight into its own memory."""
    label = f"npz member {member.filename!r}"
    with archive.open(member) as stream:
        dtype, fortran_order, shape, header_bytes = _read_header(stream, label)
        room = dtype.itemsize * math.prod(max(size, 1) for size in shape)
        needed = dtype.itemsize * math.prod(shape)
        if room > limit_bytes or needed != member.file_size - header_bytes:
            raise BadData(
                f"{label}: {dtype} of shape {shape} needs {needed} bytes, found {member.file_size - header_bytes}"
            )
        array = np.empty(shape[::-1] if fortran_order else shape, dtype)
        payload = array.reshape(-1).view(np.uint8)
        filled = 0
        while filled < needed:
            piece = stream.read(min(CHUNK_BYTES, needed - filled))
            if not piece:
                raise BadData(f"{label}: expected {needed} bytes, found {filled}: the file is cut off")
            payload[filled : filled + len(piece)] = np.frombuffer(piece, np.uint8)
            filled += len(piece)
        if stream.read(1):  # reading on to the end is what makes zipfile compare the checksum
            raise BadData(f"{label}: expected {needed} bytes, found more")
    _check_values(array, label)
    return np.asarray(array.T if fortran_order else array, dtype.newbyteorder("="), order="C")


def _read_header(stream: IO[bytes], label: str) -> tuple[np.dtype, bool, tuple[int, ...], int]:
    """dtype, whether the first axis runs fastest, shape, and how many bytes that took."""
    start = stream.read(len(MAGIC) + 2)
    width = {b"\x01\x00": 2, b"\x02\x00": 4, b"\x03\x00": 4}.get(start[len(MAGIC) :])
    if start[: len(MAGIC)] != MAGIC or width is None:
        raise BadData(f"{label}: expected a .npy array of version 1, 2 or 3, found {start!r}")
    length = int.from_bytes(stream.read(width), "little")
    if length > LONGEST_HEADER:
        raise BadData(f"{label}: expected a header of at most {LONGEST_HEADER} bytes, found {length}")
    text = stream.read(length).decode("utf-8", "replace")
    match = HEADER.fullmatch(text)
    if match is None:
        raise BadData(f"{label}: expected a header with descr, fortran_order and shape, found {text.strip()[:80]!r}")
    descr, fortran_order, axes = match.groups()
    if descr[0] not in "<>|=" or not TYPE.fullmatch(descr[1:]):
        raise BadData(f"{label}: expected numbers or text, found dtype {descr!r} (objects are never unpickled)")
    sizes = [axis.strip() for axis in axes.split(",") if axis.strip()]
    if len(sizes) > MOST_AXES or not all(AXIS.fullmatch(size) for size in sizes):
        raise BadData(f"{label}: expected a shape of at most {MOST_AXES} axes, found ({axes[:80]})")
    shape = tuple(int(size.rstrip("L")) for size in sizes)
    return np.dtype(descr), fortran_order == "True", shape, len(start) + width + length


def _check_values(array: np.ndarray, label: str) -> None:
    """Refuse bytes that make numpy or str misbehave: a boolean of 2, a character that does not exist."""
    if array.dtype.kind == "b" and array.size and array.view(np.uint8).max() > 1:
        raise BadData(f"{label}: expected booleans of 0 and 1, found {array.view(np.uint8).max()}")
    if array.dtype.kind == "U" and array.size:
        codes = array.reshape(-1).view(np.dtype(np.uint32).newbyteorder(array.dtype.byteorder))
        if ((codes > 0x10FFFF) | ((codes >= 0xD800) & (codes < 0xE000))).any():
            raise BadData(f"{label}: expected text, found bytes that are no Unicode characters")
