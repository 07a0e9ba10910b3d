"""The artefacts of the chain: one reader and one writer each. DESIGN §2 says what they hold."""

import json
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from avatarkit import imprint, maps, npz, png, provenance, record
from avatarkit.atomic import write_bytes
from avatarkit.body import Body, BodyModel, official
from avatarkit.clips import Clip
from avatarkit.errors import AvatarError, BadData, NotInstalled
from avatarkit.files.meshes import read_mesh
from avatarkit.files.places import BUILTIN_BODY, LANDMARKS, cache, cached_body, cached_landmarks
from avatarkit.files.reading import naming, read_bytes
from avatarkit.maps import Maps
from avatarkit.mesh import Mesh
from avatarkit.person import Person
from avatarkit.progress import log
from avatarkit.record import Model

Arrays = dict[str, np.ndarray]
LONGEST_PROMPT = 64 << 10
LARGEST_BVH = 128 << 20


def read_prompt(path: Path) -> str:
    """A description in words, UTF-8, at most 64 KB. Raises BadData where it is no text, or empty."""
    content = read_bytes(path, limit=LONGEST_PROMPT)
    try:
        words = content.decode("utf-8-sig").strip()
    except UnicodeDecodeError as error:
        raise BadData(f"{path}: byte {error.start} is no UTF-8, expected a sentence that describes a person") from None
    if not words or "\0" in words:
        raise BadData(f"{path}: found no words, expected a sentence that describes a person")
    return words


def write_text(path: Path, words: str) -> None:
    """Write words and a line's end, UTF-8."""
    write_bytes(path, words.encode() + b"\n")


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays of an `.npz` (poses, motion), nothing unpickled. Raises BadData."""
    with naming(path):
        return official.arrays_from_npz(read_bytes(path))


def read_landmarks(
    model: BodyModel | None = None, measured: Callable[[BodyModel, Arrays], Arrays | None] | None = None
) -> Arrays:
    """Where the photo detector's landmarks sit on the body, as `fitting.calibration` measured them.

    On another than the built-in one they are `measured` once, and kept in the user's cache until the asset that they
    are measured against is another; the built-in body's where they cannot be measured.
    """
    with naming(LANDMARKS):
        content = LANDMARKS.read_bytes()
        stored = npz.decode(content)
    if model is None or measured is None or model.phenotypes is not None:
        return stored
    path, against = cached_landmarks(model.sha256), record.digest(content)
    with suppress(OSError, BadData):
        kept = npz.decode(path.read_bytes())
        if str(kept.get("against")) == against:
            return stored | kept
    found = measured(model, stored)
    if found is None:
        return stored
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_bytes(path, npz.encode(found | {"against": np.array(against)}))
    return stored | found


def read_keypoints(path: Path) -> Any:
    """The JSON of a keypoint detector, at most 16 MB. Raises BadData where it is no JSON."""
    try:
        return json.loads(read_bytes(path, limit=16 << 20))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise BadData(f"{path}: is no JSON ({error}), expected a file of OpenPose or COCO-WholeBody") from None


def read_person(path: Path) -> Person:
    """`body.npz`: the person's body parameters and camera. Raises BadData naming the key at fault."""
    with naming(path):
        return Person.from_arrays(npz.decode(read_bytes(path)))


def write_person(path: Path, person: Person) -> None:
    """Write `body.npz`, with what it was made from in it."""
    said = np.array(imprint.text_of(provenance.here()))
    write_bytes(path, npz.encode(person.arrays() | {imprint.KEY: said}))


def read_body_model(source: str) -> BodyModel:
    """The body model: `builtin`, or `smplx:PATH` for an official SMPL-X, SMPL-H or SMPL file (.npz or .pkl).

    An official file passes the importer once; its plain arrays are kept in the user's cache and used from there.
    Raises InputMissing, BadData, or NotInstalled for a source of another kind.
    """
    if source == "builtin":
        path = BUILTIN_BODY
    elif source.startswith("smplx:"):
        path = _imported(Path(source.removeprefix("smplx:")).expanduser())
    else:
        raise NotInstalled(f"--body {source}: no such body model: use builtin, or smplx:PATH to an official file")
    return _read_model(path)


