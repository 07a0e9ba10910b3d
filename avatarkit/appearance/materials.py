"""What each panel of each piece is made of: colours, pattern, fabric, and how the panel runs around the body."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from avatarkit.appearance import fabrics
from avatarkit.appearance.cloth import BINS, SLEEVE, UPRIGHT, Rows
from avatarkit.appearance.fabrics import FABRICS, WEAVES, Fabric
from avatarkit.appearance.regions import EYE, MOUTH, SKIN, TEETH
from avatarkit.outfit import PATTERNS, Colour, Garment, Hair, Item, Outfit, Pattern
from avatarkit.tailor.piece import PANEL, PANELS, Piece

CLOTH, STRANDS = 4, 5
"""Kinds of rows beside those of `regions`."""
STEEL: Colour = (0.62, 0.62, 0.64)
GOLD_THREAD: Colour = (0.74, 0.50, 0.22)
SLEEVES = frozenset({"left sleeve", "right sleeve"})
LEATHER_SOLES = frozenset({"heels", "ballet flats", "loafers"})
"""Shoes whose soles are of the upper's colour."""
CURLY = frozenset({"curly", "afro"})


@dataclass(frozen=True, eq=False)
class Swatch:
    """One row of `Rows`."""

    kind: int = CLOTH
    fabric: Fabric = FABRICS["cotton"]
    pattern: Pattern = field(default_factory=Pattern)
    stitch: Colour = (0.3, 0.3, 0.3)
    axis: int = UPRIGHT
    sections: NDArray[np.float64] = field(default_factory=lambda: np.tile([0.0, 0.0, 0.1, 0.1], (BINS, 1)))
    span: tuple[float, float] = (0.0, 1.0)
    emblem: tuple[float, float, float] = (0.0, 0.0, 0.0)
    curly: float = 0.0
    below: float = 0.0
    """light that enters here and leaves elsewhere"""
    seed: int = 0


def swatches_of(piece: Piece, outfit: Outfit, places: NDArray[np.float64], seed: int) -> dict[int, Swatch]:
    """The swatches of a piece, by panel; of the skin, by SKIN, EYE, TEETH, MOUTH."""
    if piece.slot == "skin":
        skin = Swatch(SKIN, fabrics.SKIN, below=1.0, seed=seed)
        teeth, mouth = replace(skin, kind=TEETH, fabric=fabrics.WET), replace(skin, kind=MOUTH, fabric=fabrics.WET)
        return {SKIN: skin, EYE: Swatch(EYE, fabrics.EYE, seed=seed), TEETH: teeth, MOUTH: mouth}
    made_of = piece.made_of
    if isinstance(made_of, Hair) or piece.slot in ("hair", "beard"):
        hair = made_of if isinstance(made_of, Hair) else outfit.hair
        curly = 1.0 if hair.style in CURLY else 0.0
        strands = Swatch(STRANDS, fabrics.HAIR, Pattern(colours=(hair.colour,)), curly=curly, seed=seed)
        return {int(panel): strands for panel in np.unique(piece.panel.cpu().numpy())}
    panels = piece.panel.cpu().numpy()
    used = [PANELS[panel] for panel in np.unique(panels)]
    corners = piece.mesh.faces.cpu().numpy()
    shared = _run(places, UPRIGHT)
    runs = {name: _run_of(name, places[np.unique(corners[panels == PANEL[name]])]) for name in used}
    found = {}
    for name in used:
        axis, sections, span = runs[name] or runs.get("body") or runs.get("skirt") or shared
        plain = _garment_swatch(made_of, name) if isinstance(made_of, Garment) else _item_swatch(made_of, name)
        swatch = replace(plain, axis=axis, sections=sections, span=span, seed=seed)
        found[PANEL[name]] = _with_emblem(swatch, name, piece.slot, places)
    return found


def _garment_swatch(garment: Garment, panel: str) -> Swatch:
    fabric, pattern = FABRICS.get(garment.fabric, FABRICS["cotton"]), garment.pattern
    ground = pattern.colours[0] if pattern.colours else (0.5, 0.5, 0.5)
    stitch = GOLD_THREAD if garment.fabric == "denim" else _shaded(ground, 1 + fabric.stitch)
    cloth = Swatch(fabric=fabric, pattern=pattern, stitch=stitch)
    if panel == "button":
        colour = STEEL if garment.fabric == "denim" else _contrasting(ground)
        return replace(cloth, pattern=Pattern(colours=(colour,)), fabric=fabrics.RUBBER)
    if panel == "zip":
        return replace(cloth, pattern=Pattern(colours=(STEEL,)), fabric=fabrics.METAL)
    if panel == "belt":
        own = garment.kind in ("trench coat", "shirt dress", "jumpsuit")
        colour = _shaded(ground, 0.9) if own else (0.17, 0.11, 0.07)
        return replace(cloth, pattern=Pattern(colours=(colour,)), fabric=fabric if own else FABRICS["leather"])
    if panel == "lining":
        return replace(cloth, pattern=Pattern(colours=(_shaded(ground, 0.8),)))
    ribbed = "ribbed hem" in garment.details and panel in ("hem", "cuff", "collar", "waistband")
    return replace(cloth, pattern=Pattern(colours=(_shaded(ground, 0.94),))) if ribbed else cloth


