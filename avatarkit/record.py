"""How a file was made: `<artefact>.json`, beside it. Standard library only.

While a stage runs, a ledger keeps what it really read (`note_read`, called by `files`) and which models it
used (`note_model`). The record says: stage, version, options with their defaults, sha256 of what was read and
written, models with their licences, seconds. It holds the only clock, and no absolute path.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from avatarkit import __version__

FREE_LICENCES = ("CC0-1.0", "CC-BY-4.0", "Apache-2.0", "MIT", "BSD-2-Clause", "BSD-3-Clause")


@dataclass(frozen=True)
class Model:
    """A body or a network that a stage used, and under which licence."""

    name: str
    sha256: str
    licence: str

    @property
    def free(self) -> bool:
        """May its results be used commercially?"""
        return self.licence in FREE_LICENCES


@dataclass
class Ledger:
    """What a running stage has read so far, and facts about its output that an editor could lose."""

    reads: dict[Path, str] = field(default_factory=dict)
    models: dict[Path, Model] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    ingredients: dict[Path, str] = field(default_factory=dict)
    """what a file is that has no past of ours: a photo, a generative model, a mesh made elsewhere"""
    consent: str = ""


_ledger: ContextVar[Ledger | None] = ContextVar("ledger", default=None)


@contextmanager
def keeping(consent: str = "") -> Iterator[Ledger]:
    """A ledger of everything that `files` reads inside the block."""
    ledger = Ledger(consent=consent)
    token = _ledger.set(ledger)
    try:
        yield ledger
    finally:
        _ledger.reset(token)


def note_read(path: Path, content: bytes) -> None:
    ledger = _ledger.get()
    if ledger is not None:
        ledger.reads[path] = digest(content)


def note_model(path: Path, model: Model) -> None:
    ledger = _ledger.get()
    if ledger is not None:
        ledger.models[path] = model


def note_ingredient(path: Path, kind: str) -> None:
    ledger = _ledger.get()
    if ledger is not None:
        ledger.ingredients[path] = kind


def current() -> Ledger | None:
    """The ledger that is being kept."""
    return _ledger.get()


def note_facts(facts: dict[str, Any]) -> None:
    """Keep facts of the output in its record as well, such as the cameras that an image editor drops."""
    ledger = _ledger.get()
    if ledger is not None:
        ledger.facts |= facts


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def sha256(path: Path) -> str:
    found = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            found.update(block)
    return found.hexdigest()


def record_path(artefact: Path) -> Path:
    return artefact.with_name(artefact.name + ".json")


def compose(
    stage: str,
    options: dict[str, Any],
    ledger: Ledger,
    out: Path,
    written: str,
    seconds: float,
    inputs: Iterable[Path] = (),
) -> dict:
    """The record of `out`, whose bytes hash to `written`; paths are relative to its folder.

    `inputs` lay there for the stage; what it opened of them, and whatever else, is in `reads` with its hash.
    """
    return {
        "stage": stage,
        "avatarkit": __version__,
        "options": recorded(options),
        "inputs": sorted(relative(path, out) for path in inputs),
        "reads": {relative(path, out): digest for path, digest in sorted(ledger.reads.items())},
        "writes": {out.name: written},
        "models": [asdict(model) for _, model in sorted(ledger.models.items())],
        **({"facts": ledger.facts} if ledger.facts else {}),
        "seconds": round(seconds, 3),
    }


def recorded(options: dict[str, Any]) -> dict[str, Any]:
    """Options as a record has them."""
    return {name: _nameless(value) for name, value in options.items()}


def _nameless(value: Any) -> Any:
    """An option without the folders of an absolute path in it, which tell the user's name: `smplx:/home/ana/X.npz`."""
    if not isinstance(value, str | Path):
        return value
    kind, colon, path = str(value).rpartition(":")
    return f"{kind}{colon}{Path(path).name if path.startswith(('/', '~')) else path}"


def relative(path: Path, artefact: Path) -> str:
    return Path(os.path.relpath(path.resolve(), artefact.parent.resolve())).as_posix()


def read_record(artefact: Path) -> dict[str, Any] | None:
    """The record beside a file, or None when there is none that can be understood."""
    try:
        record = json.loads(record_path(artefact).read_bytes()[: 1 << 20])
    except (OSError, ValueError, RecursionError):
        return None
    whole = isinstance(record, dict) and all(isinstance(record.get(k), dict) for k in ("reads", "writes", "options"))
    return record if whole and isinstance(record.get("models"), list) else None


def edited(artefact: Path) -> bool:
    """Has somebody changed the file since its stage wrote it? A file without a record counts as ours to replace."""
    record = read_record(artefact)
    return record is not None and artefact.is_file() and sha256(artefact) != record["writes"].get(artefact.name)


def history(artefact: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The artefact and everything behind it that has a record, newest first."""
    todo, seen = [Path(os.path.normpath(artefact))], set()
    while todo:
        path = todo.pop(0)
        if path in seen:
            continue
        seen.add(path)
        record = read_record(path)
        if record:
            yield path, record
            todo += [Path(os.path.normpath(path.parent / name)) for name in record["reads"]]


def outdated(artefact: Path) -> list[tuple[Path, Path]]:
    """Pairs (made, source) in the file's history where `source` has other bytes than `made` was made from."""
    return [
        (made, source)
        for made, record in history(artefact)
        for source, digest in ((Path(os.path.normpath(made.parent / n)), d) for n, d in record["reads"].items())
        if source.is_file() and sha256(source) != digest
    ]


def models_behind(artefact: Path) -> list[Model]:
    """Every model in the file's history."""
    entries = [entry for _, record in history(artefact) for entry in record["models"]]
    return [Model(*(str(entry.get(k)) for k in ("name", "sha256", "licence"))) for entry in entries]


def told(artefact: Path, record: dict[str, Any]) -> str:
    """One step of a file's history, for people."""
    lines = [f"{artefact}"]
    if edited(artefact):
        lines[0] += "   (edited by hand since)"
    lines.append(f"  made by   {record.get('stage')} of avatarkit {record.get('avatarkit')}, {record.get('seconds')} s")
    lines += [f"  from      {name}   {digest[:12]}" for name, digest in record["reads"].items()]
    lines.append("  options   " + ", ".join(f"{name}={value}" for name, value in record["options"].items()))
    for model in record["models"]:
        lines.append(f"  model     {model.get('name')}   {model.get('licence')}   {str(model.get('sha256'))[:12]}")
    return "\n".join(lines)
