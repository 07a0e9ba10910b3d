"""One result against the true mesh: surface, rendered normals, colours, texture atlas, rig."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from avatarkit import camera as cameras
from avatarkit import fidelity, scores, stress
from avatarkit.atlas import Atlas, measured, seam_jump
from avatarkit.avatar import Avatar
from avatarkit.body import BodyModel, PosedBody
from avatarkit.errors import BadData, UsageError
from avatarkit.evaluating.report import Report, mean
from avatarkit.mesh import Mesh, submesh
from avatarkit.person import Person
from avatarkit.rotation import similarity

log = logging.getLogger("avatarkit")

Column = dict[str, float | None]

ALIGNMENTS = ("none", "pelvis", "similarity")
RING, SIDE, EDGE = 8, 512, 2
"""Views in which colours are compared, pixels of each, and pixels off the outline that do not count."""
TEXTURE = 1024
"""Texels of an atlas without a picture."""
FAR = 2.0
"""Result and truth whose middles are farther apart than this, metres, lie in different places, or units."""

LABELS = {
    "chamfer_cm": ("Chamfer [cm]", 2),
    "p2s_cm": ("P2S, result to truth [cm]", 2),
    "s2p_cm": ("S2P, truth to result [cm]", 2),
    "f_score_10mm": ("F-score at 10 mm [0 … 1]", 3),
    "normal_consistency": ("normal consistency [0 … 1]", 3),
    "normal_degrees": ("rendered normals, 8 unseen views [°]", 2),
    "mask_iou": ("their masks' IoU [0 … 1]", 3),
    "psnr_db": ("PSNR, 8 views [dB]", 2),
    "psnr_front_db": ("PSNR, front [dB]", 2),
    "psnr_back_db": ("PSNR, back [dB]", 2),
    "ssim": ("SSIM, 8 views [0 … 1]", 3),
    "atlas_charts": ("atlas: charts", 0),
    "atlas_coverage": ("atlas: coverage [0 … 1]", 3),
    "atlas_overlaps": ("atlas: texels of two faces", 0),
    "atlas_flips": ("atlas: faces turned over", 0),
    "atlas_density_p5": ("atlas: texels a metre, p5", 0),
    "atlas_density_p95": ("atlas: texels a metre, p95", 0),
    "seam_jump": ("atlas: colours across seams [1/255]", 2),
    "stretch_p99": ("rig: stretch of edges, p99 [times]", 2),
    "volume_lost_percent": ("rig: volume lost at elbows and knees [%]", 1),
    "finger_crossing_percent": ("rig: fingers' vertices on two fingers [%]", 2),
    "limb_crossing_percent": ("rig: vertices on the other side's limb [%]", 2),
    "unweighted_vertices": ("rig: vertices without full weight", 0),
}


@dataclass(frozen=True, eq=False)
class Sitter:
    """A body.npz and its body model."""

    person: Person
    model: BodyModel

    @property
    def posed(self) -> PosedBody:
        return self.model.shaped(self.person.betas, self.person.expression).posed(self.person.pose)


@dataclass(frozen=True, eq=False)
class Move:
    """world_from_result: a linear part (3,3) and a shift (3); how it is called."""

    linear: Tensor
    shift: Tensor
    told: str

    def __call__(self, mesh: Mesh) -> Mesh:
        return replace(mesh, vertices=mesh.vertices @ self.linear.T.to(mesh.vertices) + self.shift.to(mesh.vertices))


def check(align: str, body: bool, true_body: bool) -> None:
    """Raises UsageError for an alignment that there is not, and for one without the two bodies that it asks for."""
    if align not in ALIGNMENTS:
        raise UsageError(f"--align is {align!r}, expected {', '.join(ALIGNMENTS)}")
    if align != "none" and not (body and true_body):
        raise UsageError(
            f"--align {align} moves the result's body to the true one: give --body and --true-body (body.npz)"
        )


def evaluated(
    mesh: Mesh,
    truth: Mesh,
    *,
    told: str = "the mesh as it lies",
    avatar: Avatar | None = None,
    pelvis: Tensor | None = None,
    own: Sitter | None = None,
    true: Sitter | None = None,
    align: str = "none",
    points: int = scores.POINTS,
    seed: int = 0,
) -> Report:
    """The figures of a mesh, and of the bare body inside of it if `own` is known, against the truth.

    `pelvis` (3): where the mesh's pelvis stands, if an animation posed it; it is put back to where `own` stands.
    """
    if pelvis is not None and own is not None:
        mesh = replace(mesh, vertices=mesh.vertices + (own.posed.joints[0] - pelvis))
        told += ", put back where its body stands"
    elif pelvis is not None:
        log.warning("the avatar stands with its soles on the ground: --body puts it back where its photo was taken")
    move = moved(align, own, true)
    shown = {"result": move(mesh)}
    if own is not None:
        shown["nude"] = move(bare(own))
    apart = float((_middle(shown["result"]) - _middle(truth)).norm())
    if apart > FAR:
        log.warning("result and truth are %.1f m apart: are both in metres, at one place? see --align", apart)
    columns = of_surfaces(shown, truth, points, seed)
    painted = shown["result"]
    columns["result"] |= of_colours(painted, truth) | of_atlas(painted)
    if avatar is not None:
        columns["result"] |= stress.stressed(avatar)
        if own is not None:
            columns["nude"] |= stress.stressed(rigged_body(own))
    notes = {"compared": told, "alignment": move.told}
    return Report(notes, columns, LABELS)


def _middle(mesh: Mesh) -> Tensor:
    return (mesh.vertices.amin(dim=0) + mesh.vertices.amax(dim=0)) / 2


def moved(align: str, own: Sitter | None, true: Sitter | None) -> Move:
    """How the result is moved before it is compared, by its body's vertices and the true body's, one by one."""
    if align == "none" or own is None or true is None:
        return Move(torch.eye(3), torch.zeros(3), "none")
    ours, theirs = own.posed, true.posed
    if len(ours.vertices) != len(theirs.vertices):
        found = f"{len(ours.vertices)} and {len(theirs.vertices)} vertices"
        raise BadData(f"--body and --true-body: {found}, expected two of one body model")
    if align == "pelvis":
        linear, shift = scores.pelvis_and_scale(ours.vertices, theirs.vertices, (ours.joints[0], theirs.joints[0]))
        return Move(linear, shift, f"pelvis and scale of the body to the true one (scale {float(linear[0, 0]):.3f})")
    linear, shift = similarity(ours.vertices.double(), theirs.vertices.double())
    scale = float(linear.det().abs() ** (1 / 3))
    turn = math.degrees(math.acos(min(1.0, max(-1.0, (float(linear.trace()) / scale - 1) / 2))))
    off = 100 * float((theirs.vertices.mean(dim=0) - ours.vertices.mean(dim=0)).norm())
    told = f"similarity of the body to the true one (scale {scale:.3f}, turned {turn:.1f}°, middles {off:.1f} cm apart)"
    return Move(linear, shift, told)


def bare(sitter: Sitter) -> Mesh:
    """The posed body's outer skin."""
    faces = sitter.model.faces if sitter.model.outer_faces is None else sitter.model.outer_faces
    mesh = Mesh(sitter.posed.vertices, faces)
    return submesh(mesh, torch.ones(len(faces), dtype=torch.bool))[0]


