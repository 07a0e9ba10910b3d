"""What a fit is made with: a body model made ready, and what is known of the lens."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from avatarkit.body import BodyModel
from avatarkit.camera import FILM_DIAGONAL
from avatarkit.errors import UsageError
from avatarkit.fitting.foreign import carried
from avatarkit.fitting.landmarks import COUNT, POSE, Table
from avatarkit.fitting.library import Library
from avatarkit.fitting.likeness import Likeness
from avatarkit.fitting.outline import standoffs, surface_points
from avatarkit.fitting.rig import Array, Points, Rig

DEFAULT_FOCAL = 1.3
"""Focal length of an unknown camera as a share of the photo's longer side: 42 degrees, a phone held a little back."""


@dataclass(frozen=True, eq=False)
class Figure:
    """A body model made ready for fitting: its rig, its landmarks (145) and then points of its skin."""

    model: BodyModel
    rig: Rig
    table: Table
    points: Points
    library: Library
    build: tuple[Array, Array]
    """mean and spread (C) of people's coefficients"""
    likeness: Likeness | None
    """how looks tell who somebody is, where that was learned for this body"""

    @staticmethod
    def of(model: BodyModel, arrays: Mapping[str, NDArray]) -> Figure:  # type: ignore[type-arg]
        """With the stored places of the landmarks (another body's are carried over to this one), and poses to start
        from. Raises BadData."""
        rig, table = Rig.of(model), Table.from_arrays(arrays)
        if model.phenotypes is None and str(arrays.get("body", "")) != model.sha256:
            table = carried(table, model, arrays)
        landmarks = table.points(model, rig)
        points = Points.joined(landmarks, surface_points(model))
        library = Library.of(rig, landmarks[POSE], arrays)
        return Figure(model, rig, table, points, library, _build(model, rig, arrays), Likeness.of(model, arrays))

    @property
    def outer_faces(self) -> torch.Tensor:
        return self.model.faces if self.model.outer_faces is None else self.model.outer_faces

    @cached_property
    def standoff(self) -> Array:
        """How far clothes usually are from the points of the skin."""
        return standoffs(self.points[COUNT:])

    @property
    def landmarks(self) -> Points:
        return self.points[:COUNT]


EXPRESSION_SPREAD = 0.3


def _build(model: BodyModel, rig: Rig, arrays: Mapping[str, NDArray]) -> tuple[Array, Array]:  # type: ignore[type-arg]
    """Of the built-in body the stored betas of its population; of another one, those that its makers drew up: 0 ± 1."""
    C = rig.joint_dirs.shape[2]
    usual, spread = np.zeros(C), np.where(np.arange(C) < rig.B, 1.0, EXPRESSION_SPREAD)
    stored = [np.asarray(arrays.get(key, np.zeros(0)), float) for key in ("betas_usual", "betas_spread")]
    if model.phenotypes is not None and all(row.shape == (rig.B,) for row in stored):
        usual[: rig.B], spread[: rig.B] = stored
    return usual, spread


def figure_of(model: BodyModel, arrays: Mapping[str, NDArray]) -> Figure:  # type: ignore[type-arg]
    """The body model made ready for photos, with the stored places of the landmarks; made once for a batch."""
    return Figure.of(model, arrays)


@dataclass(frozen=True)
class Lens:
    """How long the focal length is, in pixels, and how that is known: given, EXIF, or the default."""

    focal: float
    source: str

    @staticmethod
    def of(size: tuple[int, int], *, told: str | None = None, exif: float | None = None) -> Lens:
        """From what was told, or EXIF's (pixels), or else the default, of a photo of (width, height) pixels.

        Told are pixels (`1400`), a vertical field of view (`50deg`), or what a lens is called by on 35 mm film
        (`28mm`). UsageError for anything else.
        """
        if told is not None:
            return Lens(_focal(told, size), "given")
        return Lens(exif, "exif") if exif else Lens(DEFAULT_FOCAL * max(size), "default")

    def K(self, size: tuple[int, int]) -> Array:
        return np.array([[self.focal, 0, size[0] / 2], [0, self.focal, size[1] / 2], [0, 0, 1]])


FOCAL = re.compile(r"(\d+\.?\d*)\s*(px|deg|mm|)", re.ASCII)


def _focal(told: str, size: tuple[int, int]) -> float:
    """Pixels."""
    match = FOCAL.fullmatch(told.strip().lower())
    number, unit = (float(match[1]), match[2]) if match else (0.0, "")
    ranges = {"": (1, 1e6), "px": (1, 1e6), "deg": (1, 170), "mm": (4, 2000)}
    if not ranges[unit][0] <= number <= ranges[unit][1]:
        raise UsageError(f"--focal {told}: expected pixels (1400), vertical field of view (50deg) or film lens (28mm)")
    if unit == "deg":
        return 0.5 * size[1] / math.tan(math.radians(number) / 2)
    return number / FILM_DIAGONAL * math.hypot(*size) if unit == "mm" else number
