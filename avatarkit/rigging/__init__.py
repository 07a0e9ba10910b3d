"""A skeleton for a person's mesh: the work of rig.

binding ─► weights of the posed mesh ─► unposing ─► the mesh at rest ─► expressions ─► judging ─► levels of detail
(wearing: which limb a scan's vertices are worn on; hanging: skirts; freeing: limbs that have grown together)
"""

from avatarkit.rigging.judging import Gate, faults, judge
from avatarkit.rigging.levels import levels, triangles_of
from avatarkit.rigging.rigging import Rigged, check, cycles, lively, rigged

__all__ = ["Gate", "Rigged", "check", "cycles", "faults", "judge", "levels", "lively", "rigged", "triangles_of"]
