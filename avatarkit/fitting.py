"""The body that explains words or a motion: the work of fit-smpl.

A person made here stands with the lowest point of the posed body at y = 0 (feet, or what the pose stands on; a person
who sits has an invisible chair), the pelvis over x = z = 0, facing +Z, seen by an orthographic camera in which their
height fills 450 of 512 pixels.
"""

import logging
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from avatarkit import motion, poses
from avatarkit.body import Body, BodyModel, Pose
from avatarkit.body.phenotype import Phenotype
from avatarkit.camera import framing
from avatarkit.errors import BadData, UsageError
from avatarkit.mesh import volume
from avatarkit.person import Person
from avatarkit.record import Model
from avatarkit.rotation import rotation_from_axis_angle
from avatarkit.words import Description, average_height, understood

log = logging.getLogger("avatarkit")

IMAGE_SIZE = (512, 512)
DENSITY = 985.0
"""Kilograms a cubic metre of a living body, lungs half full."""
BODY_SHARE = 0.3
"""How much of `variation` the betas of the whole body get; those of the head get all of it."""


def from_words(model: BodyModel, text: str, *, seed: int = 0, variation: float = 0.0) -> Person:
    """The person whom a sentence describes; what it leaves open is average, and the person stands.

    `variation` is the standard deviation of random betas, drawn from `seed`: 0 makes the average person of that
    description, 1 someone as individual as people are; a height that was said holds either way. Words that are not
    understood and contradictions are logged. BadData for an empty text, a number out of range, or when the body model
    knows no phenotypes.
    """
    if not text.strip():
        raise BadData("prompt: empty, expected a description such as 'a tall slim woman, 35 years old, walking'")
    description = heeded(text)
    betas = betas_of(model, description, seed=seed, variation=variation)
    body = model.shaped(betas)
    return seen(body, betas, poses.pose_of(description.pose or "standing", body), _misses(description, body))


def from_motion(
    model: BodyModel,
    arrays: motion.Arrays,
    *,
    frame: int = 0,
    describe: str | None = None,
    betas: str | None = None,
    seed: int = 0,
    variation: float = 0.0,
) -> Person:
    """The person in one frame of a motion (see `motion` for the files), turned to face +Z and set on the ground.

    The shape comes from `betas` (numbers between commas), or from `describe`, or from the file's betas where they
    belong to this body model, or else it is the average of the file's gender. Fingers that the file leaves out are
    relaxed. BadData names the key at fault; UsageError for betas that cannot be read, or beside a description.
    """
    if betas is not None and describe:
        raise UsageError("--betas and --describe both say whom: give one of the two")
    pose, knows_fingers = motion.pose_at(arrays, frame)
    if not knows_fingers:
        pose = pose.turned(poses.RELAXED)
    description = heeded(describe) if describe else Description(sex=_sex(arrays))
    if description.pose:
        log.warning("describe: %s is not used, the pose comes from the motion", description.pose)
    if betas is not None:
        shape: Tensor | None = _spelt_betas(model, betas)
    else:
        shape = None if describe else recorded_betas(model, arrays, frame)
    if shape is None:
        shape = betas_of(model, description, seed=seed, variation=variation)
    body = model.shaped(shape)
    return seen(body, shape, facing_front(pose), _misses(description, body))


def heeded(text: str) -> Description:
    """What a sentence says; what it does not is logged as warnings, each once."""
    description = understood(text)
    for warning in description.warnings:
        log.warning("prompt: %s", warning)
    if description.unknown:
        unknown = ", ".join(repr(word) for word in dict.fromkeys(description.unknown))
        log.warning("prompt: not understood, and not heeded for the body: %s", unknown)
    return description


def betas_of(model: BodyModel, description: Description, *, seed: int = 0, variation: float = 0.0) -> Tensor:
    """Betas (B) float32 of a described person. BadData when the model has no phenotypes and something was said."""
    B = model.shapedirs.shape[-1]
    said = {key: getattr(description, key) for key in ("sex", "age", "height", "weight", "muscle", "proportions")}
    said = {key: value for key, value in said.items() if value is not None}
    if model.phenotypes is None and not said and description.mass is None:
        return torch.zeros(B)
    phenotype = Phenotype(**said)
    if phenotype.height is None:  # from the table that tall and short are measured by
        phenotype = replace(phenotype, height=average_height(phenotype.sex, phenotype.age))
    individual = _individual(model, seed, variation)
    if description.mass is not None:
        if description.weight is not None:
            log.warning("prompt: a weight in words and %.0f kg: the kilograms are taken", description.mass)
        phenotype = weighing(model, phenotype, description.mass)
    betas = phenotype.betas(model) + individual
    if description.height is not None and variation > 0:
        # Individuality changes the height; ask for as much less or more, until the mesh has what was said.
        asked = phenotype
        for _ in range(4):
            missing = description.height - 100 * float(model.shaped(_floats(betas)).height)
            asked = replace(asked, height=float(np.clip((asked.height or 0.0) + missing, 50, 250)))
            betas = asked.betas(model) + individual
    return _floats(betas)


