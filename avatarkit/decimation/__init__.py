"""Meshes of fewer triangles: `decimated`."""

from avatarkit.decimation.decimation import decimated

__all__ = ["decimated"]
