"""How landmarks come to sit where they sit: measured on people whose body is known.

    python benchmarks/_calibrate.py avatarkit/fitting/landmarks.npz

Each landmark is a point that moves rigidly with a joint; its offset is what best explains where the detector saw it,
in all photos together, by Gauss–Newton on a robust loss. Left and right are solved as one, mirrored. The landmarks of
the head then go over to the nearest vertex, so that they follow the shape of the head and its expression.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatarkit.body import BodyModel
from avatarkit.detect import LEFT, RIGHT, Detection
from avatarkit.fitting.landmarks import (
    ACROSS,
    BONES,
    COUNT,
    FACE,
    FACE_IDS,
    IRISES,
    LEFT_HAND,
    MIRRORED_BONES,
    POSE,
    RIGHT_HAND,
    Table,
    directions,
    tallness,
    unit,
)
from avatarkit.fitting.rig import Array, Frames, Rig, State, frames
from avatarkit.person import Person

HEAD, JAW, EYEBALLS = 15, 22, (23, 24)
ROUNDS, LOOSE = 25, 0.006
FEWEST = 4
"""Photos that must show a landmark before it is measured."""
MIRROR = np.array([-1.0, 1.0, 1.0])
SEEN = 0.6
# which joint a landmark of the left side moves with, and from which joint it is measured
LIMBS = {
    **{11: (13, 16), 13: (16, 18), 15: (18, 20), 17: (20, 31), 19: (20, 25), 21: (20, 37)},
    **{23: (0, 1), 25: (1, 4), 27: (4, 7), 29: (7, 7), 31: (7, 10)},
}
FINGERS = (37, 25, 28, 34, 31)  # thumb, index, middle, ring, little: the first joint of each


@dataclass(frozen=True, eq=False)
class Example:
    """A photographed person whose body is known; `K` and the state are those of the photo's camera axes."""

    at: Frames
    tall: float
    K: Array
    pixels: Array
    """(145,2), NaN where the detector saw nothing"""
    height: float
    """pixels"""
    guessed: Array
    """(19,3) bone directions as the detector sees them, NaN where it is not sure"""


def observed(found: Detection) -> tuple[Array, Array]:
    """The 145 landmarks (145,2) in pixels, NaN where there are none, and how sure each is (145), 0 to 1."""
    pixels, sure = np.full((COUNT, 2), np.nan), np.zeros(COUNT)
    pixels[POSE], sure[POSE] = found.pose, found.visibility
    parts = ((LEFT_HAND, found.left_hand, slice(None)), (RIGHT_HAND, found.right_hand, slice(None)))
    for rows, points, kept in (*parts, (FACE, found.face, list(FACE_IDS))):
        if points is not None:
            pixels[rows], sure[rows] = points[kept, :2], 1.0
    return pixels, sure


def example(model: BodyModel, rig: Rig, person: Person, found: Detection) -> Example:
    """What calibration looks at, of one person and what the detector found."""
    pixels, sure = observed(found)
    pixels[sure < SEEN] = np.nan
    seen = pixels[POSE][~np.isnan(pixels[POSE][:, 0])]
    state = state_of(rig, person)
    tall = 1 + float(tallness(model) @ state.coefficients)
    pairs = np.array(BONES)
    guessed = directions(found.world.astype(float), pairs)
    guessed[found.visibility[pairs].min(1) < SEEN] = np.nan
    K, height = person.camera.K.double().numpy(), float(np.ptp(seen, axis=0).max())
    return Example(frames(rig, state), tall, K, pixels, height, guessed)


def state_of(rig: Rig, person: Person) -> State:
    """The person's state in the axes of their camera."""
    from avatarkit.rotation import axis_angle_from_rotation, rotation_from_axis_angle

    cam_from_world = person.camera.cam_from_world.double()
    pose = person.pose.to(dtype=cam_from_world.dtype)
    turns = pose.full()
    turned = cam_from_world[:3, :3] @ rotation_from_axis_angle(turns[0])
    turns[0] = axis_angle_from_rotation(turned)
    coefficients = np.zeros(rig.joint_dirs.shape[2])
    coefficients[: len(person.betas)] = person.betas.numpy()
    coefficients[rig.B : rig.B + len(person.expression)] = person.expression.numpy()
    pelvis = rig.joints[0] + rig.joint_dirs[0] @ coefficients
    # a pose turns about the pelvis: rest pelvis + translation is a point of the world
    placed = cam_from_world[:3, :3].numpy() @ (pelvis + pose.transl.numpy()) + cam_from_world[:3, 3].numpy()
    return State(placed - pelvis, turns.numpy(), coefficients)


