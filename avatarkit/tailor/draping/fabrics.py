"""How fabrics hang: what each of `outfit.FABRICS` is to the simulation of cloth."""

from typing import NamedTuple


class Fabric(NamedTuple):
    """Rates are per sweep of an even mesh with edges of 25 mm, found by eye; no measured materials."""

    bend: float  # 0 … 1: stiffness against bending
    weight: float  # 1 cotton: how hard it hangs
    slack: float  # how much wider than its cut it lies, in wrinkles
    friction: float


FABRICS: dict[str, Fabric] = {
    "cotton": Fabric(0.25, 1.0, 0.020, 0.35),
    "denim": Fabric(0.55, 1.4, 0.012, 0.45),
    "knit": Fabric(0.30, 1.2, 0.015, 0.50),
    "wool": Fabric(0.60, 1.5, 0.008, 0.45),
    "leather": Fabric(0.75, 1.8, 0.010, 0.40),
    "silk": Fabric(0.06, 0.9, 0.030, 0.15),
    "linen": Fabric(0.35, 1.0, 0.030, 0.40),
    "fleece": Fabric(0.45, 1.1, 0.012, 0.50),
    "lycra": Fabric(0.15, 0.8, 0.000, 0.50),
}
"""Every name of `outfit.FABRICS`."""
