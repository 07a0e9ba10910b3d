"""How well a fit explains what was seen; and the person that it found, set into the world."""

from __future__ import annotations

import logging

import numpy as np
import torch
from numpy.typing import NDArray

from avatarkit import picture
from avatarkit.camera import Camera, resized
from avatarkit.errors import QualityGate, UsageError
from avatarkit.fitting.landmarks import MEASURED, unit
from avatarkit.fitting.looking import Sight
from avatarkit.fitting.outline import covered
from avatarkit.fitting.rig import Array, Points, Rig, State, frames, places, rotations
from avatarkit.fitting.starting import turn_of
from avatarkit.fitting.terms import projected
from avatarkit.mesh import Mesh

log = logging.getLogger("avatarkit")

LOOKED_AT = 384
"""Pixels of the longer side in which masks are compared."""
STANDING, MOST_TILTED, LEAST_ROLL = np.deg2rad(50), np.deg2rad(30), np.deg2rad(8)
# a fit that is worse than one of these is no fit
WORST_REPROJECTION, WORST_OUTSIDE, WORST_IOU = 0.03, 0.12, 0.5
GATES = ("cropped", "poor")
"""What stops a fit, and what the user may let pass: legs that are cut off, a fit that explains too little."""


def in_world(rig: Rig, skin: Points, state: State) -> tuple[State, Array]:
    """A state of the camera's axes in the world's, and `cam_from_world` (4,4).

    Who stands, stands upright: the camera is as tilted as that needs; else it is level. The person faces +Z, the
    pelvis over x = z = 0, the lowest of the points of the `skin` at y = 0.
    """
    level = np.diag([1.0, -1.0, -1.0]) @ uprighting(rig, skin, state)
    ahead = level @ rotations(state.turns[0])[:, 2]
    heading = float(np.arctan2(ahead[0], ahead[2])) if np.hypot(ahead[0], ahead[2]) > 0.1 else 0.0
    world_from_cam = rotations(np.array([0.0, -heading, 0.0])) @ level
    at = frames(rig, state)
    pelvis = world_from_cam @ at.placed[0]
    low = float((places(rig, skin, state) @ world_from_cam[1]).min())
    origin = np.array([pelvis[0], low, pelvis[2]])
    turns = state.turns.copy()
    turns[0] = turn_of(world_from_cam @ rotations(turns[0]))
    cam_from_world = np.eye(4)
    cam_from_world[:3, :3] = world_from_cam.T
    cam_from_world[:3, 3] = world_from_cam.T @ origin
    return State(pelvis - origin - at.rest[0], turns, state.coefficients), cam_from_world


def coefficients_of(rig: Rig, state: State) -> tuple[torch.Tensor, torch.Tensor]:
    """Betas (B) and expression (E) float32."""
    coefficients = torch.from_numpy(state.coefficients).float()
    return coefficients[: rig.B], coefficients[rig.B :]


def uprighting(rig: Rig, skin: Points, state: State) -> Array:
    """The rotation (3,3) of the camera's axes after which somebody who stands is balanced over their feet.

    No photo tells a leaning person from a tilted camera, but people who stand do not lean. The identity for who sits,
    jumps, kneels or bends, and where more than a camera is ever tilted were needed.
    """
    placed = frames(rig, state).placed
    left, right = (unit(placed[knee] - placed[hip]) for hip, knee in ((1, 4), (2, 5)))
    shanks = [unit(placed[ankle] - placed[knee]) for knee, ankle in ((4, 7), (5, 8))]
    trunk = unit(placed[12] - placed[0])
    bends = [left @ shanks[0], right @ shanks[1], -trunk @ unit(left + right), left @ right]
    if min(bends) < np.cos(STANDING):
        return np.eye(3)
    feet = placed[[7, 8, 10, 11]].mean(0)
    up = unit(places(rig, skin, state).mean(0) - feet)
    tilt = np.array([np.arctan2(-up[2], -up[1]), 0.0, np.arctan2(-up[0], -up[1])])
    if np.abs(tilt).max() > MOST_TILTED:
        return np.eye(3)
    if abs(tilt[2]) < LEAST_ROLL:  # people rest on one leg more often than cameras roll
        tilt[2] = 0
    return rotations(np.array([-tilt[0], 0, 0])) @ rotations(np.array([0, 0, tilt[2]]))


