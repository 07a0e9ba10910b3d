from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from avatarkit.stage import Option, Reads, Writes

if TYPE_CHECKING:
    from avatarkit.mesh import Mesh


def carve_mesh(
    body: Annotated[Path, Reads("body.npz", help="Body and camera, from fit-smpl.")],
    normals: Annotated[Path, Reads("normals.png", help="Normal maps, from gen-normals.")],
    out: Annotated[Path, Writes("carved.glb")],
    steps: Annotated[int, Option("Rounds of looking at the maps and solving for the surface.", min=1, max=100)] = 6,
    detail: Annotated[float, Option("Edges of the mesh [metres].", min=0.003, max=0.05)] = 0.01,
    keep: Annotated[str, Option("Parts with the template's shape: hands, face, feet; none.")] = "hands,face",
    log_every: Annotated[
        int, Option("Draw normals, the maps' and the mesh's, each so many rounds; 0: never.", min=0)
    ] = 0,
    gate: Annotated[float, Option("Stop (70) when a view is off by more [degrees].", min=1, max=180)] = 35.0,
) -> None:
    """Deform the body until its rendered normals match the maps.

    Any number of views, with their own cameras, nearest or farthest. Hands and face keep the template's shape.

    Examples:

      avatarkit carve-mesh ana/body.npz                        # ana/carved.glb, from ana/normals.png beside it
      avatarkit carve-mesh ana/body.npz --detail 0.006 --keep hands
      avatarkit carve-mesh ana/body.npz --log-every 2          # ana/carved-02.png, ana/carved-04.png …
      avatarkit preview ana/carved.glb
    """
    from avatarkit import carving, files, record

    person, maps = files.read_person(body), files.read_normals(normals)
    model, kept = files.read_body_model_of(person), () if keep == "none" else tuple(keep.split(","))

    def watch(step: int, mesh: "Mesh") -> None:
        if log_every and (step + 1) % log_every == 0:
            files.write_picture(out.parent / f"carved-{step + 1:02d}.png", carving.pictured(mesh, maps))

    found = carving.carved(model, person, maps, steps=steps, detail=detail, keep=kept, watch=watch)
    carving.check_residuals(found.residuals, gate)
    record.note_facts({"residuals": {name: round(value, 4) for name, value in found.residuals.items()}})
    files.write_mesh(out, carving.labelled(found.mesh))
