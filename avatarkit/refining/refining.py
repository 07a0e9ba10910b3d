"""Views given anew, carved into the mesh that they are of."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from avatarkit import camera as cameras
from avatarkit.body import BodyModel
from avatarkit.errors import UsageError
from avatarkit.evidence import Target, targets_of, worn
from avatarkit.keeping import NOT_KEPT, kept_parts
from avatarkit.maps import Maps, View
from avatarkit.mesh import Mesh, edges, welded
from avatarkit.offsets import EASE
from avatarkit.person import Person
from avatarkit.refining.around import Pair, pairs_around
from avatarkit.refining.hands import SOURCES, Hand, estimated, resized
from avatarkit.refining.mending import mended
from avatarkit.regressor import SIDE, Regressor
from avatarkit.sculpture import begun, check_overlap, formed, labelled, one_thread, residuals_of
from avatarkit.sitter import seated, seen
from avatarkit.surface import Surface

log = logging.getLogger("avatarkit")

ROUNDS = 4
WHOLE, HEADS = 512, 256
"""Pixels of the views of all of the person, and of the head."""
ANEW = 0.5
"""The trust of what was given anew, beside the maps that the mesh was carved from."""
BARE, COVERED = 0.9, 0.5
"""The share of skin in what labels show, from which on it stays; that of other things, which ends what is kept."""
FINEST = 0.6
"""Of `detail`, the edges along creases."""
UNNAMED = "it does not say which vertices are hands or face: none is kept"


@dataclass(frozen=True, eq=False)
class Refined:
    """The mesh with the attributes of carved.glb, residuals of the maps that it was carved from, views given anew."""

    mesh: Mesh
    residuals: dict[str, float] = field(default_factory=dict)
    views: Maps | None = None


def check(source: str, model: str | None, head: str | None, sculpt: bool, body: bool) -> None:
    """UsageError for what cannot be meant."""
    if source not in SOURCES:
        raise UsageError(f"--source {source}: expected {' or '.join(SOURCES)}")
    if sculpt and (model or head):
        raise UsageError("--sculpt carves the maps that it is given: leave --model and --face-model out")
    if (model or head) and source != "diffusion":
        raise UsageError("--model and --face-model are for --source diffusion")
    if not sculpt and not body:
        raise UsageError("refine needs body.npz beside the mesh (fit-smpl makes it), or --sculpt MAPS for any mesh")


@one_thread()
def refined(
    mesh: Mesh,
    model: BodyModel,
    person: Person,
    maps: Maps | None,
    hand: Hand | None = None,
    *,
    views: int = 4,
    heads: bool = True,
    photo: Regressor | None = None,
    keep: Sequence[str] = ("hands", "face"),
    detail: float = 0.01,
    steps: int = ROUNDS,
    cold: Mesh | None = None,
) -> Refined:
    """The mesh of carved.glb carved again: with `views` pairs given anew by a `hand`, as many of the head, the `maps`
    that it was carved from, and what the network for a `photo` sees in that of the person, which leads where it looks.

    Edges are of `detail` metres, shorter along creases. Parts to `keep` (of `keeping.GROUPS`) keep their shape. `cold`
    is a mesh to begin from instead, of the same attributes.
    """
    if maps is None and hand is None:
        raise UsageError("refine --source maps needs normals.png, which the mesh was carved from; or another source")
    anew = None
    if hand is not None:
        crops = {"": WHOLE} | ({"head": HEADS} if heads else {})
        around = (pairs_around(mesh, model, person, views, crop=crop, size=size) for crop, size in crops.items())
        anew = _together([_anew(pairs, hand) for pairs in around])
    given = targets_of(maps) if maps is not None else []
    targets = [*given, *(targets_of(anew) if anew is not None else [])]
    if photo is not None:
        targets += _of_photo(model, person, photo)
    start = _begun(mesh if cold is None else cold, model, person, given, keep)
    found = formed(start, targets, steps=steps, detail=detail, finest=FINEST * detail, doing="refining")
    return Refined(_named(found, mesh), residuals_of(found, given or targets), anew)


@one_thread()
def sculpted(
    mesh: Mesh,
    maps: Maps,
    model: BodyModel | None = None,
    person: Person | None = None,
    *,
    keep: Sequence[str] = (),
    detail: float = 0.01,
    steps: int = ROUNDS,
) -> Refined:
    """Any mesh carved by any maps [En3D, geometric sculpting]: with a person it stays outside of the body, and a mesh
    of ours keeps the parts to `keep`. What is mended of a mesh made elsewhere is logged."""
    targets = targets_of(maps)
    check_overlap(mesh, targets)
    start = _begun(mesh, model, person, targets, keep)
    found = formed(start, targets, steps=steps, detail=detail, finest=FINEST * detail, doing="sculpting")
    return Refined(_named(found, mesh), residuals_of(found, targets))


def _begun(
    mesh: Mesh, model: BodyModel | None, person: Person | None, given: Sequence[Target], keep: Sequence[str]
) -> Mesh:
    """The mesh at home: parts to keep and bare skin as they are, and it may sink until it lies on the body. One made
    elsewhere is mended, and has no parts."""
    plain = Mesh(mesh.vertices.float(), mesh.faces)
    if _is_ours(mesh):
        mesh, _ = welded(mesh)  # a textured one is cut along its charts
        plain = Mesh(mesh.vertices.float(), mesh.faces)
        parts = {name: mesh.attributes[f"_{name.upper()}"].long() for name in ("template", "part")}
    else:
        plain, said = mended(plain)
        for words in (*said, *([UNNAMED] if keep and model else [])):
            log.warning("mesh: %s", words)
        parts = dict.fromkeys(("template", "part"), torch.zeros(len(plain.vertices), dtype=torch.int64))
    plain, none = plain.having(**parts), torch.zeros(len(plain.vertices))
    skin_share, worn_share = none, none
    if any(target.labels is not None for target in given):
        skin_share, worn_share = worn(plain, edges(plain.faces), given)
    kept, ease = torch.full_like(parts["part"], NOT_KEPT), none - 1
    if model is not None and person is not None:
        faces = model.faces if model.outer_faces is None else model.outer_faces
        height = Surface(person.mesh(model).vertices, faces).signed_distance(plain.vertices)
        ease = EASE * worn_share - height.clamp(min=0)
        if _is_ours(mesh):
            kept = kept_parts(parts["part"], model.part_names, keep)
            kept = torch.where(worn_share > COVERED, NOT_KEPT, kept)
    return begun(plain, kept=kept, bare=(skin_share > BARE).float(), ease=ease)


def _is_ours(mesh: Mesh) -> bool:
    return "_TEMPLATE" in mesh.attributes and "_PART" in mesh.attributes


def _named(found: Mesh, like: Mesh) -> Mesh:
    """What was found with the attributes of carved.glb, where the mesh that it was made of had them."""
    return labelled(found) if _is_ours(like) else Mesh(found.vertices, found.faces)


def _anew(pairs: Sequence[Pair], hand: Hand) -> tuple[list[View], Tensor, Tensor]:
    """Views, maps (N,4,WHOLE,WHOLE) and trust (N,WHOLE,WHOLE) of what a hand makes of the pairs."""
    maps, trust = resized(*hand(pairs), WHOLE)
    views = []
    for pair in pairs:
        camera = cameras.resized(pair.camera, (WHOLE, WHOLE))
        views += [View(camera), View(camera, "farthest")]
    return views, maps.flatten(0, 1), trust.flatten(0, 1)


def _together(drawn: Sequence[tuple[list[View], Tensor, Tensor]]) -> Maps:
    views = tuple(view for some, _, _ in drawn for view in some)
    maps, trust = (torch.cat([it[k] for it in drawn]) for k in (1, 2))  # type: ignore[misc]
    labels = torch.stack([torch.zeros_like(trust), ANEW * trust], dim=-1)
    return Maps(views, maps.movedim(1, -1).numpy().astype(np.float32), None, labels.numpy().astype(np.float32))


def _of_photo(model: BodyModel, person: Person, network: Regressor) -> list[Target]:
    """What the network sees in the person's photo, of the side that the photo shows."""
    sitter = seated(model, person, size=SIDE)
    if sitter.photo is None or sitter.mask is None:
        raise UsageError("body.npz holds no photo to be led by, expected one that fit-smpl found a person in")
    shown = torch.cat([sitter.photo.movedim(-1, 0) * sitter.mask, sitter.mask[None]])
    maps, trust = estimated(network, shown, sitter.maps)
    labels = torch.stack([torch.zeros_like(trust[0]), trust[0]], dim=-1)[None]
    front = maps[:1].movedim(1, -1).numpy().astype(np.float32)
    return targets_of(Maps((View(sitter.camera),), front, None, labels.numpy().astype(np.float32)))


def pictured(views: Maps, mesh: Mesh) -> np.ndarray:
    """(2 S, N S, 3) uint8: views given anew above the mesh's own, view by view, on white."""
    rows: list[list[Tensor]] = [[], []]
    for k in range(0, len(views.views), 2):
        own = seen(mesh.vertices, mesh.faces, views.views[k].camera)
        new = torch.from_numpy(views.normals[k : k + 2]).movedim(-1, 1)
        for row, maps in zip(rows, (new, own), strict=True):
            row += [((0.5 + 0.5 * side[:3]) * side[3] + 1 - side[3]).movedim(0, -1) for side in maps]
    sheet = torch.cat([torch.cat(row, dim=1) for row in rows])
    return (255 * sheet.clamp(0, 1)).round().byte().numpy()
