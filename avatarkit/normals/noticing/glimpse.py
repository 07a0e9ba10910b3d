"""A photo's pixels, each with its place on the resting body and its likeness to the person's skin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import interpolate

from avatarkit import camera as cameras
from avatarkit import render
from avatarkit.body import JOINT_INDEX
from avatarkit.picture import linear_from_srgb
from avatarkit.sitter import HANDS, Sitter
from avatarkit.tailor.measures import LEVELS, Measures, measured

Array = NDArray[Any]

SIDE = 256
PARTS = {
    "arm": ("upper_arm", "lower_arm"),
    "leg": ("upper_leg", "lower_leg"),
    "hand": HANDS,
    "foot": ("foot",),
    "face": ("face", "eye_socket"),
    "scalp": ("hair_cap",),
    "neck": ("neck",),
    "trunk": ("torso",),
}
"""What is looked at, by the ends of the names of the body's parts."""
FEW = 40
"""Pixels of skin, less than which say nothing of its colour."""
HUE_SPREAD = (0.035, 0.09)
"""How far a skin's hue (OKLab a, b over lightness) strays at least and at most."""


@dataclass(frozen=True, eq=False)
class Glimpse:
    """Images of SIDE² pixels; `pixels` of the outer outline as the mask has it."""

    sitter: Sitter
    measures: Measures
    mask: Array
    """bool"""
    body: Array
    """bool: the bare body"""
    colour: Array
    """(S,S,3) OKLab"""
    part: Array
    """(S,S) index into PARTS, -1 elsewhere"""
    place: Array
    """(S,S,3) on the T-posed body, metres"""
    skin: Array
    """(S,S) 0 … 1"""
    tone: Array
    """(3) OKLab of the face"""

    def of(self, *names: str) -> Array:
        """(S,S) bool: these parts of the body, in the mask."""
        found: Array = np.isin(self.part, [list(PARTS).index(name) for name in names]) & self.mask
        return found

    @property
    def level(self) -> Array:
        """(S,S) height on outfit's scale of hems: 0 waist, 1 crotch, 2 knee, 3 ankle."""
        heights = np.array(self.measures.heights)
        found: Array = np.interp(-self.place[..., 1], -heights, LEVELS)
        return found

    @property
    def sleeve(self) -> Array:
        """(S,S) outfit's scale of sleeves: 0 shoulder, 1 elbow, 2 wrist."""
        marks = [self.measures.joint(f"left_{name}")[0] for name in ("shoulder", "elbow", "wrist")]
        found: Array = np.interp(np.abs(self.place[..., 0]), marks, (0, 1, 2))
        return found

    @property
    def metre(self) -> float:
        """Pixels of a metre on the person, about."""
        camera, joints = self._camera(), self._joints()
        pixels, _ = cameras.project(camera, joints)
        bones = [(JOINT_INDEX[a], JOINT_INDEX[b]) for a, b in (("neck", "pelvis"), ("left_hip", "left_knee"),
                 ("right_hip", "right_knee"), ("left_knee", "left_ankle"), ("right_knee", "right_ankle"))]  # fmt: skip
        return float(max((pixels[a] - pixels[b]).norm() / (joints[a] - joints[b]).norm() for a, b in bones))

    def joint(self, name: str) -> Array:
        """(2) the pixel of a joint."""
        pixels, _ = cameras.project(self._camera(), self._joints()[[JOINT_INDEX[name]]])
        found: Array = pixels[0].double().numpy()
        return found

    def _camera(self) -> cameras.Camera:
        return cameras.resized(self.sitter.camera, (SIDE, SIDE))

    def _joints(self) -> torch.Tensor:
        person = self.sitter.person
        return self.sitter.model.shaped(person.betas, person.expression).posed(person.pose).joints


