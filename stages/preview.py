from pathlib import Path
from typing import Annotated

from avatarkit.stage import Option, Reads


def preview(
    artefacts: Annotated[list[Path], Reads("FILE", help="Files of any stage: body.npz, normals.png, a mesh.")],
    out: Annotated[
        Path | None,
        Option("Picture to write (.png, .jpg, .webp).  [default: preview.png beside the first file]", flags=("-o",)),
    ] = None,
    mode: Annotated[str, Option("How to draw meshes: shaded, normals, texture or parts.")] = "shaded",
    height: Annotated[int, Option("Height of each view [pixels].", min=64, max=2048)] = 512,
    turntable: Annotated[Path | None, Option("Write a turntable of the first file: .webp, .gif, .mp4.")] = None,
    frames: Annotated[int, Option("Pictures in the turntable.", min=2, max=720)] = 48,
) -> str:
    """Draw any file of the chain: front, side, back and face on one labelled sheet, or a turntable.

    Examples:

      avatarkit preview ana/body.npz                          # ana/preview.png
      avatarkit preview */body.npz -o people.png --mode parts
      avatarkit preview ana/body.npz --turntable ana/turntable.webp
    """
    from avatarkit import files, previewing

    style = previewing.Style.named(mode, height)
    if turntable is not None:
        files.write_movie(turntable, previewing.turntable(files.read_sight(artefacts[0]), frames, style))
        return str(turntable)
    sights = [(str(path), files.read_sight(path)) for path in artefacts]
    out = out or artefacts[0].with_name("preview.png")
    files.write_picture(out, previewing.sheet(sights, style))
    return str(out)
