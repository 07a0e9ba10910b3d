"""The body deformed until its normals and silhouettes agree with every view: the work of carve-mesh.

Chupa (Kim 2023) descends from two normal maps by gradient, and what the maps leave open goes astray. Here each round
asks what all views say of the mesh as it lies (`evidence`), then solves for the offsets from the body that agree best
(`offsets`), then makes triangles fit for the next (`remesh`). Normals are integrated over the body's own surface, so
that an arm in front of a chest is not joined to it, and front and back meet at the sides.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import numpy as np
import torch

from avatarkit import camera as cameras
from avatarkit import render
from avatarkit.body import BodyModel
from avatarkit.crossing import uncrossed
from avatarkit.errors import BadData, QualityGate
from avatarkit.evidence import Seen, Target, observed, targets_of, worn
from avatarkit.hull import laden, shod, skirted
from avatarkit.keeping import NOT_KEPT, kept_parts, similarities, snapped
from avatarkit.maps import Maps
from avatarkit.mesh import Mesh, edges, submesh, unit
from avatarkit.offsets import solved
from avatarkit.parting import parted
from avatarkit.person import Person
from avatarkit.progress import track
from avatarkit.remesh import remeshed
from avatarkit.render import Topology

log = logging.getLogger("avatarkit")

COARSE = 0.02
"""Metres of edges in the first half of the rounds, where vertices still travel."""
BARE, COVERED = 0.9, 0.5
"""The share of skin in what labels show, from which on it is bare; that of other things, which ends what is kept."""
LEAST_OVERLAP = 0.3
"""The IoU of the body's and the mask's silhouettes below which they are not of one person."""


@dataclass(frozen=True, eq=False)
class Carving:
    """The carved mesh with `template`, `part` per vertex, and each view's residual in degrees and mask IoU."""

    mesh: Mesh
    residuals: dict[str, float] = field(default_factory=dict)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Sums of torch whose order, and so last bits, do not depend on how many threads there are."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@_one_thread()
def carved(
    model: BodyModel,
    person: Person,
    maps: Maps,
    *,
    steps: int = 6,
    detail: float = 0.01,
    keep: Sequence[str] = ("hands", "face"),
    watch: Callable[[int, Mesh], None] | None = None,
) -> Carving:
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
    mesh = mesh.having(home=mesh.vertices, kept=kept, bare=bare, worn=worn_share)
    mesh = _refined(mesh, COARSE, slivers=True)
    for step in track(range(steps), "carving"):
        mesh = replace(mesh, vertices=_round(mesh, targets, settled=2 * step >= steps))
        if watch is not None:
            watch(step, mesh)
        if step < steps - 1:
            late = 2 * (step + 1) >= steps
            mesh = _refined(mesh, detail if late else COARSE, slivers=not late)
    home, kept = uncrossed(mesh.attributes["home"], mesh.faces, rounds=10), mesh.attributes["kept"]
    mesh = replace(mesh, vertices=parted(snapped(home, mesh.vertices, kept), mesh.faces, home, kept >= 0))
    attributes = {name: mesh.attributes[name] for name in ("template", "part")}
    return Carving(replace(mesh, attributes=attributes), residuals_of(mesh, targets))


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


def check_overlap(body: Mesh, targets: Sequence[Target]) -> None:
    """Raises BadData where a view's mask and the body's silhouette share too little."""
    for target in targets:
        _, bare = render.render(body.vertices, body.faces, [target.camera], body.vertices)
        mask, bare = target.masks[0] > 0.5, bare[0] > 0.5
        overlap = float((mask & bare).sum() / (mask | bare).sum().clamp(min=1))
        if overlap < LEAST_OVERLAP:
            found = f"view {target.names[0]} and the body overlap by {overlap:.0%}, expected {LEAST_OVERLAP:.0%}"
            raise BadData(f"normals.png: {found}: are they maps of this person and camera?")


def _round(mesh: Mesh, targets: Sequence[Target], *, settled: bool) -> torch.Tensor:
    """(V,3): the vertices after one round of looking and solving."""
    joined = edges(mesh.faces)
    moved = similarities(mesh.attributes["home"], mesh.vertices, mesh.attributes["kept"])
    linear = {k: similarity[0] for k, similarity in moved.items()}
    return solved(mesh, joined, observed(mesh, joined, targets, settled=settled), linear)


