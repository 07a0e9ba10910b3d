from pathlib import Path
from typing import Annotated

from avatarkit.stage import Option, Reads, Writes


def texture_uv(
    mesh: Annotated[Path, Reads("refined.glb", "carved.glb", help="The person's mesh, from carve-mesh or elsewhere.")],
    body: Annotated[Path, Reads("body.npz", help="Body, camera and photo, from fit-smpl.")],
    normals: Annotated[Path | None, Reads("normals.png", help="Albedo and labels, from gen-normals.", optional=True)],
    out: Annotated[Path, Writes("textured.glb")],
    size: Annotated[int, Option("Of the square texture [texels].", min=64, max=8192)] = 2048,
    symmetry: Annotated[bool, Option("Paint what the photo hides like its mirror image.")] = True,
    source_map: Annotated[Path | None, Option("Write where each texel's colour is from: a picture.")] = None,
) -> None:
    """Paint the mesh: a UV atlas, coloured from the photo, its mirror image, the albedo row of the maps.

    What none of them shows is continued from what they show of the same part.

    Examples:

      avatarkit texture-uv ana/carved.glb                      # ana/textured.glb
      avatarkit texture-uv ana/carved.glb --size 4096 --source-map ana/source.png
      avatarkit preview ana/textured.glb --mode texture
    """
    from avatarkit import files, texturing

    person = files.read_person(body)
    model, found = files.read_body_model_of(person), files.read_mesh(mesh)
    maps = files.read_normals(normals) if normals else None
    painted = texturing.painted(found, model, person, maps, size=size, symmetry=symmetry)
    if source_map is not None:
        files.write_picture(source_map, texturing.pictured(painted))
    files.write_mesh(out, painted.mesh)
