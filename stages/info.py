from pathlib import Path
from typing import Annotated

from avatarkit.stage import Option, Reads


def info(
    artefact: Annotated[Path, Reads("FILE", help="Any file that a stage wrote.")],
    json: Annotated[bool, Option("Print one JSON object a step instead.")] = False,
) -> str:
    """Tell how a file was made, from the newest step back to the photo or the words.

    Example:

      avatarkit info ana/avatar.glb
    """
    from json import dumps

    from avatarkit import record
    from avatarkit.errors import InputMissing

    if not artefact.exists():
        raise InputMissing(f"{artefact}: no such file")
    steps = list(record.history(artefact))
    if json:
        return "\n".join(dumps({"path": str(path)} | step) for path, step in steps)
    return "\n".join(record.told(path, step) for path, step in steps) or f"{artefact}: no record beside it"
