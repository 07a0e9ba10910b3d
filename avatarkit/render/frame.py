"""One look at a mesh: buffers of its projection and visibility, which painting and gradients read."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from avatarkit.camera import Camera
from avatarkit.render import projection, visibility
from avatarkit.render.engine import BANDS, THREADS, Lease, run
from avatarkit.render.topology import Topology
from avatarkit.render.view import Scene

ONE, MINUS_ONE = np.float32(1), np.float32(-1)
SIGNS = {"nearest": (ONE,), "farthest": (MINUS_ONE,), "both": (ONE, MINUS_ONE)}
UNPAINTED = np.zeros((1, 0), np.float32)


@dataclass(frozen=True, eq=False)
class Frame:
    """N views of one mesh; the arrays are described in `projection` and `visibility`."""

    lease: Lease
    topology: Topology
    size: tuple[int, int]
    points: np.ndarray
    clips: np.ndarray
    grid: np.ndarray
    facing: np.ndarray
    starts: np.ndarray
    entries: np.ndarray
    ids: np.ndarray
    keys: np.ndarray
    parted: np.ndarray

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """N, layers, H, W."""
        N, L, H, W = self.ids.shape
        return N, L, H, W

    def scene(self, attributes: np.ndarray, background: np.ndarray) -> Scene:
        """What kernels read, with `attributes` (V,C) and `background` (C)."""
        row = np.tile(background, self.size[0])
        faces = self.topology.faces, self.topology.neighbours
        seen = self.starts, self.entries, self.ids, self.keys, self.parted
        return Scene(self.points, self.clips, self.grid, *faces, self.facing, *seen, attributes, row)

    @property
    def tasks(self) -> int:
        """Bands of all views."""
        return len(self.ids) * BANDS


Silhouettes = tuple[np.ndarray, np.ndarray, np.ndarray]
"""counts (tasks), places (tasks,R,6), shares (tasks,R,2) of `silhouettes.search_band`."""


def with_silhouettes(frame: Frame, kernel: Callable[..., Any], *arguments: Any) -> Silhouettes:
    """The silhouettes of all bands that a kernel finds; it runs again with more room where that was too small."""
    room = 8 * frame.size[0]
    while True:
        counts = np.zeros(frame.tasks, np.int64)
        places = frame.lease.take("places", (frame.tasks, room, 6), np.int32)
        shares = frame.lease.take("shares", (frame.tasks, room, 2), np.float32)
        run(kernel, frame.tasks, *arguments, (counts, places, shares))
        if counts.max() <= room:
            return counts, places, shares
        room = int(counts.max())


def as_array(tensor: Tensor) -> np.ndarray:
    """The tensor's numbers as a contiguous float32 array, without a copy where they are one."""
    array: np.ndarray = tensor.detach().to(dtype=torch.float32, device="cpu").contiguous().numpy()
    return array


def pixel_matrices(cameras: Sequence[Camera], near: float) -> tuple[np.ndarray, np.ndarray]:
    """(N,4,4) float64 from the world to homogeneous pixels and clip depth, and the keys' offsets (N,).

    Depth runs from the near plane to infinity, so that nothing far is lost: z / w = 1 - 2 near / depth in perspective
    and a slight slope in an orthographic view. The offset brings the keys where float32 is densest.
    """
    matrices, offsets = np.zeros((len(cameras), 4, 4)), np.zeros(len(cameras))
    for matrix, (n, camera) in zip(matrices, enumerate(cameras), strict=True):
        K, pose = (values.detach().cpu().double().numpy() for values in (camera.K, camera.cam_from_world))
        forward = pose[2]
        if camera.kind == "perspective":
            matrix[:2], matrix[3] = K[:2] @ pose[:3], forward
            matrix[2], offsets[n] = forward - 2 * near * np.array([0, 0, 0, 1]), -1
        else:
            matrix[:2] = K[:2, :2] @ pose[:2]
            matrix[:2, 3] += K[:2, 2]
            matrix[3, 3] = 1
            matrix[2], offsets[n] = 1e-5 * (forward - near * np.array([0, 0, 0, 1])) - matrix[3], 1
    return matrices, offsets


def look(vertices: Tensor, topology: Topology, matrices: np.ndarray, offsets: np.ndarray,
         size: tuple[int, int], surface: str) -> Frame:  # fmt: skip
    """The frame of world `vertices` (V,3) through `pixel_matrices`."""
    lease, (N, V) = Lease(), (len(matrices), len(vertices))
    points = lease.take("points", (N, V, 4), np.float32)
    clips = lease.take("clips", (N, V, 4), np.float32)
    grid = lease.take("grid", (N, V, 2), np.int32)
    run(projection.project, N * BANDS, as_array(vertices), matrices, offsets, points, clips, grid)
    return _seen(lease, topology, size, offsets, points, clips, grid, surface)


def look_clip(clip: Tensor, topology: Topology, size: tuple[int, int], surface: str) -> Frame:
    """The frame of clip-space vertices (N,V,4)."""
    lease, (N, V, _) = Lease(), clip.shape
    points = lease.take("points", (N, V, 4), np.float32)
    clips = lease.take("clips", (N, V, 4), np.float32)
    grid = lease.take("grid", (N, V, 2), np.int32)
    run(projection.project_clip, N * BANDS, as_array(clip), float(size[0]), float(size[1]), points, clips, grid)
    return _seen(lease, topology, size, np.zeros(N), points, clips, grid, surface)


def _seen(lease: Lease, topology: Topology, size: tuple[int, int], offsets: np.ndarray,
          points: np.ndarray, clips: np.ndarray, grid: np.ndarray, surface: str) -> Frame:  # fmt: skip
    (width, height), faces = size, topology.faces
    N, F, signs = len(points), len(faces), SIGNS[surface]
    facing = lease.take("facing", (N, F), np.int8)
    reach = lease.take("reach", (N, F, 2), np.uint8)
    counts = lease.take("counts", (N, BANDS, BANDS), np.int64)
    run(projection.sort_out, N * BANDS, points, clips, faces, width, height, facing, reach, counts)
    # a band's faces lie together, the parts in order: (view, band, part)
    ends = np.cumsum(counts.transpose(0, 2, 1).reshape(-1))
    begins = np.concatenate([[0], ends])
    firsts = np.ascontiguousarray(begins[:-1].reshape(N, BANDS, BANDS).transpose(0, 2, 1))
    entries = lease.take("entries", (int(begins[-1]),), np.int32)
    run(projection.list_faces, N * BANDS, faces, reach, firsts, entries)
    starts = np.ascontiguousarray(begins[::BANDS])
    ids = lease.take("ids", (N, len(signs), height, width), np.int32)
    keys = lease.take("keys", (N, len(signs), height, width), np.float32)
    parted = lease.take("parted", (N, height, -(-width // 8) * 8), np.uint8)
    frame = Frame(lease, topology, size, points, clips, grid, facing, starts, entries, ids, keys, parted)
    polygons = np.empty((THREADS, 2, 16, 4))
    run(visibility.rasterise, frame.tasks, frame.scene(UNPAINTED, UNPAINTED[0]), signs, offsets, polygons)
    return frame
