"""From linear light to a photo: exposure, white balance, tone curve, lens blur, noise, compression."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from avatarkit import picture
from avatarkit.appearance.backdrop import blurred
from avatarkit.appearance.lighting import Light, irradiance

Array = NDArray[np.float64]


def exposure_of(
    light: Light, towards_camera: Array, person: Array, generator: np.random.Generator | None = None
) -> Array:
    """(3) what a camera multiplies linear light with, so that a grey card that faces it and the lamp comes out grey.

    Halfway from the card to the mean light of the `person` (3), as photographers open up for dark skin and clothes.
    With a generator, the photographer errs: a third of a stop, and a white balance that is not quite neutral.
    """
    facing = towards_camera + 0.4 * light.towards + np.array([0.0, 0.35, 0.0])
    facing /= np.linalg.norm(facing)
    card = irradiance(light.sh, facing) + light.colour * max(float(facing @ light.towards), 0.15)
    balance = (card / card.mean()) ** -0.65
    error, tint = (1.0, np.ones(3)) if generator is None else (
        2 ** generator.normal(0, 0.22), 1 + generator.normal(0, 0.018, 3))  # fmt: skip
    grey = 1.15 / card.mean()
    grey *= float(np.clip(0.25 / max(float(person.mean()) * grey, 1e-3), 0.4, 4.0)) ** 0.3
    found: Array = grey * error * balance * tint
    return found


def tone_mapped(light: Array) -> Array:
    """Display light in 0 … 1: a straight line with a bent shoulder, and a slight toe for contrast."""
    shoulder = 0.62
    over = np.maximum(light - shoulder, 0)
    bent = np.where(light < shoulder, light, shoulder + (1 - shoulder) * (1 - np.exp(-over / (1 - shoulder))))
    found: Array = bent * (bent + 0.12) / (bent + 0.135)
    return found


def developed(
    light: Array, exposure: Array, generator: np.random.Generator, *, noise: bool = True
) -> NDArray[np.uint8]:
    """(H,W,3) uint8 sRGB of linear `light` (H,W,3); with `noise`, also a lens's softness, grain and JPEG's blocks."""
    exposed = light * exposure
    if noise:
        soft = blurred(exposed, 1)
        exposed = exposed + generator.uniform(0.0, 0.35) * (soft - exposed)
        H, W = exposed.shape[:2]
        y, x = np.mgrid[-1 : 1 : H * 1j, -1 : 1 : W * 1j]
        exposed = exposed * (1 - generator.uniform(0, 0.16) * (x**2 + y**2) / 2)[..., None]
        strength = generator.uniform(0.001, 0.006)
        # shot noise grows with the square root of light, read noise does not
        grain = generator.standard_normal(exposed.shape)
        exposed = exposed + grain * strength * np.sqrt(np.maximum(exposed, 0) + 0.02)
    image = picture.srgb_from_linear(tone_mapped(np.maximum(exposed, 0)))
    return compressed(image, int(generator.integers(72, 96))) if noise and generator.random() < 0.7 else image


LUMA = np.array(
    [[16, 11, 10, 16, 24, 40, 51, 61], [12, 12, 14, 19, 26, 58, 60, 55], [14, 13, 16, 24, 40, 57, 69, 56],
     [14, 17, 22, 29, 51, 87, 80, 62], [18, 22, 37, 56, 68, 109, 103, 77], [24, 35, 55, 64, 81, 104, 113, 92],
     [49, 64, 78, 87, 103, 121, 120, 101], [72, 92, 95, 98, 112, 100, 103, 99]], np.float32,
)  # fmt: skip
"""Steps of a block's frequencies, JPEG's annex K."""
YCC = np.array([[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]], np.float32)


def compressed(image: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    """The image as JPEG of a quality of 1 … 100 gives it back: blocks of 8 × 8, colour at half the resolution."""
    H, W = image.shape[:2]
    padded = np.pad(image, ((0, -H % 16), (0, -W % 16), (0, 0)), mode="edge").astype(np.float32) - 128
    scale = (5000 / quality if quality < 50 else 200 - 2 * quality) / 100
    ycc = padded @ YCC.T
    planes = [_quantised(ycc[..., 0], np.maximum(LUMA * scale, 1))]
    for c in (1, 2):
        h, w = ycc.shape[:2]
        half = ycc[..., c].reshape(h // 2, 2, w // 2, 2).mean(axis=(1, 3))
        steps = np.maximum(np.minimum(1.25 * LUMA + 6, 99) * scale, 1)
        planes.append(_quantised(half, steps).repeat(2, axis=0).repeat(2, axis=1))
    rgb = np.stack(planes, axis=-1) @ np.linalg.inv(YCC).T + 128
    return np.clip(np.rint(rgb[:H, :W]), 0, 255).astype(np.uint8)


def _quantised(plane: NDArray[np.float32], steps: NDArray[np.float32]) -> NDArray[np.float32]:
    """A plane (H,W), blocks of which keep whole multiples of `steps` (8,8) of their cosines."""
    h, w = plane.shape[0] // 8, plane.shape[1] // 8
    k = np.arange(8)
    cosine = (np.cos((2 * k + 1) * k[:, None] * np.pi / 16) * np.where(k[:, None] == 0, 8**-0.5, 0.5)).astype(
        np.float32
    )
    blocks = np.ascontiguousarray(plane.reshape(h, 8, w, 8).swapaxes(1, 2), np.float32)
    kept = np.rint(cosine @ blocks @ cosine.T / steps) * steps
    found: NDArray[np.float32] = (cosine.T @ kept @ cosine).swapaxes(1, 2).reshape(plane.shape)
    return found
