from pathlib import Path
from typing import Annotated

from avatarkit.stage import Option, Reads, Writes


def rig(
    mesh: Annotated[Path, Reads("textured.glb", help="The person's mesh, from texture-uv or elsewhere.")],
    body: Annotated[Path, Reads("body.npz", help="The body inside of it, from fit-smpl.")],
    out: Annotated[Path, Writes("avatar.glb")],
    rest: Annotated[str, Option("The pose that the avatar stands in when nothing moves it: t or a.")] = "t",
    bones: Annotated[str, Option("Whose names the joints have: vrm, mixamo, unreal or smplx.")] = "vrm",
    influences: Annotated[int, Option("The most joints that move a vertex: 4 or 8.")] = 4,
    motion: Annotated[Path | None, Option("A motion more: .npz (AMASS, SMPL-X) or .bvh.")] = None,
    no_motion: Annotated[bool, Option("Leave out idle, walk and wave.")] = False,
    keep_pose: Annotated[bool, Option("Keep the pose that the mesh came in, as the first animation.")] = False,
    vrm: Annotated[bool, Option("Write avatar.vrm too (VRM 1.0; T-pose only).")] = False,
    usdz: Annotated[bool, Option("Write avatar.usdz too (extra `usd`).")] = False,
    triangles: Annotated[
        str | None, Option("At most so many, a level of detail each: avatar.glb, avatar_lod1.glb, … beside it.")
    ] = None,
    allow_poor: Annotated[bool, Option("Write the avatar though a check of the rig failed.")] = False,
) -> None:
    """Give the mesh a skeleton, skin weights and a face that moves: an avatar for games, browsers and Blender.

    Examples:

      avatarkit rig ana/textured.glb                           # ana/avatar.glb
      avatarkit rig ana/textured.glb --vrm --motion dance.bvh
      avatarkit rig ana/textured.glb --bones mixamo --rest a
      avatarkit rig ana/textured.glb --triangles 60000,15000,4000   # avatar.glb, avatar_lod1.glb, avatar_lod2.glb
    """
    from avatarkit import files, record, rigging

    rigging.check(rest, influences, bones=bones, vrm=vrm)
    most = rigging.triangles_of(triangles) if triangles else ()
    person = files.read_person(body)
    model = files.read_body_model_of(person)
    found = rigging.rigged(files.read_mesh(mesh), model, person, rest=rest, influences=influences)
    rigging.judge(found.avatar, found.mended, allow_poor=allow_poor)
    record.note_facts({"torn": round(found.mended, 4)})
    clips = [] if no_motion else rigging.cycles(found.body)
    clips += [files.read_clip(motion, found.body)] if motion else []
    avatar = rigging.lively(found, clips, keep_pose=keep_pose).avatar
    avatar, *coarser = rigging.levels(avatar, most) or [avatar]
    for place, level in enumerate(coarser, 1):
        lod = out.parent / f"avatar_lod{place}.glb"
        files.write_avatar(lod, level, model, profile=bones, influences=influences)
    also = [out.parent / name for name, asked in (("avatar.vrm", vrm), ("avatar.usdz", usdz)) if asked]
    for path in (*also, out):
        files.write_avatar(path, avatar, model, profile=bones, influences=influences)
