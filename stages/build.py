"""The whole chain in one command. Options of single stages are words, as on each stage's own command line."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

from avatarkit import chain
from avatarkit.chain import Manner, Outcome, Step
from avatarkit.errors import UsageError
from avatarkit.progress import log
from avatarkit.stage import Option, Stage, name, reads, writes
from avatarkit.subject import Job


@dataclass(frozen=True)
class Plan:
    """What `build` does with every subject, once the command line has added the stages and their options."""

    start: str | None
    stop: str | None
    words: tuple[str, ...]
    jobs: int
    reported: bool = True
    image_model: str | None = None
    stages: tuple[Stage, ...] = ()
    given: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    manner: Manner = field(default_factory=Manner)
    painter: Stage | None = None
    """the stage that turns words into a photo first"""

    def painted_by(self, painter: Stage) -> Plan:
        """The same plan with words painted first, by the image model."""
        said = {"model": self.image_model, **self.given.get(name(painter), {})}
        given = {**self.given, name(painter): said}
        return replace(self, stages=(painter, *self.stages), given=given, painter=painter)

    def of(self, stages: tuple[Stage, ...]) -> tuple[Stage, ...]:
        """The stages that are run. Raises UsageError for a name that none has."""
        names = [name(stage) for stage in stages]
        for option, asked in (("from", self.start), ("to", self.stop)):
            if asked is not None and asked not in names:
                raise UsageError(f"--{option} {asked}: no such stage, expected one of {', '.join(names)}")
        last = len(names) if self.stop is None else names.index(self.stop) + 1
        if self.start is not None and names.index(self.start) >= last:
            raise UsageError(f"--from {self.start} --to {self.stop}: comes after it")
        return stages[:last]

    def __call__(self, job: Job) -> Outcome:
        """The chain on one subject, a line for each stage. The outcome is the last stage's, of all that was read."""
        read: dict[Path, None] = {}
        folder, made, stages = job.out.parent, False, self.of(self.stages)
        if self.painter is not None:
            words = _words(job, self.painter)
            stages, job = (stages, words) if words is not None else (stages[1:], job)
        for step in chain.through(stages, job, self.given, self.manner, start=self.start):
            if step.why is None or not self.manner.dry_run:
                log.info("%s: %s", folder, told(step))
            read |= dict.fromkeys(step.outcome.read)
            made = made or step.why is not None
        if self.reported and self.stop is None and not self.manner.dry_run:
            _reported(folder, made)
        return Outcome(step.outcome.out, step.outcome.record, tuple(read))


def _words(job: Job, painter: Stage) -> Job | None:
    """The painter's job where the subject is described in words, painted already or not; None for a photo."""
    folder, (subject, other) = job.out.parent, reads(painter)
    words, begun = folder / "prompt.txt", folder / "init.npz"
    taken = next(iter(job.reads.values()))
    if taken not in (words, folder / writes(painter)) or not (words in job.copies or words.exists()):
        return None
    found: dict[str, Path | None] = {subject: words, other: begun if begun.exists() else None}
    return Job(found, folder / writes(painter), job.copies)


def _reported(folder: Path, anew: bool) -> None:
    from stages.report import PAGE, write_report

    if anew or not (folder / PAGE).exists():
        start = time.perf_counter()
        page = write_report(folder)
        log.info("%s: report %.1f s: %s", folder, time.perf_counter() - start, page)


def told(step: Step) -> str:
    """
    >>> def carve(): ...
    >>> told(Step(carve, Outcome(Path("a"), {"seconds": 1.25}, ()), "views is 8, was 2"))
    'carve 1.2 s (views is 8, was 2)'
    """
    if step.why is None:
        return f"{name(step.stage)} up to date"
    seconds = (step.outcome.record or {}).get("seconds", 0.0)
    return f"{name(step.stage)} {'kept' if step.why == chain.EDITED else f'{seconds:.1f} s'} ({step.why})"


def build(
    from_: Annotated[str | None, Option("Make this stage's file anew and all after it; take those before.")] = None,
    to: Annotated[str | None, Option("The last stage.  [default: rig]")] = None,
    with_: Annotated[
        list[str] | None, Option("A stage's own options, as `--with 'rig --vrm'`; may be given again.")
    ] = None,
    size: Annotated[int | None, Option("Of the normal maps: --with 'gen-normals --size N' [pixels].")] = None,
    views: Annotated[int | None, Option("Of the normal maps: --with 'gen-normals --views N'.")] = None,
    jobs: Annotated[int, Option("People at once, each in a process of one thread.", min=1, flags=("-j",))] = 1,
    image_model: Annotated[
        str | None, Option("Paint words as a photo first: --with 'imagine --model FOLDER-OR-HUB-NAME'.")
    ] = None,
    no_report: Annotated[bool, Option("Leave out report.html and sheet.png, which end a whole build.")] = False,
) -> Plan:
    """Photo or sentence to avatar: every stage in one process, each writing its file and record.

    What is up to date by its record (content, options, version) is not made again: a build that was stopped goes on. A
    folder stands for the people in it: folders with photo.* or prompt.txt, and loose photos and texts.

    Examples:

      avatarkit build ana.jpg                                  # ana/avatar.glb, ana/report.html, and all before them
      avatarkit build --prompt "an old man in a long coat" -o coat/ --with "rig --vrm --usdz"
      avatarkit build ana/prompt.txt --image-model sd/         # ana/imagined.png, by your own image model, and on
      avatarkit build people/ -j2
      avatarkit build ana/ --from texture-uv --dry-run
    """
    maps = [f"--{option} {value}" for option, value in (("size", size), ("views", views)) if value is not None]
    words = (*(with_ or ()), *([f"gen-normals {' '.join(maps)}"] if maps else ()))
    return Plan(from_, to, words, jobs, not no_report, image_model)
