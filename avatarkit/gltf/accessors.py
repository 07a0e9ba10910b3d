"""The numbers in a glTF file: buffers, views and accessors, each length compared with its container before use."""

from __future__ import annotations

import base64
import binascii
import struct
from collections.abc import Mapping
from urllib.parse import unquote

import numpy as np

from avatarkit.errors import BadData
from avatarkit.gltf.fields import Fields, found, parse_json

COMPONENTS = {5120: "<i1", 5121: "<u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
TYPES = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}
LEAST_CHARGE = 4096  # what the smallest array costs of the limit: it bounds the time that millions of them take
PACKED = {"KHR_draco_mesh_compression", "EXT_meshopt_compression", "KHR_meshopt_compression"}


def split(data: bytes) -> tuple[Fields, bytes | None]:
    """The JSON document, and the binary chunk if there is one, of a GLB or of a .gltf file."""
    if data[:4] != b"glTF":
        if data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] != b"{":
            raise BadData(f"glTF: expected a GLB or a .gltf file, found a file that starts with {data[:8]!r}")
        return parse_json(data), None
    if len(data) < 20:
        raise BadData(f"GLB: expected at least 20 bytes, found {len(data)}: the file is cut off")
    version, length = struct.unpack_from("<II", data, 4)
    if version != 2 or length != len(data):
        raise BadData(f"GLB: expected version 2 and {len(data)} bytes, found version {version} and {length} bytes")
    chunks: list[tuple[bytes, bytes]] = []
    at = 12
    while at < len(data) and len(chunks) < 2:  # what follows the second chunk is for extensions
        size, kind = struct.unpack_from("<I4s", data, at) if at + 8 <= len(data) else (0, b"")
        if at + 8 + size > len(data):
            raise BadData(f"GLB: chunk {kind!r} says {size} bytes, found {len(data) - at - 8}: the file is cut off")
        chunks.append((kind, data[at + 8 : at + 8 + size]))
        at += 8 + size
    if chunks[0][0] != b"JSON":
        raise BadData(f"GLB: expected a JSON chunk first, found {chunks[0][0]!r}")
    binary = chunks[1][1] if len(chunks) > 1 and chunks[1][0] == b"BIN\0" else None
    return parse_json(chunks[0][1]), binary


