"""Cloth on a posed body: garments fall, wrinkle and rest on the skin and on what is worn below.

A garment comes skinned to the pose, where limbs may overlap and cloth may lie inside. Each of its vertices knows the
skin under it from the T-pose, where nothing touches: it is pushed out along that skin's normal, and follows the skin by
a walk over its surface, so that a sleeve never ends in the trunk. Other limbs push it as well, if they come near.
Coarse steps make the folds, one Loop subdivision and fine steps the wrinkles.

Position-based dynamics in small steps [Macklin et al. 2019, Small steps in physics simulation]; what hangs is kept from
stretching by its distance along the cloth to where it is held [Kim et al. 2012, Long range attachments]. Arrays are
float64 and int64; one thread, no clock: the same numbers give the same bytes.

`sheets`  what is draped, and on what · `draping`  the two passes · `falling`  cloth in numba · `contacts`, `nearest`
where it touches · `seats`  what one sits on · `trials`  how well it lies
"""

from avatarkit.tailor.draping.draping import PRESETS, drape
from avatarkit.tailor.draping.fabrics import FABRICS, Fabric
from avatarkit.tailor.draping.falling import Seat
from avatarkit.tailor.draping.seats import seat_under
from avatarkit.tailor.draping.sheets import Cloth, Draped, Obstacle
from avatarkit.tailor.draping.trials import clearances, penetration, settled, stretches

__all__ = [
    "FABRICS",
    "PRESETS",
    "Cloth",
    "Draped",
    "Fabric",
    "Obstacle",
    "Seat",
    "clearances",
    "drape",
    "penetration",
    "seat_under",
    "settled",
    "stretches",
]
