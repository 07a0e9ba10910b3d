"""Where a subject's files lie: one folder a person, every file under its usual name.

A file called `photo.*`, `prompt.txt`, `body.npz` … is worked on in its own folder. Any other (`ana.jpg`, or words)
gets the folder `ana/` beside it, or the one named with `-o DIR/`; the user's own files are copied into it.
So twenty photos in one folder never overwrite each other.
"""

import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path

from avatarkit.errors import BadData, InputMissing, UsageError
from avatarkit.stage import PHOTO_SUFFIXES, Reads, Stage, name, reads, writes


@dataclass(frozen=True)
class Job:
    """One run of one stage on one subject: what is read, what is written, what is copied into the folder before."""

    reads: dict[str, Path | None]
    out: Path
    copies: dict[Path, Path | bytes] = field(default_factory=dict)


def job(
    stage: Stage,
    first: Path | None,
    *,
    words: str | None = None,
    elsewhere: dict[str, Path] | None = None,
    out: str | None = None,
    several: bool = False,
) -> Job:
    """The files of one run, from the first input (or words instead of it), inputs named elsewhere, and `-o`.

    Any of the stage's inputs stands for its subject: `carve-mesh ana/normals.png` finds ana/body.npz beside it, so that
    the line which one stage prints is what the next one reads. Raises UsageError for what cannot be meant, before any
    work.
    """
    (parameter, mark), *others = reads(stage).items()
    if first is not None and not mark.accepts(first) and any(other.accepts(first) for _, other in others):
        elsewhere = {p: first for p, other in others if other.accepts(first)} | (elsewhere or {})
        first = _beside(mark, [first.parent]) or first.with_name(mark.filenames[0])
    folder, out_file = _places(stage, mark, first, words, out, several)
    copies: dict[Path, Path | bytes] = {}
    if first is not None and words is not None and mark.text:
        raise UsageError(f"{first} and --{mark.text}: give one of the two")
    if first is None:
        if not (words or "").strip():
            hint = f", or words with --{mark.text}" if mark.text else ""
            raise UsageError(f"{name(stage)} needs an input: {' or '.join(mark.names)}{hint}")
        assert words is not None
        found = folder / "prompt.txt"
        copies[found] = words.strip().encode() + b"\n"
    else:
        found = _taken_in(mark, first, folder) if mark.source and out_file is None else first
        if found != first:
            copies[found] = first
        _only_photo(found, first)
    inputs: dict[str, Path | None] = {parameter: found}
    for other, other_mark in others:
        inputs[other] = (elsewhere or {}).get(other) or _beside(other_mark, [folder, (first or folder).parent])
        if inputs[other] is None and not other_mark.optional:
            inputs[other] = folder / other_mark.filenames[0]
    target = out_file or folder / writes(stage)
    if any(path is not None and path.resolve() == target.resolve() for path in inputs.values()):
        raise UsageError(f"{target}: is both an input and the output: name another output with -o")
    return Job(inputs, target, copies)


def _places(
    stage: Stage, mark: Reads, first: Path | None, words: str | None, out: str | None, several: bool
) -> tuple[Path, Path | None]:
    """The subject's folder, and the output file where `-o` names one."""
    usual = first is not None and mark.accepts(first)
    home = first.parent if first is not None else Path()
    if first is not None:
        subject = first.absolute().parent.name if usual else first.stem
    else:
        subject = slug(words or "")
    if out is None:
        return (home if usual else home / subject), None
    if out.endswith("/") or Path(out).is_dir():
        return (Path(out) / subject if several else Path(out)), None
    if not Path(out).suffix and not Path(out).exists():
        raise UsageError(f"-o {out}: a folder is written {out}/, and a file {out}{Path(writes(stage)).suffix}")
    if several:
        raise UsageError(f"-o {out}: names one file, but there are several subjects: give a folder, -o {out}/")
    return (home if first is not None else Path(out).parent), Path(out)


