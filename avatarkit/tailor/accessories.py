"""Hats, glasses, bags and scarves on the T-posed body."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from avatarkit.body.pose import JOINT_INDEX
from avatarkit.outfit import GLASSES, HATS, SCARVES, Item
from avatarkit.tailor import bags, glasses, hats, scarves, straps
from avatarkit.tailor.draping import Obstacle
from avatarkit.tailor.fitted import Fitted
from avatarkit.tailor.hair.hanging import settled
from avatarkit.tailor.scalp import head_of

if TYPE_CHECKING:
    from avatarkit.body.model import BodyModel


def made(model: BodyModel, betas: Any, item: Item, *, over: float = 0.0, seed: int = 0) -> Fitted:
    """An item of outfit's HATS, GLASSES, BAGS or SCARVES for a person of betas (≤ B,).

    `over`: metres of clothes under the straps of a bag, or under a scarf.
    """
    if item.kind in HATS:
        return hats.hat(head_of(model, betas), item.kind, np.random.default_rng(seed))
    if item.kind in GLASSES:
        return glasses.glasses(head_of(model, betas), item.kind)
    if item.kind in bags.BAGS:
        return bags.BAGS[item.kind](model, betas, over)
    if item.kind in SCARVES:
        return scarves.scarf(model, betas, over, np.random.default_rng(seed))
    raise ValueError(f"accessories: {item.kind!r} is none of {', '.join((*HATS, *GLASSES, *bags.BAGS, *SCARVES))}")


def placed(
    item: Fitted, start: np.ndarray, world_from_rest: np.ndarray, obstacles: Sequence[Obstacle] = ()
) -> np.ndarray:
    """(V,3) an item skinned to the pose (V,3), where gravity leaves it: a tote hangs from the hand, a scarf's ends lie
    on the chest. Takes the joints' transforms (55,4,4), and what is below it: the posed skin, then garments."""
    start = np.asarray(start, np.float64)
    if item.hangs is not None:
        joint, grip = item.hangs
        turn = world_from_rest[0, :3, :3]
        yaw = np.arctan2(turn[0, 2], turn[2, 2])
        upright = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
        held = world_from_rest[joint, :3, :3] @ grip + world_from_rest[joint, :3, 3]
        return held + (item.vertices - grip) @ upright.T
    if item.straps:
        return straps.worn(item, start, obstacles)
    chest = world_from_rest[JOINT_INDEX["spine3"]]
    return settled(item, chest, chest, start, obstacles)