def read_body_model_of(person: Person) -> BodyModel:
    """The body model that a person was fitted with. Raises NotInstalled when this machine does not have it."""
    builtin = read_body_model("builtin")
    if person.model.sha256 == builtin.sha256:
        return builtin
    path = cached_body(person.model.sha256)
    if not path.exists():
        hint = "run fit-smpl again with this version, or with --body smplx:PATH on this machine"
        raise NotInstalled(f"body model {person.model.name} ({person.model.sha256[:12]}) is not here: {hint}")
    return _read_model(path)


def _read_model(path: Path) -> BodyModel:
    with naming(path):
        model = _decoded_model(path, path.stat().st_mtime_ns)
    record.note_model(path, Model(model.name, model.sha256, model.licence))
    return model


@lru_cache(maxsize=4)
def _decoded_model(path: Path, changed: int) -> BodyModel:
    """Read once for all the people that a process makes; `changed` is the file's time."""
    content = path.read_bytes()
    return BodyModel.from_arrays(npz.decode(content), sha256=record.digest(content))


def body_models() -> list[tuple[str, BodyModel | None, str]]:
    """Every body model on this machine: what it is called, the model or None, and what is wrong with its file."""
    found: list[tuple[str, BodyModel | None, str]] = []
    for path in (BUILTIN_BODY, *sorted((cache() / "bodies").glob("*.npz"))):
        name = "built-in body" if path == BUILTIN_BODY else "official body"
        try:
            found.append((name, _read_model(path), ""))
        except (AvatarError, OSError) as error:
            found.append((name, None, str(error)))
    return found


def _imported(path: Path) -> Path:
    """The cached plain arrays of an official file."""
    content = read_bytes(path, limit=1 << 30, noted=False)  # a model, not the subject's: its place is nobody's business
    with naming(path), np.errstate(over="ignore"):  # what overflows float32 is found infinite, and refused
        read = official.arrays_from_pickle if path.suffix.lower() == ".pkl" else official.arrays_from_npz
        arrays = official.normalised(read(content))
        plain = npz.encode(arrays)
        BodyModel.from_arrays(arrays, sha256=record.digest(plain))  # what is kept is known to be good
    cached = cached_body(record.digest(plain))
    if not cached.exists():
        cached.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_bytes(cached, plain)
    return cached


def read_normals(path: Path) -> Maps:
    """`normals.png`, 16-bit or edited in 8-bit; cameras that an editor dropped are taken from the record."""
    with naming(path):
        image, text = png.decode(read_bytes(path))
        layout = maps.layout_in(text) or ((record.read_record(path) or {}).get("facts") or {}).get("layout")
        if layout is None:
            raise BadData("found no cameras in it nor in a record beside it, expected both from gen-normals")
        return Maps.from_grid(image, layout)


def write_normals(path: Path, found: Maps) -> None:
    layout = found.layout()
    record.note_facts({"layout": layout})
    content = png.encode(found.grid(), {maps.TEXT_KEY: json.dumps(layout, sort_keys=True)})
    write_bytes(path, imprint.imprinted(content, provenance.here()))


def read_sight(path: Path) -> Mesh | Maps:
    """What there is to see in any artefact: a posed body, normal maps, or a mesh."""
    if path.suffix.lower() == ".npz":
        person = read_person(path)
        return person.mesh(read_body_model_of(person))
    return read_normals(path) if path.suffix.lower() == ".png" else read_mesh(path)


def read_clip(path: Path, body: Body) -> Clip:
    """A motion on this body: AMASS's or smplx's arrays (.npz, see `motion`) or a skeleton's recording (.bvh).

    What a user should know about it is logged. Raises InputMissing, or BadData naming what is wrong.
    """
    from avatarkit import bvh, motion, retargeting

    with naming(path):
        if path.suffix.lower() == ".bvh":
            recording = bvh.decode(read_bytes(path, limit=LARGEST_BVH))
            clip, words = retargeting.retargeted(recording, body, path.stem)
            log.info("%s: a skeleton of %d joints, in %s", path, len(recording.names), recording.unit)
        elif path.suffix.lower() == ".npz":
            clip, words = motion.clip_of(official.arrays_from_npz(read_bytes(path)), body, path.stem)
        else:
            raise BadData(
                "is neither .npz (AMASS, SMPL-X) nor .bvh: export it as one of them, from Blender for example"
            )
    for word in words:
        log.warning("%s: %s", path, word)
    return clip
