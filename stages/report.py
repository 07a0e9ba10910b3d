import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from avatarkit import record
from avatarkit.errors import AvatarError, InputMissing
from avatarkit.stage import PHOTO_SUFFIXES, Reads, Stage, name, options

if TYPE_CHECKING:
    from avatarkit.reporting import Dossier, Entry

T = TypeVar("T")

PAGE, SHEET = "report.html", "sheet.png"
MESHES = ("carved.glb", "refined.glb", "textured.glb")
ORDER = ("prompt.txt", "imagined.png", "body.npz", "normals.png", *MESHES, "avatar.glb")


def report(
    folders: Annotated[list[Path], Reads("DIR", help="Folders of one person each, or a file in them.")],
) -> str:
    """Put a person's folder on one page: pictures of every step, records, licences, warnings; and a contact sheet.

    The page needs nothing but itself: no network, no other file. What is not there yet is left out.

    Example:

      avatarkit report ana/                                    # ana/report.html, ana/sheet.png
    """
    return "\n".join(str(write_report(folder.parent if folder.is_file() else folder)) for folder in folders)


def write_report(folder: Path) -> Path:
    """Write report.html and sheet.png of a subject's folder; gives the page's path. InputMissing without a folder."""
    from avatarkit import files, reporting

    if not folder.is_dir():
        raise InputMissing(f"{folder}: no such folder")
    found = reporting.report(_dossier(folder))
    if found.sheet is not None:
        files.write_picture(folder / SHEET, found.sheet)
    files.write_text(folder / PAGE, found.html.rstrip("\n"))
    return folder / PAGE


def _dossier(folder: Path) -> "Dossier":
    """All that the folder tells; a file that cannot be read is named among its warnings."""
    from avatarkit import files
    from avatarkit.reporting import Dossier
    from avatarkit.reporting.dossier import MOMENTS

    faults: list[str] = []

    def read(reader: Callable[[Path], T], *names: str) -> T | None:
        for path in (folder / n for n in names if (folder / n).is_file()):
            try:
                return reader(path)
            except AvatarError as error:
                faults.append(str(error).replace(str(path), path.name))
        return None

    pictures = [f"photo{suffix}" for suffix in PHOTO_SUFFIXES] + ["imagined.png"]
    photo = read(lambda path: (path.name, files.read_photo(path)), *pictures)
    person = read(files.read_person, "body.npz")
    body = read(lambda _: person.mesh(files.read_body_model_of(person)), "body.npz") if person is not None else None
    meshes = {n: mesh for n in MESHES if (mesh := read(files.read_mesh, n)) is not None}
    entries = _entries(folder)
    return Dossier(
        folder.resolve().name,
        entries,
        words=read(files.read_prompt, "prompt.txt"),
        photo=photo[1] if photo else None,
        photo_name=photo[0] if photo else "",
        person=person,
        body=body,
        maps=read(files.read_normals, "normals.png"),
        meshes=meshes,
        avatar=read(lambda path: files.read_played(path, MOMENTS), "avatar.glb"),
        outdated=_outdated(folder, entries),
        unreadable=tuple(faults),
    )


def _entries(folder: Path) -> "tuple[Entry, ...]":
    """The folder's files in the order of the chain: what the user gave, what the stages wrote, then the others."""
    from avatarkit.reporting import Entry
    from stages.main import STAGES

    def place(path: Path) -> tuple[int, str]:
        known = 0 if path.stem == "photo" else 1 + ORDER.index(path.name) if path.name in ORDER else len(ORDER) + 1
        return known, path.name

    def plain(path: Path) -> bool:
        is_record = path.suffix == ".json" and path.with_suffix("").exists()
        return path.is_file() and not path.name.startswith(".") and not is_record and path.name not in (PAGE, SHEET)

    defaults = {name(stage): _defaults(stage) for stage in STAGES}
    found = []
    for path in sorted(filter(plain, folder.iterdir()), key=place):
        told = record.read_record(path)
        usual = defaults.get(str(told.get("stage")), {}) if told else {}
        chosen = {k: v for k, v in told["options"].items() if v != usual.get(k, v)} if told else {}
        found.append(Entry(path.name, path.stat().st_size, told, chosen, record.edited(path)))
    return tuple(found)


def _defaults(stage: Stage) -> dict[str, Any]:
    """A stage's options as a record writes their defaults."""
    found: dict[str, Any] = json.loads(json.dumps(options(stage), default=str))
    return found


def _outdated(folder: Path, entries: "tuple[Entry, ...]") -> tuple[tuple[str, str], ...]:
    """(made, source) by name, from the files that no other was made from back to the first."""
    read = {source for entry in entries if entry.record for source in entry.record["reads"]}
    last = [folder / entry.name for entry in entries if entry.record and entry.name not in read]
    pairs = (pair for path in last for pair in record.outdated(path))
    return tuple(dict.fromkeys((made.name, source.name) for made, source in pairs))
