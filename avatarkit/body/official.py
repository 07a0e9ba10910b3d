"""Official SMPL-X, SMPL-H and SMPL files, .npz or .pkl, as plain arrays in our layout; nothing in them is run.

    arrays = normalised(arrays_from_npz(data))          # or arrays_from_pickle(data)
    model = BodyModel.from_arrays(arrays, sha256=…)

Every skeleton becomes the 55 joints of SMPL-X: joints that a file lacks lie where their parent lies and carry no
vertex. Hand poses are absolute (smplx's `flat_hand_mean=True, use_pca=False`), so mean hands and PCA are left out.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from avatarkit import npz
from avatarkit.body.inert import Made, read_inert, text
from avatarkit.body.pose import JOINT_INDEX, JOINT_NAMES, PARENTS
from avatarkit.errors import BadData

MOST_ARRAY_BYTES = 512 << 20
_NUMPY = ("numpy.core", "numpy._core")
_ARRAY = tuple(f"{core}.multiarray._reconstruct" for core in _NUMPY)
_SCALAR = tuple(f"{core}.multiarray.scalar" for core in _NUMPY)
_BUFFER = tuple(f"{core}.numeric._frombuffer" for core in _NUMPY)
_SPARSE = {
    f"scipy.sparse.{module}.{kind}_{what}": kind
    for kind in ("csc", "csr", "coo")
    for module in (kind, f"_{kind}")
    for what in ("matrix", "array")
}
_CH, _SELECT, _LATIN1 = "chumpy.ch.Ch", "chumpy.reordering.Select", "_codecs.encode"
_OBJECTS = ("copy_reg._reconstructor", "copyreg._reconstructor")
_PLAIN = (
    *("numpy.ndarray", "numpy.dtype", "collections.OrderedDict"),
    *(f"{module}.{name}" for module in ("__builtin__", "builtins") for name in ("object", "set", "bytes")),
)
ALLOWED = frozenset((*_ARRAY, *_SCALAR, *_BUFFER, *_SPARSE, _CH, _SELECT, _LATIN1, *_OBJECTS, *_PLAIN))
_NUMBERS = re.compile(r"[iu][1248]|f[248]")
_DAMAGE = (IndexError, KeyError, ValueError, TypeError, OverflowError, AttributeError)

# Our joint for each joint of a file, by how many the file has. SMPL's one joint a hand lies at the knuckles.
_BODY, _FINGERS = JOINT_NAMES[:22], JOINT_NAMES[25:]
_SKELETONS: dict[int, tuple[str, tuple[str, ...]]] = {
    55: ("SMPL-X", JOINT_NAMES),
    52: ("SMPL-H", (*_BODY, *_FINGERS)),
    24: ("SMPL", (*_BODY, "left_middle1", "right_middle1")),
}


def arrays_from_npz(data: bytes) -> dict[str, np.ndarray]:
    """The plain arrays of an .npz; members that are pickled objects (official files hold a few) are left out unread.

    Raises BadData for a damaged or oversized archive.
    """
    return npz.decode(data, skip_objects=True)


def arrays_from_pickle(data: bytes) -> dict[str, np.ndarray]:
    """The numeric arrays of a pickled dictionary: numpy's, scipy's sparse (made dense) and chumpy's (by value).

    The pickle is read, not run, and neither scipy nor chumpy is needed. Raises BadData for names outside `ALLOWED`, for
    damage, and for more than 512 MiB of arrays. Entries that hold no numbers are left out.
    """
    top = read_inert(data, ALLOWED)
    if not isinstance(top, dict):
        raise BadData("pickle: found no dictionary, expected a body model's arrays by name")
    arrays: dict[str, np.ndarray] = {}
    room = MOST_ARRAY_BYTES
    for key, value in top.items():
        if not isinstance(key, str) or not isinstance(value, Made):
            continue
        try:
            array = _array(value, room)
        except _DAMAGE as error:
            raise BadData(f"pickle: {key[:40]!r} is a damaged array ({str(error)[:100]})") from error
        if array is not None:
            arrays[key] = array
            room -= array.nbytes
    return arrays


def normalised(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """An official file's arrays in the layout of `BodyModel.from_arrays`: 55 joints, expression apart, float32.

    Raises BadData when a field is missing, misshapen, or of a skeleton that is none of SMPL-X, SMPL-H and SMPL.
    """
    template, faces = _field(arrays, "v_template", "V 3"), _field(arrays, "f", "F 3")
    weights = _field(arrays, "weights", "V J")
    J = weights.shape[1]
    if J not in _SKELETONS:
        raise BadData(f"official body: found {J} joints, expected 55 (SMPL-X), 52 (SMPL-H) or 24 (SMPL)")
    kind, joints = _SKELETONS[J]
    regressor = _field(arrays, "J_regressor", "J V")
    if len(regressor) != J or _field(arrays, "kintree_table", "2 J").shape[1] != J:
        raise BadData(f"official body: J_regressor {regressor.shape} and kintree_table do not have weights' {J} joints")
    shape, expression = _shape_and_expression(_field(arrays, "shapedirs", "V 3 B"), kind)
    plain: dict[str, np.ndarray] = {
        "v_template": template.astype(np.float32),
        "f": faces.astype(np.int64),
        "shapedirs": shape.astype(np.float32),
        "exprdirs": expression.astype(np.float32),
        "J_regressor": _with_all_joints(regressor, joints),
        "weights": _spread(weights.T, joints).T.astype(np.float32),
        "kintree_table": np.array([PARENTS, range(len(PARENTS))]),
        "joint_names": np.array(JOINT_NAMES),
        "meta": np.array(json.dumps({"name": kind, "licence": f"{kind} non-commercial"})),
    }
    if "posedirs" in arrays:
        posedirs = _field(arrays, "posedirs", "V 3 P")
        if posedirs.shape[2] != 9 * (J - 1):
            raise BadData(f"official body: posedirs has {posedirs.shape[2]} directions, expected {9 * (J - 1)}")
        by_joint = posedirs.astype(np.float32).transpose(2, 0, 1).reshape(J - 1, -1)
        spread = _spread(by_joint, joints[1:], JOINT_NAMES[1:]).reshape(-1, *posedirs.shape[:2])
        plain["posedirs"] = spread.transpose(1, 2, 0)
    return plain | _surface(arrays, len(faces))


def _field(arrays: Mapping[str, np.ndarray], name: str, axes: str) -> np.ndarray:
    if name not in arrays:
        raise BadData(f"official body: no {name}; found {', '.join(sorted(arrays))[:200] or 'nothing'}")
    array, wanted = np.asarray(arrays[name]), axes.split()
    fits = array.ndim == len(wanted)
    fits = fits and all(int(axis) == size for axis, size in zip(wanted, array.shape, strict=True) if axis.isdigit())
    if not fits or array.dtype.kind not in "iuf":
        raise BadData(f"official body: {name} is {array.dtype} of shape {array.shape}, expected numbers of ({axes})")
    return array


def _shape_and_expression(dirs: np.ndarray, kind: str) -> tuple[np.ndarray, np.ndarray]:
    """Where smplx cuts: SMPL-X's 300 + 100 directions, or 10 + 10 in its older files; the others have shape alone."""
    if kind != "SMPL-X":
        return dirs, dirs[:, :, :0]
    cut, end = (300, 400) if dirs.shape[2] >= 400 else (10, 20)
    return dirs[:, :, :cut], dirs[:, :, cut:end]