def _refined(mesh: Mesh, length: float, *, slivers: bool) -> Mesh:
    """The mesh with edges of about `length` metres; while only `slivers` collapse, the template's finer parts stay."""
    for _ in range(2):
        target = torch.full((len(mesh.vertices),), length)
        kept = mesh.attributes["kept"] >= 0
        mesh = remeshed(mesh, target, frozen=kept, shortest=0.2 if slivers else 0.5)
    return mesh


def check_residuals(residuals: Mapping[str, float], gate: float) -> None:
    """Say how well each view agrees; raises QualityGate where one is off by more than `gate` degrees."""
    views = sorted((name.removeprefix("iou_") for name in residuals if name.startswith("iou_")), key=int)
    for view in views:
        log.info("view %s: %.1f degrees, IoU %.3f", view, residuals[f"degrees_{view}"], residuals[f"iou_{view}"])
    worst = max(views, key=lambda view: residuals[f"degrees_{view}"])
    if residuals[f"degrees_{worst}"] > gate:
        found = f"view {worst} is off by {residuals[f'degrees_{worst}']:.0f} degrees"
        raise QualityGate(f"carve-mesh: {found}, expected {gate:g} at most: do the views agree? --gate allows more")


def labelled(mesh: Mesh) -> Mesh:
    """The mesh with the attributes of carved.glb: `_VERTEX` float32, `_TEMPLATE` (65535: none), `_PART` uint8."""
    return Mesh(mesh.vertices, mesh.faces).having(
        _VERTEX=torch.arange(len(mesh.vertices), dtype=torch.float32),
        _TEMPLATE=mesh.attributes["template"],
        _PART=mesh.attributes["part"].to(torch.uint8),
    )


def pictured(mesh: Mesh, maps: Maps) -> np.ndarray:
    """(2S, N S, 3) uint8: the maps' normals above the mesh's, view by view, as the maps store them, on white."""
    views = []
    for target in targets_of(maps):
        image, coverage = _shown(mesh, target)
        for layer in range(len(target.masks)):
            surface: cameras.Surface = "nearest" if layer == 0 else "farthest"
            pairs = ((target.normals[layer], target.masks[layer]), (unit(image[layer]), coverage[layer]))
            tiles = [cameras.view_normals(target.camera, n, surface) / 2 + 0.5 for n, _ in pairs]
            shares = [cover[..., None] for _, cover in pairs]
            views.append(torch.cat([tile * cover + 1 - cover for tile, cover in zip(tiles, shares, strict=True)]))
    return (255 * torch.cat(views, dim=1).clamp(0, 1)).round().byte().numpy()


def _shown(mesh: Mesh, target: Target) -> tuple[torch.Tensor, torch.Tensor]:
    """The mesh's world normals (L,S,S,3), not of unit length, and its coverage (L,S,S) in a target's view."""
    topology = Topology.of(mesh.faces, len(mesh.vertices))
    normals = render.vertex_normals(mesh.vertices, topology)
    surface: Seen = "both" if len(target.masks) == 2 else "nearest"
    image, coverage = render.render(
        mesh.vertices, mesh.faces, [target.camera], normals, topology=topology, surface=surface
    )
    return image.reshape(target.normals.shape), coverage.reshape(target.masks.shape)


def residuals_of(mesh: Mesh, targets: Sequence[Target]) -> dict[str, float]:
    """Per view: the mean angle between map and mesh in degrees where both are, and the IoU of their masks."""
    found: dict[str, float] = {}
    for target in targets:
        image, coverage = _shown(mesh, target)
        shared = (coverage > 0.99) & (target.masks > 0.99)
        angles = torch.rad2deg(torch.acos((unit(image) * target.normals).sum(dim=-1).clamp(-1, 1)))
        union = ((coverage > 0.5) | (target.masks > 0.5)).sum(dim=(1, 2)).clamp(min=1)
        iou = ((coverage > 0.5) & (target.masks > 0.5)).sum(dim=(1, 2)) / union
        for layer, name in enumerate(target.names):
            inside = angles[layer][shared[layer]]
            found[f"degrees_{name}"] = float(inside.mean()) if len(inside) else 180.0
            found[f"iou_{name}"] = float(iou[layer])
    return found
