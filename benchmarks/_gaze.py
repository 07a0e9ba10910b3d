"""Where eyes look: people whose eyes are turned by a known angle, photographed at 1280 pixels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from avatarkit import appearance, people
from avatarkit.camera import framing
from avatarkit.fitting.calibration import state_of
from avatarkit.fitting.figure import Figure, Lens
from avatarkit.fitting.photo import from_photo
from avatarkit.fitting.rig import State, frames
from avatarkit.words import understood

SIDE, FARTHEST = 1280, (12.0, 30.0)
"""Pixels; degrees down or up, and to the side."""


def gaze(figure: Figure, seed: int, count: int) -> list[dict[str, float]]:
    """Degrees between the true and the fitted line of gaze, both from the head and from the camera, of each person; and
    what they would be with eyes straight ahead."""
    rows = []
    for index in range(count):
        met = people.met(figure.model, seed=seed, index=9000 + index, prompt=understood("standing"), heldout=True)
        generator = np.random.default_rng([seed, index, 7])
        eyes = torch.from_numpy(np.deg2rad([*generator.uniform(-1, 1, 2) * FARTHEST, 0.0])).float()
        person = replace(met.person, pose=replace(met.person.pose, leye_pose=eyes, reye_pose=eyes))
        met = people.made(figure.model, met.drawn, person, np.random.default_rng([seed, index, 2]))
        camera = framing(met.looks.mesh.vertices, (SIDE, SIDE), kind="perspective", fov=25.0)
        taken = appearance.photograph(met.looks, camera, generator)
        height = 100 * float(figure.model.shaped(person.betas).height)
        found = from_photo(figure, taken.image, lens=Lens(float(camera.K[0, 0]), "given"), height=height, force=True)
        true, ours = (state_of(figure.rig, p) for p in (replace(met.person, camera=camera), found))
        turns = ours.turns.copy()
        turns[23:25] = 0
        straight = replace(ours, turns=turns)
        row: dict[str, float] = {}
        for key, tried in (("", ours), ("straight_", straight)):
            row[f"{key}in_head"] = _apart(figure, tried, true, in_head=True)
            row[f"{key}seen"] = _apart(figure, tried, true, in_head=False)
        rows.append(row | {"true_yaw": float(np.degrees(eyes[1])), "yaw": float(np.degrees(ours.turns[23, 1]))})
    return rows


def _apart(figure: Figure, one: State, other: State, *, in_head: bool) -> float:
    ways = []
    for state in (one, other):
        turned = frames(figure.rig, state).turned
        way = turned[23, :, 2]
        ways.append(turned[15].T @ way if in_head else way)
    return float(np.degrees(np.arccos(np.clip(ways[0] @ ways[1], -1, 1))))
