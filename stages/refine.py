from pathlib import Path
from typing import Annotated

from avatarkit.stage import Option, Reads, Seed, Writes


def refine(
    mesh: Annotated[Path, Reads("carved.glb", help="The person's mesh, from carve-mesh or elsewhere.")],
    body: Annotated[Path | None, Reads("body.npz", help="Body, camera, photo, from fit-smpl.", optional=True)],
    normals: Annotated[Path | None, Reads("normals.png", help="What it was carved from.", optional=True)],
    prompt: Annotated[Path | None, Reads("prompt.txt", help="Words for a diffusion model.", optional=True)],
    out: Annotated[Path, Writes("refined.glb")],
    source: Annotated[
        str, Option("Who gives the views anew: maps (nobody, those again), regress, diffusion.")
    ] = "maps",
    model: Annotated[str | None, Option("For diffusion: another than ours, a folder or name/model@revision.")] = None,
    face_model: Annotated[str | None, Option("The same for views of the head.  [default: --model]")] = None,
    views: Annotated[int, Option("Pairs of front and back around the person.", min=1, max=36)] = 4,
    strength: Annotated[float, Option("For diffusion: share of the noise that is drawn anew.", min=0, max=1)] = 0.1,
    repeats: Annotated[int, Option("For diffusion: how often.", min=1, max=20)] = 2,
    no_photo: Annotated[bool, Option("Leave out what our network sees in the photo, which leads there.")] = False,
    sculpt: Annotated[Path | None, Option("Carve these maps in as they are, into any mesh.")] = None,
    save_views: Annotated[Path | None, Option("Write the views that were given anew, as a normals.png.")] = None,
    detail: Annotated[float, Option("Edges of the mesh, shorter along creases [metres].", min=0.003, max=0.05)] = 0.01,
    keep: Annotated[str, Option("Parts that keep their shape: hands, face, feet; none.")] = "hands,face",
    seed: Seed = 0,
) -> None:
    """Look at the carved mesh from many sides, give its normals anew there, and carve them in.

    The mesh gives way as far as the views agree. With --sculpt any maps are carved into any mesh, also one made
    elsewhere and without body.npz; what has to be mended of it first is said.

    Examples:

      avatarkit refine ana/carved.glb                          # ana/refined.glb, which texture-uv takes from then on
      avatarkit refine ana/carved.glb --source diffusion --views 6 --save-views ana/views.png
      avatarkit refine scan.ply --sculpt views.png -o finer.glb
    """
    from avatarkit import files, record, refining

    refining.check(source, model, face_model, sculpt is not None, body is not None)
    found, kept = files.read_mesh(mesh), () if keep == "none" else tuple(keep.split(","))
    person = files.read_person(body) if body else None
    figure = files.read_body_model_of(person) if person else None
    if sculpt is not None:
        made = refining.sculpted(found, files.read_normals(sculpt), figure, person, keep=kept, detail=detail)
    else:
        assert figure is not None and person is not None
        led = person.crop is not None and not no_photo
        hand = refining.hand(
            source, files.read_regressor(None) if source == "regress" else None,
            files.read_dual(model) if source == "diffusion" else None,
            files.read_pipeline(face_model) if face_model else None,
            words=files.read_prompt(prompt) if prompt else "", strength=strength, repeats=repeats, seed=seed,
        )  # fmt: skip
        made = refining.refined(
            found, figure, person, files.read_normals(normals) if normals else None, hand, views=views,
            photo=files.read_regressor(None) if led else None, keep=kept, detail=detail,
        )  # fmt: skip
    if save_views is not None and made.views is not None:
        files.write_normals(save_views, made.views)
    record.note_facts({"residuals": {name: round(value, 4) for name, value in made.residuals.items()}})
    files.write_mesh(out, made.mesh)
