"""A carved person looked at from many sides, normals drawn anew there, and carved in: the work of refine.

refined(mesh, model, person, maps, hand=…)   pairs of views around the person, given anew by a `hand`, carved in
Resampled(dual, …), Estimated(network)       hands: SDEdit by a diffusion model [Chupa §3.3], and our regressor
sculpted(mesh, maps, …)                      any normals into any mesh [En3D's geometric sculpting]

Chupa begins again from the body, with 72 maps whatever they bring; here the carved mesh is home, and gives way as
far as its views agree.
"""

from avatarkit.refining.around import Pair, pairs_around
from avatarkit.refining.hands import Estimated, Hand, Resampled, hand
from avatarkit.refining.mending import mended
from avatarkit.refining.refining import Refined, check, pictured, refined, sculpted

__all__ = [
    "Estimated",
    "Hand",
    "Pair",
    "Refined",
    "Resampled",
    "check",
    "hand",
    "mended",
    "pairs_around",
    "pictured",
    "refined",
    "sculpted",
]
