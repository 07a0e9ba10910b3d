"""Which thing each vertex belongs to, so that no colour runs from one into another."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from avatarkit import camera as cameras
from avatarkit.body import BodyModel
from avatarkit.evidence import NO_TEMPLATE
from avatarkit.maps import PARTS
from avatarkit.mesh import Mesh, unit
from avatarkit.places import Places
from avatarkit.rotation import similarity
from avatarkit.surface import Surface
from avatarkit.texturing.projecting import Onlooker, projected
from avatarkit.texturing.sights import Sight, ramp
from avatarkit.texturing.spreading import spread

SURE = (0.15, 0.6)
"""How well a vertex must be seen for its label to count: near contours and at grazing angles it may be another's."""
HAIR, LIKELY = PARTS.index("hair"), 0.05
BARE = ("face", "hand", "thumb", "index", "middle", "ring", "pinky")
INNER = {"upper_teeth": (0.90, 0.88, 0.82), "lower_teeth": (0.90, 0.88, 0.82), "tongue": (0.70, 0.38, 0.37),
         "mouth": (0.42, 0.17, 0.17), "eye_socket": (0.62, 0.36, 0.33), "left_eye": (0.80, 0.77, 0.75),
         "right_eye": (0.80, 0.77, 0.75)}  # fmt: skip
"""sRGB of what a photo hardly ever shows."""
IRIS, PUPIL = (0.29, 0.19, 0.12), (0.03, 0.03, 0.03)


def labelled(mesh: Mesh, pairs: Tensor, sights: Sequence[Sight], part_names: Sequence[str], surface: Surface) -> Tensor:
    """(V,K): how much each vertex is of each part: of the labels of maps.PARTS that sights show, continued over the
    mesh; without such, of groups of the body's parts (head, hair, bare skin, the rest); an inner part is one of its
    own, after PARTS."""
    part = mesh.attributes.get("_PART")
    inner = _named(part, part_names, tuple(INNER), len(mesh.vertices))
    votes = torch.zeros(len(mesh.vertices), len(PARTS))
    places = at_vertices(mesh)
    for sight in sights:
        if sight.labels is None:
            continue
        _, weights = projected(places, Onlooker.of(sight, mesh, surface))
        pixels, _ = cameras.project(sight.camera, mesh.vertices)
        W, H = sight.camera.size
        column, row = pixels[:, 0].long().clamp(0, W - 1), pixels[:, 1].long().clamp(0, H - 1)
        votes.index_put_((torch.arange(len(votes)), sight.labels[row, column]), ramp(weights, *SURE), accumulate=True)
    votes[:, 0] = 0
    if bool(votes[:, HAIR].any()):  # what nothing shows of the scalp is hair, not skin
        votes[_named(part, part_names, ("hair_cap",), len(votes)), HAIR] += LIKELY
    total = votes.sum(dim=1)
    if float(total.sum()) > 0:
        everywhere = torch.zeros(len(votes), dtype=torch.int64)
        shares = spread(pairs, everywhere, votes / total.clamp(min=1e-6)[:, None], total)
    else:
        groups = (_named(part, part_names, (name,), len(mesh.vertices)) for name in ("hair_cap", *BARE))
        found = torch.stack(list(groups)).mul(torch.tensor([[3], *[[1]] * len(BARE)])).amax(dim=0)
        shares = one_hot(found, len(PARTS)).float()
    alone = one_hot(_own(part, len(mesh.vertices))).float()
    return torch.cat([shares * ~inner[:, None], alone * inner[:, None]], dim=1)


def at_vertices(mesh: Mesh) -> Places:
    """The mesh's vertices as places."""
    V = len(mesh.vertices)
    number = torch.arange(len(mesh.faces)).repeat_interleave(3)
    face = torch.zeros(V, dtype=torch.int64).scatter_reduce(0, mesh.faces.reshape(-1), number, "amax")
    corner = (mesh.faces[face] == torch.arange(V)[:, None]).float().argmax(dim=1)
    return Places(mesh, face, one_hot(corner, 3).float())


def inner_colours(places: Places, model: BodyModel) -> tuple[Tensor, Tensor]:
    """(P,3) sRGB and (P) 0 or 1: the colours of teeth, tongue, mouth and eyeballs, these with iris and pupil, and which
    places are of such. A photo is a few millimetres off there, and a smeared eye is no eye."""
    mesh, V = places.mesh, len(places.mesh.vertices)
    part = mesh.attributes.get("_PART")
    known = torch.tensor([INNER.get(name, (0.5, 0.5, 0.5)) for name in model.part_names] or [(0.5, 0.5, 0.5)])
    colours = places.of(known[_own(part, V).clamp(max=len(known) - 1)])
    inner = _named(part, model.part_names, tuple(INNER), V)
    template = mesh.attributes.get("_TEMPLATE", torch.full((V,), NO_TEMPLATE)).long()
    for name in ("left_eye", "right_eye"):
        own = _named(part, model.part_names, (name,), V) & (template < len(model.v_template))
        if int(own.sum()) < 10:
            continue
        there, eye = own[places.corners].all(dim=1), mesh.vertices[own]
        turn, _ = similarity(model.v_template[template[own]], eye)  # at rest it looks along +Z
        middle = (eye.amin(dim=0) + eye.amax(dim=0)) / 2
        cosine = unit(places.points[there] - middle) @ unit(turn[:, 2][None])[0]
        for colour, degrees in ((IRIS, 28.0), (PUPIL, 10.0)):
            share = ((cosine - math.cos(math.radians(degrees))) / 0.01 + 0.5).clamp(0, 1)[:, None]
            colours[there] = colours[there] + share * (torch.tensor(colour) - colours[there])
    return colours, (inner[places.corners].sum(dim=1) > 1.5).float()


def _own(part: Tensor | None, V: int) -> Tensor:
    return torch.zeros(V, dtype=torch.int64) if part is None else part.long()


def _named(part: Tensor | None, part_names: Sequence[str], ends: tuple[str, ...], V: int) -> Tensor:
    """(V) bool: of a part whose name ends so."""
    wanted = [k for k, name in enumerate(part_names) if name.endswith(ends)]
    return torch.zeros(V, dtype=torch.bool) if part is None else torch.isin(part.long(), torch.tensor(wanted))
