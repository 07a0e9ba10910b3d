"""One stage, run on one subject: inputs checked against their records, hand edits kept, the result and its record
put in place together. The command line calls this for every subject; `build` will for every stage."""

import json
import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avatarkit import atomic, provenance, record, subject
from avatarkit.errors import BadData, LicenceForbids, UsageError
from avatarkit.provenance import Provenance
from avatarkit.stage import Stage, name, options
from avatarkit.subject import Job

log = logging.getLogger("avatarkit")


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


def run(stage: Stage, job: Job, given: dict[str, Any], manner: Manner, stages: tuple[Stage, ...]) -> Outcome:
    """Run the stage on the subject, with the options among what was given and the defaults of the others."""
    absent = subject.missing(job, stage, stages)
    if absent and not manner.dry_run:
        raise absent
    _check_inputs(job, manner)
    inputs = tuple(path for path in job.reads.values() if path is not None)
    if not manner.force and record.edited(job.out):
        return _kept(job, manner, inputs)
    _check_output(stage, job, manner)
    _check_licences(job, [provenance.behind(path) for path in inputs], manner)
    if manner.dry_run:
        log.warning("would run: %s %s -> %s", name(stage), " ".join(map(str, inputs)), job.out)
        return Outcome(job.out, None, inputs)
    _copy(job)
    taken = {p: given.get(p, default) for p, default in options(stage).items()}
    said = {"consent": manner.consent} if manner.consent else {}
    with record.keeping(manner.consent) as ledger, atomic.temporary(job.out) as made:
        start = time.perf_counter()
        stage(**job.reads, **taken, out=made)
        past = provenance.of(ledger)
        _check_licences(job, [past], manner)
        seconds = time.perf_counter() - start
        story = record.compose(name(stage), taken | said, ledger, job.out, record.sha256(made), seconds)
        story["provenance"] = past.as_json()
        atomic.commit(made, job.out, record.record_path(job.out), (json.dumps(story, indent=2) + "\n").encode())
    return Outcome(job.out, story, tuple(ledger.reads) + tuple(ledger.models))


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