def calibrated(model: BodyModel, examples: Sequence[Example]) -> Table:
    """The table of a body model."""
    rig = Rig.of(model)
    seen = measured_offsets(rig, examples)
    true = np.stack([_bones(e, seen.attach[POSE], seen.base[POSE], seen.offset[POSE]) for e in examples])
    maps, spread = bone_maps(np.stack([e.guessed for e in examples]), true)
    vertex, offset = to_vertices(model, rig, seen.base, seen.offset)
    return Table(seen.attach, seen.base, vertex, offset, seen.offset, seen.noise, maps, spread)


@dataclass(frozen=True, eq=False)
class Offsets:
    """Where the landmarks (145) sit: moved by the joint `attach`, `offset` from the joint `base` (NaN: seldom seen)."""

    attach: NDArray[np.int64]
    base: NDArray[np.int64]
    offset: Array
    noise: Array


def measured_offsets(rig: Rig, examples: Sequence[Example]) -> Offsets:
    """What best explains where the landmarks were seen, left and right mirrored."""
    attach, base = np.full(COUNT, HEAD), np.full(COUNT, HEAD)
    offset, noise = np.zeros((COUNT, 3)), np.zeros(COUNT)
    for one, other, joint, origin, start in _pairs(rig):
        mirrored = (_other(joint), _other(origin))
        samples = [_samples(examples, one, joint, origin, np.ones(3))]
        if other is not None:
            samples.append(_samples(examples, other, *mirrored, MIRROR))
        offset[one], noise[one] = _solved(np.concatenate(samples), start)
        attach[one], base[one] = joint, origin
        if other is not None:
            (attach[other], base[other]), offset[other], noise[other] = mirrored, offset[one] * MIRROR, noise[one]
    return Offsets(attach, base, offset, noise)


def _bones(e: Example, attach: NDArray[np.int64], base: NDArray[np.int64], offset: Array) -> Array:
    """The true directions (19,3) of the bones."""
    rest = e.at.rest[base] - e.at.rest[attach] + e.tall * offset
    return directions(np.einsum("lab,lb->la", e.at.turned[attach], rest) + e.at.placed[attach], np.array(BONES))


def bone_maps(guessed: Array, true: Array) -> tuple[Array, Array]:
    """Affine maps (19,4,3) from guessed to true directions (N,19,3), and the median error (19) that they leave.

    The detector lets knees come forward and shanks recede (by 7 to 10 degrees), and toes rise; a robust line per bone,
    the same for left and right, takes that off. NaN is what was not seen.
    """
    sign = np.where(np.isin(np.arange(len(BONES)), ACROSS), -1.0, 1.0)[:, None]
    mirrored = [x[:, list(MIRRORED_BONES)] * MIRROR * sign for x in (guessed, true)]
    guessed, true = (np.concatenate(both) for both in zip((guessed, true), mirrored, strict=True))
    maps, spread = np.zeros((len(BONES), 4, 3)), np.zeros(len(BONES))
    for bone in range(len(BONES)):
        seen = ~np.isnan(guessed[:, bone, 0])
        rows, wanted = np.pad(guessed[seen, bone], ((0, 0), (0, 1)), constant_values=1), true[seen, bone]
        weight = np.ones(len(rows))
        for _ in range(ROUNDS):
            normal = rows.T @ (rows * weight[:, None]) + 1e-3 * np.eye(4)
            maps[bone] = np.linalg.solve(normal, (rows * weight[:, None]).T @ wanted + 1e-3 * np.eye(4, 3))
            weight = 1 / np.maximum(np.linalg.norm(rows @ maps[bone] - wanted, axis=1), 0.1)
        spread[bone] = np.median(np.linalg.norm(unit(rows @ maps[bone]) - wanted, axis=1))
    return maps, spread


