"""Where photographers stand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from torch import Tensor

from avatarkit import camera as cameras
from avatarkit.camera import Camera

YAW, PITCH = 25.0, 6.0
"""Standard deviations, in degrees, of how far from the front a photo is taken."""
FIELD_OF_VIEW = (14.0, 45.0)
"""Degrees, vertical: from a telephoto lens to a phone."""


def viewpoint(vertices: Tensor, generator: np.random.Generator, size: int, *, yaw: float | None = None) -> Camera:
    """A perspective camera that has all the vertices (V,3) in the middle of its square picture, from about the front,
    or at a `yaw` in degrees."""
    drawn, elevation = float(generator.normal(0, YAW)), float(abs(generator.normal(0, PITCH)))
    fov = float(np.exp(generator.uniform(*np.log(FIELD_OF_VIEW))))
    yaw = drawn if yaw is None else yaw
    camera = cameras.framing(vertices, (size, size), kind="perspective", yaw=yaw, elevation=elevation, fov=fov)
    pixels, _ = cameras.project(camera, vertices)
    low, high = pixels.amin(dim=0), pixels.amax(dim=0)
    # what is nearer than the middle is larger: zoomed until all of the person is in the picture, and centred
    zoom = cameras.FILL * size / (high - low).max()
    K = camera.K.clone()
    K[:2] *= zoom
    K[:2, 2] += size / 2 - zoom * (low + high) / 2
    return replace(camera, K=K)
