"""What is sewn on: hems, linings, waistbands, cuffs, plackets, zips, buttons, pockets, belts; each a raised patch."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from avatarkit.outfit import SKIRTS
from avatarkit.tailor import sewing
from avatarkit.tailor.cutting import RestGarment
from avatarkit.tailor.parts import Fine, Part, disc, patch
from avatarkit.tailor.rims import EDGES

LINING = 0.028


def details(rest: RestGarment, fine: Fine) -> list[Part]:
    """All that lies flat on the cloth of this garment."""
    makers = (_lining, _bands, _waistband, _closure, _pockets, _belt)
    return [part for maker in makers for part in maker(rest, fine) if part is not None]


def front(rest: RestGarment, fine: Fine) -> np.ndarray:
    """(F) bool: faces of the trunk and legs that look forward."""
    ahead = fine.rest[:, 2] > rest.measures.joint("spine3")[2] - 0.02
    return sewing.of_faces(fine.faces, (fine.normals[:, 2] > 0.05) & ahead & (np.abs(fine.marks["sleeve"]) < 0.3))


def _lining(rest: RestGarment, fine: Fine) -> Iterator[Part | None]:
    """An inner strip along every edge: cloth has thickness there."""
    edge = np.min([fine.marks[name] for name in EDGES], axis=0)
    depth = LINING * rest.measures.scale
    near = sewing.of_faces(fine.faces, edge < 0.08)
    yield patch(fine, [depth - edge], -(rest.thickness + 0.0006), "lining", sink=0.0, keep=near)


def _bands(rest: RestGarment, fine: Fine) -> Iterator[Part | None]:
    """Hems, neck bands, cuffs."""
    garment, scale, marks = rest.garment, rest.measures.scale, fine.marks
    knit = garment.fabric in ("knit", "fleece") or "ribbed hem" in garment.details
    thick = rest.thickness + 0.0008

    def band(mark: str, width: float, height: float, panel: str) -> Part | None:
        d = marks[mark]
        near = sewing.of_faces(fine.faces, d < 3 * width + 0.03)
        return patch(fine, [width * scale - d], height, panel, sink=thick, keep=near)

    if garment.neckline in ("crew", "scoop", "boat", "v") and rest.slot != "bottom" and garment.opening != "open":
        yield band("neck", 0.024 if knit or garment.kind == "t-shirt" else 0.010, 0.0020, "collar")
    if "turned-up hem" in garment.details:
        yield band("hem", 0.042, 0.0035, "cuff")
    elif "ribbed hem" in garment.details:
        yield band("hem", 0.055, 0.0025, "hem")
    elif rest.slot == "bottom" and "cuffs" in garment.details:
        yield band("hem", 0.055, 0.0025, "cuff")
    elif garment.kind != "leggings":
        yield band("hem", 0.030 if rest.slot == "outer" else 0.022, 0.0014, "hem")
    if garment.sleeve > 0.12 and rest.slot != "bottom" and garment.neckline not in ("straps", "strapless"):
        cuffed = "cuffs" in garment.details
        yield band("cuff", 0.060 if cuffed else 0.022, 0.0026 if cuffed else 0.0014, "cuff" if cuffed else "hem")
    elif rest.slot != "bottom" and garment.neckline not in ("straps", "strapless"):
        yield band("cuff", 0.012, 0.0014, "hem")
    if garment.neckline in ("straps", "strapless"):
        yield band("neck", 0.016, 0.0016, "hem")
    if garment.opening == "open":
        yield band("front", 0.032, 0.0014, "placket")


def _waistband(rest: RestGarment, fine: Fine) -> Iterator[Part | None]:
    if rest.slot != "bottom" or rest.garment.kind == "leggings":
        return
    scale, d = rest.measures.scale, fine.marks["waist"]
    near = sewing.of_faces(fine.faces, d < 0.12)
    width = 0.036 * scale
    yield patch(fine, [width - d], 0.0022, "waistband", sink=rest.thickness + 0.001, keep=near)
    if rest.garment.kind in SKIRTS or rest.garment.kind == "joggers":
        return
    x, ahead = fine.rest[:, 0], front(rest, fine)
    fly = [0.032 * scale - x, x + 0.002, 0.17 * scale - d - 240 * np.maximum(x - 0.012, 0) ** 2, d - width]
    yield patch(fine, fly, 0.0014, "placket", keep=ahead)
    at = _nearest(rest, fine, 0.012 * scale, rest.measures.y(rest.garment.rise) - 0.5 * width)
    yield disc(fine, at, 0.0085 * scale, 0.005, "button")
    if rest.garment.fabric == "denim":
        around = np.arctan2(fine.rest[:, 0], fine.rest[:, 2] - rest.measures.joint("spine1")[2])
        for angle in (0.5, -0.5, 1.65, -1.65, np.pi):
            away = np.abs(np.mod(around - angle + np.pi, 2 * np.pi) - np.pi) * 0.15
            yield patch(fine, [0.005 * scale - away, width + 0.008 * scale - d], 0.0045, "waistband", keep=near)


def _closure(rest: RestGarment, fine: Fine) -> Iterator[Part | None]:
    """Plackets with buttons, zips; buttons alone on open fronts."""
    garment, measures = rest.garment, rest.measures
    scale, x, y = measures.scale, fine.rest[:, 0], fine.rest[:, 1]
    top, bottom = _front_top(rest, fine), measures.y(garment.hem)
    ahead = front(rest, fine)
    if garment.opening == "placket":
        if garment.kind == "polo shirt":
            bottom = top - 0.15 * scale
        half = 0.016 * scale if rest.slot != "outer" else 0.004
        if rest.slot == "outer":
            # one front laps over the other: a ridge along the right edge
            yield patch(fine, [0.045 * scale - x, x + 0.012 * scale, top + 0.03 - y], 0.0022, "placket", keep=ahead)
        else:
            yield patch(fine, [half - x, x + half, y - bottom], 0.0018, "placket", keep=ahead)
        radius = 0.0062 if rest.slot != "outer" else 0.0115
        step = (0.085 if rest.slot != "outer" else 0.12) * scale
        first = top - (0.03 if rest.slot != "outer" else 0.015) * scale
        low = bottom + (0.03 if garment.kind == "polo shirt" else 0.06 if garment.hem < 1.2 else 0.3) * scale
        place = 0.0 if rest.slot != "outer" else 0.018 * scale
        for height in np.arange(first, low, -step):
            yield disc(fine, _nearest(rest, fine, place, height), radius * scale, 0.0045, "button")
        if garment.kind == "trench coat":
            for height in np.arange(first, measures.y(0.4), -step):
                for side in (0.075, -0.06):
                    yield disc(fine, _nearest(rest, fine, side * scale, height), radius * scale, 0.0045, "button")
    elif garment.opening == "zip":
        yield patch(fine, [0.013 * scale - x, x + 0.013 * scale], 0.0014, "placket", keep=ahead)
        yield patch(fine, [0.005 * scale - x, x + 0.005 * scale], 0.0036, "zip", keep=ahead)


def _front_top(rest: RestGarment, fine: Fine) -> float:
    """The height where neckline and middle of the front meet."""
    middle = (np.abs(fine.rest[:, 0]) < 0.03 * rest.measures.scale) & (fine.marks["neck"] < 0.02)
    middle &= fine.rest[:, 2] > rest.measures.neck[:, 2].mean()
    return float(fine.rest[middle, 1].min()) if middle.any() else rest.measures.y(-1.1)


def _nearest(rest: RestGarment, fine: Fine, x: float, y: float) -> np.ndarray:
    """The point of the front at x, y."""
    ahead = fine.rest[:, 2] > rest.measures.joint("spine3")[2]
    away = np.hypot(fine.rest[:, 0] - x, fine.rest[:, 1] - y) + np.where(ahead, 0, 9)
    nearest = np.argsort(away)[:3]
    return np.array([x, y, fine.rest[nearest, 2].mean()])


def _box(x: np.ndarray, y: np.ndarray, at: tuple[float, float], half: tuple[float, float], slant: float = 0.0,
         point: float = 0.0) -> list[np.ndarray]:  # fmt: skip
    """Fields of a pocket: its sides, lower edge (with a point) and upper edge."""
    u, v = x - at[0], y - at[1]
    sides = [half[0] - u + slant * v, half[0] + u - slant * v]
    return [*sides, half[1] - v, half[1] + v - point * np.abs(u)]


def _pockets(rest: RestGarment, fine: Fine) -> Iterator[Part | None]:
    garment, measures = rest.garment, rest.measures
    s, x, y, ahead = measures.scale, fine.rest[:, 0], fine.rest[:, 1], front(rest, fine)
    shoulder = measures.joint("left_shoulder")[0]
    if "chest pocket" in garment.details:
        for side in (1, -1) if rest.slot == "outer" else (1,):
            at = (side * (0.66 if rest.slot == "outer" else 0.54) * shoulder, measures.y(-0.72))
            yield patch(fine, _box(x, y, at, (0.05 * s, 0.055 * s), point=-0.3), 0.002, "pocket", keep=ahead)
            flap = (at[0], at[1] + 0.045 * s)
            yield patch(fine, _box(x, y, flap, (0.053 * s, 0.018 * s), point=-0.25), 0.0042, "pocket", keep=ahead)
    if "kangaroo pocket" in garment.details:
        at, half = (0.0, measures.y(garment.hem) + 0.165 * s), (0.155 * s, 0.085 * s)
        u = np.abs(x)
        fields = [half[0] - u, half[1] - (y - at[1]), y - at[1] + half[1], 0.125 * s - u - 0.55 * (y - at[1])]
        yield patch(fine, fields, 0.0034, "pocket", keep=ahead)
    if "patch pockets" in garment.details:
        for side in (1, -1):
            at = (side * max(0.62 * shoulder, 0.1 * s), measures.y(0.5))
            yield patch(fine, _box(x, y, at, (0.068 * s, 0.078 * s)), 0.0028, "pocket", keep=ahead)
            if garment.kind == "parka":
                flap = (at[0], at[1] + 0.07 * s)
                yield patch(fine, _box(x, y, flap, (0.072 * s, 0.024 * s)), 0.006, "pocket", keep=ahead)
            else:
                rim = (at[0], at[1] + 0.068 * s)
                yield patch(fine, _box(x, y, rim, (0.068 * s, 0.010 * s)), 0.0042, "pocket", keep=ahead)
    if "side pockets" in garment.details:
        yield from _side_pockets(rest, fine, ahead)
        if garment.fabric == "denim" and rest.slot == "bottom":
            yield from _back_pockets(rest, fine)


def _back_pockets(rest: RestGarment, fine: Fine) -> Iterator[Part | None]:
    """The two on the seat of jeans."""
    s, x, y = rest.measures.scale, fine.rest[:, 0], fine.rest[:, 1]
    behind = sewing.of_faces(fine.faces, (fine.normals[:, 2] < -0.05) & (fine.rest[:, 2] < 0.05))
    for side in (1, -1):
        at = (side * 0.66 * rest.measures.joint("left_hip")[0], rest.measures.y(rest.garment.rise) - 0.135 * s)
        yield patch(fine, _box(x, y, at, (0.056 * s, 0.062 * s), point=-0.25), 0.0022, "pocket", keep=behind)


def _side_pockets(rest: RestGarment, fine: Fine, ahead: np.ndarray) -> Iterator[Part | None]:
    measures, garment = rest.measures, rest.garment
    s, x, y = measures.scale, fine.rest[:, 0], fine.rest[:, 1]
    shoulder = measures.joint("left_shoulder")[0]
    for side in (1, -1):
        if rest.slot == "bottom":
            d = fine.marks["waist"]
            curve = 0.105 * s - d - 0.9 * np.maximum(0.13 * s - side * x, 0) ** 2 / (0.07 * s)
            fields = [curve, 0.011 * s - curve, side * x - 0.05 * s, d - 0.036 * s]
            yield patch(fine, fields, 0.0016, "pocket", keep=ahead)
            continue
        out = 0.66 if garment.kind == "blazer" else 0.74
        at = (side * max(out * shoulder, 0.1 * s), measures.y(0.45 if garment.hem > 0.6 else 0.12))
        if garment.kind == "blazer":
            yield patch(fine, _box(x, y, at, (0.064 * s, 0.024 * s)), 0.003, "pocket", keep=ahead)
        else:
            yield patch(fine, _box(x, y, at, (0.011 * s, 0.075 * s), slant=side * 0.28), 0.0028, "pocket", keep=ahead)


def _belt(rest: RestGarment, fine: Fine) -> Iterator[Part | None]:
    if "belt" not in rest.garment.details or rest.slot == "bottom":
        return
    s, y = rest.measures.scale, fine.rest[:, 1]
    at, half = rest.measures.y(0.0), 0.021 * rest.measures.scale
    trunk = sewing.of_faces(fine.faces, np.abs(fine.marks["sleeve"]) < 0.05)
    yield patch(fine, [half - (y - at), half + (y - at)], 0.0042, "belt", sink=0.003, keep=trunk)
    if rest.garment.opening != "open":  # the ends of an open coat's belt hang in its loops
        yield disc(fine, _nearest(rest, fine, 0.0, at), 0.026 * s, 0.0085, "button", sides=4)
