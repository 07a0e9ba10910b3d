from pathlib import Path
from typing import Annotated

from avatarkit.stage import Option, Reads


def info(
    artefact: Annotated[Path, Reads("FILE", help="Any file that a stage wrote.")],
    json: Annotated[bool, Option("Print one JSON object a step instead.")] = False,
) -> str:
    """Tell what a file is made of, and how it was made, from the newest step back to the photo or the words.

    A file that lost its record tells what stands in it: tool, source type, models and licences, consent.

    Example:

      avatarkit info ana/avatar.glb
    """
    from json import dumps

    from avatarkit import imprint, provenance, record
    from avatarkit.errors import InputMissing

    if not artefact.exists():
        raise InputMissing(f"{artefact}: no such file")
    steps, past = list(record.history(artefact)), provenance.behind(artefact)
    tool = {key: value for key, value in (imprint.found_in(artefact) or {}).items() if key == "tool"}
    said = None if past is None else past.as_json() | tool
    if json:
        own = [{"path": str(artefact), "provenance": said}] if not steps else []
        return "\n".join(dumps(step) for step in (*own, *({"path": str(path)} | step for path, step in steps)))
    if said is None:
        return f"{artefact}: no record beside it, and nothing in it that says what it was made from"
    first, *others = [record.told(path, step) for path, step in steps] or [f"{artefact}"]
    title, *how = first.split("\n", 1)
    return "\n".join([title, provenance.told(said), *how, *others])
