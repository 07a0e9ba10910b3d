"""What can be learnt, by name."""

from __future__ import annotations

from collections.abc import Callable

from avatarkit.body import BodyModel
from avatarkit.errors import UsageError
from avatarkit.training.loop import Lesson

LESSONS = ("regress", "normals", "normals-v")


def lesson(name: str, read_model: Callable[[], BodyModel]) -> Lesson:
    """The lesson of LESSONS; `normals-v` is `normals` with a network that says velocities. UsageError for another."""
    if name not in LESSONS:
        raise UsageError(f"{name}: no such model, expected {' or '.join(LESSONS)}")
    if name == "regress":
        from avatarkit.training.regress import RegressLesson

        return RegressLesson()
    from avatarkit.training.dual import DualLesson  # diffusers takes seconds, in each worker

    return DualLesson(name, read_model, prediction="v_prediction" if name == "normals-v" else "sample")