def residuals(
    points: Points, rig: Rig, state: State, sight: Sight, K: Array, camera: Camera, mesh: Mesh
) -> dict[str, float]:
    """Reprojection error (mean and worst, of the person's height), mask IoU, share of the body outside the mask."""
    rows = np.array(MEASURED)
    rows = rows[(sight.sure[rows] > 0.5) & ~np.isnan(sight.pixels[rows, 0])]
    found: dict[str, float] = {}
    if len(rows):
        image, _ = projected(places(rig, points[rows], state), K)
        errors = np.linalg.norm(image - sight.pixels[rows], axis=1) / sight.height
        found = {"reprojection": float(errors.mean()), "reprojection_worst": float(errors.max())}
    if sight.mask is not None:
        body, mask = both_masks(sight.mask, camera, mesh)
        found["mask_iou"] = float((body & mask).sum() / max((body | mask).sum(), 1))
        found["outside"] = float((body & ~mask).sum() / max(body.sum(), 1))
    return found


def both_masks(mask: NDArray[np.float32], camera: Camera, mesh: Mesh) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Where the body and where the mask is, small (h,w) bool."""
    H, W = mask.shape
    scale = min(1.0, LOOKED_AT / max(H, W))
    size = (max(1, round(W * scale)), max(1, round(H * scale)))
    small = picture.resized((mask * 255).astype(np.uint8), size) > 127
    return covered(mesh.vertices, mesh.faces, resized(camera, size)), small


def allowed(text: str | None) -> frozenset[str]:
    """Which of GATES are open, from `cropped,poor`. UsageError for another word."""
    words = frozenset(word.strip().lower() for word in (text or "").split(",") if word.strip())
    if words - set(GATES):
        raise UsageError(f"--allow {text}: expected {' or '.join(GATES)}, or both with a comma between")
    return words


def check(found: dict[str, float], force: bool) -> None:
    """QualityGate where a fit explains too little, or a warning where that is forced."""
    gates = (("reprojection", WORST_REPROJECTION, 1), ("outside", WORST_OUTSIDE, 1), ("mask_iou", WORST_IOU, -1))
    for key, gate, sign in gates:
        if key in found and sign * found[key] > sign * gate:
            what = f"the fit's {key} is {found[key]:.3f}, expected {'at most' if sign > 0 else 'at least'} {gate}"
            if not force:
                raise QualityGate(f"{what}: try another photo, --keypoints or --mask, or --allow poor and look")
            log.warning("%s", what)


def crop(
    photo: picture.Image, mask: NDArray[np.float32] | None, pixels: Array
) -> tuple[picture.Image, tuple[int, int]]:
    """The person's part of a photo (RGBA, A = mask) and its offset (x, y)."""
    H, W = photo.shape[:2]
    if mask is None:
        seen = pixels[~np.isnan(pixels[:, 0])]
        low, high = seen.min(0), seen.max(0)
        margin = 0.12 * float((high - low).max())
        (left, top), (right, bottom) = low - margin, high + margin
    else:
        rows, columns = (np.flatnonzero((mask > 0.02).any(axis)) for axis in (1, 0))
        left, top, right, bottom = (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1) if len(rows) else (0, 0, W, H)
    left, top = max(0, int(left) - 4), max(0, int(top) - 4)
    right, bottom = min(W, int(right) + 4), min(H, int(bottom) + 4)
    alpha = np.full((H, W), 255, np.uint8) if mask is None else np.rint(mask * 255).astype(np.uint8)
    cut = np.concatenate([photo[..., :3], alpha[..., None]], axis=2)[top:bottom, left:right]
    return np.ascontiguousarray(cut), (left, top)
