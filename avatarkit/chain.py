"""One stage, run on one subject: inputs checked against their records, hand edits kept, the result and its record
put in place together; and the whole chain on one subject, of which only what is due is run.

The command line calls `run` for every subject of a stage, `through` for every subject of `build`.
"""

import json
import logging
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avatarkit import __version__, atomic, provenance, record, subject
from avatarkit.errors import BadData, LicenceForbids, UsageError
from avatarkit.provenance import Provenance
from avatarkit.stage import Stage, name, options, reads, usual
from avatarkit.subject import Job

log = logging.getLogger("avatarkit")

EDITED = "edited by hand"


@dataclass(frozen=True)
class Manner:
    """How stages are run: the flags that every command shares."""

    dry_run: bool = False
    force: bool = False
    strict: bool = False
    commercial: bool = False
    consent: str = ""

    def __post_init__(self) -> None:
        if len(self.consent) > provenance.LONGEST or not all(c.isprintable() for c in self.consent):
            raise UsageError(f"--consent: expected one line of at most {provenance.LONGEST} characters")


@dataclass(frozen=True)
class Outcome:
    """What a run left: the artefact, its record (None after a dry run), every file it read."""

    out: Path
    record: dict[str, Any] | None
    read: tuple[Path, ...]


def run(
    stage: Stage, job: Job, given: dict[str, Any], manner: Manner, stages: tuple[Stage, ...], why: str | None = None
) -> Outcome:
    """Run the stage on the subject, with the options among what was given and the defaults of the others.

    A dry run says what would be run, and why.
    """
    absent = subject.missing(job, stage, stages)
    if absent and not manner.dry_run:
        raise absent
    _check_inputs(job, manner)
    inputs = tuple(_there(job))
    if not manner.force and record.edited(job.out):
        return _kept(job, manner, inputs)
    _check_output(stage, job, manner)
    _check_licences(job, [provenance.behind(path) for path in inputs], manner)
    if manner.dry_run:
        because = f"   ({why})" if why else ""
        log.warning("would run: %s %s -> %s%s", name(stage), " ".join(map(str, inputs)), job.out, because)
        return Outcome(job.out, None, inputs)
    _copy(job)
    taken = {p: given.get(p, default) for p, default in options(stage).items()}
    consent = manner.consent or _consented(job)
    with record.keeping(consent) as ledger, atomic.temporary(job.out) as made:
        start = time.perf_counter()
        stage(**job.reads, **taken, out=made)
        past = provenance.of(ledger)
        _check_licences(job, [past], manner)
        seconds = time.perf_counter() - start
        story = record.compose(name(stage), taken, ledger, job.out, record.sha256(made), seconds, inputs)
        story |= {"provenance": past.as_json(), **({"consent": consent} if consent else {})}
        atomic.commit(made, job.out, record.record_path(job.out), (json.dumps(story, indent=2) + "\n").encode())
    return Outcome(job.out, story, tuple(ledger.reads) + tuple(ledger.models))


@dataclass(frozen=True)
class Step:
    """One stage of a chain on one subject: `why` it was due, None where its file was up to date and is as it was."""

    stage: Stage
    outcome: Outcome
    why: str | None


def through(
    stages: tuple[Stage, ...],
    job: Job,
    given: Mapping[str, dict[str, Any]],
    manner: Manner,
    *,
    start: str | None = None,
) -> Iterator[Step]:
    """The stages one after another on the subject whose first job this is; those whose file is up to date are passed.

    `given`: options by the stage's name. From the stage named `start` on all are made anew, those before it never.
    A dry run goes on as if each had been made.
    """
    pending: set[Path] = set()
    begun = start is None
    for stage in stages:
        begun = begun or name(stage) == start
        if not begun:
            continue
        said = given.get(name(stage), {})
        now = job if stage is stages[0] else _next_job(stage, stages, job.out.parent, said, pending)
        why = f"--from {start}" if start else "--force" if manner.force else _overtaken(now, pending)
        why = why or due(stage, now, said, manner.consent)
        if why is None:
            _check_licences(now, [provenance.behind(now.out)], manner)
            yield Step(stage, Outcome(now.out, record.read_record(now.out), tuple(_there(now))), None)
            continue
        if manner.dry_run and why != EDITED:
            pending.add(now.out)
        yield Step(stage, run(stage, now, said, manner, stages, why), why)


