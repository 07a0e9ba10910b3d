"""Garments cut: from a garment's words and a body to a plain sheet of cloth on the T-posed body, ready to be draped.

The close cloth surface of the body model is moved out to where such a garment hangs (`shaping`), cut along necklines,
sleeve ends, open fronts and hems (`lines`), and continued below the waist by rings of new cloth around both legs
(`robes`), sewn on without a seam. What has thickness (hems, collars, pockets) rides on the draped sheet: `garments`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from avatarkit.outfit import GARMENTS, LEGGED, SKIRTS, Garment
from avatarkit.tailor import covering, lines, sewing
from avatarkit.tailor.lines import FAR
from avatarkit.tailor.measures import Measures, measured
from avatarkit.tailor.piece import PANEL
from avatarkit.tailor.robes import Cut, robe
from avatarkit.tailor.sewing import eased
from avatarkit.tailor.shaping import SURFACE, WAISTBAND, Shape, shape

if TYPE_CHECKING:
    from avatarkit.body.model import BodyModel

EDGE = {"train": 0.024, "full": 0.0125}
THICKNESS = {"cotton": 0.0012, "denim": 0.002, "knit": 0.0025, "wool": 0.003, "leather": 0.0022, "silk": 0.0006,
             "linen": 0.001, "fleece": 0.003, "lycra": 0.0008}  # fmt: skip
MARKS = ("neck", "cuff", "front", "hem", "waist", "sleeve", "leg")


@dataclass(frozen=True, eq=False)
class RestGarment:
    """A garment as it was cut, on the T-posed body: one sheet, metres, float64."""

    garment: Garment
    slot: str
    measures: Measures
    vertices: np.ndarray
    """(V,3)"""
    faces: np.ndarray
    """(F,3) int64, outwards, with rims"""
    lbs_weights: np.ndarray
    """(V,55)"""
    panel: np.ndarray
    """(F) uint8, index into PANELS"""
    pinned: np.ndarray
    """(V) 0 … 1 how strongly the body holds a vertex"""
    offset: np.ndarray
    """(V) distance that draping keeps from what lies below"""
    stiffness: np.ndarray
    """(V) factor on bending"""
    ease: np.ndarray
    """(V) distance from the close surface"""
    marks: dict[str, np.ndarray]
    """(V) metres from the edge of neck, cuff, front, hem, waist (FAR where there is none); `sleeve`, `leg`: 0 … 1"""
    covers: np.ndarray
    """(body's V) bool: skin that no one sees"""
    thickness: float


def cut(model: BodyModel, betas: Any, garment: Garment, *, detail: str = "train") -> RestGarment:
    """The garment for a person of betas (≤ B,), as a sheet with edges of about 24 mm (`full`: half of that)."""
    measures = measured(model, betas, detail)
    slot = GARMENTS[garment.kind][0] if garment.kind in GARMENTS else "top"
    edge = EDGE[detail] * measures.scale
    if garment.kind in SKIRTS:
        sheet = _skirt(measures, garment, edge)
    elif slot == "bottom":
        sheet = _trousers(measures, garment)
    else:
        sheet = _top(measures, garment, slot, edge)
    thickness = THICKNESS.get(garment.fabric, 0.0015)
    marks, V = sheet.marks, len(sheet.vertices)
    base = {"outer": 0.0045, "bottom": 0.0028}.get(slot, 0.0025)
    return RestGarment(
        garment, slot, measures, sheet.vertices, sheet.faces, sheet.lbs_weights,
        _panels(sheet, slot), _pinned(measures, garment, sheet), np.full(V, base + thickness / 2),
        _stiffness(marks), sheet.ease, marks, covering.covers(model, measures, garment, slot), thickness,
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Sheet:
    vertices: np.ndarray
    faces: np.ndarray
    lbs_weights: np.ndarray
    ease: np.ndarray
    marks: dict[str, np.ndarray]
    robe: np.ndarray
    """(V) bool: below the waist, around both legs"""

    def where(self, field: np.ndarray) -> tuple[_Sheet, np.ndarray]:
        """What is left where a field is positive, and which vertices lie on its line."""
        cutting = sewing.cut_along(self.faces, field)
        marks = {name: cutting.carried(values) for name, values in self.marks.items()}
        return _Sheet(
            cutting.carried(self.vertices), cutting.faces, cutting.carried(self.lbs_weights),
            cutting.carried(self.ease), marks, cutting.carried(self.robe.astype(float)) > 0.5,
        ), cutting.on_line  # fmt: skip


def _whole(measures: Measures, shaped: Shape) -> _Sheet:
    V = measures.vertices
    far = np.full(len(V), FAR)
    out = np.abs(V[:, 0]) - measures.joint("left_shoulder")[0]
    sleeve = eased(-0.01, 0.03, out) * (measures.sheet.arm > 0.3) * np.sign(V[:, 0])
    leg = eased(measures.y(1.0) + 0.02, measures.y(1.0) - 0.02, V[:, 1]) * np.sign(V[:, 0])
    marks = dict(neck=far, cuff=far, front=far, hem=far, waist=far, sleeve=sleeve, leg=leg)
    sheet = measures.sheet
    return _Sheet(shaped.vertices, sheet.faces, sheet.lbs_weights, shaped.ease, marks, np.zeros(len(V), bool))


def _trousers(measures: Measures, garment: Garment) -> _Sheet:
    shaped = shape(measures, garment, legs=True, belted=False)
    sheet = _whole(measures, shaped)
    y, arm = sheet.vertices[:, 1], measures.sheet.arm
    waist = np.where(arm < 0.3, measures.y(garment.rise) - y, -FAR)
    hem = measures.vertices[:, 1] - measures.y(garment.hem)
    sheet.marks.update(waist=waist, hem=hem)
    return sheet.where(np.minimum(waist, hem))[0]


def _skirt(measures: Measures, garment: Garment, edge: float) -> _Sheet:
    shaped = shape(measures, garment, legs=False, belted=False)
    top = measures.y(garment.rise)
    ring = _ring_around(shaped, top, edge, WAISTBAND)
    nearest = np.linalg.norm(measures.vertices[None] - ring[:, None], axis=-1).argmin(1)
    start = _Sheet(
        ring, np.zeros((0, 3), np.int64), measures.sheet.lbs_weights[nearest], np.full(len(ring), garment.ease),
        {name: np.full(len(ring), FAR) for name in MARKS}, np.ones(len(ring), bool),
    )  # fmt: skip
    sheet = _with_robe(measures, garment, start, np.arange(len(ring)), shaped, top, edge)
    sheet.marks["waist"] = top - sheet.vertices[:, 1]
    return sheet


def _ring_around(shaped: Shape, y: float, edge: float, ease: float) -> np.ndarray:
    radius = float(shaped.trunk.radius(np.linspace(0, 6.28, 72), np.full(72, y)).mean())
    count = max(round(2 * np.pi * radius / edge), 16)
    angle = -np.pi + np.arange(count) * (2 * np.pi / count)
    along = np.full(count, y)
    return shaped.trunk.points(angle, shaped.trunk.radius(angle, along) + ease, along)


def _top(measures: Measures, garment: Garment, slot: str, edge: float) -> _Sheet:
    legged = garment.kind in LEGGED
    shaped = shape(measures, garment, legs=legged, belted="belt" in garment.details)
    sheet = _whole(measures, shaped)
    hem, join = measures.y(garment.hem), measures.y(0.12)
    has_robe = garment.hem > 0.35 and not legged and not garment.tucked
    front = lines.front_edge(measures, garment, sheet.vertices, hem)
    neck, cuff = lines.neckline(measures, garment), lines.sleeves(measures, garment)
    if garment.neckline in ("strapless", "straps"):
        cuff = np.full(len(neck), FAR)
    sheet.marks.update(neck=neck, cuff=cuff, front=front)
    bottom = sheet.vertices[:, 1] - (measures.y(0.7) if garment.tucked else hem)
    if legged:
        bottom = measures.vertices[:, 1] - hem
    if not has_robe:
        sheet.marks["hem"] = np.where(measures.sheet.arm > 0.5, FAR, bottom)
    fields = [neck, cuff, front] + ([] if has_robe else [bottom])
    sheet, _ = sheet.where(np.min(fields, axis=0))
    if has_robe:
        sheet, on_line = sheet.where(np.clip(sheet.vertices[:, 1] - join, -FAR, FAR))
        ring = np.flatnonzero(on_line & (np.abs(sheet.vertices[:, 1] - join) < 1e-6))
        sheet = _with_robe(measures, garment, sheet, ring, shaped, join, edge)
    return sheet


def _with_robe(
    measures: Measures, garment: Garment, sheet: _Sheet, ring: np.ndarray, shaped: Shape, top: float, edge: float
) -> _Sheet:
    """The sheet continued below its lower ring down to the hem, and smoothed across the join."""
    hem, opened = measures.y(garment.hem), garment.opening == "open"
    angle, radius, along = shaped.trunk.polar(sheet.vertices[ring])
    ring = ring[np.argsort(np.mod(angle, 2 * np.pi) if opened else angle)]
    neck = measures.neck[:, 1].mean()
    at_neck, at_hem = lines.gaps(measures, garment)
    at_top = at_neck + (at_hem - at_neck) * np.clip((neck - top) / (neck - hem), 0, 1)
    standing = float(np.median(radius - shaped.trunk.radius(angle, along)))
    pleats = 2 * int(12 + 3 * measures.scale) if "pleats" in garment.details else 0
    gathered, ease = "ribbed hem" in garment.details, standing if len(sheet.faces) else garment.ease - SURFACE
    plan = Cut(top, hem, standing, ease, garment.flare, edge, at_top, at_hem, pleats, gathered)
    made = robe(measures, shaped.trunk, shaped.bare, plan, sheet.vertices[ring], sheet.lbs_weights[ring])
    first, K = len(sheet.vertices), len(ring)
    numbers = np.concatenate([ring, first + np.arange(len(made.vertices))])
    vertices = np.concatenate([sheet.vertices, made.vertices])
    faces = np.concatenate([sheet.faces, numbers[made.faces]])
    far = np.full(len(made.vertices), FAR)
    marks = {name: np.concatenate([values, far if name not in ("sleeve", "leg") else 0 * far])
             for name, values in sheet.marks.items()}  # fmt: skip
    marks["hem"] = np.where(vertices[:, 1] < top + 0.1, vertices[:, 1] - hem, FAR)
    marks["hem"][np.abs(marks["sleeve"]) > 0.5] = FAR
    marks["front"] = lines.front_edge(measures, garment, vertices, hem)
    if len(sheet.faces) and K:
        near = 1 - eased(0.02 * measures.scale, 0.09 * measures.scale, np.abs(vertices[:, 1] - top))
        near[np.abs(marks["sleeve"]) > 0.1] = 0
        vertices = sewing.smoothed(vertices, faces, steps=5, amount=0.5 * near)
    return _Sheet(
        vertices, faces, np.concatenate([sheet.lbs_weights, made.lbs_weights]),
        np.concatenate([sheet.ease, np.full(len(far), standing)]), marks,
        np.concatenate([sheet.robe, np.ones(len(far), bool)]),
    )  # fmt: skip


def _panels(sheet: _Sheet, slot: str) -> np.ndarray:
    sleeve, leg = sheet.marks["sleeve"][sheet.faces].mean(1), sheet.marks["leg"][sheet.faces].mean(1)
    panel = np.full(len(sheet.faces), PANEL["body"], np.uint8)
    panel[leg > 0.5], panel[leg < -0.5] = PANEL["left leg"], PANEL["right leg"]
    panel[sleeve > 0.5], panel[sleeve < -0.5] = PANEL["left sleeve"], PANEL["right sleeve"]
    if slot in ("bottom", "dress"):
        panel[sheet.robe[sheet.faces].all(1)] = PANEL["skirt"]
    return panel


def _pinned(measures: Measures, garment: Garment, sheet: _Sheet) -> np.ndarray:
    scale, marks = measures.scale, sheet.marks
    neck = 0.35 if garment.neckline not in ("strapless", "straps") else 0.6
    pinned = neck * (1 - eased(0.0, 0.06 * scale, marks["neck"]))
    pinned = np.maximum(pinned, 0.5 * (1 - eased(0.01 * scale, 0.05 * scale, marks["waist"])))
    cuffed = 0.12 if "cuffs" in garment.details else 0.0
    pinned = np.maximum(pinned, cuffed * (1 - eased(0.01 * scale, 0.07 * scale, marks["cuff"])))
    if garment.tucked:
        pinned = np.maximum(pinned, 0.3 * (1 - eased(0.02 * scale, 0.1 * scale, marks["hem"])))
    return np.maximum(pinned, 0.004)


def _stiffness(marks: dict[str, np.ndarray]) -> np.ndarray:
    edge = np.min([marks[name] for name in ("neck", "cuff", "hem", "waist", "front")], axis=0)
    return 1 + 2.5 * (1 - eased(0.0, 0.05, edge))