def _spread(rows: np.ndarray, joints: tuple[str, ...], onto: tuple[str, ...] = JOINT_NAMES) -> np.ndarray:
    """A row for each joint of `onto`, zero for those that the file lacks."""
    out = np.zeros((len(onto), *rows.shape[1:]), rows.dtype)
    out[[onto.index(joint) for joint in joints]] = rows
    return out


def _with_all_joints(regressor: np.ndarray, joints: tuple[str, ...]) -> np.ndarray:
    out = _spread(regressor, joints).astype(np.float32)
    for joint in JOINT_NAMES:
        if joint not in joints:  # parents come before their children, so a chain of missing joints is filled in order
            out[JOINT_INDEX[joint]] = out[PARENTS[JOINT_INDEX[joint]]]
    return out


def _surface(arrays: Mapping[str, np.ndarray], F: int) -> dict[str, np.ndarray]:
    """UV, and the 51 face landmarks (of iBUG's 68, the 17th on), where a file has them."""
    found: dict[str, np.ndarray] = {}
    if "vt" in arrays and "ft" in arrays and len(arrays["ft"]) == F:
        found["vt"] = _field(arrays, "vt", "T 2").astype(np.float32)
        found["ft"] = _field(arrays, "ft", "F 3").astype(np.int64)
    if "lmk_faces_idx" in arrays and "lmk_bary_coords" in arrays:
        found["landmark_faces"] = _field(arrays, "lmk_faces_idx", "L").astype(np.int64)
        found["landmark_bary"] = _field(arrays, "lmk_bary_coords", "L 3").astype(np.float32)
        found["landmark_names"] = np.array([f"ibug{17 + k}" for k in range(len(found["landmark_faces"]))])
    return found


