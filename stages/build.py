"""The whole chain in one command. Options of single stages are words, as on each stage's own command line."""

from __future__ import annotations

import shlex
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from avatarkit import chain
from avatarkit.chain import Manner, Outcome, Step
from avatarkit.errors import UsageError
from avatarkit.progress import log
from avatarkit.stage import Option, Stage, name
from avatarkit.subject import Job


@dataclass(frozen=True)
class Plan:
    """What `build` does with every subject, once the command line has added the stages and their options."""

    start: str | None
    stop: str | None
    words: tuple[str, ...]
    jobs: int
    reported: bool = True
    stages: tuple[Stage, ...] = ()
    given: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    manner: Manner = field(default_factory=Manner)

    def of(self, stages: tuple[Stage, ...]) -> tuple[Stage, ...]:
        """The stages that are run. Raises UsageError for a name that none has."""
        names = [name(stage) for stage in stages]
        for option, asked in (("from", self.start), ("to", self.stop)):
            if asked is not None and asked not in names:
                hint = " (or leave out --no-refine)" if asked == "refine" else ""
                raise UsageError(f"--{option} {asked}: no such stage, expected one of {', '.join(names)}{hint}")
        last = len(names) if self.stop is None else names.index(self.stop) + 1
        if self.start is not None and names.index(self.start) >= last:
            raise UsageError(f"--from {self.start} --to {self.stop}: comes after it")
        return stages[:last]

    def __call__(self, job: Job) -> Outcome:
        """The chain on one subject, a line for each stage. The outcome is the last stage's, of all that was read."""
        read: dict[Path, None] = {}
        folder, made = job.out.parent, False
        for step in chain.through(self.of(self.stages), job, self.given, self.manner, start=self.start):
            if step.why is None or not self.manner.dry_run:
                log.info("%s: %s", folder, told(step))
            read |= dict.fromkeys(step.outcome.read)
            made = made or step.why is not None
        if self.reported and self.stop is None and not self.manner.dry_run:
            _reported(folder, made)
        return Outcome(step.outcome.out, step.outcome.record, tuple(read))


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


def chained(stages: tuple[Stage, ...], *, image_model: str | None = None, refine: bool = True) -> tuple[Stage, ...]:
    """The stages of a build: who has no image model begins with the photo or the words themselves."""
    without = {*(() if image_model else ("imagine",)), *(() if refine else ("refine",))}
    return tuple(stage for stage in stages if name(stage) not in without)


def build(
    from_: Annotated[str | None, Option("Make this stage's file anew and all after it; take those before.")] = None,
    to: Annotated[str | None, Option("The last stage.  [default: rig]")] = None,
    with_: Annotated[
        list[str] | None, Option("A stage's own options, as `--with 'rig --vrm'`; may be given again.")
    ] = None,
    size: Annotated[int | None, Option("Of the normal maps: --with 'gen-normals --size N' [pixels].")] = None,
    views: Annotated[int | None, Option("Of the normal maps: --with 'gen-normals --views N'.")] = None,
    image_model: Annotated[
        str | None, Option("Paint the words first, and take that for a photo: --with 'imagine --model M'.")
    ] = None,
    no_refine: Annotated[bool, Option("Leave out refine: sooner done, a coarser surface.")] = False,
    jobs: Annotated[int, Option("People at once, each in a process of one thread.", min=1, flags=("-j",))] = 1,
    no_report: Annotated[bool, Option("Leave out report.html and sheet.png, which end a whole build.")] = False,
) -> Plan:
    """Photo or sentence to avatar: every stage in one process, each writing its file and record.

    What is up to date by its record (content, options, version) is not made again: a build that was stopped goes on. A
    folder stands for the people in it: folders with photo.* or prompt.txt, and loose photos.

    Examples:

      avatarkit build ana.jpg                                  # ana/avatar.glb, ana/report.html, and all before them
      avatarkit build --prompt "an old man in a long coat" -o coat/ --with "rig --vrm --usdz"
      avatarkit build people/ -j2
      avatarkit build ana/ --from texture-uv --dry-run
    """
    maps = [f"--{option} {value}" for option, value in (("size", size), ("views", views)) if value is not None]
    words = (*(with_ or ()), *([f"gen-normals {' '.join(maps)}"] if maps else ()))
    words += (f"imagine --model {shlex.quote(image_model)}",) if image_model else ()
    return Plan(from_, to, words, jobs, not no_report)
