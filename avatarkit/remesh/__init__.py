"""Meshes made anew: `remeshed`, `isotropic`, `subdivided`, `filled`, `large_parts`."""

from avatarkit.remesh.continuous import remeshed
from avatarkit.remesh.holes import filled
from avatarkit.remesh.isotropic import isotropic
from avatarkit.remesh.parts import large_parts
from avatarkit.remesh.subdivision import loop_operator, subdivided

__all__ = ["filled", "isotropic", "large_parts", "loop_operator", "remeshed", "subdivided"]
