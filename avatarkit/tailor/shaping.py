"""Loose cloth on a body: the close surface moved out to where cloth of an ease hangs on trunk, arms and legs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from avatarkit.outfit import GARMENTS, Garment
from avatarkit.tailor import sewing
from avatarkit.tailor.measures import Measures
from avatarkit.tailor.sewing import eased
from avatarkit.tailor.tubes import Tube, tube

SURFACE = 0.005
"""How far the close surface itself stands off the skin, metres."""
WAISTBAND = -0.002
"""What a waistband stands off the close surface, metres, whatever the ease below it."""


@dataclass(frozen=True, eq=False)
class Shape:
    """The close surface's vertices as cloth (V,3), and the trunk's tube, on which skirts go on."""

    vertices: np.ndarray
    trunk: Tube
    bare: Tube
    """the trunk itself"""
    ease: np.ndarray
    """(V) metres off the close surface, along its normals"""


def looseness(garment: Garment) -> float:
    """0 clings to the body … 1 hangs freely."""
    return float(np.clip((garment.ease - 0.005) / 0.017, 0, 1))


def waisted(garment: Garment) -> bool:
    """Whether it hangs from a waistband."""
    return garment.kind in GARMENTS and GARMENTS[garment.kind][0] == "bottom"


def held(measures: Measures, garment: Garment, y: np.ndarray) -> np.ndarray:
    """How far a waistband holds the cloth at heights y to the body, 0 … 1: its own, or that over what is tucked in."""
    top, scale = measures.y(garment.rise), measures.scale
    if waisted(garment):
        low = top - min(0.17 * scale, 0.7 * (top - measures.y(1.0)))
        return eased(low, top - 0.035 * scale, y)
    return eased(top + 0.06 * scale, top, y) if garment.tucked else np.zeros(np.shape(y))


def shape(measures: Measures, garment: Garment, *, legs: bool, belted: bool) -> Shape:
    """Cloth of this garment's ease everywhere on the body, also where the garment will be cut away."""
    V = measures.vertices
    ease = _ease(measures, garment)
    vertices = V + measures.normals * ease[:, None]
    loose = looseness(garment)
    trunk, bare = trunk_tubes(measures, garment, belted=belted)
    vertices = _onto_trunk(measures, vertices, trunk, ease, loose, legs)
    for side in (1.0, -1.0):
        vertices = _onto_arm(measures, garment, vertices, ease, side)
        if legs:
            vertices = _onto_leg(measures, garment, vertices, ease, side)
    folds = np.maximum(_folds(measures) * (0.15 + 0.85 * loose), 0.4 * loose)
    vertices = sewing.smoothed(vertices, measures.sheet.faces, steps=6, amount=0.6 * folds)
    if legs:
        below = (V[:, 1] < measures.y(1.0)) & (measures.sheet.arm < 0.1)
        vertices[:, 0] = np.where(below, np.sign(V[:, 0]) * np.maximum(np.abs(vertices[:, 0]), 0.002), vertices[:, 0])
    return Shape(vertices, trunk, bare, ease)


def _ease(measures: Measures, garment: Garment) -> np.ndarray:
    """(V) metres along the normals: little on top of the shoulders, where cloth lies, and around the neck."""
    V = measures.vertices
    base = max(garment.ease - SURFACE, 0.0015)
    lying = eased(0.35, 0.9, measures.normals[:, 1]) * eased(measures.y(-1.0), measures.y(-1.3), V[:, 1])
    out = np.abs(V[:, 0])
    lying *= 1 - eased(measures.arm_x(0.4), measures.arm_x(1.0), out)
    at_neck = np.linalg.norm(V - measures.neck.mean(0), axis=1)
    near_neck = 1 - eased(0.07 * measures.scale, 0.16 * measures.scale, at_neck)
    ease = base * (1 - 0.72 * np.maximum(lying, near_neck))
    return ease + held(measures, garment, V[:, 1]) * (measures.sheet.arm < 0.3) * (WAISTBAND - ease)


