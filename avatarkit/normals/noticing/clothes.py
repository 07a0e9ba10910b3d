"""Garments in a photo: which slots, how long, how wide, whether a skirt; and shoes."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from avatarkit.glance import Seen
from avatarkit.normals.noticing.glimpse import SIDE, Array, Glimpse, srgb_of, stepped
from avatarkit.words import Wish

UNLIKE = 0.075
"""Distance in OKLab from which on two cloths are two."""
ENOUGH = 25
"""Pixels of which something is told."""
LONG_SLEEVE, SLEEVELESS = 1.6, 0.12
LONG = 2.92
"""The hem of trousers."""
NO_SHOE = 0.5
LOOSE = 0.035
"""Metres that trousers stand off a leg at most: what is farther between the legs is a skirt's."""
LATE = 0.08
"""How far below a hem its change of colour is found, on the mean: shadow hides the first of what is beneath."""
NOT_WORN = Wish(absent=True)
SKIRT = 0.62
"""Of the places between the legs, how many must be cloth for a skirt."""


class Legs(NamedTuple):
    """What covers the legs: a skirt or not, where it ends, whether skin follows."""

    skirt: bool
    hem: float
    bare: bool
    coat: float | None = None
    """where a coat over trousers ends"""


def clothes_in(glimpse: Glimpse, seen: Seen | None = None) -> dict[str, Wish]:
    """Wishes for every garment and the shoes; what is not seen is absent: bags, hats and scarves are not looked for.
    What was `seen` at a glance goes before the rules about skirts, dresses and coats."""
    legs, sleeve = _legs(glimpse) if seen is None else _legs_as(seen, glimpse), _sleeve(glimpse)
    border, apart = _border(glimpse, legs)
    alike = apart < UNLIKE if seen is None else seen.dress > 0.5 or (apart < UNLIKE and seen.dress > 0.25)
    lower = _colour(glimpse, glimpse.of("leg", "trunk") & _between(glimpse.level, max(border, 0.9), legs.hem - 0.05))
    found = {slot: NOT_WORN for slot in ("hat", "bag", "scarf", "glasses", "outer", "dress")}
    found["shoes"] = _shoes(glimpse, legs)
    if legs.coat is not None:
        inner, outer = _open_front(glimpse) or (None, _colour(glimpse, _trunk(glimpse, -0.6, 1.0)))
        opening, below = "placket" if inner is None else "open", _below(glimpse, legs.coat)
        found["outer"] = Wish(("coat",), cut=_cut(hem=legs.coat, sleeve=sleeve, opening=opening, colours=outer))
        found["top"] = Wish(("t-shirt",), cut=_cut(colours=inner))
        return found | {"bottom": Wish(("trousers",), cut=_cut(hem=2.92, colours=below))}
    hem = float(np.clip(border - LATE if apart >= UNLIKE else 0.65, 0.15, 1.65))
    upper, opened = _colour(glimpse, _trunk(glimpse, -0.6, min(hem, 0.5))), _open_front(glimpse)
    if legs.skirt and alike and opened is None:
        cut = _cut(hem=legs.hem, sleeve=sleeve, neckline=_neckline(glimpse), colours=upper or lower)
        return found | {"dress": Wish(("dress",), cut=cut), "top": NOT_WORN, "bottom": NOT_WORN}
    found["bottom"] = Wish((_bottom(glimpse, legs),), cut=_cut(hem=legs.hem, colours=lower))
    if opened is not None:
        inner, outer = opened
        kind, cut = "coat" if hem > 1.25 else "jacket", _cut(hem=max(hem, 0.5), sleeve=sleeve, colours=outer)
        found["outer"] = Wish((kind,), cut=cut | {"opening": "open"})
        return found | {"top": Wish(("t-shirt",), cut=_cut(hem=0.6, neckline=_neckline(glimpse), colours=inner))}
    kind = "tunic" if hem > 1.15 else _top(glimpse, sleeve)
    cut = _cut(hem=hem, sleeve=sleeve, neckline=_neckline(glimpse), colours=upper)
    return found | {"top": Wish((kind,), cut=cut | {"tucked": False})}


