"""The tailor's clothes on this very body, as words, photo and outline ask for them, seen as maps.

words, photo ─► wishes ─► outfit ─► dressed ─► followed ─► recoloured ─► mapped ─► settled
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from avatarkit import appearance, population
from avatarkit import camera as cameras
from avatarkit.appearance import Looks
from avatarkit.appearance.mapping import mapped
from avatarkit.camera import Camera
from avatarkit.maps import Maps, View
from avatarkit.mesh import edges
from avatarkit.normals.covering import joined
from avatarkit.normals.following import followed
from avatarkit.normals.noticing import noticed
from avatarkit.normals.recolouring import recoloured
from avatarkit.normals.settling import settled
from avatarkit.sitter import FACE, HANDS, Sitter
from avatarkit.tailor.dressing import dressed
from avatarkit.tailor.piece import Dressed
from avatarkit.words import Description, Wish, Wishes
from avatarkit.words.heeding import heeded

NOT_WORN = Wish(absent=True)
MOUTH = ("teeth", "tongue", "mouth")
SOFT = 12
"""Edges over which skin that stays becomes skin that follows the outline."""


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
    looks, clothes = worn(sitter, words, seed=seed, front=front)
    vertices = looks.mesh.vertices
    outlined = sitter.mask is not None or front is not None
    camera = sitter.camera if outlined else cameras.framing(vertices, sitter.camera.size)
    maps = mapped(looks, clothes, _views(camera, vertices, views))
    return joined(maps if sitter.photo is None else settled(sitter, maps), front, back)


def worn(
    sitter: Sitter, words: str | None = None, *, seed: int = 0, front: Tensor | None = None
) -> tuple[Looks, Dressed]:
    """The clothes themselves, and what they look like."""
    said = heeded(words) if words else Description()
    drawn = population.draw(
        population.generator_of(seed, 0), prompt=replace(said, outfit=overriding(noticed(sitter), said.outfit))
    )
    chance = int(population.generator_of(seed, 1).integers(2**31))
    clothes = dressed(sitter.model, sitter.person, drawn.outfit, seed=chance, preset="full")
    outline = sitter.mask if front is None else front[3]
    vertices = _standing(sitter, clothes, outline)
    clothes = recoloured(sitter, clothes, vertices, [slot for slot, wish in said.outfit.items() if wish.cut])
    body = drawn.phenotype
    looks = appearance.prepared(clothes, sitter.model, seed=chance, age=body.age, sex=body.sex)
    return replace(looks, mesh=replace(looks.mesh, vertices=vertices)), clothes


def overriding(seen: Wishes, said: Wishes) -> Wishes:
    """What was seen, with what was said in its place: slot by slot, and within one as far as it was said. Over a top or
    a dress that was said nothing is worn that was not."""
    found = dict(seen)
    if any(slot in said and not said[slot].absent for slot in ("top", "dress")):
        found["outer"] = NOT_WORN
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


def _standing(sitter: Sitter, clothes: Dressed, outline: Tensor | None) -> Tensor:
    """(V,3): all vertices of the clothes where the body is, not lifted by soles, which the carver knows nothing of; and
    within the outline (S,S), where there is one. Hands and face stay with the body."""
    mesh, _ = clothes.combined()
    vertices = mesh.vertices - torch.tensor([0.0, clothes.lift, 0.0])
    if outline is None:
        return vertices
    held = torch.zeros(len(vertices))
    held[: len(sitter.model.v_template)] = _held(sitter)  # the skin's vertices come first, in the model's order
    return followed(vertices, mesh.faces, sitter.camera, outline, held)


def _held(sitter: Sitter) -> Tensor:
    """(V): 1 on hands, face and what is in the mouth, falling to 0 on the skin around them."""
    model = sitter.model
    kept = [k for k, name in enumerate(model.part_names) if name.endswith((*HANDS, *FACE, *MOUTH))]
    if model.part is None:
        return torch.zeros(len(model.v_template))
    held = torch.isin(model.part, torch.tensor(kept)).float()
    a, b = edges(model.faces).vertices.unbind(dim=1)
    counts = torch.bincount(torch.cat([a, b]), minlength=len(held)).clamp(min=1)
    whole = held
    for _ in range(SOFT):
        spread = torch.zeros_like(held).index_add(0, a, held[b]).index_add(0, b, held[a]) / counts
        held = torch.maximum(whole, spread)
    return held


def _views(front: Camera, vertices: Tensor, count: int) -> list[View]:
    if count == 2:
        return [View(front), View(front, "farthest")]
    return [View(cameras.framing(vertices, front.size, yaw=360 * k / count)) for k in range(count)]
