"""Skirts, and what else hangs from the hips around both legs: whose weights change across it smoothly.

Where cloth bridges both legs no closest point is a guide. It is given the weights that a tailor gives it at rest: the
pelvis, then the thighs and partly the shins, shared by left and right across the middle. Where it is at rest follows
from its weights, so both are found in turns.
"""

from __future__ import annotations

import torch
from torch import Tensor

from avatarkit.body import JOINT_INDEX, Body, PosedBody
from avatarkit.mesh import Mesh, components, edges, vertex_normals
from avatarkit.rigging.unposing import undone
from avatarkit.rigging.wearing import Worn, limbs_named
from avatarkit.shapes import sizes

LEAST = 8
"""Fewer vertices between the legs are no skirt."""
BEHIND = 0.3
"""The least cosine by which both legs lie behind cloth that hangs in front of them."""
TURNS = 6
# Where shares change, in lengths of a thigh from the hips' joints, and what they change to.
WAIST, HIPS, KNEES = (0.32, 0.62), (-0.42, 0.25), (-0.55, 0.30)
THIGH, SHIN, CROTCH = 0.94, 0.8, -0.35
APART = (0.35, 1.2)
"""Radians between two shins from which, and at which, a skirt that is tied to them hangs on both alike: each one's
turn undone where they stride would tear it. Others follow their own shin, which is nearer the truth where it is known.
"""
ACROSS = 1.5
"""Half the width in which left becomes right, in distances of a hip's joint from the middle."""
HEM = 0.05
"""Metres below the hem over which it fades out."""


def hanging(mesh: Mesh, body: Body, posed: PosedBody, weights: Tensor, hem: Tensor, *, tied: bool) -> Tensor:
    """(V,55): the `weights` (V,55), those of skirts made what they are at rest; each vertex knows the height at rest of
    its skirt's `hem` (V), inf where it is of none. `tied`: the mesh is closed below the hem, between it and the legs.
    """
    sizes("V 3, V J, V", mesh.vertices, weights, hem)
    rows = (hem < torch.inf).nonzero()[:, 0]
    if not len(rows):
        return weights
    plain, found = weights[rows], torch.zeros_like(weights[rows])
    found[:, [JOINT_INDEX["left_hip"], JOINT_INDEX["right_hip"]]] = 0.5  # alike everywhere: nothing jumps in the middle
    top, even = _heights(body, WAIST), eased(APART, _between_shins(posed)) * tied
    for turn in range(TURNS):
        rest = undone(mesh.vertices[rows], found, posed.world_from_rest).vertices
        y = rest[:, 1]
        share = (1 - eased(top, y)) * eased((-HEM, 0.0), y - hem[rows])
        better = torch.lerp(plain, skirt_weights(body, rest, even), share[:, None])
        found = better if turn == 0 else (found + better) / 2
    return weights.index_copy(0, rows, found)


def hems(mesh: Mesh, posed: PosedBody, weights: Tensor, on: Worn) -> Tensor:
    """(V) metres: the height at rest of the hem of the skirt that a vertex is of, or inf, in a mesh without parts."""
    V, _ = sizes("V 3, V J", mesh.vertices, weights)
    middle = bridging(mesh, posed, on)
    part = components(mesh.faces, V)
    rest = undone(mesh.vertices, weights, posed.world_from_rest).vertices
    found = torch.full((V,), torch.inf)
    for number in part[middle].unique():
        here = part == number
        if int((middle & here).sum()) >= LEAST:
            found[here] = rest[middle & here, 1].quantile(0.05).float() - 0.03
    limb = on.limb.gather(1, on.choice[:, None])[:, 0]
    return torch.where(torch.isin(limb, limbs_named("head", "shoulder", "elbow", "wrist")), torch.inf, found)