def _cut(colours: Any = None, **lengths: Any) -> dict[str, Any]:
    cut = {key: round(value, 3) if isinstance(value, float) else value for key, value in lengths.items()}
    return cut | ({} if colours is None else {"colours": (colours,), "pattern": "plain"})


def _between(values: Array, low: float, high: float) -> Array:
    return (values >= low) & (values <= high)


def _trunk(glimpse: Glimpse, low: float, high: float) -> Array:
    return glimpse.of("trunk") & _between(glimpse.level, low, high) & (glimpse.skin < 0.6)


def _colour(glimpse: Glimpse, where: Array) -> tuple[float, float, float] | None:
    """The sRGB of the better lit half of these pixels."""
    lab = glimpse.colour[where]
    if len(lab) < ENOUGH:
        return None
    return srgb_of(np.median(lab[lab[:, 0] >= np.median(lab[:, 0])], axis=0))


def _sleeve(glimpse: Glimpse) -> float:
    """Where skin begins on the arms."""
    arms = glimpse.of("arm")
    if arms.sum() < ENOUGH:
        return 1.95
    at, contrast = stepped(glimpse.sleeve[arms], glimpse.skin[arms], 0.0, 2.0)
    if contrast < 0.2 or at > LONG_SLEEVE:
        return 1.95 if at > 0.5 or contrast < 0.2 else 0.0
    return 0.0 if at < SLEEVELESS else at


def _legs_as(seen: Seen, glimpse: Glimpse) -> Legs:
    """What was seen, its hem where skin begins if that is not elsewhere."""
    hem, bare = _skin_of_legs(glimpse)
    if seen.coat > max(0.5, seen.skirt):
        return Legs(False, LONG, False, coat=float(np.clip(seen.coat_hem, 1.3, 2.7)))
    if seen.skirt <= 0.5:
        return Legs(False, hem if bare else LONG, bare)
    agreed = bare and abs(hem - seen.hem) < 0.5
    return Legs(True, hem if agreed else float(np.clip(seen.hem, 1.1, 3.0)), bare)


def _skin_of_legs(glimpse: Glimpse) -> tuple[float, bool]:
    """Where skin begins on the legs, and whether it does."""
    legs = glimpse.of("leg") & (glimpse.level < 2.8)
    if legs.sum() < ENOUGH:
        return LONG, False
    hem, contrast = stepped(glimpse.level[legs], glimpse.skin[legs], 1.0, 2.8)
    return hem, contrast > 0.35 and hem < 2.6


def _legs(glimpse: Glimpse) -> Legs:
    legs = glimpse.of("leg") & (glimpse.level < 2.8)
    if legs.sum() < ENOUGH:
        return Legs(False, LONG, False)
    hem, bare = _skin_of_legs(glimpse)
    levels, hung = _hanging(glimpse)
    if len(levels) >= ENOUGH // 2:
        end, drop = stepped(levels, 1.0 - hung, 1.2, 2.9)
        cloth = end > 1.35 and drop > 0.3 and hung[levels < end].mean() > SKIRT
        if cloth and bare and hem > 1.25:
            return Legs(True, max(end, hem) if abs(end - hem) < 0.5 else hem, True)
        if cloth and end > 2.6:
            return Legs(True, float(np.clip(end + 0.1, 2.6, 3.0)), False)
        if cloth and not bare and end > 1.5 and _changing(glimpse, end) > UNLIKE:
            return Legs(False, LONG, False, coat=end)
    elif bare and hem > 1.3 and _wide(glimpse, hem) > 1.3:
        return Legs(True, hem, True)
    return Legs(False, hem if bare else LONG, bare)


