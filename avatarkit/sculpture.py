"""A mesh that gives way to what views say of it, as near to its home as they let it: what carve-mesh and refine do.

Each round asks what all views say of the mesh as it lies (`evidence`), then solves for the offsets from home that agree
best (`offsets`), then makes triangles fit for the next (`remesh`). Normals are integrated over the surface itself, so
that an arm in front of a chest is not joined to it, and front and back meet at the sides.

    mesh, with template and part ─► begun (home, kept, bare, ease) ─► formed ─► mesh, with template and part
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from avatarkit import render
from avatarkit.crossing import uncrossed
from avatarkit.errors import BadData, QualityGate
from avatarkit.evidence import Evidence, Seen, Target, observed
from avatarkit.keeping import similarities, snapped
from avatarkit.mesh import Edges, Mesh, edges, is_closed, unit
from avatarkit.offsets import solved
from avatarkit.parting import parted
from avatarkit.progress import track
from avatarkit.remesh import remeshed
from avatarkit.render import Topology

log = logging.getLogger("avatarkit")

BENT, CREASED = 0.12, 0.35
"""Radians that views want between neighbouring faces from which on edges are shorter, and at which shortest."""

LEAST_OVERLAP = 0.3
"""The IoU of a mesh's and the mask's silhouettes below which they are not of one person."""


@dataclass(frozen=True, eq=False)
class Sculpture:
    """The mesh with `template` and `part` per vertex, and each view's residual in degrees and mask IoU."""

    mesh: Mesh
    residuals: dict[str, float] = field(default_factory=dict)


