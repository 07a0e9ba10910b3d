"""Where all lies in the texture, the same for everybody: charts' rectangles, and the template flattened in them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from avatarkit.atlas import panels
from avatarkit.atlas.charting import of_vertices, opened, rims
from avatarkit.atlas.flattening import corners_of, pinned, springs
from avatarkit.atlas.panels import CHART_OF, CHARTS
from avatarkit.body import BodyModel
from avatarkit.mesh import Mesh, connected
from avatarkit.springs import balanced

GAP = 9 / 2048
"""Texels of a texture of 2048 that stay free on each side of a chart: what padding fills."""
RECTANGLES: Mapping[str, tuple[float, float, float, float]] = {
    "torso_front": (0.0, 0.0, 0.27, 0.385), "torso_back": (0.27, 0.0, 0.54, 0.385),
    "right_leg": (0.0, 0.385, 0.27, 1.0), "left_leg": (0.27, 0.385, 0.54, 1.0),
    "head": (0.54, 0.0, 1.0, 0.31),
    "right_arm": (0.54, 0.31, 0.715, 0.65), "left_arm": (0.715, 0.31, 0.89, 0.65),
    "right_palm": (0.54, 0.65, 0.655, 0.85), "right_knuckles": (0.655, 0.65, 0.77, 0.85),
    "left_knuckles": (0.77, 0.65, 0.885, 0.85), "left_palm": (0.885, 0.65, 1.0, 0.85),
    "right_sole": (0.89, 0.31, 1.0, 0.48), "left_sole": (0.89, 0.48, 1.0, 0.65),
    "skirt_under": (0.54, 0.85, 0.61, 1.0), "bag": (0.61, 0.85, 0.74, 1.0),
    "skirt_front": (0.0, 0.385, 0.27, 1.0), "skirt_back": (0.27, 0.385, 0.54, 1.0),
}  # fmt: skip
"""Left, top, right, bottom of each chart in the texture, 0 … 1. Skirts lie where the legs would that they hide."""
ROUNDS = 7
FACE = 1.5
"""How much more texture, in length, the face has than the rest of the head."""


@dataclass(frozen=True, eq=False)
class Layout:
    """The template in the charts: each vertex' `panel` (V), and its `place` (V,2) in 0 … 1 of its chart's rectangle."""

    panel: Tensor
    place: Tensor


def rectangle(chart: str) -> Tensor:
    """(2,2): a chart's top left and bottom right in the texture, without the gap."""
    left, top, right, bottom = RECTANGLES[chart]
    return torch.tensor([[left + GAP, top + GAP], [right - GAP, bottom - GAP]], dtype=torch.float64)


@lru_cache(maxsize=2)
def layout(model: BodyModel) -> Layout:
    """The resting template flattened: rims by their length, what is inside by least stretch (after Yoshizawa et al.
    2004: springs are loosened where the texture is stretched, which keeps every face upright)."""
    assert model.outer_faces is not None
    scores = panels.fields(model)
    surface = Mesh(model.v_template, model.outer_faces).having(old=torch.arange(len(model.v_template)))
    found, charts = opened(surface, scores)
    panel = of_vertices(found.panel, charts)
    guess = guessed(model, found.mesh.vertices[charts.vertex], panel)
    start, fixed = guess.double(), torch.zeros(len(guess), dtype=torch.bool)
    for ring, *_ in rims(charts, found.mesh.vertices).values():
        fixed[ring] = True
        if CHARTS[CHART_OF[panel[ring[0]]]] in panels.HANDS:
            continue
        points = found.mesh.vertices[charts.vertex[ring]]
        lengths = (points - points.roll(-1, 0)).norm(dim=1)
        start[ring] = pinned(guess[ring], lengths, corners_of(guess[ring]), by_length=1.0).double()
    wanted = torch.where(found.panel == panels.index("head_face"), FACE, 1.0)
    corners = found.mesh.vertices[found.mesh.faces]
    place = relaxed(corners, charts.faces, start, fixed, sizes_of(panel), wanted)
    return _of_vertices(model, found.mesh.attributes["old"], charts.vertex, panel, place)


def sizes_of(panel: Tensor) -> Tensor:
    """(N,2): width and height of the rectangles of panels (N), in the texture."""
    spans = torch.stack([rectangle(chart)[1] - rectangle(chart)[0] for chart in CHARTS])
    return spans[CHART_OF[panel]]


def corners_in_texture(panel: Tensor) -> Tensor:
    """(N,2): the top left corners of the rectangles of panels (N)."""
    return torch.stack([rectangle(chart)[0] for chart in CHARTS])[CHART_OF[panel]]


def relaxed(corners: Tensor, faces: Tensor, start: Tensor, fixed: Tensor, spans: Tensor, wanted: Tensor) -> Tensor:
    """(N,2): places inside the rims, after `ROUNDS` in which springs are loosened where faces have too little texture.

    `wanted` (F) is how much of it they should have, in length.
    """
    N, none = len(start), torch.zeros_like(start)
    stiffness, place = torch.ones(len(faces), dtype=torch.float64), start
    degree = torch.bincount(faces.reshape(-1), minlength=N).clamp(min=1)
    for _ in range(ROUNDS):
        tied = springs(corners, faces, N, stiffness)
        place = balanced(tied, place, fixed, none, rounds=600, exact=1e-7)
        strain = wanted * strains(corners, (place * spans)[faces])
        # over the vertices, so that neighbours change alike
        shared = torch.zeros(N, dtype=torch.float64).index_add(0, faces.reshape(-1), strain.repeat_interleave(3))
        stiffness = stiffness / (shared / degree)[faces].mean(dim=1)
        stiffness = stiffness / stiffness.median()
    return place