def _changing(glimpse: Glimpse, level: float) -> float:
    """How much the legs' colour changes at this level (OKLab)."""
    legs = glimpse.of("leg")
    above, below = (
        glimpse.colour[legs & _between(glimpse.level, level + low, level + high)]
        for low, high in ((-0.4, -0.08), (0.08, 0.4))
    )
    if min(len(above), len(below)) < ENOUGH // 2:
        return 0.0
    return float(np.linalg.norm(np.median(above, axis=0) - np.median(below, axis=0)))


def _below(glimpse: Glimpse, level: float) -> tuple[float, float, float] | None:
    return _colour(glimpse, glimpse.of("leg") & _between(glimpse.level, level + 0.08, 2.75))


def _hanging(glimpse: Glimpse) -> tuple[Array, Array]:
    """Levels of places between the legs that the body leaves free, and whether (1) or not (0) the mask is there."""
    sides = [[glimpse.joint(f"{side}_{name}") for name in ("hip", "knee", "ankle")] for side in ("left", "right")]
    levels, hung, r = [], [], max(1, round(LOOSE * glimpse.metre))
    for level in np.linspace(1.2, 2.85, 34):
        a, b = (
            np.array([np.interp(level, (0.85, 2.0, 3.0), [mark[axis] for mark in marks]) for axis in (0, 1)])
            for marks in sides
        )
        for share in np.linspace(0.25, 0.75, 9):
            x, y = (a + share * (b - a)).astype(int)
            if (
                0 <= x < SIDE
                and 0 <= y < SIDE
                and not glimpse.body[max(y - r, 0) : y + r + 1, max(x - r, 0) : x + r + 1].any()
            ):
                levels.append(level)
                hung.append(float(glimpse.mask[y, x]))
    return np.array(levels), np.array(hung)


def _wide(glimpse: Glimpse, hem: float) -> float:
    """How much wider than the bare legs the outline is, a little above the hem."""
    rows = np.flatnonzero((glimpse.of("leg") & _between(glimpse.level, hem - 0.2, hem - 0.03)).any(axis=1))
    if len(rows) == 0:
        return 1.0
    ratios = [glimpse.mask[row].sum() / max(glimpse.body[row].sum(), 1) for row in rows]
    return float(np.median(ratios))


def _border(glimpse: Glimpse, legs: Legs) -> tuple[float, float]:
    """The level at which the colour of trunk and legs changes most, and by how much (OKLab)."""
    where = glimpse.of("trunk", "leg") & _between(glimpse.level, -0.7, legs.hem) & (glimpse.skin < 0.6)
    level, colour = glimpse.level[where], glimpse.colour[where]
    edges = np.arange(-0.7, legs.hem, 0.1)
    bins = [colour[_between(level, edge, edge + 0.1)] for edge in edges]
    kept = [(edge, np.median(lab, axis=0)) for edge, lab in zip(edges, bins, strict=True) if len(lab) >= 6]
    at, labs = np.array([edge for edge, _ in kept]), np.array([lab for _, lab in kept]).reshape(-1, 3) * [0.6, 1.3, 1.3]
    splits = [k for k in range(2, len(at) - 1) if at[k] > -0.35]
    if len(kept) < 5 or not splits:
        return 0.65, 0.0
    costs = [sum(float(np.abs(part - np.median(part, axis=0)).sum()) for part in (labs[:k], labs[k:])) for k in splits]
    k = splits[int(np.argmin(costs))]
    return float(at[k]), float(np.linalg.norm(np.median(labs[:k], axis=0) - np.median(labs[k:], axis=0)))


