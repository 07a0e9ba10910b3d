import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from avatarkit.errors import AvatarError, BadData, InputMissing, UsageError
from avatarkit.stage import PHOTO_SUFFIXES, Option, Reads, Seed

if TYPE_CHECKING:
    from avatarkit.comparing import Pair

log = logging.getLogger("avatarkit")

RESULTS = ("textured.glb", "refined.glb", "carved.glb", "avatar.glb")
"""What is shown of a folder: the first of these that both have."""
MESHES = (".glb", ".ply", ".obj")


def compare(
    inputs: Annotated[list[Path], Reads("DIR", help="Two folders of people with the same names; or files of votes.")],
    out: Annotated[Path, Option("Page to write.", flags=("-o",))] = Path("ab.html"),
    count: Annotated[bool, Option("Count the votes in these files, which the page's button downloads.")] = False,
    frames: Annotated[int, Option("Pictures in each turntable; 1: stills.", min=1, max=72)] = 16,
    seed: Seed = 0,
) -> str:
    """Ask people which of two results they prefer: a page that does not say which is whose, and the count of the votes.

    The two folders hold people of the same names, folders (ana/) or meshes (ana.glb), each mesh as its program made it.

    Examples:

      avatarkit compare ours/ theirs/ -o ab.html               # send the page to whom you like
      avatarkit compare --count votes-*.json
    """
    from avatarkit import comparing, files

    if count:
        return comparing.told(*comparing.counted([_votes(path) for path in inputs]))
    if len(inputs) != 2 or inputs[0].resolve() == inputs[1].resolve():
        raise UsageError(f"compare: found {len(inputs)} folders, expected two, or --count and files of votes")
    pairs, (first, second) = list(_pairs(*inputs)), inputs
    names = (first.resolve().name, second.resolve().name)
    if names[0] == names[1]:
        names = (first.as_posix().strip("/"), second.as_posix().strip("/")) if not first.is_absolute() else ("A", "B")
    files.write_text(out, comparing.page(pairs, names, seed=seed, frames=frames).rstrip("\n"))
    return str(out)


def _votes(path: Path) -> Any:
    if not path.is_file():
        raise InputMissing(f"{path}: no such file")
    try:
        return json.loads(path.read_bytes()[: 16 << 20])
    except (ValueError, RecursionError) as error:
        raise BadData(f"{path}: {error}, expected the JSON that the page's button downloads") from None


def _pairs(first: Path, second: Path) -> "Iterator[Pair]":
    """Everybody who is in both; who is not, or cannot be read, is told of."""
    from avatarkit import files
    from avatarkit.comparing import Pair

    a, b = (_people(folder) for folder in (first, second))
    for name in sorted(a.keys() ^ b.keys()):
        log.warning("%s: is in one of the two alone: left out", name)
    for name in sorted(a.keys() & b.keys()):
        both = _results(a[name], b[name])
        if both is None:
            log.warning("%s: no file of %s is in both: left out", name, ", ".join(RESULTS))
            continue
        try:
            photo, words = _given(a[name], b[name])
            yield Pair(name, files.read_mesh(both[0]), files.read_mesh(both[1]), photo, words)
        except AvatarError as error:
            log.warning("%s: left out", error)


def _people(folder: Path) -> dict[str, Path]:
    """Subjects by name: folders, or meshes. A folder of one person is that person, whatever it is called."""
    if not folder.is_dir():
        raise InputMissing(f"{folder}: no such folder")
    if any((folder / name).is_file() for name in RESULTS):
        return {"person": folder}
    found = sorted(path for path in folder.iterdir() if path.is_dir() or path.suffix.lower() in MESHES)
    return {path.stem if path.is_file() else path.name: path for path in found}


def _results(a: Path, b: Path) -> tuple[Path, Path] | None:
    """The two meshes to show; a mesh of a foreign program stands beside the folder's best."""
    for name in RESULTS:
        found = tuple(path if path.is_file() else path / name for path in (a, b))
        if all(path.is_file() for path in found):
            return found[0], found[1]
    return None


def _given(*places: Path) -> tuple[Any, str | None]:
    """The photo and the words that the results were made from, of the first folder that has them."""
    from avatarkit import files

    folders = [place for place in places if place.is_dir()]
    photos = [p for f in folders for s in PHOTO_SUFFIXES if (p := f / f"photo{s}").is_file()]
    words = [p for f in folders if (p := f / "prompt.txt").is_file()]
    return files.read_photo(photos[0]) if photos else None, files.read_prompt(words[0]) if words else None
