"""One view and layer of a frame as kernels read it: flat arrays, so that a pixel costs one multiplication to find.

numba counts references to every slice that it makes, atomically: slices are made once a task, never in a loop over
pixels. An index through `at` is unsigned, which spares the test for negative ones.
"""

from typing import NamedTuple

import numpy as np

from avatarkit.kernels import inlined
from avatarkit.render.engine import BANDS


class Scene(NamedTuple):
    """The arrays of a `Frame`, and what is painted: `attributes` (V,C), a row of background (W C)."""

    points: np.ndarray
    clips: np.ndarray
    grid: np.ndarray
    faces: np.ndarray
    neighbours: np.ndarray
    facing: np.ndarray
    starts: np.ndarray
    entries: np.ndarray
    ids: np.ndarray
    keys: np.ndarray
    parted: np.ndarray
    attributes: np.ndarray
    background: np.ndarray


class View(NamedTuple):
    """A layer of a view: points, clips (4 V), faces, neighbours (3 F), facing (F), ids, keys (H W) …

    `first_ids` are those of layer 0.
    """

    points: np.ndarray
    clips: np.ndarray
    faces: np.ndarray
    neighbours: np.ndarray
    facing: np.ndarray
    entries: np.ndarray
    ids: np.ndarray
    first_ids: np.ndarray
    keys: np.ndarray
    attributes: np.ndarray
    background: np.ndarray
    width: int
    height: int


at = np.uint64


@inlined
def view_of(scene, view, layer):
    """Layer `layer` of view `view` as flat arrays."""
    return View(
        scene.points[view].reshape(-1),
        scene.clips[view].reshape(-1),
        scene.faces.reshape(-1),
        scene.neighbours.reshape(-1),
        scene.facing[view],
        scene.entries,
        scene.ids[view, layer].reshape(-1),
        scene.ids[view, 0].reshape(-1),
        scene.keys[view, layer].reshape(-1),
        scene.attributes.reshape(-1),
        scene.background,
        scene.ids.shape[3],
        scene.ids.shape[2],
    )


@inlined
def rows_of(height, band):
    """First row of a band, and the first after it."""
    rows = (height + BANDS - 1) // BANDS
    return min(band * rows, height), min((band + 1) * rows, height)
