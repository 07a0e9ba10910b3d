"""Rays and closest points on a triangle surface: the only door to open3d (Embree).

Embree computes in float32 on the CPU: with coordinates of a few metres a hit is good to some 1e-6 m. Results come
back on the device and in the dtype of the question, without gradients; for those, interpolate the vertices with the
barycentrics.
"""

import importlib
import math
import re
import sys
from platform import machine
from types import ModuleType
from typing import NamedTuple

import torch
from torch import Tensor

from avatarkit.errors import NotInstalled
from avatarkit.shapes import sizes

LIBRARIES = {
    "libusb-1.0.so.0": "libusb-1.0-0",
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libX11.so.6": "libx11-6",
}
"""What open3d needs of a Linux system, and the Debian package of each."""

APT_LINE = "sudo apt-get install -y " + " ".join(LIBRARIES.values())
PIP_LINE = "pip install open3d-cpu" if (sys.platform, machine()) == ("linux", "x86_64") else "pip install open3d"


class Hits(NamedTuple):
    """Where rays hit first. A miss has distance inf, face -1 and barycentric 0."""

    distance: Tensor  # (...): in lengths of the ray's direction, so metres for a unit one
    face: Tensor  # (...) int64
    barycentric: Tensor  # (...,3): weights of the face's three vertices


class Nearest(NamedTuple):
    """The points of the surface closest to others."""

    point: Tensor  # (...,3)
    face: Tensor  # (...) int64
    barycentric: Tensor  # (...,3)
    distance: Tensor  # (...): metres


class Surface:
    """A surface (V,3), (F,3) ready for questions; the first one builds its tree, in some 10 ms for 27k faces."""

    def __init__(self, vertices: Tensor, faces: Tensor):
        _, F = sizes("V 3, F 3", vertices, faces)
        if F == 0:
            raise ValueError("Surface: the mesh has no faces")
        open3d = _open3d()
        self._tensor = open3d.core.Tensor
        self._scene = open3d.t.geometry.RaycastingScene()
        triangles = faces.detach().to("cpu", torch.int64).contiguous().numpy().astype("uint32")
        self._scene.add_triangles(self._asked("vertices", vertices), self._tensor.from_numpy(triangles))

    def cast(self, origins: Tensor, directions: Tensor) -> Hits:
        """What the rays (...,3) hit first, on either side of a face."""
        found = self._scene.cast_rays(self._asked("rays", torch.cat([origins, directions], dim=-1)))
        face = _faces(found["primitive_ids"], origins)
        barycentric = _barycentric(found["primitive_uvs"], origins) * (face >= 0)[..., None]
        return Hits(_answer(found["t_hit"], origins), face, barycentric)

    def occluded(self, origins: Tensor, directions: Tensor, *, near: float = 0.0, far: float = float("inf")) -> Tensor:
        """(...) bool: does a face lie on the ray between `near` and `far` (in lengths of the direction)?"""
        asked = self._asked("rays", torch.cat([origins, directions], dim=-1))
        return torch.from_numpy(self._scene.test_occlusions(asked, near, far).numpy()).to(origins.device)

    def closest(self, points: Tensor) -> Nearest:
        """The surface's closest points to `points` (...,3)."""
        found = self._scene.compute_closest_points(self._asked("points", points))
        point = _answer(found["points"], points)
        barycentric = _barycentric(found["primitive_uvs"], points)
        distance = (point - points.detach()).norm(dim=-1)
        return Nearest(point, _faces(found["primitive_ids"], points), barycentric, distance)

    def signed_distance(self, points: Tensor) -> Tensor:
        """(...) metres to the surface, negative inside; the sign means something for a closed surface only."""
        return _answer(self._scene.compute_signed_distance(self._asked("points", points)), points)

    def _asked(self, what: str, values: Tensor):  # type: ignore[no-untyped-def]
        """An Open3D tensor of float32; refuses NaN, which Embree would answer with NaN and no error."""
        sizes(f"... {values.shape[-1]}", values)
        if not math.isfinite(float(values.detach().sum())):
            raise ValueError(f"Surface: {what} are not all finite")
        return self._tensor.from_numpy(values.detach().to("cpu", torch.float32).contiguous().numpy())


def _answer(found, like: Tensor) -> Tensor:  # type: ignore[no-untyped-def]
    return torch.from_numpy(found.numpy()).to(like)


def _faces(found, like: Tensor) -> Tensor:  # type: ignore[no-untyped-def]
    """Embree's invalid id is 2^32 - 1; ours is -1."""
    face = torch.from_numpy(found.numpy().astype("int64")).to(like.device)
    return torch.where(face == 0xFFFFFFFF, -1, face)


def _barycentric(found, like: Tensor) -> Tensor:  # type: ignore[no-untyped-def]
    """Embree's (u, v) are the weights of the second and third vertex."""
    uv = _answer(found, like)
    return torch.cat([1 - uv.sum(dim=-1, keepdim=True), uv], dim=-1)


def missing() -> str | None:
    """What keeps open3d from working, with the line that mends it; None when it works."""
    try:
        _open3d()
    except NotInstalled as error:
        return str(error)
    return None


def _open3d() -> ModuleType:
    try:
        return importlib.import_module("open3d")
    except (ImportError, OSError) as error:
        library = re.search(r"lib[\w.+-]*\.so[\d.]*", str(error))
        if library and "cannot open shared object" in str(error):
            raise NotInstalled(f"open3d lacks the system library {library[0]}: {APT_LINE}") from error
        if isinstance(error, ModuleNotFoundError) and error.name == "open3d":
            raise NotInstalled(f"open3d is not installed, rays and closest points need it: {PIP_LINE}") from error
        raise NotInstalled(f"open3d cannot be imported ({error}): try {PIP_LINE} --force-reinstall") from error