def _folds(measures: Measures) -> np.ndarray:
    """(V) 1 in armpits and crotch, where offset surfaces would cross themselves."""
    V = measures.vertices
    shoulder = measures.joint("left_shoulder")
    pit = np.stack([1.0 * shoulder[0], measures.y(-1.0), shoulder[2]])
    mirrored = np.stack([np.abs(V[:, 0]), V[:, 1], V[:, 2]], axis=1)
    near = 1 - eased(0.05 * measures.scale, 0.13 * measures.scale, np.linalg.norm(mirrored - pit, axis=1))
    crotch = np.array([0.0, measures.y(1.0), shoulder[2]])
    between = (V - crotch) * (1.2, 1, 0.6)
    return np.maximum(near, 1 - eased(0.04 * measures.scale, 0.11 * measures.scale, np.linalg.norm(between, axis=1)))


def trunk_tubes(measures: Measures, garment: Garment, *, belted: bool) -> tuple[Tube, Tube]:
    """Cloth around the trunk from the armpits to the floor, one tube around both legs without their feet; and the
    trunk itself."""
    V, sheet = measures.vertices, measures.sheet
    edges = sheet.edges[((sheet.arm < 0.3) & (sheet.foot < 0.5))[sheet.edges].all(1)]
    top, bottom = measures.y(-1.25), measures.floor + 0.004
    waist = measures.y(0.0)
    middle = V[(np.abs(V[:, 1] - waist) < 0.04 * measures.scale) & (sheet.arm < 0.1), 2]
    z = 0.5 * (middle.max() + middle.min())
    rows = max(int((top - bottom) / (0.016 * measures.scale)), 24)
    bare = tube(V, edges, 1, (top, bottom), np.array([[0.0, z], [0.0, z]]), rows)
    y = bare.places
    above = np.sqrt(looseness(garment)) * (0.97 if garment.flare > 0.04 or garment.neckline == "straps" else 0.994)
    below = 0.0 if garment.flare < 0 else 1.0 if garment.flare > 0.02 else 0.995
    crotch = measures.y(0.9)
    below_knee = 0.97 if garment.flare < 0 else below
    hang = np.where(y > waist, above, np.where(y > crotch, max(below, above), np.maximum(below, below_knee)))
    # the sections above hold the roots of the arms: nothing hangs from them
    hang = np.where(y > measures.y(-0.85), 0.0, hang ** (np.abs(bare.step) / 0.016))
    band = held(measures, garment, y)
    if waisted(garment):  # what is above the waistband is none of its business
        hang = hang * (1 - band)
    pinch = 0.65 * np.exp(-(((y - waist) / (0.06 * measures.scale)) ** 2)) if belted else np.zeros(rows)
    return bare.hung(hang, np.maximum(pinch, band)), bare


def _onto_trunk(
    measures: Measures, vertices: np.ndarray, trunk: Tube, ease: np.ndarray, loose: float, legs: bool
) -> np.ndarray:
    """Moves the trunk out to its tube, from below the armpits downwards."""
    V = measures.vertices
    angle, radius, along = trunk.polar(vertices)
    share = eased(measures.y(-1.2), measures.y(-0.4), V[:, 1]) * (1 - eased(0.02, 0.3, measures.sheet.arm))
    if legs:
        share = share * eased(measures.y(1.0), measures.y(0.45), V[:, 1]) * (0.25 + 0.75 * loose)
    else:
        share = share * eased(measures.y(1.6), measures.y(1.0), V[:, 1])
    wanted = np.maximum(trunk.radius(angle, along) + ease, radius)
    return trunk.points(angle, radius + share * (wanted - radius), along)