def hems_of(cloth: Tensor, mesh: Mesh, body: Body, posed: PosedBody, weights: Tensor) -> Tensor:
    """(V) metres, as `hems`, where it is known that `cloth` (V) bool hangs from the trunk: it is a skirt if it reaches
    below the crotch."""
    rest = undone(mesh.vertices, weights, posed.world_from_rest).vertices[:, 1]
    low = rest < _heights(body, (CROTCH, 0))[0]
    if int((cloth & low).sum()) < LEAST:
        return torch.full_like(rest, torch.inf).float()
    return torch.where(cloth, -torch.inf, torch.inf)


def bridging(mesh: Mesh, posed: PosedBody, on: Worn) -> Tensor:
    """(V) bool: vertices at edges from one leg to the other, both of which lie behind them: no crotch, and no thighs
    that touch."""
    limb = on.limb.gather(1, on.choice[:, None])[:, 0]
    legs = [limbs_named(f"{side}_hip", f"{side}_knee", f"{side}_ankle") for side in ("left", "right")]
    left, right = (torch.isin(limb, leg) for leg in legs)
    pairs = edges(mesh.faces).vertices
    a, b = pairs.unbind(1)
    rows = pairs[(left[a] & right[b]) | (right[a] & left[b])].reshape(-1).unique()
    normals = vertex_normals(mesh.vertices, mesh.faces)[rows]
    ways = on.at(posed.vertices)[rows] - mesh.vertices[rows, None]
    behind = -(ways * normals[:, None]).sum(dim=2) / ways.norm(dim=2).clamp(min=1e-6) > BEHIND
    both = torch.ones(len(rows), dtype=torch.bool)
    for leg in legs:
        asked = torch.where(torch.isin(on.limb[rows], leg), on.distance[rows], torch.inf)
        near, place = asked.min(dim=1)
        both &= behind.gather(1, place[:, None])[:, 0] & torch.isfinite(near)
    return torch.zeros(len(mesh.vertices), dtype=torch.bool).index_fill(0, rows[both], True)


def skirt_weights(body: Body, rest: Tensor, even: Tensor) -> Tensor:
    """(N,55): of a skirt's points at rest (N,3)."""
    hip = body.joints[JOINT_INDEX["left_hip"]].to(rest) - body.joints[JOINT_INDEX["right_hip"]].to(rest)
    middle = body.joints[JOINT_INDEX["right_hip"]].to(rest) + hip / 2
    y, across = rest[:, 1], float(ACROSS / 2 * hip[0])
    thigh = THIGH * (1 - eased(_heights(body, HIPS), y))
    shin = thigh * SHIN * (1 - eased(_heights(body, KNEES) - _thigh(body), y))
    left = eased((-across, across), rest[:, 0] - middle[0])
    found = torch.zeros(len(rest), len(JOINT_INDEX)).to(rest)
    found[:, JOINT_INDEX["pelvis"]] = 1 - thigh
    for side, share in (("left", left), ("right", 1 - left)):
        found[:, JOINT_INDEX[f"{side}_hip"]] = (thigh - shin) * share
        found[:, JOINT_INDEX[f"{side}_knee"]] = shin * torch.lerp(share, 0.5 * torch.ones_like(share), even.to(share))
    return found


def eased(ends: Tensor | tuple[float, float], x: Tensor) -> Tensor:
    """0 below the first of the ends, 1 above the second, smooth between."""
    low, high = (float(end) for end in ends)
    t = ((x - low) / (high - low)).clamp(0, 1)
    return t * t * (3 - 2 * t)


def _between_shins(posed: PosedBody) -> Tensor:
    """Radians."""
    left, right = (posed.world_from_joint[JOINT_INDEX[f"{side}_knee"], :3, 1] for side in ("left", "right"))
    return torch.acos((left * right).sum().clamp(-1, 1))


def _thigh(body: Body) -> Tensor:
    return body.joints[JOINT_INDEX["left_hip"], 1] - body.joints[JOINT_INDEX["left_knee"], 1]


def _heights(body: Body, levels: tuple[float, float]) -> Tensor:
    """(2) metres: heights at rest of levels that are counted in thighs from the hips."""
    return body.joints[JOINT_INDEX["left_hip"], 1] + _thigh(body) * torch.tensor(levels)