def _taken_in(mark: Reads, first: Path, folder: Path) -> Path:
    """The user's own file under its usual name in the subject's folder."""
    usual = mark.name_for(first)
    if usual is None and mark.text and not first.suffix:
        raise UsageError(f"{first}: no such file: to describe the person in words use --{mark.text} {str(first)!r}")
    if usual is None and first.suffix.lower() in (".heic", ".heif", ".avif"):
        raise BadData(
            f"{first}: convert it first: heif-convert {first} {first.stem}.jpg (on a Mac: sips -s format jpeg)"
        )
    if usual is None:
        raise UsageError(f"{first}: cannot be read as {' or '.join(mark.names)}: give one of {_suffixes(mark)}")
    return folder / (f"photo{first.suffix.lower()}" if usual == "photo.*" else usual)


def _suffixes(mark: Reads) -> str:
    return ", ".join(s for n in mark.names for s in (PHOTO_SUFFIXES if n == "photo.*" else (Path(n).suffix,)))


def _only_photo(found: Path, first: Path) -> None:
    if found.stem != "photo" or not found.parent.is_dir():
        return
    rivals = {p.name for p in found.parent.iterdir() if p.stem == "photo" and p.suffix.lower() in PHOTO_SUFFIXES}
    if rivals - {found.name}:
        both = ", ".join(sorted(rivals | {found.name}))
        raise UsageError(f"{found.parent}: two photos in one folder ({both}): one folder is one subject")


def _beside(mark: Reads, folders: list[Path]) -> Path | None:
    for folder in folders:
        found = [path for path in (folder / n for n in mark.filenames) if path.exists()]
        if len(found) > 1 and all(path.stem == "photo" for path in found):
            raise UsageError(f"{folder}: two photos in one folder ({', '.join(p.name for p in found)})")
        if found:
            return found[0]
    return None


def people(path: Path, mark: Reads) -> list[Path]:
    """A folder's people, each by the file that stands for it; any other path stands for itself.

    A folder that holds such a file under its usual name is one person; else its folders are, and its loose photos;
    loose texts are not, as most are about something else. Raises InputMissing for a folder without anybody.
    """
    if not mark.source or not path.is_dir():
        return [path]
    if own := _beside(mark, [path]):
        return [own]
    loose = [p for p in sorted(path.iterdir()) if p.is_file() and p.suffix.lower() in PHOTO_SUFFIXES]
    taken = {p.with_suffix("") for p in loose}  # the folders that these have got or will get
    inside = [_beside(mark, [p]) for p in sorted(path.iterdir()) if p.is_dir() and p not in taken]
    found = sorted([*loose, *(p for p in inside if p is not None)])
    if not found:
        raise InputMissing(f"{path}/: found nobody in it, expected {' or '.join(mark.names)}, or folders with such")
    return found


def missing(job: Job, stage: Stage, stages: tuple[Stage, ...]) -> InputMissing | None:
    """The first input that should be there and is not, with the command that makes it."""
    makers = {writes(s): name(s) for s in stages}
    for path in (p for p in job.reads.values() if p is not None and p not in job.copies):
        if path.exists():
            continue
        maker = makers.get(path.name)
        hint = f": run avatarkit {maker} first" if maker and maker != name(stage) else ""
        return InputMissing(f"{path}: no such file{hint}")
    for source in (s for s in job.copies.values() if isinstance(s, Path) and not s.exists()):
        return InputMissing(f"{source}: no such file")
    return None


def slug(words: str) -> str:
    """A folder's name for a description; two descriptions never share one.

    >>> slug("a tall woman")
    'a-tall-woman'
    >>> slug("A tall woman!")
    'a-tall-woman-b0343e'
    """
    plain = re.sub(r"[\W_]+", "-", words.strip().lower()).strip("-")[:40].rstrip("-") or "person"
    if plain.replace("-", " ") == words.strip():
        return plain
    return f"{plain}-{hashlib.sha256(words.strip().encode()).hexdigest()[:6]}"
