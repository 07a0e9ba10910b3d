"""Parts of a body that a carver keeps rigid: hands and face, each moved as one by a similarity."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from avatarkit.errors import UsageError
from avatarkit.rotation import similarity

FINGERS = ("hand", "thumb", "index", "middle", "ring", "pinky")
GROUPS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "hands": tuple(tuple(f"{side}_{finger}" for finger in FINGERS) for side in ("left", "right")),
    "face": (("face",),),
    "feet": (("left_foot",), ("right_foot",)),
}
"""What can be kept: the parts of the body that move as one each."""
MOST_SCALE = 1.1
"""How much larger or smaller a kept part may become."""
NOT_KEPT = -1


def kept_parts(part: Tensor, part_names: Sequence[str], keep: Sequence[str]) -> Tensor:
    """(V) int64: which rigid piece each vertex belongs to, NOT_KEPT for those that may be carved.

    `part` (V) points into `part_names`. Raises UsageError for a name that GROUPS lacks.
    """
    unknown = [name for name in keep if name not in GROUPS]
    if unknown:
        raise UsageError(f"--keep {unknown[0]}: expected some of {', '.join(GROUPS)}, or none")
    found = torch.full_like(part, NOT_KEPT)
    pieces = [piece for name in keep for piece in GROUPS[name]]
    for k, piece in enumerate(pieces):
        indices = [part_names.index(name) for name in piece if name in part_names]
        found[torch.isin(part, part.new_tensor(indices))] = k
    return found


def similarities(home: Tensor, vertices: Tensor, kept: Tensor) -> dict[int, tuple[Tensor, Tensor]]:
    """Each kept piece's similarity from home (V,3) to vertices (V,3)."""
    pieces = torch.unique(kept[kept >= 0]).tolist()
    return {k: similarity(home[kept == k], vertices[kept == k], most_scale=MOST_SCALE) for k in pieces}


def snapped(home: Tensor, vertices: Tensor, kept: Tensor) -> Tensor:
    """The vertices (V,3), those of kept pieces put where their similarity takes them."""
    found = vertices.clone()
    for k, (linear, shift) in similarities(home, vertices, kept).items():
        found[kept == k] = home[kept == k] @ linear.T + shift
    return found