def _array(made: Made, room: int, depth: int = 8) -> np.ndarray | None:
    """The numbers that a pickle's object stands for; None when it holds none. At most `room` bytes."""
    if depth == 0:
        raise ValueError("nested too deep")
    what = made.args[0].name if made.name in _OBJECTS else made.name
    state = made.state
    if what in _ARRAY and isinstance(state, tuple):
        return _numbers(state[-1], state[-3], state[-4], "F" if state[-2] else "C", room)
    if what in _BUFFER:
        return _numbers(made.args[0], made.args[1], made.args[2], made.args[3], room)
    if what in _SCALAR:
        return _numbers(made.args[1], made.args[0], (), "C", room)
    if what in _SPARSE:
        return _dense(_SPARSE[what], state, room, depth)
    if what == _CH:
        return _array(state["x"], room, depth - 1)
    if what == _SELECT:
        whole, picked = _inner(state["a"], room, depth), _inner(state["idxs"], room, depth)
        _check_room(picked.size * whole.itemsize, room)
        chosen = whole.ravel()[picked.ravel()]
        return chosen.reshape(_shape(state["preferred_shape"])) if "preferred_shape" in state else chosen
    return None


def _inner(value: Any, room: int, depth: int) -> np.ndarray:
    array = _array(value, room, depth - 1)
    if array is None:
        raise ValueError("found no numbers inside")
    return array


def _check_room(needed: int, room: int) -> None:
    if needed > room:
        raise BadData(f"pickle: asks for an array of {needed} bytes, expected at most {MOST_ARRAY_BYTES} in all")


def _numbers(raw: Any, dtype: Made, shape: Any, order: str, room: int) -> np.ndarray | None:
    """A numpy array of its bytes; None when it holds objects or text."""
    code = text(dtype.args[0]) if dtype.name == "numpy.dtype" else ""
    if not _NUMBERS.fullmatch(code):
        return None
    endian = text(dtype.state[1]) if dtype.state else "|"
    kind, sizes = np.dtype((endian if endian in ("<", ">") else "=") + code), _shape(shape)
    needed = kind.itemsize * math.prod(sizes)
    _check_room(needed, room)
    if isinstance(raw, Made):  # bytes that Python 3 wrote for Python 2 to read: as text, or as a call without text
        raw = raw.args[0].encode("latin-1") if raw.name == _LATIN1 else b""
    if not isinstance(raw, bytes) or len(raw) != needed:
        raise ValueError(f"{kind} of shape {sizes} needs {needed} bytes")
    array = np.frombuffer(raw, kind).reshape(sizes, order="F" if order == "F" else "C")
    return array.astype(kind.newbyteorder("="), copy=False)


def _shape(shape: Any) -> tuple[int, ...]:
    if not isinstance(shape, (tuple, list)) or len(shape) > 8 or not all(isinstance(n, int) and n >= 0 for n in shape):
        raise ValueError("a shape that is no tuple of sizes")
    return tuple(shape)


def _dense(kind: str, state: Mapping[str, Any], room: int, depth: int) -> np.ndarray:
    """A scipy sparse matrix, written out."""
    height, width = _shape(state.get("_shape", state.get("shape")))
    values = _inner(state["data"], room, depth)
    _check_room(height * width * 8, room)
    dense = np.zeros((height, width))
    if kind == "coo":
        places = state["coords"] if "coords" in state else (state["row"], state["col"])
        rows, columns = (_inner(place, room, depth) for place in places)
    else:
        along, starts = _inner(state["indices"], room, depth), _inner(state["indptr"], room, depth)
        lines = width if kind == "csc" else height
        counts = np.diff(starts.astype(np.int64))
        if len(starts) != lines + 1 or starts[0] != 0 or counts.min(initial=0) < 0 or counts.sum() != len(along):
            raise ValueError("a sparse matrix whose indptr does not fit")
        across = np.repeat(np.arange(lines), counts)
        rows, columns = (along, across) if kind == "csc" else (across, along)
    if rows.min(initial=0) < 0 or columns.min(initial=0) < 0:
        raise ValueError("a sparse matrix with negative indices")
    np.add.at(dense, (rows, columns), values)
    return dense
