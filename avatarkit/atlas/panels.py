"""The panels that a person's surface is cut into, and how much each vertex belongs to which.

A chart is one panel, or some that are sewn together. Panels are fields over the template (the more, the more a vertex
belongs to it), so that borders run between vertices, smoothly, and follow the template onto every mesh.

    head    face | left, right; cut from the hairline over the crown down the nape
    arm     outer | front, back; cut along the inner side         leg with the foot's upper: likewise
    torso, hand   front, back     sole         skirt   front, back, under
    bag     outer | front, back; cut on the side that it turns to the body
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from avatarkit.body import BodyModel
from avatarkit.errors import BadData
from avatarkit.mesh import edges, vertex_normals

SIDES = ("left", "right")
LIMB = ("outer", "front", "back")
PANELS: Mapping[str, str] = {
    "head_face": "head", "head_left": "head", "head_right": "head",
    "torso_front": "torso_front", "torso_back": "torso_back",
    **{f"{side}_{limb}_{panel}": f"{side}_{limb}" for limb in ("arm", "leg") for side in SIDES for panel in LIMB},
    **{f"{side}_{part}": f"{side}_{part}" for part in ("palm", "knuckles", "sole") for side in SIDES},
    "skirt_front": "skirt_front", "skirt_back": "skirt_back", "skirt_under": "skirt_under",
    **{f"bag_{panel}": "bag" for panel in LIMB},
}  # fmt: skip
"""Which chart each panel is of."""
NAMES = tuple(PANELS)
CHARTS = tuple(dict.fromkeys(PANELS.values()))
CHART_OF = torch.tensor([CHARTS.index(chart) for chart in PANELS.values()])
BAG = tuple(name for name, chart in PANELS.items() if chart == "bag")
CUT = (
    ("head_left", "head_right"),
    ("bag_front", "bag_back"),
    *[(f"{side}_{limb}_front", f"{side}_{limb}_back") for limb in ("arm", "leg") for side in SIDES],
)
"""Panels of one chart that are not sewn together where they meet."""

PARTS: Mapping[str, tuple[str, ...]] = {
    "head": ("head", "neck", "face", "hair_cap"),
    "torso": ("torso",),
    **{f"{side}_arm": (f"{side}_upper_arm", f"{side}_lower_arm") for side in SIDES},
    **{
        f"{side}_hand": tuple(f"{side}_{part}" for part in ("hand", "thumb", "index", "middle", "ring", "pinky"))
        for side in SIDES
    },
    **{f"{side}_leg": (f"{side}_upper_leg", f"{side}_lower_leg", f"{side}_foot") for side in SIDES},
}
"""The body's parts that the charts are of."""
ROUNDS = 6
"""How often fields are averaged with their neighbours' on the template: borders are short."""
LEAN = 0.25
"""How much a field leans across its part, for the borders within."""


def index(panel: str) -> int:
    """A panel's place in NAMES."""
    return NAMES.index(panel)


HANDS = tuple(f"{side}_{part}" for part in ("palm", "knuckles") for side in SIDES)


def sewn() -> Tensor:
    """(P,P) bool: are two panels sewn together where they meet?"""
    found = CHART_OF[:, None] == CHART_OF[None]
    for one, other in CUT:
        found[index(one), index(other)] = found[index(other), index(one)] = False
    return found


def fields(model: BodyModel) -> Tensor:
    """(V,P): how much each of the template's vertices belongs to each panel of NAMES; 0 for skirts, bags, and
    inside.

    Raises BadData for a body without parts or without a closed skin.
    """
    if model.part is None or model.outer_faces is None:
        raise BadData(f"body {model.name}: its file has no parts or no closed skin: use --atlas xatlas")
    V, joint = len(model.v_template), dict(zip(model.joint_names, model.joint_template, strict=True))
    found = torch.zeros(V, len(NAMES))
    shares = averaged(_indicators(model), model.outer_faces, ROUNDS)
    for part, share in zip(PARTS, shares.T, strict=True):
        for panel, lean in _leans(part, model, joint).items():
            found[:, index(panel)] = share * (1 + LEAN * lean)
    for side in SIDES:
        sole = averaged(_sole(model, side)[:, None], model.outer_faces, ROUNDS)[:, 0]
        leg = shares[:, list(PARTS).index(f"{side}_leg")]
        for panel in LIMB:
            found[:, index(f"{side}_leg_{panel}")] *= 1 - sole
        found[:, index(f"{side}_sole")] = leg * sole
    return found


