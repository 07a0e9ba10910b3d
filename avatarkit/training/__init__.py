"""Networks learnt from synthetic people alone: the work of `train` [En3D].

    people ─► lesson.sample, in workers ─► Feed ─► lesson.augmented ─► trained ─► Report, now and then

A lesson says what a network sees of a person and what it should have said; the loop knows of no network.
"""

from avatarkit.training.feeding import Feed
from avatarkit.training.lessons import LESSONS, lesson
from avatarkit.training.loop import Lesson, Report, Schedule, device_of, together, trained

__all__ = ["LESSONS", "Feed", "Lesson", "Report", "Schedule", "device_of", "lesson", "together", "trained"]
