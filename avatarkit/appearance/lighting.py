"""Light that falls on a person: an environment in spherical harmonics, and a sun or window that casts shadows.

The nine coefficients (9,3) are those of radiance, linear RGB, in the real basis of Ramamoorthi and Hanrahan 2001; world
axes, +Y up.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

BAND_GAIN = np.array([1.0, 2 / 3, 2 / 3, 2 / 3, 0.25, 0.25, 0.25, 0.25, 0.25])
"""What a surface's cosine leaves of each coefficient: irradiance over π."""
KINDS = ("overcast", "sunny", "indoor", "studio", "evening")


@dataclass(frozen=True, eq=False)
class Light:
    """An environment `sh` (9,3), and a lamp: where it is, `towards` (3) unit, its `colour` (3) irradiance over π.

    `size` is its angular radius, radians: how soft its shadows are. `behind` (3) is linear light of a plain background.
    """

    sh: Array
    towards: Array
    colour: Array
    size: float
    behind: Array
    kind: str = "studio"


def basis(directions: Array) -> Array:
    """(...,9) the real spherical harmonics at unit directions (...,3)."""
    x, y, z = directions[..., 0], directions[..., 1], directions[..., 2]
    one = np.full_like(x, 0.282095)
    return np.stack(
        [one, 0.488603 * y, 0.488603 * z, 0.488603 * x, 1.092548 * x * y, 1.092548 * y * z,
         0.315392 * (3 * z * z - 1), 1.092548 * x * z, 0.546274 * (x * x - y * y)], axis=-1,
    )  # fmt: skip


def sphere(count: int) -> Array:
    """(count,3) unit directions, evenly spread: a golden spiral."""
    i = np.arange(count) + 0.5
    height, angle = 1 - 2 * i / count, np.pi * (1 + 5**0.5) * i
    radius = np.sqrt(1 - height**2)
    return np.stack([radius * np.cos(angle), height, radius * np.sin(angle)], axis=-1)


def projected(radiance: Array, directions: Array) -> Array:
    """(9,3) coefficients of `radiance` (D,3) at evenly spread `directions` (D,3)."""
    found: Array = 4 * np.pi / len(directions) * basis(directions).T @ radiance
    return found


def irradiance(sh: Array, normals: Array) -> Array:
    """(...,3) irradiance over π at unit normals (...,3): what multiplies albedo."""
    found: Array = basis(normals) @ (BAND_GAIN[:, None] * sh)
    return np.maximum(found, 0)


def random_light(generator: np.random.Generator, kind: str | None = None) -> Light:
    """A natural light of a kind of KINDS, or of any; of mean brightness that a camera's exposure suits."""
    kind = kind or str(generator.choice(KINDS, p=[0.25, 0.25, 0.2, 0.2, 0.1]))
    if kind not in KINDS:
        raise ValueError(f"light: kind is {kind!r}, expected one of {', '.join(KINDS)}")
    draw = generator.uniform
    side = draw(-1.2, 1.2)
    height = {"overcast": 1.1, "sunny": draw(0.45, 1.05), "indoor": draw(0.1, 0.5), "studio": draw(0.35, 0.8),
              "evening": draw(0.12, 0.35)}[kind]  # fmt: skip
    towards = np.array([np.sin(side) * np.cos(height), np.sin(height), np.cos(side) * np.cos(height)])
    sky, ground, lamp, strength, size = _palette(kind, generator)
    directions = sphere(256)
    up = directions[:, 1:2]
    radiance = np.where(up > 0, sky * (0.75 + 0.35 * up), ground * (1 - 0.3 * np.abs(up)))
    radiance = radiance * _patches(directions, generator, 0.55 if kind in ("indoor", "studio") else 0.3)
    if kind in ("overcast", "sunny"):
        # the sky around the sun is brighter
        radiance += 0.5 * sky * np.clip(directions @ towards, 0, 1)[:, None] ** 4
    behind = {"studio": draw(0.35, 0.85) * np.ones(3), "indoor": 0.5 * ground + 0.35 * sky}.get(kind, 0.7 * sky)
    return Light(projected(radiance, directions), towards, strength * lamp, size, behind, kind)


def _palette(kind: str, generator: np.random.Generator) -> tuple[Array, Array, Array, float, float]:
    """Linear colours of sky, ground and lamp; the lamp's strength and angular radius."""
    draw = generator.uniform
    tint = 1 + draw(-0.04, 0.04, 3)
    grass = np.array([0.20, 0.22, 0.14]) if draw() < 0.5 else np.array([0.26, 0.25, 0.23])
    if kind == "overcast":
        return np.array([0.86, 0.90, 0.96]) * tint, grass * 0.9, np.array([1.0, 0.99, 0.97]), draw(0.10, 0.25), 0.5
    if kind == "sunny":
        return np.array([0.27, 0.36, 0.50]) * tint, grass, np.array([1.0, 0.93, 0.82]), draw(0.9, 1.3), 0.02
    if kind == "indoor":
        wall = np.array([0.52, 0.45, 0.37]) * tint
        return wall, wall * np.array([0.62, 0.55, 0.48]), np.array([1.0, 0.95, 0.88]), draw(0.35, 0.7), 0.22
    if kind == "studio":
        return np.full(3, 0.46) * tint, np.full(3, 0.34), np.array([1.0, 0.98, 0.96]), draw(0.45, 0.8), 0.18
    return np.array([0.28, 0.28, 0.37]) * tint, grass * 0.7, np.array([1.0, 0.66, 0.38]), draw(0.7, 1.1), 0.03


def _patches(directions: Array, generator: np.random.Generator, depth: float) -> Array:
    """(D,1) around 1: a few large bright and dark surfaces around the person."""
    light = np.ones(len(directions))
    for _ in range(5):
        place = generator.normal(size=3)
        place /= np.linalg.norm(place)
        light += depth * generator.uniform(-0.7, 1.0) * np.exp(3.0 * (directions @ place - 1))
    return np.clip(light, 0.25, None)[:, None]
