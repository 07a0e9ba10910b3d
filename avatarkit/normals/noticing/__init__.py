"""What a photo shows of what its person wears, said as words would say it: wishes by slot of an `outfit`.

Part by part against the body, without a model: where along arms and legs skin begins, whether cloth hangs between the
legs, where the trunk's colour changes, what stands around the head. What cannot be told is left open.

    glimpse   the photo's pixels with their places on the resting body, and how much they look like skin
    clothes   garments, their lengths, shoes          head   hair, beard, skin
"""

from avatarkit.normals.noticing.clothes import clothes_in
from avatarkit.normals.noticing.glimpse import Glimpse, glimpsed
from avatarkit.normals.noticing.head import head_in
from avatarkit.sitter import Sitter
from avatarkit.words import Wishes

__all__ = ["Glimpse", "glimpsed", "noticed"]


def noticed(sitter: Sitter) -> Wishes:
    """The wishes that a sitter's photo stands for; none without a photo, or where too little of the body is seen."""
    glimpse = glimpsed(sitter)
    return {} if glimpse is None else {**clothes_in(glimpse), **head_in(glimpse)}