def _item_swatch(item: Item | Hair | None, panel: str) -> Swatch:
    if not isinstance(item, Item):
        return Swatch()
    fabric = FABRICS.get(item.fabric, FABRICS["leather"])
    accented = panel in ("sole", "lace", "band", "zip", "button", "frame" if item.kind == "sunglasses" else "sole")
    colour = item.accent if accented else item.colour
    if panel == "lens":
        colour, fabric = ((0.05, 0.05, 0.06) if item.kind == "sunglasses" else (0.75, 0.78, 0.80)), fabrics.LENS
    elif panel in ("sole", "frame"):
        fabric = fabrics.RUBBER
        if panel == "sole" and item.kind in LEATHER_SOLES:
            colour = _shaded(item.colour, 0.75)
    elif panel in ("zip", "button"):
        fabric = fabrics.METAL
    return Swatch(fabric=fabric, pattern=Pattern(colours=(colour,)), stitch=_shaded(colour, 1 + fabric.stitch))


def _shaded(colour: Colour, light: float) -> Colour:
    r, g, b = (min(max(channel * light, 0.0), 1.0) for channel in colour)
    return r, g, b


def _contrasting(colour: Colour) -> Colour:
    """Buttons: pearl on light cloth and on colours, dark on the lightest and darkest."""
    grey = sum(colour) / 3
    return (0.86, 0.84, 0.79) if 0.25 < grey < 0.8 else ((0.12, 0.11, 0.11) if grey <= 0.25 else (0.93, 0.92, 0.90))


def _run_of(panel: str, places: NDArray[np.float64]) -> tuple[int, NDArray[np.float64], tuple[float, float]] | None:
    """How a panel of its own run goes round; None for what follows the garment's body."""
    if panel in SLEEVES or (panel == "cuff" and np.abs(places[:, 0]).mean() > 0.3):
        return _run(places, SLEEVE)
    return _run(places, UPRIGHT) if panel in ("body", "left leg", "right leg", "skirt", "upper") else None


def _run(places: NDArray[np.float64], axis: int) -> tuple[int, NDArray[np.float64], tuple[float, float]]:
    """Centres and half widths (BINS,4) of cross-sections along a panel, and where they begin and how far apart."""
    along = np.abs(places[:, 0]) if axis == SLEEVE else places[:, 1]
    across = places[:, [2, 1]] if axis == SLEEVE else places[:, [0, 2]]
    low, high = float(along.min()), float(along.max())
    width = max((high - low) / (BINS - 1), 1e-3)
    bins = np.clip(np.rint((along - low) / width).astype(np.int64), 0, BINS - 1)
    least, most = np.full((BINS, 2), np.inf), np.full((BINS, 2), -np.inf)
    np.minimum.at(least, bins, across)
    np.maximum.at(most, bins, across)
    met = np.isfinite(least)
    least, most = np.where(met, least, 0), np.where(met, most, 0)
    centre, half = 0.5 * (least + most), 0.5 * (most - least)
    known = np.nonzero((half > 1e-3).all(1))[0]
    if not len(known):
        return axis, np.tile([0.0, 0.0, 0.1, 0.1], (BINS, 1)), (low, width)
    sections = np.concatenate([centre, half], axis=1)
    filled = np.stack([np.interp(np.arange(BINS), known, sections[known, k]) for k in range(4)], axis=1)
    padded = np.concatenate([filled[:1], filled[:1], filled, filled[-1:], filled[-1:]])
    smooth = np.stack([padded[k : k + BINS] for k in range(5)]).mean(0)
    smooth[:, 2:] = smooth[:, 2:].clip(min=0.01)
    return axis, smooth, (low, width)


def _with_emblem(swatch: Swatch, panel: str, slot: str, places: NDArray[np.float64]) -> Swatch:
    if swatch.pattern.kind != "logo":
        return swatch
    if panel != "body" or slot not in ("top", "outer", "dress"):
        return replace(swatch, pattern=Pattern(colours=swatch.pattern.colours[:1]))
    size = float(np.clip(2 * swatch.pattern.scale, 0.05, 0.11))
    return replace(swatch, emblem=(0.0, float(places[:, 1].max()) - 0.23, size))


def swatch_rows(swatches: Sequence[Swatch]) -> Rows:
    """The swatches as arrays for kernels."""
    M = len(swatches)
    colours, bumps = np.zeros((M, 4, 3)), np.zeros((M, 3, 4))
    bumps[:, :, 1:] = 1
    for m, swatch in enumerate(swatches):
        given = list(swatch.pattern.colours)[:4] or [(0.5, 0.5, 0.5)]
        colours[m] = np.array((given * 4)[:4] if len(given) == 1 else given + given[-1:] * (4 - len(given)))
        for n, bump in enumerate(swatch.fabric.bumps[:3]):
            bumps[m, n] = bump
    fabric = [swatch.fabric for swatch in swatches]
    wear = [s.curly if s.kind == STRANDS else s.fabric.wear for s in swatches]
    return Rows(
        kind=np.array([s.kind for s in swatches]),
        pattern=np.array([PATTERNS.index(s.pattern.kind) if s.pattern.kind in PATTERNS else 0 for s in swatches]),
        colours=colours,
        tally=np.array([min(len(s.pattern.colours), 4) for s in swatches]),
        stitch=np.array([s.stitch for s in swatches], np.float64),
        scale=np.array([max(s.pattern.scale, 0.004) for s in swatches], np.float64),
        turn=np.array([s.pattern.turn for s in swatches], np.float64),
        axis=np.array([s.axis for s in swatches]),
        sections=np.stack([s.sections for s in swatches]),
        span=np.array([s.span for s in swatches], np.float64),
        emblem=np.array([s.emblem for s in swatches], np.float64),
        weave=np.array([WEAVES.index(f.weave) for f in fabric]),
        cloth=np.array([(f.mottle, f.melange, f.grain, f.thread, w) for f, w in zip(fabric, wear, strict=True)]),
        bumps=bumps,
        shine=np.array([(f.roughness, f.gloss, f.fuzz, s.below) for f, s in zip(fabric, swatches, strict=True)]),
        seed=np.array([s.seed % 100_003 for s in swatches]),
    )
