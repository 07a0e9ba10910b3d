"""The body deformed until its normals and silhouettes agree with every view: the work of carve-mesh.

Chupa (Kim 2023) descends from two normal maps by gradient, and what the maps leave open goes astray. Here the body's
skin, with the hulls of what hangs free of it, is a `sculpture` that begins with the body for its home.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch

from avatarkit import camera as cameras
from avatarkit.body import BodyModel
from avatarkit.crossing import uncrossed
from avatarkit.errors import BadData
from avatarkit.evidence import targets_of, worn
from avatarkit.hull import laden, shod, skirted
from avatarkit.keeping import NOT_KEPT, kept_parts
from avatarkit.maps import Maps
from avatarkit.mesh import Mesh, edges, submesh, unit
from avatarkit.offsets import EASE
from avatarkit.person import Person
from avatarkit.sculpture import (
    Sculpture,
    begun,
    check_overlap,
    check_residuals,
    formed,
    labelled,
    one_thread,
    residuals_of,
    shown,
)

__all__ = ["carved", "check_residuals", "labelled", "pictured", "skin"]

COARSE = 0.02
"""Metres of edges in the first half of the rounds, where vertices still travel."""
BARE, COVERED = 0.9, 0.5
"""The share of skin in what labels show, from which on it is bare; that of other things, which ends what is kept."""


@one_thread()
def carved(
    model: BodyModel,
    person: Person,
    maps: Maps,
    *,
    steps: int = 6,
    detail: float = 0.01,
    keep: Sequence[str] = ("hands", "face"),
    watch: Callable[[int, Mesh], None] | None = None,
) -> Sculpture:
    """The clothed person: the body's closed skin, deformed to `maps` in `steps` rounds, edges of `detail` metres.

    Parts to `keep` (of `keeping.GROUPS`) have the template's shape. `watch` is told of each round. Raises BadData when
    the maps are unusable or do not see the body.
    """
    targets, body = targets_of(maps), skin(model, person)
    check_overlap(body, targets)
    shoes = shod(body, model.part_names, *worn(body, edges(body.faces), targets))
    mesh = laden(skirted(shoes, model.part_names, targets), model.part_names, targets)
    kept = kept_parts(mesh.attributes["part"], model.part_names, keep)
    skin_share, worn_share = worn(mesh, edges(mesh.faces), targets)
    kept, bare = torch.where(worn_share > COVERED, NOT_KEPT, kept), (skin_share > BARE).float()
    mesh = replace(mesh, vertices=uncrossed(mesh.vertices, mesh.faces))
    mesh = begun(mesh, kept=kept, bare=bare, ease=EASE * worn_share)
    mesh = formed(mesh, targets, steps=steps, detail=detail, coarse=COARSE, watch=watch)
    return Sculpture(mesh, residuals_of(mesh, targets))


def skin(model: BodyModel, person: Person) -> Mesh:
    """The posed body's closed outer skin, with `template` (V), the vertices' places in the model, their `part` (V), and
    `rest_height` (V), metres, before it was posed."""
    if model.outer_faces is None or model.part is None:
        raise BadData(
            f"body {model.name}: its file has no closed skin (outer_f) or no parts; carve with --body builtin"
        )
    at_rest = model.shaped(person.betas, person.expression)
    whole = Mesh(at_rest.posed(person.pose).vertices, model.outer_faces)
    template = torch.arange(len(whole.vertices))
    whole = whole.having(template=template, part=model.part, rest_height=at_rest.vertices[:, 1])
    return submesh(whole, torch.ones(len(whole.faces), dtype=torch.bool))[0]


def pictured(mesh: Mesh, maps: Maps) -> np.ndarray:
    """(2S, N S, 3) uint8: the maps' normals above the mesh's, view by view, as the maps store them, on white."""
    views = []
    for target in targets_of(maps):
        image, coverage = shown(mesh, target)
        for layer in range(len(target.masks)):
            surface: cameras.Surface = "nearest" if layer == 0 else "farthest"
            pairs = ((target.normals[layer], target.masks[layer]), (unit(image[layer]), coverage[layer]))
            tiles = [cameras.view_normals(target.camera, n, surface) / 2 + 0.5 for n, _ in pairs]
            shares = [cover[..., None] for _, cover in pairs]
            views.append(torch.cat([tile * cover + 1 - cover for tile, cover in zip(tiles, shares, strict=True)]))
    return (255 * torch.cat(views, dim=1).clamp(0, 1)).round().byte().numpy()
