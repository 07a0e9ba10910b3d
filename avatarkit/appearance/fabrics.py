"""What cloth, leather and hair are like: how their colour varies, how uneven they are, how they shine."""

from typing import NamedTuple

WEAVES = ("none", "plain", "twill", "knit", "slub", "nap")


class Fabric(NamedTuple):
    """Amplitudes of colour are shares of it; `bumps` are (height, wavelengths (x, y, z)), metres of cloth."""

    mottle: float
    """large, as after washing"""
    melange: float
    """of single yarns or grains"""
    grain: float
    """metres of one"""
    weave: str
    thread: float
    """metres of a thread or stitch"""
    wear: float
    """how much lighter edges and bulges are"""
    stitch: float
    """how much lighter (above 0) or darker seams' stitches are"""
    bumps: tuple[tuple[float, float, float, float], ...]
    roughness: float
    gloss: float
    """reflectance straight on"""
    fuzz: float
    """light at grazing angles, of fibres that stand up"""


FABRICS: dict[str, Fabric] = {
    "cotton": Fabric(0.035, 0.020, 0.0030, "plain", 0.0008, 0.00, -0.10,
                     ((0.0015, 0.040, 0.056, 0.040), (0.00045, 0.013, 0.017, 0.013)), 0.78, 0.035, 0.10),
    "denim": Fabric(0.075, 0.060, 0.0022, "twill", 0.0011, 0.30, 0.35,
                    ((0.0016, 0.045, 0.060, 0.045), (0.00040, 0.008, 0.016, 0.008)), 0.82, 0.03, 0.06),
    "knit": Fabric(0.030, 0.055, 0.0035, "knit", 0.0055, 0.00, -0.12,
                   ((0.0009, 0.00625, 0.022, 0.00625), (0.0014, 0.050, 0.060, 0.050)), 0.92, 0.03, 0.28),
    "wool": Fabric(0.030, 0.085, 0.0024, "nap", 0.0020, 0.00, -0.10,
                   ((0.0012, 0.060, 0.080, 0.060), (0.00040, 0.009, 0.011, 0.009)), 0.94, 0.03, 0.30),
    "leather": Fabric(0.060, 0.045, 0.0040, "none", 0.0, 0.16, -0.18,
                      ((0.00024, 0.0075, 0.0085, 0.0075), (0.0016, 0.036, 0.044, 0.036)), 0.44, 0.045, 0.02),
    "silk": Fabric(0.025, 0.008, 0.0015, "plain", 0.0005, 0.00, -0.06,
                   ((0.0010, 0.045, 0.075, 0.045), (0.00025, 0.016, 0.022, 0.016)), 0.42, 0.045, 0.14),
    "linen": Fabric(0.045, 0.050, 0.0030, "slub", 0.0012, 0.00, -0.08,
                    ((0.0022, 0.038, 0.052, 0.038), (0.00060, 0.014, 0.018, 0.014)), 0.84, 0.03, 0.10),
    "fleece": Fabric(0.030, 0.040, 0.0040, "nap", 0.0035, 0.00, -0.10,
                     ((0.0013, 0.0165, 0.0165, 0.0165), (0.0014, 0.050, 0.060, 0.050)), 0.96, 0.03, 0.34),
    "lycra": Fabric(0.015, 0.008, 0.0015, "none", 0.0, 0.0, -0.1, ((0.00018, 0.016, 0.020, 0.016),), 0.58, 0.035, 0.06),
}  # fmt: skip

SKIN = Fabric(
    0, 0, 0, "none", 0, 0, 0, ((0.00005, 0.0016, 0.0016, 0.0016), (0.00004, 0.007, 0.007, 0.007)), 0.52, 0.026, 0.05
)
EYE = Fabric(0, 0, 0, "none", 0, 0, 0, (), 0.08, 0.045, 0.0)
WET = Fabric(0, 0, 0, "none", 0, 0, 0, (), 0.45, 0.025, 0.0)
HAIR = Fabric(
    0.05, 0, 0, "none", 0, 0, 0, ((0.0016, 0.0067, 0.11, 0.0067), (0.0030, 0.022, 0.20, 0.022)), 0.42, 0.045, 0.06
)
RUBBER = Fabric(0.02, 0.02, 0.003, "none", 0.0, 0.0, 0.0, ((0.00025, 0.010, 0.010, 0.010),), 0.70, 0.04, 0.0)
METAL = Fabric(0.02, 0.0, 0.003, "none", 0.0, 0.0, 0.0, (), 0.28, 0.35, 0.0)
LENS = Fabric(0.0, 0.0, 0.003, "none", 0.0, 0.0, 0.0, (), 0.06, 0.08, 0.0)