def strains(corners: Tensor, uvs: Tensor) -> Tensor:
    """(F): the root mean square of how many metres lie on a length of texture, over directions; 1 in the mean."""
    a, b, c = corners.double().unbind(1)
    across = torch.stack([b - a, c - a], dim=2)
    charted = torch.stack([uvs[:, 1] - uvs[:, 0], uvs[:, 2] - uvs[:, 0]], dim=2)
    charted = charted + 1e-9 * torch.eye(2, dtype=charted.dtype)
    jacobian = across @ torch.linalg.inv(charted)
    found = (jacobian.square().sum(dim=(1, 2)) / 2).sqrt().clamp(max=1e3)
    areas = torch.linalg.cross(b - a, c - a).norm(dim=1)
    return found / ((found * areas).sum() / areas.sum())


def _of_vertices(model: BodyModel, old: Tensor, vertex: Tensor, panel: Tensor, place: Tensor) -> Layout:
    V = len(model.v_template)
    own = vertex < V
    found = Layout(torch.full((V,), -1), torch.zeros(V, 2))
    found.panel[vertex[own]], found.place[vertex[own]] = panel[own], place[own].float()
    return found


def guessed(model: BodyModel, points: Tensor, panel: Tensor) -> Tensor:
    """(N,2): about where in their charts the resting body's points (N,3) lie; rims find their corners by it."""
    joint = dict(zip(model.joint_names, model.joint_template, strict=True))
    found = torch.zeros(len(points), 2)
    x, y, z = points.unbind(1)
    for chart in CHARTS:
        own = CHART_OF[panel] == CHARTS.index(chart)
        side, _, limb = chart.partition("_")
        across, down = x, -y
        if chart == "head":
            across, down = _around_head(points, panel, joint)
        elif limb == "back":
            across = -x
        elif limb in ("arm", "leg"):
            turn = panels.turn_about(chart, points, joint).abs()
            ahead = (panel == panels.index(f"{chart}_front")).float() - (panel == panels.index(f"{chart}_back")).float()
            across = turn * ahead * (-1 if side == "left" else 1)
            down = x.abs() if limb == "arm" else -y
        elif limb == "sole":
            down = -z
        elif chart in panels.HANDS:
            found[own] = hand_places(model, chart, points[own])
            continue
        found[own] = torch.stack([across, down], dim=1)[own]
        if not bool(own.any()):
            continue
        low, high = found[own].amin(0), found[own].amax(0)
        found[own] = (found[own] - low) / (high - low).clamp(min=1e-6)
    return found


def hand_places(model: BodyModel, chart: str, points: Tensor) -> Tensor:
    """(N,2): where in its rectangle a hand's points (N,3) at rest lie: seen from below or above, fingers up.

    Their rims are not straight, lest fingers be squeezed: rims of all meshes lie where these points do.
    """
    assert model.part is not None
    side, _, face = chart.partition("_")
    hand = torch.tensor([model.part_names.index(name) for name in panels.PARTS[f"{side}_hand"]])
    mirrored = (1 if side == "left" else -1) * (1 if face == "knuckles" else -1)
    flip = points.new_tensor([mirrored, -1.0 if side == "left" else 1.0])
    own = model.v_template[torch.isin(model.part, hand)][:, [2, 0]] * flip
    low, high = own.amin(dim=0) - RIM, own.amax(dim=0) + RIM
    start, end = rectangle(chart).float()
    scale = ((end - start) / (high - low)).min()
    return 0.5 + (points[:, [2, 0]] * flip - (low + high) / 2) * scale / (end - start)


RIM = 0.004
"""Metres around a hand: it begins a little above the wrist."""


def _around_head(points: Tensor, panel: Tensor, joint: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
    """Across and down of the head's points. Its cut bends at the back of the crown into the rectangle's upper side."""
    x, y, z = points.unbind(1)
    beside = (panel == panels.index("head_left")).float() - (panel == panels.index("head_right")).float()
    turn = torch.atan2(x, z - joint["head"][2]).abs()
    bend = joint["head"][1] + 0.11
    forward = ((z + 0.03) / 0.17).clamp(0, 1)
    across = torch.where(y > bend, torch.pi * (1 - forward), turn) * beside
    return across, -y.clamp(max=float(bend))


def islands_of(model: BodyModel) -> Tensor:
    """(F) int64: which of the model's faces hang together in its own texture."""
    assert model.uv is not None and model.uv_faces is not None
    joined = connected(torch.cat([model.uv_faces[:, :2], model.uv_faces[:, 1:]]), len(model.uv))
    return joined[model.uv_faces[:, 0]]


def fitted(model: BodyModel, own: Tensor, into: Tensor) -> Tensor:
    """(F,3,2): the model's texture coordinates (v down), those faces that are its `own` (F) as large as `into` (2,2)
    holds, in its middle."""
    assert model.uv is not None and model.uv_faces is not None
    uvs = (model.uv * model.uv.new_tensor([1, -1]))[model.uv_faces]
    low, high = uvs[own].amin((0, 1)), uvs[own].amax((0, 1))
    start, end = into.float()
    scale = ((end - start) / (high - low)).min()
    return (uvs - (low + high) / 2) * scale + (start + end) / 2
