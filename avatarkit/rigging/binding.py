"""Which joints move which vertex: the body's own weights, carried over to what is worn on it.

Of the body's parts, the one that a vertex is known to be of is asked for its closest point, so that no sleeve takes
the weights of the ribs it lies against; where parts are unknown all are asked, and the nearest that faces the same
way has the say. What nobody near can speak for is filled in harmonically from around it [Abdrashitov, Raichstat,
Monsen, Hill: Robust Skin Weights Transfer via Weight Inpainting, SIGGRAPH Asia 2023].
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from avatarkit.body import JOINT_INDEX, Body, BodyModel, PosedBody
from avatarkit.mesh import Mesh, edges, face_areas
from avatarkit.rigging.hanging import hanging, hems, hems_of
from avatarkit.rigging.unposing import torn_faces
from avatarkit.rigging.wearing import Worn, worn
from avatarkit.shapes import sizes
from avatarkit.springs import Springs, filled, smoothed
from avatarkit.stress import FINGERS
from avatarkit.surface import Surface

GROUPS: Mapping[str, tuple[str, ...]] = {
    "head": ("head", "neck", "face", "hair_cap"),
    "torso": ("torso",),
    **{f"{side}_arm": tuple(f"{side}_{part}" for part in ("upper_arm", "lower_arm")) for side in ("left", "right")},
    **{f"{side}_hand": (f"{side}_hand",) for side in ("left", "right")},
    **{f"{side}_{finger}": (f"{side}_{finger}",) for side in ("left", "right") for finger in FINGERS},
    **{f"{side}_leg": tuple(f"{side}_{part}" for part in ("upper_leg", "lower_leg", "foot"))
       for side in ("left", "right")},
}  # fmt: skip
"""Parts of the body that are asked as one for their closest point."""
TORSO = list(GROUPS).index("torso")
SKIRT = ("torso", "left_leg", "right_leg")
"""Whose weights cloth has that hangs from the hips and is of no limb: the nearer leg's the more."""
INNER = ("left_eye", "right_eye", "upper_teeth", "lower_teeth", "tongue", "mouth", "eye_socket")
KEPT = (*INNER, "face", *(f"{side}_{part}" for side in ("left", "right") for part in ("hand", *FINGERS)))
"""Parts of which a vertex of the template has the template's own weights."""
NEARER, HANGING = 4.0, 2.0
"""The powers of distance by which nearer parts outweigh others: of a mesh without parts, and for cloth of SKIRT."""
TOGETHER = 0.08
"""Metres on the body, as a star: limbs that offer points so near to the chosen one have a say too."""
FARTHEST = 0.12
"""Metres: beyond them no part of the body speaks for a vertex of no known part."""
FACING = 0.2
"""The least cosine between a vertex's normal and the body's where it is closest."""
HANDS = [place for name, place in JOINT_INDEX.items() if name.rstrip("123").endswith(("wrist", *FINGERS))]
SMOOTHING = 8
"""Rounds in which cloth's weights become the mean with those around them."""


def weights_of(mesh: Mesh, body: Body, posed: PosedBody, *, influences: int = 4) -> Tensor:
    """(V,55): how much each joint of the body moves each vertex of the mesh, which is in the body's pose; at most so
    many joints a vertex, rows sum to one.

    `_TEMPLATE` and `_PART` are used where the mesh has them.
    """
    model = body.model
    part, template = parts_of(mesh, model)
    kept = template_kept(model, part, template)
    joined = _springs(mesh)
    scan = bool((part < 0).all())
    if scan:
        on = worn(mesh, body, posed)
        found, sure = _agreed(on, model)
    else:
        loose = (part == TORSO) & (template < 0)
        found, sure = _asked(mesh, model, posed, part, loose), torch.ones_like(kept)
        found = torch.where(kept[:, None], model.lbs_weights[template.clamp(min=0)], found)
    hands = found[:, HANDS].sum(dim=1) > 0.5  # fingers are too near to each other to be mixed
    found = filled(joined, kept | sure, found)
    hem = hems(mesh, posed, found, on) if scan else hems_of(loose, mesh, body, posed, found)
    hung = hanging(mesh, body, posed, found, hem, tied=not scan)
    several = [hung] if scan or hung is found else [hung, found]
    several = [smoothed(joined, weights, kept | hands, SMOOTHING) for weights in several]
    several = [strongest(weights.clamp(min=0), influences) for weights in several]
    if len(several) > 1:
        several.sort(key=lambda weights: _torn(mesh, weights, posed))
    return several[0].to(model.lbs_weights)