def _next_job(stage: Stage, stages: tuple[Stage, ...], folder: Path, said: dict[str, Any], pending: set[Path]) -> Job:
    """The stage's job in the subject's folder, on the first of its usual inputs that is there, or would be by now."""
    mark = next(iter(reads(stage).values()))
    places = [folder / filename for filename in usual(mark, stages)]
    first = next((path for path in places if path in pending or path.exists()), places[-1])
    return subject.job(stage, first, elsewhere={p: said[p] for p in reads(stage) if said.get(p)})


def _overtaken(job: Job, pending: set[Path]) -> str | None:
    return next((f"{path.name} would be made" for path in _there(job) if path in pending), None)


def due(stage: Stage, job: Job, given: dict[str, Any], consent: str = "") -> str | None:
    """Why the stage has to be run, by its record: content, options, version, a new consent. None: it is up to date."""
    story = record.read_record(job.out) if job.out.is_file() else None
    if story is None:
        return "no record" if job.out.is_file() else "not made yet"
    if story["stage"] != name(stage) or story.get("avatarkit") != __version__:
        return f"made by {story['stage']} of avatarkit {story.get('avatarkit')}"
    if record.edited(job.out):
        return EDITED
    wanted = record.recorded({p: given.get(p, default) for p, default in options(stage).items()})
    for option in wanted | story["options"]:
        if wanted.get(option) != story["options"].get(option):
            return f"{option} is {wanted.get(option)}, was {story['options'].get(option)}"
    lying = {record.relative(path, job.out) for path in _there(job)}
    if changed := sorted(lying ^ set(story.get("inputs", ()))):
        return f"{changed[0]} is {'new' if changed[0] in lying else 'gone'}"
    if place := next(_changed(job, story), None):
        return f"{place} has changed"
    told = provenance.from_json(story.get("provenance", {})).consent
    return f"consent is {consent}" if consent and consent not in told else None


def _changed(job: Job, story: dict[str, Any]) -> Iterator[str]:
    """What a stage read, by its record, and is now another."""
    return (place for place, digest in story["reads"].items() if _digest(job, job.out.parent / place) != digest)


def _consented(job: Job) -> str:
    """What was said when the file was made last; it holds for as long as what it was made from is the same."""
    story = record.read_record(job.out) or {}
    words = story.get("consent")
    return words if isinstance(words, str) and not any(_changed(job, story)) else ""


def _there(job: Job) -> list[Path]:
    return [path for path in job.reads.values() if path is not None]


def _digest(job: Job, path: Path) -> str | None:
    """Of the file as it will be once the subject's own files are copied into the folder."""
    source = job.copies.get(path, path)
    if isinstance(source, bytes):
        return record.digest(source)
    return record.sha256(source) if source.is_file() else None


def _check_inputs(job: Job, manner: Manner) -> None:
    for path in (p for p in job.reads.values() if p is not None and p.is_file()):
        if record.edited(path):
            log.warning("%s was edited by hand: working from your version", path)
        for made, source in record.outdated(path):
            message = f"{made} was made from another {source.name}: make it anew, {source} has changed since"
            if manner.strict:
                raise BadData(message)
            log.warning("%s", message)


def _check_output(stage: Stage, job: Job, manner: Manner) -> None:
    """BadData before what another stage made is overwritten, such as the truth of a synthetic person by a guess."""
    found = record.read_record(job.out) if job.out.is_file() else None
    if found is not None and found.get("stage") not in (None, name(stage)) and not manner.force:
        raise BadData(
            f"{job.out}: made by {found['stage']}, and {name(stage)} would overwrite it: -o DIR/ writes elsewhere, "
            "--force overwrites it"
        )


def _kept(job: Job, manner: Manner, inputs: tuple[Path, ...]) -> Outcome:
    log.warning("%s was edited by hand: kept (--force makes it anew)", job.out)
    if not manner.dry_run:
        job.out.touch()  # newer than its inputs, so that make is content and rebuilds what follows
    return Outcome(job.out, record.read_record(job.out), inputs)


def _copy(job: Job) -> None:
    for target, source in job.copies.items():
        content = source if isinstance(source, bytes) else source.read_bytes()
        if not (target.is_file() and target.read_bytes() == content):
            atomic.write_bytes(target, content)


def _check_licences(job: Job, pasts: Iterable[Provenance | None], manner: Manner) -> None:
    """LicenceForbids where a model behind the subject, by records or by what the files themselves say, is not free."""
    models = {model for past in pasts if past is not None for model in past.models} if manner.commercial else set()
    for model in sorted((model for model in models if not model.free), key=lambda model: model.name):
        raise LicenceForbids(
            f"{job.out}: {model.name} is {model.licence}: not for commercial use; use --body builtin, and networks "
            "whose model card allows it"
        )
