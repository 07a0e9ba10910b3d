"""What can be learnt, by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from avatarkit.body import BodyModel
from avatarkit.errors import UsageError
from avatarkit.regressor import Regressor
from avatarkit.training.loop import Lesson

LESSONS = ("regress", "normals", "normals-v", "colours", "codec")


def lesson(
    name: str,
    read_model: Callable[[], BodyModel],
    read_regressor: Callable[[], Regressor],
    read_codec: Callable[[], Any] | None = None,
    side: int = 512,
) -> Lesson:
    """The lesson of LESSONS, in views of `side` pixels; `normals-v` is `normals` with a network that says velocities,
    both of which learn from what a regressor sees. UsageError for another."""
    if name not in LESSONS:
        raise UsageError(f"{name}: no such model, expected {' or '.join(LESSONS)}")
    if read_codec is not None and not name.startswith("normals"):
        raise UsageError(f"--codec is for normals, not for {name}")
    if name == "regress":
        from avatarkit.training.regress import RegressLesson

        return RegressLesson()
    if name == "codec":
        from avatarkit.training.codec import CodecLesson

        return CodecLesson(read_model, read_regressor)
    if name == "colours":
        from avatarkit.training.colours import ColoursLesson

        return ColoursLesson(name, read_model, side=side, widths=(48, 88, 128))
    from avatarkit.training.normals import NormalsLesson  # diffusers takes seconds, in each worker

    said = "v_prediction" if name == "normals-v" else "sample"
    return NormalsLesson(name, read_model, read_regressor, read_codec, side=side, prediction=said)