def _torn(mesh: Mesh, weights: Tensor, posed: PosedBody) -> float:
    """Square metres: a skirt that is tied to the legs hangs as a tailor has it only where that tears it less."""
    touched = torch.zeros(len(mesh.vertices), dtype=torch.bool)
    touched[mesh.faces[torn_faces(mesh, weights, posed.world_from_rest)]] = True
    return float(face_areas(mesh.vertices, mesh.faces)[touched[mesh.faces].any(dim=1)].sum())


def parts_of(mesh: Mesh, model: BodyModel) -> tuple[Tensor, Tensor]:
    """(V) the place of each vertex's part in GROUPS, and (V) its vertex of the model; -1 where unknown."""
    nobody = torch.full((len(mesh.vertices),), -1)
    if "_TEMPLATE" not in mesh.attributes or "_PART" not in mesh.attributes or not model.part_names:
        return nobody, nobody
    template = mesh.attributes["_TEMPLATE"].long()
    template = torch.where(template < len(model.v_template), template, -1)
    group = torch.full((len(model.part_names),), -1)
    for number, names in enumerate(GROUPS.values()):
        group[[model.part_names.index(name) for name in names]] = number
    group[[model.part_names.index(name) for name in INNER]] = list(GROUPS).index("head")
    return group[mesh.attributes["_PART"].long().clamp(max=len(group) - 1)], template


def template_kept(model: BodyModel, part: Tensor, template: Tensor) -> Tensor:
    """(V) bool: vertices that are the template's own, of hands and face."""
    if model.part is None:
        return torch.zeros_like(part, dtype=torch.bool)
    rigid = torch.tensor([model.part_names.index(name) for name in KEPT if name in model.part_names])
    return (template >= 0) & (part >= 0) & torch.isin(model.part[template.clamp(min=0)], rigid)


def strongest(weights: Tensor, influences: int) -> Tensor:
    """(V,J): of each row the `influences` largest, made to sum to one."""
    most, place = weights.topk(influences, dim=1)
    least = torch.zeros_like(weights).scatter(1, place, most)
    return least / least.sum(dim=1, keepdim=True)


def _agreed(on: Worn, model: BodyModel) -> tuple[Tensor, Tensor]:
    """(V,55) float64 weights of the closest points of all limbs that lie on the body where the chosen one does, the
    nearer the more; and (V) bool whether they are to be trusted."""
    V, K = on.limb.shape
    near = (on.place - on.place[torch.arange(V), on.choice][:, None]).norm(dim=2) < TOGETHER
    by = (near * on.facing.clamp(min=0.02) ** 2 / on.distance.clamp(min=1e-3) ** NEARER).double()
    total = torch.zeros(V, len(JOINT_INDEX), dtype=torch.float64)
    for k in range(K):
        rows = (by[:, k] > 0).nonzero()[:, 0]
        there = (model.lbs_weights[on.corners[rows, k]] * on.barycentric[rows, k, :, None]).sum(dim=1)
        total[rows] += by[rows, k, None] * there.double()
    sure = (near & (on.facing > FACING) & (on.distance < FARTHEST)).any(dim=1)
    return total / by.sum(dim=1, keepdim=True), sure


def _asked(mesh: Mesh, model: BodyModel, posed: PosedBody, part: Tensor, loose: Tensor) -> Tensor:
    """(V,55) float64 weights of the closest points of the parts (V) that vertices are of; `loose` (V) cloth asks all
    of SKIRT."""
    (V,) = sizes("V 3, V", mesh.vertices, part)
    total, say = torch.zeros(V, len(JOINT_INDEX), dtype=torch.float64), torch.zeros(V, dtype=torch.float64)
    for number, name in enumerate(GROUPS):
        rows = ((part == number) | (loose & (name in SKIRT))).nonzero()[:, 0]
        faces = _faces_of(model, GROUPS[name])
        if not len(rows) or not len(faces):
            continue
        near = Surface(posed.vertices, faces).closest(mesh.vertices[rows])
        by = (1 / near.distance.clamp(min=1e-3) ** HANGING).double()
        there = (model.lbs_weights[faces[near.face]] * near.barycentric[..., None]).sum(dim=1)
        total[rows] += by[:, None] * there.double()
        say[rows] += by
    return total / say.clamp(min=1e-30)[:, None]


def _faces_of(model: BodyModel, names: Sequence[str]) -> Tensor:
    """The closed skin's faces that touch one of these parts."""
    assert model.part is not None
    faces = model.faces if model.outer_faces is None else model.outer_faces
    own = torch.isin(model.part, torch.tensor([model.part_names.index(name) for name in names]))
    return faces[own[faces].any(dim=1)]


def _springs(mesh: Mesh) -> Springs:
    """A spring an edge, the stronger the shorter it is."""
    pairs = edges(mesh.faces).vertices
    a, b = mesh.vertices[pairs].unbind(1)
    return Springs(len(mesh.vertices), pairs, 1 / (a - b).norm(dim=1).double().clamp(min=1e-4))
