"""The tailor's clothes on this very body, as words, photo and outline ask for them, seen as maps."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from avatarkit import appearance, population
from avatarkit import camera as cameras
from avatarkit.appearance import Looks
from avatarkit.appearance.mapping import mapped
from avatarkit.maps import Maps, View
from avatarkit.normals.covering import joined
from avatarkit.normals.following import followed
from avatarkit.normals.noticing import noticed
from avatarkit.normals.sitting import FACE, HANDS, Sitter
from avatarkit.tailor.dressing import dressed
from avatarkit.tailor.piece import Dressed
from avatarkit.words import Description, Wish, Wishes
from avatarkit.words.heeding import heeded

NOT_WORN = Wish(absent=True)


@dataclass(frozen=True, eq=False)
class Worn:
    """A dressed sitter where the body is: not lifted by soles, which the carver knows nothing of."""

    dressed: Dressed
    looks: Looks


def tailored(
    sitter: Sitter,
    words: str | None = None,
    *,
    seed: int = 0,
    views: int = 2,
    front: Tensor | None = None,
    back: Tensor | None = None,
) -> Maps:
    """Normals, albedo and labels of the clothes that the tailor makes for this body.

    What the `words` leave open is taken from the sitter's photo, and what that does not show is drawn by `seed`. Two
    `views` are the nearest and the farthest surface from the front; more are nearest ones around the vertical. With a
    photo, or a `front` (4,S,S) made elsewhere, the clothes follow its outline. `front` and `back` stay as they are.
    """
    said = heeded(words) if words else Description()
    worn = _worn(sitter, replace(said, outfit=overriding(noticed(sitter), said.outfit)), seed)
    outline = sitter.mask if front is None else front[3]
    if outline is not None:
        worn = _following(sitter, worn, outline)
    camera = sitter.camera
    if outline is None:
        camera = cameras.framing(worn.looks.mesh.vertices, camera.size)
    maps = mapped(worn.looks, worn.dressed, _views(worn, camera, views))
    return joined(maps, front, back)


def overriding(seen: Wishes, said: Wishes) -> Wishes:
    """What was seen, with what was said in its place: slot by slot, and within one as far as it was said."""
    found = dict(seen)
    if "dress" in said and not said["dress"].absent:
        found |= {slot: Wish(absent=True) for slot in ("top", "bottom")}
    elif {"top", "bottom"} & said.keys() and not found.get("dress", NOT_WORN).absent:
        found["dress"] = NOT_WORN
        found = {slot: wish for slot, wish in found.items() if slot not in ("top", "bottom")}
    for slot, wish in said.items():
        before = found.get(slot, NOT_WORN)
        another = wish.absent or before.absent or (wish.kinds and wish.kinds != before.kinds)
        kept = {key: value for key, value in before.cut.items() if not another or key == "colours"}
        found[slot] = replace(wish, kinds=wish.kinds or before.kinds, cut={**kept, **wish.cut})
    return found


def _worn(sitter: Sitter, said: Description, seed: int) -> Worn:
    drawn = population.draw(population.generator_of(seed, 0), prompt=said)
    chance = int(population.generator_of(seed, 1).integers(2**31))
    clothes = dressed(sitter.model, sitter.person, drawn.outfit, seed=chance, preset="full")
    body = drawn.phenotype
    looks = appearance.prepared(clothes, sitter.model, seed=chance, age=body.age, sex=body.sex)
    down = torch.tensor([0.0, clothes.lift, 0.0])
    return Worn(clothes, _moved(looks, looks.mesh.vertices - down))


def _moved(looks: Looks, vertices: Tensor) -> Looks:
    return replace(looks, mesh=replace(looks.mesh, vertices=vertices))


def _following(sitter: Sitter, worn: Worn, mask: Tensor) -> Worn:
    mesh = worn.looks.mesh
    held = torch.zeros(len(mesh.vertices))
    if sitter.model.part is not None:  # the skin's vertices come first, in the model's order
        kept = [k for k, name in enumerate(sitter.model.part_names) if name.endswith((*HANDS, *FACE))]
        held[: len(sitter.model.part)] = torch.isin(sitter.model.part, torch.tensor(kept)).float()
    return replace(worn, looks=_moved(worn.looks, followed(mesh.vertices, mesh.faces, sitter.camera, mask, held)))


def _views(worn: Worn, front: cameras.Camera, count: int) -> list[View]:
    if count == 2:
        return [View(front), View(front, "farthest")]
    vertices = worn.looks.mesh.vertices
    around = [cameras.framing(vertices, front.size, yaw=360 * k / count) for k in range(count)]
    return [View(camera) for camera in around]
