"""Work over its subjects: paths from the arguments or from stdin, a line on stdout for each, the worst exit code.

stdin is read as it comes: work starts on the first subject before the last is known, and goes on after a failure.
"""

import json
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from avatarkit import atomic, errors, progress, subject
from avatarkit.chain import Outcome
from avatarkit.errors import UsageError
from avatarkit.stage import Stage, name, reads
from avatarkit.subject import Job
from stages import _crew

SIGPIPE_EXIT = 141  # as a shell reports a program whose reader went away

Flags = dict[str, Any]


Attempt = tuple[int, Outcome | None]  # the exit code, and what the work left where it is 0


def run(stage: Stage, work: Callable[[Job], Outcome], given: Flags, *, called: str = "", jobs: int = 1) -> int:
    """Do the work on every subject that the command line or stdin names for the stage, on `jobs` of them at once.

    Returns the exit code. `called`: the command's own name where it is another than the stage's.
    """
    (first, mark), *_ = reads(stage).items()
    paths = [found for path in given[first] or () for found in subject.people(path, mark)]
    given = given | {first: paths}
    codes, rules = list[int](), list[str]()
    settle = partial(
        progress.show, f"avatarkit {called or name(stage)}", quiet=given["quiet"], verbose=given["verbose"]
    )
    attempts = _crew.attempts(partial(_attempted, work, given["debug"]), _planned(stage, given), jobs, settle)
    known = None if Path("-") in paths else len(paths)
    for code, outcome in (
        attempts if len(paths) < 2 and known is not None else progress.track(attempts, "people", known)
    ):
        if outcome is not None:
            rules.append(_rule(outcome))
            code = guarded(partial(_say, outcome, given))
        codes.append(code)
        if code in (errors.INTERRUPTED, SIGPIPE_EXIT):
            attempts.close()
            return code
    if given["depfile"] and not given["dry_run"]:
        codes.append(guarded(lambda: atomic.write_bytes(given["depfile"], "".join(rules).encode())))
    return errors.worst(codes)


def _planned(stage: Stage, given: Flags) -> Iterator[Job | int]:
    """A job a subject, or the exit code where there can be none."""
    made = set[Path]()
    for plan in _jobs(stage, given):
        found: list[Job] = []

        def one(plan: Callable[[], Job] = plan, found: list[Job] = found) -> None:
            job = plan()
            if job.out.resolve() in made:
                raise UsageError(f"{job.out}: two subjects would write it: give each its own folder")
            made.add(job.out.resolve())
            found.append(job)

        code = guarded(one, debug=given["debug"])
        yield found[0] if found else code


def _attempted(work: Callable[[Job], Outcome], debug: bool, planned: Job | int) -> Attempt:
    if isinstance(planned, int):
        return planned, None
    found: list[Outcome] = []
    code = guarded(lambda: found.append(work(planned)), debug=debug)
    return code, found[0] if found else None


def guarded(work: Callable[[], int | None], *, debug: bool = False) -> int:
    """Do the work and return its exit code; an error becomes one line on stderr and its code."""
    try:
        return work() or 0
    except KeyboardInterrupt:
        progress.log.error("interrupted")
        return errors.INTERRUPTED
    except BrokenPipeError:
        return SIGPIPE_EXIT
    except Exception as error:
        if debug:
            traceback.print_exc()
        known = errors.explained(error)
        if known is None:
            progress.log.error(
                "%s: %s: this is a bug of ours: run again with --debug and report it", type(error).__name__, error
            )
            return 1
        progress.log.error("%s", " ".join(str(known).split()))
        return known.exit_code


def _jobs(stage: Stage, given: Flags) -> Iterator[Callable[[], Job]]:
    """One plan a subject. Arguments are all planned before any work; lines of stdin are planned as they come."""
    (first, mark), *others = reads(stage).items()
    paths: list[Path] = given[first] or []
    elsewhere = {p: given[p] for p, _ in others if given.get(p)}
    words = given.get(mark.text) if mark.text else None
    several = Path("-") in paths or len(paths) > 1

    def job(path: Path | None) -> Job:
        return subject.job(stage, path, words=words, elsewhere=elsewhere, out=given["out"], several=several)

    if Path("-") not in paths:
        jobs = [job(path) for path in paths] or [job(None)]
        twice = {j.out for j in jobs if [k.out.resolve() for k in jobs].count(j.out.resolve()) > 1}
        if twice:
            raise UsageError(f"{min(twice)}: two subjects would write it: give each its own folder")
        yield from (partial(_same, found) for found in jobs)
        return
    if paths != [Path("-")] or elsewhere:
        raise UsageError("`-` reads the subjects from stdin: no other inputs beside it")
    for line in _lines(b"\0" if given["null"] else b"\n"):
        for found in subject.people(Path(line), mark):
            yield partial(job, found)


def _same(job: Job) -> Job:
    return job


def _lines(end: bytes) -> Iterator[str]:
    rest = b""
    while block := os.read(sys.stdin.fileno(), 65536):  # what is there now, not a full buffer
        *whole, rest = (rest + block).split(end)
        yield from (os.fsdecode(line) for line in whole if line)
    if rest:
        yield os.fsdecode(rest)


def _say(outcome: Outcome, given: Flags) -> None:
    line = os.fsencode(outcome.out)
    if given["json"]:
        line = json.dumps({"path": os.fspath(outcome.out), "record": outcome.record}).encode()
    write(line + (b"\0" if given["null"] else b"\n"))


def write(answer: bytes) -> None:
    """Put the answer on stdout at once, so that the next program of the pipe can start."""
    try:
        sys.stdout.buffer.write(answer)
        sys.stdout.buffer.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python fails once more at exit
        raise


def _rule(outcome: Outcome) -> str:
    """The Make rule of what was really read."""
    return f"{_escaped(outcome.out)}: " + " ".join(_escaped(path) for path in outcome.read) + "\n"


def _escaped(path: Path) -> str:
    text = os.fspath(path).replace("$", "$$")
    return "".join(f"\\{c}" if c in " #\\%:" and c != "\\" else c for c in text)
