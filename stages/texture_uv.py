from pathlib import Path
from typing import Annotated

from avatarkit.stage import Option, Reads, Seed, Writes


def texture_uv(
    mesh: Annotated[Path, Reads("refined.glb", "carved.glb", help="The person's mesh, from carve-mesh or elsewhere.")],
    body: Annotated[Path, Reads("body.npz", help="Body, camera and photo, from fit-smpl.")],
    normals: Annotated[Path | None, Reads("normals.png", help="Albedo and labels, from gen-normals.", optional=True)],
    prompt: Annotated[Path | None, Reads("prompt.txt", help="Words for --model and --refine-model.", optional=True)],
    back: Annotated[Path | None, Reads("back/body.npz", help="The same person, another photo.", optional=True)],
    out: Annotated[Path, Writes("textured.glb")],
    size: Annotated[int, Option("Of the square texture [texels].", min=64, max=8192)] = 2048,
    atlas: Annotated[
        str, Option("Whose UVs: parts (like everybody's), template (the body's), keep, xatlas.")
    ] = "parts",
    symmetry: Annotated[bool, Option("Paint what a photo from aside hides like its mirror image.")] = False,
    delight: Annotated[bool, Option("Take low-frequency light out of the photo.")] = False,
    detail: Annotated[Path | None, Option("A finer mesh, for a tangent-space normal map.")] = None,
    model: Annotated[str | None, Option("Paints what no picture shows: a folder, or name/model@revision.")] = None,
    refine_model: Annotated[
        str | None, Option("Sharpens front and back: the same, image to image; or `builtin`.")
    ] = None,
    source_map: Annotated[Path | None, Option("Write where each texel's colour is from: a picture.")] = None,
    seed: Seed = 0,
) -> None:
    """Paint the mesh: a UV atlas, coloured from the photo, its mirror image, the albedo row of the maps.

    What none of them shows is continued from what they show of the same part.

    Examples:

      avatarkit texture-uv ana/carved.glb                      # ana/textured.glb
      avatarkit texture-uv ana/carved.glb --delight --size 4096 --source-map ana/source.png
      avatarkit preview ana/textured.glb --mode texture
    """
    from avatarkit import files, texturing

    texturing.check(atlas)
    person = files.read_person(body)
    painted = texturing.painted(
        files.read_mesh(mesh),
        files.read_body_model_of(person),
        person,
        files.read_normals(normals) if normals else None,
        back=files.read_person(back) if back else None,
        size=size,
        atlas=atlas,
        symmetry=symmetry,
        delight=delight,
        detail=files.read_mesh(detail) if detail else None,
        painter=files.read_pipeline(model) if model else None,
        refiner=files.read_colours(refine_model) if refine_model else None,
        words=files.read_prompt(prompt) if prompt else "a person",
        seed=seed,
    )
    if source_map is not None:
        files.write_picture(source_map, texturing.pictured(painted))
    files.write_mesh(out, painted.mesh)
