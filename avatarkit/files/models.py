"""Diffusion models: a folder that `save_pretrained` wrote, or one of the hub at a pinned revision."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

from avatarkit import provenance, record
from avatarkit.errors import BadData, InputMissing, UsageError
from avatarkit.files.places import COLOURS, NORMALS, WEIGHTS
from avatarkit.files.reading import naming, read_bytes
from avatarkit.record import Model

HUB_NAME = re.compile(r"[\w.-]{1,96}/[\w.-]{1,96}@[0-9a-f]{40}")
LICENCE = re.compile(r"^license:\s*[\"']?([\w. -]{1,64}?)[\"']?\s*$", re.M)
SPELLINGS = {name.lower(): name for name in record.FREE_LICENCES}


def read_pipeline(source: str) -> Any:
    """The pipeline of a model folder, or of `name/model@revision` on the Hugging Face hub, which is fetched once.

    Its name, hash and licence go into the record. Raises InputMissing, BadData, NotInstalled; UsageError for a hub's
    model without its revision.
    """
    os.environ.setdefault("HF_HUB_OFFLINE", "1")  # read when diffusers is loaded: what is here is all there is
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    from avatarkit import diffusion

    folder = Path(source).expanduser()
    if not folder.is_dir():
        if not HUB_NAME.fullmatch(source):
            if re.fullmatch(r"[\w.-]+/[\w.-]+(@\w*)?", source) and not folder.parent.is_dir():
                raise UsageError(f"--model {source}: pin its revision, as {source.split('@')[0]}@<40 hex digits>")
            raise InputMissing(f"--model {source}: no such folder, expected one that save_pretrained wrote")
        folder = diffusion.fetched(*source.split("@"))
    index = _index(folder)
    with naming(folder / "model_index.json"):
        diffusion.parts_of(index)
    pipeline = diffusion.built(folder, index)
    name = source if HUB_NAME.fullmatch(source) else folder.resolve().name
    name = f"avatarkit-{name}" if folder.parent == WEIGHTS else name
    record.note_ingredient(folder / "model_index.json", provenance.GENERATED)
    record.note_model(folder / "model_index.json", Model(name, _digest(folder), licence_of(folder)))
    return pipeline


def read_dual(source: str | None = None) -> Any:
    """The dual normal pipeline that `read_pipeline` reads, or the one that comes with avatarkit."""
    return read_pipeline(str(NORMALS) if source is None else source)


def read_colours(source: str) -> Any:
    """The dual pipeline of colours that `read_pipeline` reads, or the one that comes with avatarkit: `builtin`."""
    return read_pipeline(str(COLOURS) if source == "builtin" else source)


def _index(folder: Path) -> Any:
    path = folder / "model_index.json"
    if not path.is_file():
        raise BadData(f"{folder}: found no model_index.json, expected a folder that save_pretrained wrote")
    try:
        return json.loads(read_bytes(path, limit=1 << 20, noted=False))
    except (ValueError, RecursionError) as error:
        raise BadData(f"{path}: {error}, expected JSON") from None


def _digest(folder: Path) -> str:
    """One hash of all configurations and weights."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix in (".json", ".safetensors") and path.is_file())
    lines = [f"{path.relative_to(folder).as_posix()} {record.sha256(path)}\n" for path in paths]
    return record.digest("".join(lines).encode())


def licence_of(folder: Path) -> str:
    """What the model card says, in SPDX's spelling; `unknown` without a card."""
    card = folder / "README.md"
    found = LICENCE.search(card.read_text("utf-8", "replace")[:65536]) if card.is_file() else None
    return SPELLINGS.get(found[1].lower(), found[1]) if found else "unknown"
