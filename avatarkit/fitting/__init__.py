"""The body that explains a photo, a mesh, words or a motion: the work of fit-smpl."""

from avatarkit.fitting.figure import Lens, figure_of
from avatarkit.fitting.foreign import measured
from avatarkit.fitting.judging import allowed
from avatarkit.fitting.overlay import overlaid
from avatarkit.fitting.photo import from_photo
from avatarkit.fitting.scan import from_mesh
from avatarkit.fitting.words import betas_of, from_motion, from_words, heeded, recorded_betas

__all__ = [
    "Lens",
    "allowed",
    "betas_of",
    "figure_of",
    "from_mesh",
    "from_motion",
    "from_photo",
    "from_words",
    "heeded",
    "measured",
    "overlaid",
    "recorded_betas",
]
