"""Normals of a clothed person from a photo and the body's own normals. `weights/` holds what comes with the package."""

from avatarkit.regressor.network import SIDE, STEP, Clothed, Regressor, surprise

__all__ = ["SIDE", "STEP", "Clothed", "Regressor", "surprise"]