def _open_front(glimpse: Glimpse) -> tuple[Any, Any] | None:
    """Colours of what is within and what is without, where the middle of the chest has another than both its sides."""
    chest = glimpse.of("trunk") & _between(glimpse.level, -0.7, 0.3)
    half = np.abs(glimpse.place[..., 0])
    if chest.sum() < 4 * ENOUGH:
        return None
    wide = np.quantile(half[chest], 0.95)
    middle, left, right = (
        chest & (half < 0.22 * wide),
        chest & (glimpse.place[..., 0] > 0.6 * wide),
        chest & (glimpse.place[..., 0] < -0.6 * wide),
    )
    if min(part.sum() for part in (middle, left, right)) < ENOUGH:
        return None
    inner, *sides = (np.median(glimpse.colour[part], axis=0) for part in (middle, left, right))
    gaps = [np.linalg.norm((inner - side) * [0.6, 1.3, 1.3]) for side in sides]
    alike = np.linalg.norm((sides[0] - sides[1]) * [0.6, 1.3, 1.3])
    if min(gaps) < 1.3 * UNLIKE or alike > 0.8 * min(gaps):
        return None
    return _colour(glimpse, middle), _colour(glimpse, left | right)


def standoff(glimpse: Glimpse, where: Array) -> float:
    """Metres from the body's outline to the mask's around these pixels, on the mean: how loose the clothes are."""
    rows = np.flatnonzero(where.any(axis=1))
    gaps = []
    for row in rows:
        columns = np.flatnonzero(where[row])
        for start, step in ((columns[0], -1), (columns[-1], 1)):
            if glimpse.body[row, np.clip(start + 2 * step, 0, SIDE - 1)]:
                continue  # something else of the body lies beside it
            out = 0
            while 0 <= start + step * (out + 1) < SIDE and glimpse.mask[row, start + step * (out + 1)] and out < 20:
                out += 1
            gaps.append(out)
    return float(np.median(gaps)) / glimpse.metre if gaps else 0.0


def _top(glimpse: Glimpse, sleeve: float) -> str:
    if sleeve < LONG_SLEEVE:
        return "tank top" if sleeve == 0.0 else "t-shirt"
    loose = standoff(glimpse, glimpse.of("trunk") & _between(glimpse.level, -0.7, 0.4))
    return "sweatshirt" if loose > 0.035 else "sweater" if loose > 0.02 else "long-sleeved top"


def _neckline(glimpse: Glimpse) -> str:
    """By the skin below the throat, and on the neck."""
    base, neck = glimpse.measures.neck[:, 1].min(), glimpse.of("neck")
    notch = glimpse.of("trunk") & (np.abs(glimpse.place[..., 0]) < 0.04)
    notch &= _between(base - glimpse.place[..., 1], 0.03, 0.1)
    if notch.sum() >= 6 and glimpse.skin[notch].mean() > 0.5:
        return "v"
    return "turtle" if neck.sum() >= 12 and glimpse.skin[neck].mean() < 0.15 else "crew"


def _bottom(glimpse: Glimpse, legs: Legs) -> str:
    if legs.skirt:
        return "mini skirt" if legs.hem < 1.5 else "long skirt" if legs.hem > 2.6 else "skirt"
    if legs.bare and legs.hem < 2.3:
        return "shorts"
    loose = standoff(glimpse, glimpse.of("leg") & _between(glimpse.level, 2.2, 2.7))
    return (
        "wide trousers" if loose > 0.05 else "trousers" if loose > 0.014 else "jeans" if loose > 0.006 else "leggings"
    )


def _shoes(glimpse: Glimpse, legs: Legs) -> Wish:
    feet = glimpse.of("foot")
    if feet.sum() < ENOUGH // 2:
        return Wish()
    if glimpse.skin[feet].mean() > NO_SHOE:
        return Wish(("barefoot",))
    colour = np.median(glimpse.colour[feet & (glimpse.skin < 0.6)], axis=0)
    cut = {"colours": (srgb_of(colour),)}
    shank = glimpse.of("leg") & _between(glimpse.level, 2.55, 2.9)
    if legs.bare and shank.sum() >= ENOUGH // 2:
        alike = np.linalg.norm(glimpse.colour[shank] - colour, axis=-1) < 1.3 * UNLIKE
        if (alike & (glimpse.skin[shank] < 0.5)).mean() > 0.6:
            return Wish(("boots",), cut=cut)
    return Wish(("sneakers",), cut=cut)
