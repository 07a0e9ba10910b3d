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

from avatarkit import individual, motion, poses
from avatarkit.body import Body, BodyModel
from avatarkit.body.phenotype import Phenotype
from avatarkit.errors import BadData, UsageError
from avatarkit.person import Person
from avatarkit.standing import facing_front, seen
from avatarkit.words import Description, average_height
from avatarkit.words.heeding import heeded

log = logging.getLogger("avatarkit")


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


def betas_of(model: BodyModel, description: Description, *, seed: int = 0, variation: float = 0.0) -> Tensor:
    """Betas (B) float32 of a described person. BadData when the model has no phenotypes and something was said."""
    said = {key: getattr(description, key) for key in ("sex", "age", "height", "weight", "muscle", "proportions")}
    said = {key: value for key, value in said.items() if value is not None}
    if model.phenotypes is None and not said and description.mass is None:
        return torch.zeros(model.shapedirs.shape[-1])
    phenotype = Phenotype(**said)
    if phenotype.height is None:  # from the table that tall and short are measured by
        phenotype = replace(phenotype, height=average_height(phenotype.sex, phenotype.age))
    if description.mass is not None and description.weight is not None:
        log.warning("prompt: a weight in words and %.0f kg: the kilograms are taken", description.mass)
    exact = description.height is not None
    return individual.betas_of(
        model, phenotype, kilograms=description.mass, seed=seed, variation=variation, exact=exact
    )


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


def _misses(description: Description, body: Body) -> dict[str, float]:
    """How far the body is from the height (metres) that was said."""
    return {} if description.height is None else {"height": float(body.height) - description.height / 100}


def _sex(arrays: motion.Arrays) -> float | None:
    """The sex of AMASS's `gender`; None for neutral, unknown or no word at all."""
    gender = arrays.get("gender")
    if gender is None or np.size(gender) != 1 or np.asarray(gender).dtype.kind not in "US":
        return None
    word = np.asarray(gender).reshape(()).astype(str).item().strip("b'\" ").lower()
    return {"male": 0.0, "female": 1.0}.get(word)


def _floats(betas: np.ndarray) -> Tensor:
    return torch.from_numpy(np.array(betas, np.float32))