def _pairs(rig: Rig) -> list[tuple[int, int | None, int, int, Array]]:
    """Landmark, the one mirrored to it or None, joint, origin, first guess of the offset."""
    ahead, none = np.array([0.0, 0.05, 0.08]), np.zeros(3)
    rows: list[tuple[int, int | None, int, int, Array]] = [(0, None, HEAD, HEAD, ahead)]
    rows += [(a, b, HEAD, HEAD, ahead) for a, b in zip(LEFT, RIGHT, strict=True) if a < 11]
    rows += [(a, a + 1, *joints, none) for a, joints in LIMBS.items()]
    rows.append((LEFT_HAND.start, RIGHT_HAND.start, 20, 20, none))
    for finger, first in enumerate(FINGERS):
        tip = 0.8 * (rig.joints[first + 2] - rig.joints[first + 1])
        for bone, joints in enumerate(
            ((20, first), (first, first + 1), (first + 1, first + 2), (first + 2, first + 2))
        ):
            row = 1 + 4 * finger + bone
            start = tip if bone == 3 else none
            rows.append((LEFT_HAND.start + row, RIGHT_HAND.start + row, *joints, start))
    return rows + [(row, None, HEAD, HEAD, ahead) for row in range(FACE.start, COUNT)]


def _other(joint: int) -> int:
    from avatarkit.body import JOINT_INDEX, JOINT_NAMES

    return JOINT_INDEX[JOINT_NAMES[joint].replace("left_", "right_")]


def _samples(examples: Sequence[Example], row: int, joint: int, origin: int, mirror: Array) -> Array:
    """(N,15): of each photo that shows the landmark K R (9) and K (R d + t) (3), so that K X = those · (offset, 1);
    the pixel (2) and the person's height in pixels."""
    rows = []
    for e in examples:
        if not np.isnan(e.pixels[row, 0]):
            turned = e.K @ e.at.turned[joint]
            start = turned @ (e.at.rest[origin] - e.at.rest[joint]) + e.K @ e.at.placed[joint]
            rows.append([*(turned * mirror * e.tall).ravel(), *start, *e.pixels[row], e.height])
    return np.array(rows).reshape(-1, 15)


def _solved(samples: Array, start: Array) -> tuple[Array, float]:
    """The offset (3), and the median distance between landmark and point as a share of the person's height; NaN where
    too few photos show it."""
    turned, shift, pixels = samples[:, :9].reshape(-1, 3, 3), samples[:, 9:12], samples[:, 12:14]
    height = samples[:, 14]
    if len(samples) < FEWEST:
        return np.full(3, np.nan), float("nan")
    offset = start.copy()
    error = np.zeros(0)
    for _ in range(ROUNDS):
        seen = turned @ offset + shift
        u = seen[:, :2] / seen[:, 2:]
        error = (u - pixels) / height[:, None]
        slope = (turned[:, :2] - u[..., None] * turned[:, 2:]) / seen[:, 2, None, None] / height[:, None, None]
        weight = 1 / (1 + (error**2).sum(1) / LOOSE**2)
        normal = np.einsum("n,nak,nal->kl", weight, slope, slope)
        offset -= np.linalg.solve(
            normal + 1e-9 * np.trace(normal) * np.eye(3), np.einsum("n,nak,na->k", weight, slope, error)
        )
    return offset, float(np.median(np.linalg.norm(error, axis=1)))


def to_vertices(model: BodyModel, rig: Rig, base: NDArray[np.int64], rigid: Array) -> tuple[NDArray[np.int64], Array]:
    """The landmarks of the head measured from the nearest vertex of its skin, the irises from the eyes': vertices
    (145), -1 for those that stay with their joint, and the offsets (145,3)."""
    vertex, offset = np.full(COUNT, -1), rigid.copy()
    vertices = model.v_template.double().numpy()
    skin, eyes = _head_and_eyes(model)
    for row in (*range(11), *range(FACE.start, COUNT)):
        iris = row >= FACE.start and FACE_IDS[row - FACE.start] in IRISES
        candidates = np.flatnonzero(eyes if iris else skin)
        if len(candidates):
            place = rig.joints[base[row]] + offset[row]
            vertex[row] = candidates[np.linalg.norm(place - vertices[candidates], axis=1).argmin()]
            offset[row] = place - vertices[vertex[row]]
    return vertex, offset


def _head_and_eyes(model: BodyModel) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which vertices (V) are the head's skin, and which the eyeballs'; by their joints where parts have no names."""
    if model.part is not None:
        names = np.array([model.part_names[part] for part in model.part])
        return np.isin(names, ("face", "head", "hair_cap")), np.isin(names, ("left_eye", "right_eye"))
    owner = model.lbs_weights.argmax(1).numpy()
    return np.isin(owner, (HEAD, JAW)), np.isin(owner, EYEBALLS)