def _onto_arm(measures: Measures, garment: Garment, vertices: np.ndarray, ease: np.ndarray, side: float) -> np.ndarray:
    """Sleeves: tubes that hang from the shoulder, hiding elbow and muscles as far as they are loose."""
    sheet, V = measures.sheet, measures.vertices
    name = "left" if side > 0 else "right"
    shoulder, elbow, wrist = (measures.joint(f"{name}_{part}") for part in ("shoulder", "elbow", "wrist"))
    edges = sheet.edges[((sheet.arm[sheet.edges] > 0.5) & (side * V[sheet.edges][..., 0] > 0)).all(1)]
    start, end = shoulder[0] + 0.3 * (elbow - shoulder)[0], wrist[0]
    rows = max(int(abs(end - start) / (0.016 * measures.scale)), 8)
    arm = tube(V, edges, 0, (start, end), np.stack([shoulder[1:] * (1, 1), wrist[1:]]), rows)
    loose = looseness(garment)
    gather = np.zeros(rows)
    if "cuffs" in garment.details and garment.sleeve > 1.4:
        cuff = abs(measures.arm_x(garment.sleeve)) - 0.055 * measures.scale
        gather = 0.9 * eased(cuff - 0.05 * measures.scale, cuff + 0.01, np.abs(arm.places))
    arm = arm.hung(np.full(rows, 0.97 * loose), gather)
    mine = (sheet.arm > 0.3) & (side * V[:, 0] > 0)
    angle, radius, along = arm.polar(vertices[mine])
    share = eased(abs(start), abs(start) + 0.07 * measures.scale, np.abs(along))
    pulled = 1 - 0.6 * np.interp(along * side, arm.places * side, gather)
    wanted = arm.radius(angle, along) + ease[mine] * pulled
    vertices[mine] = arm.points(angle, radius + share * (wanted - radius), along)
    return vertices


def _onto_leg(measures: Measures, garment: Garment, vertices: np.ndarray, ease: np.ndarray, side: float) -> np.ndarray:
    """Trouser legs: tubes from the seat to the ankle, flaring below the knee or above it."""
    sheet, V = measures.sheet, measures.vertices
    name = "left" if side > 0 else "right"
    hip, ankle = measures.joint(f"{name}_hip"), measures.joint(f"{name}_ankle")
    edges = sheet.edges[((side * V[sheet.edges][..., 0] > 0) & (sheet.arm[sheet.edges] < 0.1)).all(1)]
    start, end = measures.y(1.0) - 0.03 * measures.scale, ankle[1] - 0.01
    line = np.stack([hip[[0, 2]], ankle[[0, 2]]])
    t = np.array([(hip[1] - start) / (hip[1] - ankle[1]), 1.0])[:, None]
    rows = max(int((start - end) / (0.018 * measures.scale)), 12)
    leg = tube(V, edges, 1, (start, end), line[0] + t * (line[1] - line[0]), rows)
    loose = looseness(garment)
    hem = measures.y(garment.hem)
    gather = np.zeros(rows)
    if "cuffs" in garment.details and garment.kind != "jeans":
        gather = 0.95 * eased(hem + 0.10 * measures.scale, hem + 0.03 * measures.scale, leg.places)
    leg = leg.hung(np.full(rows, (0.5 + 0.49 * loose) * min(4 * loose, 1.0)), gather)
    mine = (side * V[:, 0] > 0) & (V[:, 1] < measures.y(0.85)) & (sheet.arm < 0.1)
    angle, radius, along = leg.polar(vertices[mine])
    share = eased(start + 0.01 * measures.scale, start - 0.09 * measures.scale, along)
    down = np.clip((start - along) / max(start - hem, 1e-6), 0, 1.2)
    pulled = 1 - 0.8 * np.interp(-along, -leg.places, gather)
    wanted = leg.radius(angle, along) + (ease[mine] + garment.flare * down) * pulled
    vertices[mine] = leg.points(angle, radius + share * (wanted - radius), along)
    return vertices
