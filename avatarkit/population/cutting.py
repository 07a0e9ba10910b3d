"""How garments of one kind differ: hems, sleeves, ease, necklines, openings, as shops sell them."""

from dataclasses import replace
from typing import Any

import numpy as np

from avatarkit.outfit import GARMENTS, LEGGED, SKIRTS, Garment
from avatarkit.population.colouring import drawn

HEMS = {  # where a kind's hem may be, else ± 0.12 about its usual place
    "t-shirt": (0.45, 0.95),
    "tank top": (0.4, 0.8),
    "crop top": (-0.5, -0.15),
    "shirt": (0.55, 1.0),
    "sweater": (0.5, 0.95),
    "tunic": (1.1, 1.6),
    "jacket": (0.45, 0.95),
    "cardigan": (0.6, 1.35),
    "blazer": (0.8, 1.1),
    "coat": (1.35, 2.5),
    "trench coat": (1.6, 2.4),
    "parka": (1.0, 1.6),
    "trousers": (2.75, 2.97),
    "jeans": (2.72, 2.97),
    "wide trousers": (2.6, 3.0),
    "shorts": (1.4, 2.0),
    "skirt": (1.65, 2.5),
    "mini skirt": (1.4, 1.58),
    "pencil skirt": (1.75, 2.15),
    "pleated skirt": (1.5, 2.4),
    "long skirt": (2.65, 3.0),
    "dress": (1.5, 2.6),
    "sundress": (1.45, 2.4),
    "shirt dress": (1.6, 2.3),
    "sheath dress": (1.55, 2.1),
    "gown": (2.9, 3.08),
    "leggings": (2.5, 2.95),
}
SLEEVES = {
    "t-shirt": "0.4, 0.55 3, 0.75 2, 0.95 0.6",
    "crop top": "0.0, 0.35 2, 0.6",
    "polo shirt": "0.5 2, 0.65",
    "shirt": "1.95 8, 1.2 1.2, 0.6 1",
    "blouse": "1.9 6, 1.45 1.2, 0.55 1",
    "tunic": "1.3 2, 1.9 2, 0.6 1",
    "dress": "0.0 2, 0.25, 0.5 3, 1.0 0.8, 1.45 1, 1.92 2",
    "sheath dress": "0.0 2, 0.25 1, 0.5 2, 1.45 0.7",
    "shirt dress": "1.2 2, 1.92 2, 0.55 1",
    "jumpsuit": "0.0, 0.5 2, 1.92 1",
    "cardigan": "1.95 6, 1.45",
}
NECKLINES = {
    "t-shirt": "crew 6, v 2, scoop 0.7",
    "tank top": "scoop 3, crew 2, straps 1.5, v 0.5",
    "crop top": "crew 2, scoop, straps",
    "blouse": "v 3, collar 2, crew 1, boat 0.5",
    "long-sleeved top": "crew 4, v 1.5, scoop 1, boat 1",
    "sweater": "crew 5, v 2.5",
    "tunic": "v 2, crew 1, boat 0.5",
    "jacket": "collar 3, hood 1.5, crew 0.3",
    "coat": "lapels 5, collar 1.5, hood 0.4",
    "dress": "crew 3, v 2, scoop 2, boat 1",
    "sheath dress": "crew 2, boat 1.5, v 1, scoop 1",
    "gown": "strapless 2, straps 2, v 1",
    "jumpsuit": "v 2, collar 1, crew 1",
    "waistcoat": "v",
}
OPENINGS = {
    "shirt": "placket",
    "jacket": "zip 4, open 2",
    "denim jacket": "open 3, placket 2",
    "leather jacket": "open 3, zip 2",
    "bomber jacket": "zip 3, open 2",
    "blazer": "open 2, placket 1",
    "cardigan": "open 3, placket 2",
    "coat": "placket 3, open 1.5",
    "trench coat": "placket 3, open 1",
    "parka": "zip 3, open 1",
    "hoodie": "closed 3, zip 1.2",
}
FABRICS = {
    "shirt": "cotton 6, linen 1, denim 0.6",
    "blouse": "silk 3, cotton 2, linen 0.6",
    "trousers": "cotton 4, wool 2, linen 1",
    "skirt": "cotton 3, denim 1, wool 1, linen 0.6, leather 0.3",
    "mini skirt": "cotton 2, denim 2, leather 0.7, wool 0.5",
    "dress": "cotton 4, knit 0.7, linen 0.8, silk 0.8",
    "shorts": "cotton 4, denim 2, linen 0.5",
    "coat": "wool 6, cotton 1",
    "wide trousers": "linen 2, cotton 2, silk 0.5",
    "jumpsuit": "cotton 3, denim 0.8, linen 0.6",
    "gown": "silk",
    "sweater": "knit 5, wool 1",
    "tank top": "cotton 4, lycra 0.7",
    "pencil skirt": "cotton 2, wool 2, leather 0.4",
}
EXTRAS = {  # details that some have
    "shirt": "chest pocket 0.4",
    "t-shirt": "chest pocket 0.08",
    "jeans": "turned-up hem 0.15",
    "coat": "belt 0.2",
    "dress": "belt 0.2",
    "parka": "cuffs 0.3",
    "trousers": "belt 0.25, side pockets 0.5",
    "shorts": "side pockets 0.6",
    "jacket": "cuffs 0.25",
    "skirt": "belt 0.1",
    "wide trousers": "belt 0.2, pleats 0.2",
}
TUCKED = {
    "shirt": 0.35,
    "blouse": 0.45,
    "t-shirt": 0.12,
    "turtleneck": 0.25,
    "long-sleeved top": 0.15,
    "tank top": 0.2,
    "polo shirt": 0.2,
}
BELOW_WAIST = 0.13
"""How much lower on the hips trousers are worn than skirts."""
CLOSE = frozenset({"leggings", "sheath dress", "pencil skirt", "turtleneck", "waistcoat"})


