"""From a garment skinned to the pose to one that hangs, in two passes: coarse for the folds, fine for the wrinkles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from avatarkit.remesh.subdivision import loop_operator
from avatarkit.tailor.draping.contacts import seek, touch, touch_others
from avatarkit.tailor.draping.fabrics import FABRICS, Fabric
from avatarkit.tailor.draping.falling import Forces, Seat, Sheet, fall, iron, tie
from avatarkit.tailor.draping.nearest import NOWHERE
from avatarkit.tailor.draping.seats import NO_SEAT
from avatarkit.tailor.draping.sheets import Cloth, Draped, Obstacle, Weave, carried, lengths_of, woven


@dataclass(frozen=True)
class Preset:
    """How many small steps; contacts are looked up every `look` of them."""

    coarse: int
    fine: int
    look: int


PRESETS = {"train": Preset(160, 36, 12), "full": Preset(280, 50, 10)}

GRAVITY = 0.00006
"""Metres a small step. Full gravity would ask for many more sweeps before cloth stops to stretch like rubber."""
FREE_WEIGHT = 1.6
"""How much more what hangs far from the skin weighs."""
KEEP, FASTEST = 0.94, 0.004
STRETCH, SQUASH, LEASH = 0.9, 0.6, 1.03
CRUMPLED = 0.2
"""Bends above this share of an edge are ironed out towards the end: they are cloth that found no room, in an armpit."""
CREASED, IRONED = 0.3, 4
"""The same along hems, which are not drawn into the cloth; how often either is done at each look."""
TURNED, UNTANGLED = 0.05, 60
"""Loose cloth is ironed so often where skinning puts it: far behind a bent knee it is turned inside out."""
REACH = 0.045
"""Metres within which other limbs count."""
LOOSE = 0.05
"""Metres from the skin at rest beyond which cloth belongs to no limb."""
DEEPEST_SKIN, DEEPEST_LAYER = 0.15, 0.04
NEAR_SKIN, NEAR_LAYER = 0.4, 0.12
"""Metres at rest within which cloth touches them: a shirt's chest has nothing to do with the trousers' raised knee."""


def drape(
    cloth: Cloth,
    obstacles: Sequence[Obstacle],
    *,
    preset: str = "train",
    floor: float | None = None,
    seat: Seat | None = None,
    seed: int = 0,
) -> Draped:
    """The cloth where it comes to rest on the obstacles: the skin first, then lower layers from inside out.

    `floor` is the height of the ground, metres, `seat` what a sitting person sits on; `seed` varies the wrinkles.
    """
    steps = PRESETS[preset]
    world = _World(FABRICS[cloth.fabric], -NOWHERE if floor is None else floor, seat or NO_SEAT, seed, steps.look)
    touching = [
        _Touching.at_rest(cloth, obstacle, NEAR_LAYER if k else NEAR_SKIN) for k, obstacle in enumerate(obstacles)
    ]
    weave = woven(cloth.faces)
    points = _fallen(cloth, weave, cloth.start, touching, world, steps.coarse, UNTANGLED)
    faces = torch.from_numpy(np.ascontiguousarray(cloth.faces, np.int64))
    operator, finer = loop_operator(faces, len(cloth.rest), dtype=torch.float64)
    fine = replace(
        cloth,
        rest=carried(operator, cloth.rest),
        start=carried(operator, cloth.start),
        faces=finer.numpy(),
        pinned=carried(operator, cloth.pinned).clip(0, 1),
        offset=carried(operator, cloth.offset),
        stiffness=None if cloth.stiffness is None else carried(operator, cloth.stiffness),
    )
    touching = [each.finer(weave.edges[:, 0]) for each in touching]
    points = _fallen(fine, woven(fine.faces), carried(operator, points), touching, world, steps.fine)
    return Draped(points, fine.rest, fine.faces, operator)


@dataclass(frozen=True)
class _World:
    fabric: Fabric
    floor: float
    seat: Seat
    seed: int
    look: int


@dataclass(frozen=True, eq=False)
class _Touching:
    """Where a cloth touches one obstacle: `where` (V), a vertex of it, is changed by the kernels as the cloth moves;
    `clearance` (V) metres is how far it was from it at rest."""

    obstacle: Obstacle
    where: np.ndarray
    clearance: np.ndarray

    @staticmethod
    def at_rest(cloth: Cloth, obstacle: Obstacle, reach: float) -> _Touching:
        V = len(cloth.rest)
        where, clearance = np.empty(V, np.int64), np.empty(V)
        seek(obstacle.rest_grid, np.ascontiguousarray(cloth.rest, np.float64), reach, where, clearance)
        return _Touching(obstacle, where, clearance)

    def finer(self, first: np.ndarray) -> _Touching:
        """For the subdivided cloth: a new vertex begins where the first end of its edge was."""
        return _Touching(
            self.obstacle,
            np.concatenate([self.where, self.where[first]]),
            np.concatenate([self.clearance, self.clearance[first]]),
        )


def _fallen(
    cloth: Cloth,
    weave: Weave,
    at: np.ndarray,
    touching: Sequence[_Touching],
    world: _World,
    steps: int,
    untangled: int = 0,
) -> np.ndarray:
    """(V,3): the cloth after `steps` from the places `at`, there ironed so often."""
    points, V, fabric = np.array(at, np.float64), len(at), world.fabric
    before, sheet = points.copy(), _sheet(cloth, weave, fabric, world.seed, touching)
    planes, hold, sums, counts = np.zeros((1 + len(touching), V, 4)), np.zeros(V), np.empty((V, 4)), np.empty(V)
    seams = weave.edges[weave.rim]
    hold[seams] = 1
    inner = np.asarray(cloth.pinned, np.float64) >= 1
    inner = np.where(hold > 0, inner, 1.0)
    close = np.where(touching[0].clearance > LOOSE, hold, 1.0) if touching else np.ones(V)
    for _ in range(untangled):
        iron(points, sheet.edges, close, TURNED, sums, counts)
    before[:] = points
    for done in range(0, steps, world.look):
        _touch_all(cloth, points, touching, planes, others=done // world.look % 2 == 0)
        if done >= steps // 2:
            for _ in range(IRONED):
                iron(points, sheet.edges, hold, CRUMPLED, sums, counts)
                iron(points, seams, inner, CREASED, sums, counts)
        rubbing = fabric.friction if done > steps // 3 else 0.0
        # gravity fades towards the end, and with it what it still stretches
        drop = GRAVITY * fabric.weight * min(1.0, 1.5 * (steps - done) / steps)
        forces = Forces(drop, KEEP, FASTEST, STRETCH, SQUASH, rubbing, world.floor)
        fall(points, before, sheet, forces, world.seat, planes, min(world.look, steps - done), done)
    return points


def _touch_all(
    cloth: Cloth, points: np.ndarray, touching: Sequence[_Touching], planes: np.ndarray, *, others: bool
) -> None:
    """Look up the planes (1 + L,V,4): other limbs' if they are asked for, the skin's below, those of lower layers."""
    unknown = np.zeros_like(planes[0])
    for k, each in enumerate(touching):
        offset = np.ascontiguousarray(cloth.offset + each.obstacle.thickness, np.float64)
        deepest, known = (DEEPEST_LAYER, planes[1]) if k else (DEEPEST_SKIN, unknown)
        touch(each.obstacle.shell, points, offset, deepest, each.where, known, planes[1 + k])
    if others and touching:
        skin, below = touching[0], sum(each.obstacle.thickness for each in touching)
        offset, rest = np.ascontiguousarray(cloth.offset + below, np.float64), np.ascontiguousarray(cloth.rest, float)
        grid, shell = skin.obstacle.grid, skin.obstacle.shell
        touch_others(grid, shell, points, offset, rest, skin.clearance > LOOSE, planes[1], REACH, planes[0])


def _sheet(cloth: Cloth, weave: Weave, fabric: Fabric, seed: int, touching: Sequence[_Touching]) -> Sheet:
    rest, start = np.asarray(cloth.rest, np.float64), np.ascontiguousarray(cloth.start, np.float64)
    edges, hinges = _from_top(weave.edges, start), _from_top(weave.hinges, start)
    bending = np.full(len(hinges), fabric.bend)
    if cloth.stiffness is not None:
        bending = (bending * np.asarray(cloth.stiffness, np.float64)[hinges].mean(1)).clip(0, 1)
    pinned, lengths = np.asarray(cloth.pinned, np.float64), _cut_lengths(rest, start, edges)
    slack = fabric.slack * _unevenness(rest, seed)
    # what hangs free, a skirt, has no wrinkles that nothing holds: its weight draws it into folds
    free = ((touching[0].clearance - 0.03) / 0.05).clip(0, 1) if touching else np.ones(len(rest))
    slack *= 1 - 0.8 * free
    anchor, leash = np.empty(len(rest), np.int64), np.empty(len(rest))
    tie(edges, LEASH * lengths, (pinned > 0.6 * pinned.max(initial=0)) & (pinned > 0), anchor, leash)
    return Sheet(
        edges,
        lengths * (1 + slack[edges].mean(1)),
        hinges,
        lengths_of(rest, hinges),
        bending,
        1 + FREE_WEIGHT * free,
        np.where(pinned >= 1, 0.0, 1.0),
        np.where(pinned >= 1, 0.0, 0.3 * pinned),
        start,
        anchor,
        leash,
    )


def _from_top(pairs: np.ndarray, points: np.ndarray) -> np.ndarray:
    return pairs[np.argsort(-points[pairs, 1].sum(1), kind="stable")]


def _cut_lengths(rest: np.ndarray, start: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """(E): lengths at rest, with some of what the pose asks for, as clothes are cut to be moved in; and less cloth
    where the pose leaves it no room at all."""
    lengths = lengths_of(rest, edges)
    asked = lengths_of(start, edges) / np.maximum(lengths, 1e-9) - 1
    return lengths * (1 + np.minimum((0.5 * asked).clip(-0.04, 0.06), (asked + 0.3).clip(-0.2)))


def _unevenness(points: np.ndarray, seed: int) -> np.ndarray:
    """(P) about 1: smooth noise at the points (P,3), since no cloth lies the same on both sides."""
    rng = np.random.default_rng(seed)
    waves = rng.normal(size=(8, 3))
    waves *= 2 * np.pi / rng.uniform(0.08, 0.35, (8, 1)) / np.linalg.norm(waves, axis=1, keepdims=True)
    return 1 + 0.5 * np.sin(points @ waves.T + rng.uniform(0, 2 * np.pi, 8)).sum(1)
