"""What a photo shows of what its person wears, said as words would say it: wishes by slot of an `outfit`.

Part by part against the body, by rules: where along arms and legs skin begins, whether cloth hangs between the
legs, where the trunk's colour changes, what stands around the head. Skirt, dress or coat is told at a glance by a small
network, if one is given. What cannot be told is left open.

    glimpse   the photo's pixels with their places on the resting body, and how much they look like skin
    clothes   garments, their lengths, shoes          head   hair, beard, skin
"""

from avatarkit.glance import Glance, glanced
from avatarkit.normals.noticing.clothes import clothes_in
from avatarkit.normals.noticing.glimpse import Glimpse, glimpsed
from avatarkit.normals.noticing.head import head_in
from avatarkit.normals.noticing.strip import strip_of
from avatarkit.sitter import Sitter
from avatarkit.words import Wishes

__all__ = ["Glimpse", "glimpsed", "noticed"]


def noticed(sitter: Sitter, glance: Glance | None = None) -> Wishes:
    """The wishes that a sitter's photo stands for; none without a photo, or where too little of the body is seen."""
    glimpse = glimpsed(sitter)
    if glimpse is None:
        return {}
    seen = None if glance is None else glanced(glance, *strip_of(glimpse))
    return {**clothes_in(glimpse, seen), **head_in(glimpse)}
