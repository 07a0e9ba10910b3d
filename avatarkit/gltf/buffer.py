"""The binary half of a GLB while it is written: bytes in views, numbers in accessors; equal ones are stored once."""

from __future__ import annotations

from typing import Any

import numpy as np

Item = dict[str, Any]

ARRAY, ELEMENT_ARRAY = 34962, 34963  # what a view is for: vertices, indices
CODES = {"int8": 5120, "uint8": 5121, "int16": 5122, "uint16": 5123, "uint32": 5125, "float32": 5126}
KINDS = {1: "SCALAR", 2: "VEC2", 3: "VEC3", 4: "VEC4"}


class Buffer:
    """Grows while a scene is written; `views` and `accessors` are the document's lists."""

    def __init__(self) -> None:
        self.views: list[Item] = []
        self.accessors: list[Item] = []
        self._parts: list[bytes] = []
        self._length = 0
        self._known: dict[Any, int] = {}

    def joined(self) -> bytes:
        return b"".join(self._parts)

    def view(self, data: bytes, *, stride: int | None = None, target: int | None = None, use: str = "") -> int:
        """The place of a bufferView of `data`, which starts and ends at a multiple of 4; shared by equal uses only."""
        key = (data, stride, target, use)
        if key not in self._known:
            item = {"buffer": 0, "byteOffset": self._length, "byteLength": len(data)}
            item |= {} if stride is None else {"byteStride": stride}
            item |= {} if target is None else {"target": target}
            self._known[key] = len(self.views)
            self.views.append(item)
            self._parts.append(data + bytes(-len(data) % 4))
            self._length += len(self._parts[-1])
        return self._known[key]

    def array(
        self, values: np.ndarray, *, kind: str | None = None, target: int | None = None, bounds: bool = False
    ) -> int:
        """The place of an accessor of (N, n) numbers; `bounds` writes the least and the greatest row."""
        item = self._item(values, kind)
        stride = None
        if target == ARRAY and values.shape[1] * values.itemsize % 4:
            # Each vertex starts at a multiple of 4: pad its row, and say how far apart rows are.
            row = np.ascontiguousarray(values).view(np.uint8).reshape(len(values), -1)
            row = np.pad(row, ((0, 0), (0, -row.shape[1] % 4)))
            stride, data = row.shape[1], row.tobytes()
        else:
            data = _little(values).tobytes()
        if bounds:
            item |= {"min": values.min(0).tolist(), "max": values.max(0).tolist()}
        item["bufferView"] = self.view(data, stride=stride, target=target, use=repr(item))
        return self._add(item)

    def vertices(self, values: np.ndarray, *, bounds: bool = False) -> int:
        """The place of an accessor of finite float32 vertex data (V, n)."""
        values = np.asarray(values, np.float32)
        if not np.isfinite(values).all():
            raise ValueError("expected finite vertex data, got NaN or infinity")
        return self.array(values, target=ARRAY, bounds=bounds)

    def faces(self, faces: np.ndarray) -> int:
        return self.array(faces.reshape(-1, 1), target=ELEMENT_ARRAY)

    def deltas(self, values: np.ndarray) -> int:
        """The place of an accessor of morph offsets (V, 3), mostly zero rows: sparse where that is smaller."""
        values = np.asarray(values, np.float32) + np.float32(0)  # -0 becomes 0
        rows = np.flatnonzero(values.any(1))
        rows = rows if len(rows) else np.zeros(1, np.int64)  # a sparse accessor holds at least one row
        rows = rows.astype(np.uint16 if len(values) <= 65535 else np.uint32)
        if len(rows) * (rows.itemsize + 12) >= values.nbytes:
            return self.vertices(values, bounds=True)
        if not np.isfinite(values).all():
            raise ValueError("expected finite morph targets, got NaN or infinity")
        some = np.ascontiguousarray(values[rows])
        return self._add(self._item(values, None) | {
            "min": values.min(0).tolist(),
            "max": values.max(0).tolist(),
            "sparse": {
                "count": len(rows),
                "indices": {"bufferView": self.view(_little(rows).tobytes()), "componentType": CODES[rows.dtype.name]},
                "values": {"bufferView": self.view(_little(some).tobytes())},
            },
        })  # fmt: skip

    def _item(self, values: np.ndarray, kind: str | None) -> Item:
        code = CODES.get(values.dtype.name)
        if code is None or values.ndim != 2 or not values.size:
            raise ValueError(f"expected (N, n) of {tuple(CODES)}; got {values.dtype} {values.shape}")
        return {"componentType": code, "count": len(values), "type": kind or KINDS[values.shape[1]]}

    def _add(self, item: Item) -> int:
        key = repr(item)
        if key not in self._known:
            self._known[key] = len(self.accessors)
            self.accessors.append(item)
        return self._known[key]


def _little(values: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(values, values.dtype.newbyteorder("<"))