def cut_for(generator: np.random.Generator, kind: str, slot: str, age: float, occasion: str) -> Garment:
    """A garment of a kind as one may find it; its pattern is still the default."""
    usual = GARMENTS[kind][1]
    low, high = HEMS.get(kind, (usual.hem - 0.12, usual.hem + 0.12))
    hem = float(np.clip(generator.normal((2 * usual.hem + low + high) / 4, 0.35 * (high - low)), low, high))
    rise = usual.rise + (BELOW_WAIST if slot == "bottom" and kind not in SKIRTS else 0.0)
    loose = float(np.exp(np.clip(generator.normal(0.0, 0.1 if kind in CLOSE else 0.28), -0.55, 0.75)))
    said: dict[str, Any] = {
        "hem": round(hem, 3),
        "ease": round(usual.ease * loose, 4),
        "flare": round(usual.flare * float(generator.uniform(0.7, 1.4)), 4),
        "rise": round(float(np.clip(rise + generator.normal(0.0, 0.08), rise - 0.2, rise + 0.16)), 3),
    }
    if kind in ("dress", "skirt") and generator.random() < 0.3:
        said["flare"] = round(float(generator.uniform(0.1, 0.2)), 4)
    for key, table in (("neckline", NECKLINES), ("opening", OPENINGS), ("fabric", FABRICS)):
        if kind in table:
            said[key] = drawn(generator, table[kind])
    if kind in SLEEVES:
        said["sleeve"] = round(float(drawn(generator, SLEEVES[kind]) or 0) + float(generator.uniform(-0.04, 0.03)), 3)
        said["sleeve"] = max(said["sleeve"], 0.0) if said["sleeve"] > 0.1 else 0.0
    details = list(usual.details)
    for entry in filter(None, EXTRAS.get(kind, "").split(", ")):
        detail, share = entry.rsplit(" ", 1)
        if generator.random() < float(share):
            details.append(detail)
    if said.get("sleeve", usual.sleeve) < 1.6 and "cuffs" in details and slot in ("top", "dress"):
        details.remove("cuffs")
    if said.get("opening") == "zip" and "kangaroo pocket" in details:
        details[details.index("kangaroo pocket")] = "side pockets"
    tucks = TUCKED.get(kind, 0.0) * (2.2 if occasion in ("office", "formal") else 0.2 if age < 13 else 1.0)
    said["tucked"] = slot == "top" and said["hem"] < 1.05 and bool(generator.random() < tucks)
    has_skirt = kind in SKIRTS or (slot == "dress" and kind not in LEGGED)
    if has_skirt and age < 13:  # children's skirts are rarely long
        said["hem"] = min(said["hem"], 2.2) if kind not in ("long skirt", "gown") else said["hem"]
    return replace(usual, **said, details=tuple(details))