def glimpsed(sitter: Sitter) -> Glimpse | None:
    """The sitter's photo looked at; None without one, without labels of parts, or where no face shows."""
    model = sitter.model
    if sitter.photo is None or sitter.mask is None or model.part is None or model.cloth is None:
        return None
    camera = cameras.resized(sitter.camera, (SIDE, SIDE))
    rest = model.shaped(sitter.person.betas).vertices
    part = np.full(len(model.part_names), -1)
    for index, ends in enumerate(PARTS.values()):
        part[[k for k, name in enumerate(model.part_names) if name.endswith(ends)]] = index
    one_hot = torch.nn.functional.one_hot(torch.from_numpy(part)[model.part] + 1, len(PARTS) + 1).to(rest)
    image, cover = render.render(sitter.mesh.vertices, sitter.mesh.faces, [camera], torch.cat([rest, one_hot], dim=1))
    seen, body = image[0].double().numpy(), cover[0].numpy() > 0.5
    small = interpolate(torch.cat([sitter.photo.movedim(-1, 0), sitter.mask[None]])[None], (SIDE, SIDE), mode="area")[0]
    mask = small[3].numpy() > 0.5
    colour = oklab(small[:3].movedim(0, -1).double().numpy())
    place = seen[..., :3] / np.maximum(cover[0].numpy(), 1e-6)[..., None]
    shown = np.where(body, seen[..., 3:].argmax(axis=-1) - 1, -1)
    face = colour[(shown == list(PARTS).index("face")) & mask]
    if len(face) < FEW:
        return None
    skin, tone = _skin_likeness(colour, face)
    return Glimpse(sitter, measured(model, sitter.person.betas), mask, body, colour, shown, place, skin * mask, tone)


def _skin_likeness(colour: Array, face: Array) -> tuple[Array, Array]:
    """How much each pixel looks like the brighter half of the face's (no beard, no shadow), and their colour."""
    bright = face[face[:, 0] >= np.median(face[:, 0])]
    hues = bright[:, 1:] / np.maximum(bright[:, :1], 0.05)
    centre = np.median(hues, axis=0)
    spread = np.clip(2.0 * np.median(np.linalg.norm(hues - centre, axis=1)), *HUE_SPREAD)
    off = np.linalg.norm(colour[..., 1:] / np.maximum(colour[..., :1], 0.05) - centre, axis=-1) / spread
    light = colour[..., 0] / np.median(bright[:, 0])
    return np.exp(-0.5 * off**2) * ((light > 0.55) & (light < 1.35)), np.median(bright, axis=0)


def oklab(srgb: Array) -> Array:
    """(...,3) OKLab of sRGB 0 … 1 [Ottosson 2020]: distances as the eye sees them."""
    cones = linear_from_srgb(srgb).astype(np.float64) @ np.array(
        [[0.4122214708, 0.2119034982, 0.0883024619], [0.5363325363, 0.6806995451, 0.2817188376],
         [0.0514459929, 0.1073969566, 0.6299787005]])  # fmt: skip
    found: Array = np.cbrt(cones) @ np.array(
        [[0.2104542553, 1.9779984951, 0.0259040371], [0.7936177850, -2.4285922050, 0.7827717662],
         [-0.0040720468, 0.4505937099, -0.8086757660]])  # fmt: skip
    return found


def srgb_of(lab: Array) -> tuple[float, float, float]:
    """The sRGB 0 … 1 of one OKLab colour (3)."""
    cones = (lab @ np.array([[1.0, 1.0, 1.0], [0.3963377774, -0.1055613458, -0.0894841775],
                             [0.2158037573, -0.0638541728, -1.2914855480]])) ** 3  # fmt: skip
    light = cones @ np.array(
        [[4.0767416621, -1.2684380046, -0.0041960863], [-3.3077115913, 2.6097574011, -0.7034186147],
         [0.2309699292, -0.3413193965, 1.7076147010]])  # fmt: skip
    light = np.clip(light, 0, 1)
    red, green, blue = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return round(float(red), 4), round(float(green), 4), round(float(blue), 4)


def stepped(along: Array, value: Array, low: float, high: float, bins: int = 24) -> tuple[float, float]:
    """Where (low … high) a quantity 0 … 1 goes from low to high values best, and the difference of its means after and
    before; an end where it never does. Each bin counts the same, however many pixels it has."""
    edges = np.linspace(low, high, bins + 1)
    index = np.clip(np.digitize(along, edges) - 1, 0, bins - 1)
    inside = (along >= low) & (along <= high)
    counts = np.bincount(index[inside], minlength=bins)
    means = np.bincount(index[inside], value[inside], minlength=bins) / np.maximum(counts, 1)
    weight = np.minimum(counts, 6) / 6
    costs = [float((weight * np.where(np.arange(bins) < s, means, 1 - means)).sum()) for s in range(bins + 1)]
    s = int(np.argmin(costs))
    before, after = ((weight[k] @ means[k]) / max(weight[k].sum(), 1e-6) for k in (slice(0, s), slice(s, bins)))
    contrast = float(after if s == 0 else 1 - before if s == bins else after - before)
    return float(edges[s]), contrast
