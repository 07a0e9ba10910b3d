"""What stands behind a person: a wall of one colour, a studio's curve, a room, or the open; soft, as out of focus.

A backdrop is a function of rays, so that it agrees with any camera; the floor is the plane y = `floor`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatarkit.appearance.lighting import Light, irradiance

Array = NDArray[Any]
BACKDROPS = ("plain", "gradient", "room", "outdoors")
FLOORED = frozenset({"gradient", "room", "outdoors"})


@dataclass(frozen=True, eq=False)
class Behind:
    """Linear light (H,W,3) of what is far, and of the floor without shadows; `floor` (H,W) in 0 … 1 where it is seen,
    `points` (H,W,3) on it, `albedo` (3) its colour."""

    far: Array
    floor: Array
    points: Array
    albedo: Array
    grain: Array
    """(H,W) around 1: how the floor's albedo varies"""


def fitting_backdrop(light: Light, generator: np.random.Generator) -> str:
    """A backdrop that goes with a light."""
    if light.kind == "studio":
        return str(generator.choice(("plain", "gradient"), p=[0.4, 0.6]))
    return "room" if light.kind == "indoor" else "outdoors"


def behind(
    kind: str, light: Light, origins: Array, rays: Array, standing: Array, generator: np.random.Generator
) -> Behind:
    """The backdrop along `rays` (H,W,3) from `origins` (H,W,3) for a person who is `standing` (3) on the floor."""
    if kind not in BACKDROPS:
        raise ValueError(f"backdrop: kind is {kind!r}, expected one of {', '.join(BACKDROPS)}")
    down = np.minimum(rays[..., 1], -1e-4)
    distance = np.where(rays[..., 1] < -1e-3, (standing[1] - origins[..., 1]) / down, 1e3)
    distance = np.where(distance > 0, distance, 1e3)
    points = origins + distance[..., None] * rays
    middle = rays[rays.shape[0] // 2, rays.shape[1] // 2]
    azimuth = np.arctan2(rays[..., 0], rays[..., 2]) - np.arctan2(middle[0], middle[2])
    azimuth = (azimuth + np.pi) % (2 * np.pi) - np.pi
    level = np.array([middle[0], 0.0, middle[2]]) / max(float(np.hypot(middle[0], middle[2])), 1e-6)
    # metres beyond the person, level
    ground = (points - standing) @ level
    if kind == "plain":
        shade = 1 - 0.25 * np.hypot(azimuth, rays[..., 1]) ** 2
        return Behind(
            light.behind * shade[..., None], np.zeros(rays.shape[:2]), points, light.behind, np.ones(rays.shape[:2])
        )
    makers = {"gradient": _gradient, "room": _room, "outdoors": _outdoors}
    return makers[kind](light, azimuth, rays[..., 1], ground, points, generator)


def _gradient(light: Light, azimuth: Array, rise: Array, ground: Array, points: Array,
              generator: np.random.Generator) -> Behind:  # fmt: skip
    """A studio's curved paper: bright where the lamp falls, floor and wall in one."""
    place, paper = generator.uniform(-0.15, 0.2), np.clip(light.behind * generator.uniform(0.75, 1.1), 0, 0.9)
    glow = 0.62 + 0.5 * np.exp(-((azimuth / 0.35) ** 2) - ((rise - place) / 0.3) ** 2)
    far = paper * glow[..., None]
    floor = np.clip((2.6 - ground) / 2.0, 0, 1) * (rise < 0)
    return Behind(far, floor, points, paper, np.ones_like(rise))


def _room(light: Light, azimuth: Array, rise: Array, ground: Array, points: Array,
          generator: np.random.Generator) -> Behind:  # fmt: skip
    """A wall some metres behind, with a window, pictures, a door or shelves; a floor of boards or carpet."""
    draw = generator.uniform
    lit = irradiance(light.sh, np.array([0.0, 0.3, 0.95])) + 0.35 * light.colour
    wall_colour = _muted(np.array([0.62, 0.56, 0.48]) * (0.7 + 0.6 * generator.random(3)))
    slope = np.tan(np.arcsin(np.clip(rise, -0.99, 0.99)))
    wall = np.broadcast_to(wall_colour * (0.85 + 0.25 * np.exp(-((azimuth - draw(-0.4, 0.4)) ** 2) / 0.3))[..., None],
                           (*azimuth.shape, 3)).copy()  # fmt: skip
    for _ in range(int(generator.integers(3, 7))):
        left, width = draw(-0.7, 0.6), draw(0.05, 0.22)
        kind = draw()
        low, high = (-0.5, draw(0.05, 0.3)) if kind < 0.35 else (draw(-0.12, 0.1), draw(0.14, 0.35))
        inside = (azimuth > left) & (azimuth < left + width) & (slope > low) & (slope < high)
        colour = np.array([1.5, 1.6, 1.75]) if kind > 0.85 else _muted(generator.random(3) ** 1.4 * 0.6 + 0.05)
        wall[inside] = colour
    wall[(slope < -0.20) & (slope > -0.23)] *= 1.25
    far = wall * lit
    boards = np.array([0.36, 0.24, 0.15]) if draw() < 0.6 else np.array([0.38, 0.36, 0.33])
    floor = np.clip((draw(0.7, 3.0) - ground) / 0.06, 0, 1) * (rise < 0)
    grain = 1 + 0.10 * _noise(points[..., 0] / 0.12, points[..., 2] / 1.4, generator)
    return Behind(far, floor, points, boards * draw(0.7, 1.3), grain)


def _muted(colour: Array) -> Array:
    """Most things in a home are not vivid."""
    grey: Array = 0.68 * colour.mean() + 0.32 * colour
    return grey


def _outdoors(light: Light, azimuth: Array, rise: Array, ground: Array, points: Array,
              generator: np.random.Generator) -> Behind:  # fmt: skip
    """Sky, trees or houses along the horizon, a ground of grass, sand or asphalt."""
    draw = generator.uniform
    zenith, haze = irradiance(light.sh, np.array([0.0, 1.0, 0.0])), 0.25
    sky_colour = zenith * np.array([0.85, 0.97, 1.15]) * 0.95
    up = np.clip(rise, 0, 1)[..., None]
    far = sky_colour * (1.15 - 0.45 * up**0.6) + haze * light.colour * 0.3 * np.exp(-6 * up)
    town = draw() < 0.45
    colours = (np.array([0.30, 0.27, 0.25]), np.array([0.42, 0.38, 0.33])) if town else (
        np.array([0.055, 0.085, 0.035]), np.array([0.10, 0.13, 0.05]))  # fmt: skip
    lit = irradiance(light.sh, np.array([0.0, 0.4, 0.9])) + 0.4 * light.colour
    for layer in range(3):
        count = int(generator.integers(8, 18))
        centres, tops = draw(-1.2, 1.2, count), draw(0.03, 0.30 - 0.06 * layer, count)
        widths = draw(0.05, 0.20, count)
        offsets = (azimuth[..., None] - centres) / widths
        shape = np.abs(offsets) < 0.6 if town else np.exp(-(offsets**2)) > 0.02
        hills = np.where(shape, tops * (1 if town else np.exp(-(offsets**2))), 0).max(-1) + 0.02
        cover = np.clip((hills - rise) / 0.02, 0, 1)[..., None]
        tint = (colours[0] + (colours[1] - colours[0]) * draw()) * draw(0.7, 1.3, 3) ** 0.5
        blots = 1 + 0.55 * _noise(azimuth * draw(25, 45), rise * draw(30, 60), generator)
        if town:
            blots = np.where((np.sin(azimuth * 140) > 0.3) & (np.sin(rise * 190) > 0.2), 0.45, 1.0)
        far = far * (1 - cover) + cover * (tint * blots[..., None] * lit * (0.75 + 0.2 * layer))
    kinds = (np.array([0.10, 0.14, 0.045]), np.array([0.20, 0.20, 0.20]), np.array([0.34, 0.29, 0.22]))
    earth = kinds[int(generator.integers(len(kinds)))] * draw(0.75, 1.25)
    coarse = _noise(points[..., 0] / 0.5, points[..., 2] / 0.5, generator)
    fine = _noise(points[..., 0] / 0.06, points[..., 2] / 0.06, generator)
    grain = 1 + 0.13 * (coarse + fine / (1 + 0.5 * np.maximum(ground, 0) ** 2))
    return Behind(far, np.clip(-rise / 0.035, 0, 1), points, earth, grain)


def _noise(x: Array, y: Array, generator: np.random.Generator) -> Array:
    """Value noise in -1 … 1, repeated every 64 units."""
    table = generator.uniform(-1, 1, (64, 64))
    i, j = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
    s, t = x - i, y - j
    s, t = s * s * (3 - 2 * s), t * t * (3 - 2 * t)
    corner = [table[(j + k) % 64, (i + n) % 64] for k in range(2) for n in range(2)]
    found: Array = (1 - t) * ((1 - s) * corner[0] + s * corner[1]) + t * ((1 - s) * corner[2] + s * corner[3])
    return found


def blurred(image: Array, radius: int) -> Array:
    """The image (H,W,C) after three box filters, nearly a Gaussian; its edges are repeated."""
    if radius < 1:
        return image
    for axis in (0, 1):
        for _ in range(3):
            padding = [(radius + 1, radius) if k == axis else (0, 0) for k in range(3)]
            sums = np.cumsum(np.pad(image, padding, mode="edge"), axis=axis)
            size = image.shape[axis]
            high = np.take(sums, np.arange(2 * radius + 1, 2 * radius + 1 + size), axis=axis)
            image = (high - np.take(sums, np.arange(size), axis=axis)) / (2 * radius + 1)
    return image
