"""Pickles as Python 2 and chumpy's users wrote them, made without either."""

import io
import pickle
import sys
import types
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import numpy as np


class Python2Pickler(pickle._Pickler):
    """Writes strings with Python 2's instructions: quoted and escaped in protocol 0, counted in protocol 2."""

    dispatch: ClassVar[dict] = dict(pickle._Pickler.dispatch)

    def save_string(self, value: bytes | str) -> None:
        data = value.encode("latin-1") if isinstance(value, str) else value
        if self.proto == 0:
            self.write(b"S" + repr(data)[1:].encode("ascii") + b"\n")
        elif len(data) < 256:
            self.write(b"U" + bytes([len(data)]) + data)
        else:
            self.write(b"T" + len(data).to_bytes(4, "little") + data)
        self.memoize(value)

    dispatch[bytes] = save_string
    dispatch[str] = save_string


def pickled(value: Any, protocol: int, python2: bool = False) -> bytes:
    if not python2:
        return pickle.dumps(value, protocol)
    out = io.BytesIO()
    Python2Pickler(out, protocol).dump(value)
    return out.getvalue()


@contextmanager
def importable(*names: str) -> Iterator[dict[str, type]]:
    """Empty classes of these full names, as the pickle module wants to find them; gone afterwards."""
    classes, shadowed = {}, {}
    for full in names:
        module, _, name = full.rpartition(".")
        classes[full] = type(name, (), {"__module__": module})
        packages = module.split(".")
        for depth in range(1, len(packages) + 1):
            holder = ".".join(packages[:depth])
            if holder not in shadowed and (depth == len(packages) or holder not in sys.modules):
                shadowed[holder] = sys.modules.get(holder)
                sys.modules[holder] = types.ModuleType(holder)
        setattr(sys.modules[module], name, classes[full])
    try:
        yield classes
    finally:
        for holder, before in shadowed.items():
            del sys.modules[holder]
            if before is not None:
                sys.modules[holder] = before


def with_state(kind: type, **state: Any) -> Any:
    made = kind.__new__(kind)
    vars(made).update(state)
    return made


def sparse_state(dense: np.ndarray, kind: str) -> dict[str, Any]:
    """What scipy's csc and csr matrices keep."""
    lines = dense.T if kind == "csc" else dense
    along = [np.flatnonzero(line).astype(np.int32) for line in lines]
    return {
        "_shape": dense.shape,
        "maxprint": 50,
        "indices": np.concatenate(along),
        "indptr": np.cumsum([0, *map(len, along)]).astype(np.int32),
        "data": np.concatenate([line[a] for line, a in zip(lines, along, strict=True)]),
    }