def weighing(model: BodyModel, phenotype: Phenotype, kilograms: float) -> Phenotype:
    """The phenotype with the `weight` at which its body has this mass, as near as its build can come."""
    low, high = 0.0, 1.0
    for _ in range(10):
        middle = (low + high) / 2
        low, high = (middle, high) if _mass(model, replace(phenotype, weight=middle)) < kilograms else (low, middle)
    found = replace(phenotype, weight=(low + high) / 2)
    mass = _mass(model, found)
    if abs(mass - kilograms) > 1:
        log.warning("prompt: %.0f kg is beyond this body's reach: %.0f kg is taken", kilograms, mass)
    return found


def recorded_betas(model: BodyModel, arrays: motion.Arrays, frame: int) -> Tensor | None:
    """The file's betas (≤ B) where they mean this body model's shapes; else None, with a warning."""
    if "betas" not in arrays:
        return None
    betas = np.asarray(arrays["betas"])
    if betas.dtype.kind not in "fiu" or betas.ndim not in (1, 2) or betas.size == 0 or not np.isfinite(betas).all():
        raise BadData(f"betas: found {betas.dtype} {betas.shape}, expected finite numbers (betas,) or (frames, betas)")
    made_for = str(arrays["body_model_sha256"]) if "body_model_sha256" in arrays else None
    ours = made_for == model.sha256 if made_for else model.phenotypes is None and motion.is_smplx_shape(arrays)
    if not ours:
        log.warning("betas: those of the file belong to another body than %s; describe the body in words", model.name)
        return None
    row = betas if betas.ndim == 1 else betas[min(frame, len(betas) - 1)]
    return _floats(row[: model.shapedirs.shape[-1]])


def _spelt_betas(model: BodyModel, text: str) -> Tensor:
    B = model.shapedirs.shape[-1]
    try:
        row = np.array([float(number) for number in text.split(",")])
    except ValueError:
        row = np.array([np.nan])
    if len(row) > B or not np.abs(row).max() < 10:
        raise UsageError(f"--betas {text}: expected up to {B} numbers between -10 and 10, as 0.5,-1.2,2")
    return _floats(row)


def seen(body: Body, betas: Tensor, pose: Pose, residuals: dict[str, float] | None = None) -> Person:
    """The person of a body, its betas and its pose: set on the ground and looked at from the front."""
    pose = grounded(body, pose)
    posed = body.posed(pose)
    model = body.model
    return Person(
        model=Model(model.name, model.sha256, model.licence),
        betas=betas,
        expression=torch.zeros(model.exprdirs.shape[-1]),
        pose=pose,
        camera=framing(posed.vertices, IMAGE_SIZE, centre=posed.joints[0]),
        residuals=residuals or {},
    )


def grounded(body: Body, pose: Pose) -> Pose:
    """The pose moved so that the lowest vertex is at y = 0 and the pelvis over x = z = 0."""
    posed = body.posed(pose)
    pelvis = posed.joints[..., 0, :]
    low = posed.vertices[..., 1].amin(-1)
    return replace(pose, transl=pose.transl - torch.stack([pelvis[..., 0], low, pelvis[..., 2]], dim=-1))


def facing_front(pose: Pose) -> Pose:
    """The person turned about the vertical until the pelvis looks to +Z; unturned when it looks straight up or down."""
    ahead = rotation_from_axis_angle(pose.global_orient)[:, 2]
    if ahead[[0, 2]].norm() < 0.1:
        return pose
    heading = torch.atan2(ahead[0], ahead[2])
    return motion.rotated(pose, torch.stack([torch.zeros_like(heading), -heading, torch.zeros_like(heading)]))


def _misses(description: Description, body: Body) -> dict[str, float]:
    """How far the body is from the height (metres) that was said."""
    return {} if description.height is None else {"height": float(body.height) - description.height / 100}


def _individual(model: BodyModel, seed: int, variation: float) -> np.ndarray:
    """Random betas (B) of one individual; those of the head vary most, as faces tell people apart."""
    B = model.shapedirs.shape[-1]
    share = np.full(B, BODY_SHARE)
    share[model.head_betas if model.head_betas is not None else slice(0, 0)] = 1.0
    return variation * share * np.random.default_rng(seed).standard_normal(B)


def _mass(model: BodyModel, phenotype: Phenotype) -> float:
    body = model.shaped(_floats(phenotype.betas(model)))
    faces = model.faces if model.outer_faces is None else model.outer_faces
    return DENSITY * float(volume(body.vertices.double(), faces))


def _sex(arrays: motion.Arrays) -> float | None:
    """The sex of AMASS's `gender`; None for neutral, unknown or no word at all."""
    gender = arrays.get("gender")
    if gender is None or np.size(gender) != 1 or np.asarray(gender).dtype.kind not in "US":
        return None
    word = np.asarray(gender).reshape(()).astype(str).item().strip("b'\" ").lower()
    return {"male": 0.0, "female": 1.0}.get(word)


def _floats(betas: np.ndarray) -> Tensor:
    return torch.from_numpy(np.array(betas, np.float32))