def averaged(values: Tensor, faces: Tensor, rounds: int) -> Tensor:
    """`values` (V,C), each round the mean of a vertex' own and its neighbours' mean."""
    a, b = edges(faces).vertices.unbind(1)
    degree = torch.bincount(torch.cat([a, b]), minlength=len(values)).clamp(min=1)[:, None]
    for _ in range(rounds):
        around = torch.zeros_like(values).index_add(0, a, values[b]).index_add(0, b, values[a])
        values = (values + around / degree) / 2
    return values


def _indicators(model: BodyModel) -> Tensor:
    part, names = model.part, model.part_names
    assert part is not None
    return torch.stack(
        [torch.isin(part, torch.tensor([names.index(n) for n in group])).float() for group in PARTS.values()], dim=1
    )


def _leans(part: str, model: BodyModel, joint: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """How a part's panels divide it: (V) each, of about -1 to 1; the greatest wins."""
    x, y, z = model.v_template.unbind(1)
    side, _, limb = part.rpartition("_")
    if part == "head":
        centre = joint["head"]
        around = (z - centre[2]) / torch.hypot(x, z - centre[2]).clamp(min=1e-6)
        hairline = _landmark(model, "left_eye")[1] + HAIRLINE
        face = torch.minimum(2 * around - 0.6, (hairline - y) / 0.03)
        beside = (x / 0.02).clamp(-1, 1)
        return {"head_face": face, "head_left": 0.5 * beside, "head_right": -0.5 * beside}
    if part == "torso":
        share = ((y - joint["left_hip"][1]) / (joint["left_shoulder"][1] - joint["left_hip"][1])).clamp(0, 1)
        ahead = ((z - torch.lerp(joint["left_hip"][2], joint["left_shoulder"][2], share)) / 0.05).clamp(-1, 1)
        return {"torso_front": ahead, "torso_back": -ahead}
    if limb == "hand":
        assert model.outer_faces is not None
        down = averaged(-vertex_normals(model.v_template, model.outer_faces)[:, 1:2], model.outer_faces, 1)[:, 0]
        return {f"{side}_palm": down, f"{side}_knuckles": -down}
    out, ahead = (f(turn_about(part, model.v_template, joint)) for f in (torch.cos, torch.sin))
    return {f"{part}_outer": out - 0.1, f"{part}_front": 0.5 * ahead, f"{part}_back": -0.5 * ahead}


HAIRLINE = 0.075
"""Metres above the eyes, where the head's cut begins."""


def turn_about(part: str, points: Tensor, joint: Mapping[str, Tensor]) -> Tensor:
    """(N) radians in which points (N,3) of the resting body lie around an arm or leg: 0 outside, positive in front.

    An arm's outer side is its upper one, as it is stretched out at rest.
    """
    side, _, limb = part.partition("_")
    x, y, z = points.unbind(1)
    sign = 1.0 if side == "left" else -1.0
    if limb == "arm":
        axis = joint[f"{side}_elbow"]
        return torch.atan2(z - axis[2], y - axis[1])
    hip, knee, ankle = (joint[f"{side}_{name}"] for name in ("hip", "knee", "ankle"))
    above = ((y - knee[1]) / (hip[1] - knee[1])).clamp(0, 1)[:, None]
    below = ((knee[1] - y) / (knee[1] - ankle[1])).clamp(0, 1)[:, None]
    axis = knee + above * (hip - knee) + below * (ankle - knee)
    return torch.atan2(z - axis[:, 2], sign * (x - axis[:, 0]))


def _sole(model: BodyModel, side: str) -> Tensor:
    """(V): 1 below a foot."""
    assert model.outer_faces is not None and model.part is not None
    foot = model.part == model.part_names.index(f"{side}_foot")
    normals, y = vertex_normals(model.v_template, model.outer_faces), model.v_template[:, 1]
    low = y < float(y[foot].min()) + SOLE
    return (foot & low & (normals[:, 1] < -0.5)).float()


SOLE = 0.03
"""Metres, the most that a sole is above the ground."""


def _landmark(model: BodyModel, name: str) -> Tensor:
    assert model.landmarks is not None
    return model.landmark_points(model.v_template)[model.landmarks.names.index(name)]
