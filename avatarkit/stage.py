"""What a stage is: a plain function whose signature names the files it reads and the one it writes.

    def carve_mesh(
        body: Annotated[Path, Reads("body.npz", help="Body and camera, from fit-smpl.")],
        normals: Annotated[Path, Reads("normals.png", help="Normal maps, from gen-normals.")],
        out: Annotated[Path, Writes("carved.glb")],
        steps: Annotated[int, Option("Gradient steps.", min=1)] = 200,
    ) -> None: ...

The command line, the Make rules, the record and the README's table are all read off that signature,
so none of them can disagree with it. Standard library only.
"""

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

Stage = Callable[..., Any]  # a stage writes its output and returns nothing; other commands return text

PHOTO_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")


class Reads:
    """An input file by its usual names; several names mean any one of them, the first found wins.

    `photo.*` stands for a photo in any format that we read. An `optional` input may be absent. A `source` is the
    user's own file: under another name it is copied into the subject's folder. `text` names the option
    that gives the input as words on the command line.
    """

    def __init__(self, *names: str, help: str, optional: bool = False, source: bool = False, text: str | None = None):
        self.names, self.help, self.optional, self.source, self.text = names, help, optional, source, text

    def accepts(self, path: Path) -> bool:
        """Is this file called by one of the usual names?"""
        return path.name in self.filenames or (path.stem == "photo" and self.name_for(path) == "photo.*")

    def name_for(self, path: Path) -> str | None:
        """The usual name for a file of this suffix, or None when no such file can be read."""
        if path.name in self.names:
            return path.name
        suffix = path.suffix.lower()
        for name in self.names:
            if suffix in (PHOTO_SUFFIXES if name == "photo.*" else (Path(name).suffix,)):
                return name
        return None

    @property
    def filenames(self) -> list[str]:
        """The usual names with `photo.*` spelt out."""
        return [n for name in self.names for n in ([f"photo{s}" for s in PHOTO_SUFFIXES] if "*" in name else [name])]


@dataclass(frozen=True)
class Writes:
    """The output file, by its usual name."""

    name: str


@dataclass(frozen=True)
class Option:
    """A number, flag or word that tunes the stage; its help names the unit."""

    help: str
    min: float | None = None
    max: float | None = None
    flags: tuple[str, ...] = ()


Mark = Reads | Writes | Option

Seed = Annotated[int, Option("Random seed; the same seed gives the same bytes.", min=0)]
Device = Annotated[str, Option("Where to compute: auto, cpu or cuda.")]


def name(stage: Stage) -> str:
    return stage.__name__.replace("_", "-")


def marks(stage: Stage) -> dict[str, Mark]:
    """Each parameter's mark, in the order of the signature."""
    parameters = inspect.signature(stage, eval_str=True).parameters
    return {p: parameter.annotation.__metadata__[0] for p, parameter in parameters.items()}


def reads(stage: Stage) -> dict[str, Reads]:
    return {p: mark for p, mark in marks(stage).items() if isinstance(mark, Reads)}


def options(stage: Stage) -> dict[str, Any]:
    """The stage's options with their defaults."""
    parameters = inspect.signature(stage).parameters
    return {p: parameters[p].default for p, mark in marks(stage).items() if isinstance(mark, Option)}


def writes(stage: Stage) -> str:
    (mark,) = (mark for mark in marks(stage).values() if isinstance(mark, Writes))
    return mark.name


def usual(mark: Reads, stages: Iterable[Stage]) -> list[str]:
    """The names under which a chain of these stages has the input: that which one of them writes; of what none writes,
    and of the user's own files, any."""
    made = {writes(stage) for stage in stages}
    own = [] if mark.source else [filename for filename in mark.filenames if filename in made]
    return own[:1] or mark.filenames


def summary(stage: Stage) -> str:
    return (inspect.getdoc(stage) or "").splitlines()[0]


def rules(stages: Iterable[Stage]) -> str:
    """Make rules for one folder a subject, so that `make ana/avatar.glb` works.

    Optional inputs and alternatives are looked up when a rule is used (second expansion: $* is the folder).
    """
    stages = tuple(stages)
    lines = ["AVATARKIT ?= avatarkit", ".SECONDEXPANSION:", ".DELETE_ON_ERROR:"]
    for stage in stages:
        target, flags = f"%/{writes(stage)}", name(stage).replace("-", "_").upper()
        wanted = " ".join(_prerequisite(mark, stages) for mark in reads(stage).values())
        recipe = f"\t$(AVATARKIT) {name(stage)} $< -o $@ $({flags})"
        lines += ["", f".PRECIOUS: {target}", f"{target}: {wanted}", recipe]
    return "\n".join(lines) + "\n"


def _prerequisite(mark: Reads, stages: Iterable[Stage]) -> str:
    candidates = [f"$$*/{n}" for n in (mark.filenames if mark.optional else usual(mark, stages))]
    if mark.optional:
        return f"$$(wildcard {' '.join(candidates)})"
    if len(candidates) == 1:
        return candidates[0].replace("$$*", "%")
    return f"$$(or $$(firstword $$(wildcard {' '.join(candidates)})),{candidates[0]})"


def table(stages: Iterable[Stage]) -> str:
    """The README's table of stages."""
    rows = ["| stage | reads | writes | does |", "| --- | --- | --- | --- |"]
    for stage in stages:
        inputs = ", ".join(
            " or ".join(f"`{n}`" for n in mark.names) + (" (if there)" if mark.optional else "")
            for mark in reads(stage).values()
        )
        rows.append(f"| `{name(stage)}` | {inputs} | `{writes(stage)}` | {summary(stage)} |")
    return "\n".join(rows) + "\n"