class Accessors:
    """The arrays of one document. All that it hands out together takes at most `limit_bytes`."""

    def __init__(
        self, document: Fields, binary: bytes | None, resources: Mapping[str, bytes] | None, limit_bytes: int
    ) -> None:
        self.views, self.items = document.items("bufferViews"), document.items("accessors")
        self.buffers, self.binary, self.resources = document.items("buffers"), binary, resources or {}
        self.limit_bytes = self.left = limit_bytes
        self._bytes: dict[int, bytes] = {}
        self._arrays: dict[int, np.ndarray] = {}

    def charge(self, size: int, where: str) -> None:
        """Take `size` bytes off the limit; BadData when it is used up."""
        self.left -= max(size, LEAST_CHARGE)
        if self.left < 0:
            raise BadData(f"glTF {where}: expected at most {self.limit_bytes} bytes of arrays in the file, found more")

    def linked(self, item: Fields) -> bytes:
        """The bytes behind a `uri`: base64 inside the file, or one of the resources that were handed in."""
        uri = item.text("uri", None)
        if uri.startswith("data:"):
            kind, _, body = uri.partition(",")
            self.charge(len(body), f"{item.where}.uri")
            try:
                return base64.b64decode(body if kind.endswith(";base64") else "?", validate=True)
            except (binascii.Error, ValueError) as error:
                raise BadData(f"glTF {item.where}.uri: expected base64, found {found(uri)}") from error
        if unquote(uri) not in self.resources:
            raise BadData(f"glTF {item.where}.uri: expected data inside the file, found {found(uri)}: export as .glb")
        return self.resources[unquote(uri)]

    def buffer(self, place: int) -> bytes:
        if place not in self._bytes:
            item = self.buffers[place]
            if "uri" not in item.value and (place or self.binary is None):
                raise BadData(f"glTF {item.where}: expected a uri, or the binary chunk of a GLB, found neither")
            data = self.linked(item) if "uri" in item.value else self.binary or b""
            length = item.integer("byteLength", below=1 << 40)
            if length > len(data):
                raise BadData(f"glTF {item.where}.byteLength: {length}, but the file holds {len(data)}: it is cut off")
            self._bytes[place] = data
        return self._bytes[place]

    def view(self, place: int) -> tuple[memoryview, int]:
        """The bytes of a bufferView, and its stride (0: packed)."""
        item = self.views[place]
        for name in PACKED & set(item.json("extensions")):
            raise BadData(f"glTF {item.where}: packed with {name}, which is not read: export without compression")
        data = self.buffer(item.integer("buffer", below=len(self.buffers)))
        offset, length = item.integer("byteOffset", 0), item.integer("byteLength", low=1)
        if offset + length > len(data):
            raise BadData(f"glTF {item.where}: bytes {offset} to {offset + length} of a buffer of {len(data)}")
        return memoryview(data)[offset : offset + length], item.integer("byteStride", 0, below=1 << 16)

    def array(self, place: int, types: tuple[str, ...], where: str) -> np.ndarray:
        """(count, n), float32 where the file has floats or normalised integers, else its integers. Finite."""
        self.charge(0, where)
        item = self.items[place]
        if item.value.get("type") not in types:
            raise BadData(f"glTF {where}: {item.where}.type: expected {types}, found {found(item.value.get('type'))}")
        if place not in self._arrays:
            self._arrays[place] = self._read(item)
        return self._arrays[place]

    def _read(self, item: Fields) -> np.ndarray:
        width, dtype = TYPES[item.text("type")], self._dtype(item)
        count = item.integer("count", low=1)
        normalized = item.flag("normalized") and dtype.kind != "f"
        self.charge(count * width * (4 if normalized else dtype.itemsize), item.where)
        if "bufferView" in item.value:
            values = self._block(item, count, width, dtype)
        else:
            values = np.zeros((count, width), dtype)
        if "sparse" in item.value:
            sparse = item.item("sparse")
            some = sparse.integer("count", low=1, below=count + 1)
            self.charge(some * (8 + width * dtype.itemsize), sparse.where)
            rows = sparse.item("indices")
            at = self._block(rows, some, 1, self._dtype(rows))[:, 0].astype(np.int64)
            if at[-1] >= count or (np.diff(at) <= 0).any() or self._dtype(rows).kind != "u":
                raise BadData(f"glTF {rows.where}: expected rising indices below {count}, found others")
            values[at] = self._block(sparse.item("values"), some, width, dtype)
        if normalized:
            return np.maximum(values.astype(np.float32) / np.float32(np.iinfo(dtype).max), np.float32(-1))
        if dtype.kind == "f" and not np.isfinite(values).all():
            raise BadData(f"glTF {item.where}: expected finite numbers, found NaN or infinity")
        return values.astype(dtype.newbyteorder("="), copy=False)

    def _block(self, item: Fields, count: int, width: int, dtype: np.dtype) -> np.ndarray:
        """A copy of `count` rows at the item's bufferView and byteOffset."""
        data, stride = self.view(item.integer("bufferView", below=len(self.views)))
        offset, size = item.integer("byteOffset", 0), width * dtype.itemsize
        stride = stride or size
        if stride < size or offset + stride * (count - 1) + size > len(data):
            raise BadData(f"glTF {item.where}: {count} rows of {size} bytes, {stride} apart, from byte {offset} on, "
                          f"do not fit a view of {len(data)} bytes")  # fmt: skip
        return np.ndarray((count, width), dtype, data, offset, (stride, dtype.itemsize)).copy()

    @staticmethod
    def _dtype(item: Fields) -> np.dtype:
        code = item.integer("componentType")
        if code not in COMPONENTS:
            raise item.bad("componentType", f"one of {tuple(COMPONENTS)}")
        return np.dtype(COMPONENTS[code])