@contextmanager
def one_thread() -> Iterator[None]:
    """Sums of torch whose order, and so last bits, do not depend on how many threads there are."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def begun(mesh: Mesh, *, kept: Tensor, bare: Tensor, ease: Tensor) -> Mesh:
    """The mesh at home: `kept` (V) int64 the rigid piece of each vertex (`keeping`), `bare` (V) 0 … 1 how much of it is
    skin that stays, `ease` (V) metres that it is off its home at least, along its normal; below 0 it may sink."""
    return mesh.having(home=mesh.vertices, kept=kept, bare=bare, ease=ease)


def formed(
    mesh: Mesh,
    targets: Sequence[Target],
    *,
    steps: int,
    detail: float,
    coarse: float | None = None,
    finest: float | None = None,
    watch: Callable[[int, Mesh], None] | None = None,
    doing: str = "carving",
) -> Mesh:
    """The mesh after `steps` rounds, edges of `detail` metres; of `coarse` ones in the first half, where vertices still
    travel; and down to `finest` where views show creases, in the second. No face crosses another if that can be had.

    `watch` is told of each round. A mesh with rims stays open.
    """
    if coarse is not None:
        mesh = evened(mesh, coarse, slivers=True)
    for step in track(range(steps), doing):
        joined, late = edges(mesh.faces), 2 * step >= steps
        seen = observed(mesh, joined, targets, settled=late)
        mesh = replace(mesh, vertices=solved(mesh, joined, seen, _turned_pieces(mesh)))
        if watch is not None:
            watch(step, mesh)
        if step < steps - 1:
            late = 2 * (step + 1) >= steps
            if coarse is not None and not late:
                mesh = evened(mesh, coarse, slivers=True)
            else:
                length = detail if finest is None else _lengths(mesh, joined, seen, detail, finest)
                mesh = evened(mesh, length, slivers=False)
    home, kept = mesh.attributes["home"], mesh.attributes["kept"]
    if is_closed(mesh.faces):
        home = uncrossed(home, mesh.faces, rounds=10)
        mesh = replace(mesh, vertices=parted(snapped(home, mesh.vertices, kept), mesh.faces, home, kept >= 0))
    attributes = {name: mesh.attributes[name] for name in ("template", "part")}
    return replace(mesh, attributes=attributes)


def evened(mesh: Mesh, length: float | Tensor, *, slivers: bool) -> Mesh:
    """The mesh with edges of about `length` (V) metres; while only `slivers` collapse, finer parts stay."""
    target = length if isinstance(length, Tensor) else torch.full((len(mesh.vertices),), length)
    found = mesh.having(length=target)
    for _ in range(2):
        kept, target = found.attributes["kept"] >= 0, found.attributes["length"]
        found = remeshed(found, target, frozen=kept, shortest=0.2 if slivers else 0.5)
    return replace(found, attributes={name: found.attributes[name] for name in mesh.attributes})


def _turned_pieces(mesh: Mesh) -> dict[int, Tensor]:
    moved = similarities(mesh.attributes["home"], mesh.vertices, mesh.attributes["kept"])
    return {k: similarity[0] for k, similarity in moved.items()}


def _lengths(mesh: Mesh, joined: Edges, seen: Evidence, detail: float, finest: float) -> Tensor:
    """(V) metres: `detail` where views show a smooth surface, `finest` at what they show creased."""
    inner = (joined.faces >= 0).all(dim=1)
    left, right = joined.faces[inner].unbind(dim=1)
    between = (seen.normals[left] * seen.normals[right]).sum(dim=1).clamp(-1, 1).acos()
    sharp = ((between - BENT) / (CREASED - BENT)).clamp(0, 1) * torch.minimum(seen.trust[left], seen.trust[right])
    ends = joined.vertices[inner]
    share = torch.zeros(len(mesh.vertices)).scatter_reduce(0, ends.reshape(-1), sharp.repeat_interleave(2), "amax")
    return detail + (finest - detail) * share


def check_overlap(mesh: Mesh, targets: Sequence[Target]) -> None:
    """Raises BadData where a view's mask and the mesh's silhouette share too little."""
    for target in targets:
        _, bare = render.render(mesh.vertices, mesh.faces, [target.camera], mesh.vertices)
        mask, bare = target.masks[0] > 0.5, bare[0] > 0.5
        overlap = float((mask & bare).sum() / (mask | bare).sum().clamp(min=1))
        if overlap < LEAST_OVERLAP:
            found = f"view {target.names[0]} and the mesh overlap by {overlap:.0%}, expected {LEAST_OVERLAP:.0%}"
            raise BadData(f"maps: {found}: are they of this person and camera?")


def shown(mesh: Mesh, target: Target) -> tuple[Tensor, Tensor]:
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
        image, coverage = shown(mesh, target)
        shared = (coverage > 0.99) & (target.masks > 0.99)
        angles = torch.rad2deg(torch.acos((unit(image) * target.normals).sum(dim=-1).clamp(-1, 1)))
        union = ((coverage > 0.5) | (target.masks > 0.5)).sum(dim=(1, 2)).clamp(min=1)
        iou = ((coverage > 0.5) & (target.masks > 0.5)).sum(dim=(1, 2)) / union
        for layer, name in enumerate(target.names):
            inside = angles[layer][shared[layer]]
            found[f"degrees_{name}"] = float(inside.mean()) if len(inside) else 180.0
            found[f"iou_{name}"] = float(iou[layer])
    return found


def check_residuals(residuals: Mapping[str, float], gate: float, stage: str = "carve-mesh") -> None:
    """Say how well each view agrees; raises QualityGate where one is off by more than `gate` degrees."""
    views = sorted((name.removeprefix("iou_") for name in residuals if name.startswith("iou_")), key=int)
    for view in views:
        log.info("view %s: %.1f degrees, IoU %.3f", view, residuals[f"degrees_{view}"], residuals[f"iou_{view}"])
    worst = max(views, key=lambda view: residuals[f"degrees_{view}"])
    if residuals[f"degrees_{worst}"] > gate:
        found = f"view {worst} is off by {residuals[f'degrees_{worst}']:.0f} degrees"
        raise QualityGate(f"{stage}: {found}, expected {gate:g} at most: do the views agree? --gate allows more")


def labelled(mesh: Mesh) -> Mesh:
    """The mesh with the attributes of carved.glb: `_VERTEX` float32, `_TEMPLATE` (65535: none), `_PART` uint8."""
    return Mesh(mesh.vertices, mesh.faces).having(
        _VERTEX=torch.arange(len(mesh.vertices), dtype=torch.float32),
        _TEMPLATE=mesh.attributes["template"],
        _PART=mesh.attributes["part"].to(torch.uint8),
    )
