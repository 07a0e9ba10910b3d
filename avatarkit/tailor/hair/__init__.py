"""Hair: caps and locks grown from the scalp, for every style of outfit.HAIRSTYLES, and beards.

`flowing`  hairline and which way hair lies · `growing`  caps · `laying`  locks · `styles`, `tied`, `beards`  what each
style is made of · `assembling`  one mesh · `hanging`  gravity and the body
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from avatarkit.outfit import Hair, Item
from avatarkit.tailor.fitted import Fitted
from avatarkit.tailor.hair import beards
from avatarkit.tailor.hair.assembling import assembled
from avatarkit.tailor.hair.hanging import Locks, settled
from avatarkit.tailor.hair.styles import STYLES
from avatarkit.tailor.hair.tied import braid, bun, ponytail
from avatarkit.tailor.hats import pressed, roof_of
from avatarkit.tailor.scalp import head_of

if TYPE_CHECKING:
    from avatarkit.body.model import BodyModel

__all__ = ["Locks", "beard", "grown", "settled"]

LOW_TIES = {"ponytail": ponytail, "bun": bun, "braid": braid}


def grown(
    model: BodyModel, betas: Any, hair: Hair, generator: np.random.Generator, hat: Item | None = None
) -> Fitted | None:
    """The hair of a person of betas (≤ B,) on the T-posed body, None for the bald; under a hat it lies flat, and is
    tied low."""
    if hair.style not in STYLES:
        return None
    head = head_of(model, betas)
    if hat is None:
        return assembled(head, *STYLES[hair.style](head, hair, generator))
    style = partial(LOW_TIES[hair.style], low=True) if hair.style in LOW_TIES else STYLES[hair.style]
    return assembled(head, *style(head, hair, generator), partial(pressed, head=head, roof=roof_of(hat.kind)))


def beard(model: BodyModel, betas: Any, hair: Hair, generator: np.random.Generator) -> Fitted | None:
    """The beard of `hair.beard` on the T-posed body, None for the shaven."""
    if hair.beard not in beards.BEARDS:
        return None
    head = head_of(model, betas)
    return assembled(head, *beards.BEARDS[hair.beard](head, hair, generator))
