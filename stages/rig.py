from pathlib import Path
from typing import Annotated

from avatarkit.stage import Option, Reads, Writes


def rig(
    mesh: Annotated[Path, Reads("textured.glb", help="The person's mesh, from texture-uv or elsewhere.")],
    body: Annotated[Path, Reads("body.npz", help="The body inside of it, from fit-smpl.")],
    out: Annotated[Path, Writes("avatar.glb")],
    rest: Annotated[str, Option("The pose that the avatar stands in when nothing moves it: t or a.")] = "t",
    influences: Annotated[int, Option("The most joints that move a vertex: 4 or 8.")] = 4,
    allow_poor: Annotated[bool, Option("Write the avatar though a check of the rig failed.")] = False,
) -> None:
    """Give the mesh a skeleton, skin weights and a face that moves: an avatar for games, browsers and Blender.

    Examples:

      avatarkit rig ana/textured.glb                           # ana/avatar.glb
      avatarkit preview ana/avatar.glb --mode texture
    """
    from avatarkit import files, rigging

    rigging.check(rest, influences)
    person = files.read_person(body)
    rigged = rigging.rigged(
        files.read_mesh(mesh), files.read_body_model_of(person), person, rest=rest, influences=influences
    )
    rigging.judge(rigged.avatar, rigged.mended, allow_poor=allow_poor)
    files.write_avatar(out, rigged.avatar, influences=influences)