def rigged_body(sitter: Sitter) -> Avatar:
    """The body on its own skeleton, at rest."""
    model = sitter.model
    body = model.shaped(sitter.person.betas, sitter.person.expression)
    faces = model.faces if model.outer_faces is None else model.outer_faces
    return Avatar(Mesh(body.vertices, faces), body.joints, model.lbs_weights)


def of_surfaces(shown: dict[str, Mesh], truth: Mesh, points: int, seed: int) -> dict[str, Column]:
    """Distances and normals of each; rendered normals on the pixels that all of them share with the truth."""
    known = scores.Truth.of(truth, count=points, seed=seed)
    views = {name: scores.seen(mesh, known.cameras) for name, mesh in shown.items()}
    degrees = scores.normal_errors(known.views, views)
    found: dict[str, Column] = {}
    for name, mesh in shown.items():
        score = scores.scored(known, mesh, count=points, seed=seed + 1, views=views[name])
        found[name] = {
            "chamfer_cm": score.chamfer / 10,
            "p2s_cm": score.p2s / 10,
            "s2p_cm": score.s2p / 10,
            "f_score_10mm": score.f_score,
            "normal_consistency": score.consistency,
            "normal_degrees": degrees[name],
            "mask_iou": score.iou,
        }
    return found


def of_colours(mesh: Mesh, truth: Mesh) -> Column:
    """PSNR and SSIM without light, inside the truth's mask without its EDGE; none where one of them has no colours."""
    if not (fidelity.is_coloured(mesh) and fidelity.is_coloured(truth)):
        return {}
    around = cameras.ring(RING, truth.vertices, (SIDE, SIDE))
    masks = scores.seen(truth, around).masks
    found: dict[str, list[float]] = {"psnr_db": [], "ssim": []}
    for camera, mask in zip(around, masks, strict=True):
        inside = fidelity.eroded(mask, EDGE)
        ours, theirs = fidelity.unlit(mesh, camera), fidelity.unlit(truth, camera)
        for name, measure in _LIKE.items():
            found[name].append(float(measure(ours, theirs, inside)))
    ends = {"psnr_front_db": found["psnr_db"][0], "psnr_back_db": found["psnr_db"][RING // 2]}
    row: Column = {name: mean(values) for name, values in found.items()}
    return row | ends


_LIKE: dict[str, Callable[[Tensor, Tensor, Tensor], Tensor]] = {"psnr_db": fidelity.psnr, "ssim": fidelity.ssim}


def of_atlas(mesh: Mesh) -> Column:
    """What the UVs are like, and the colours at their cuts; nothing without UVs."""
    if mesh.uvs is None:
        return {}
    atlas = Atlas(mesh, torch.zeros(len(mesh.faces), dtype=torch.int64), ("all",))
    image = mesh.images.get("base_colour")
    found: Column = dict(measured(atlas, TEXTURE if image is None else max(image.shape[:2])))
    found = {f"atlas_{name}": value for name, value in found.items()}
    return found if image is None else found | {"seam_jump": seam_jump(atlas)}
