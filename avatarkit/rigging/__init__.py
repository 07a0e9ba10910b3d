"""A skeleton for a person's mesh: the work of rig.

binding ─► weights of the posed mesh ─► unposing ─► the mesh at rest ─► expressions ─► judging
"""

from avatarkit.rigging.judging import Gate, faults, judge
from avatarkit.rigging.rigging import Rigged, check, rigged

__all__ = ["Gate", "Rigged", "check", "faults", "judge", "rigged"]
