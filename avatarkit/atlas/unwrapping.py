"""A person's atlas: the mesh cut into the template's panels, these sewn into charts, each flattened in its place."""

import torch
from torch import Tensor

from avatarkit.atlas import panels, skirts
from avatarkit.atlas.atlas import Atlas
from avatarkit.atlas.charting import Sewn, of_vertices, opened, rims
from avatarkit.atlas.flattening import (
    SNAP,
    Springs,
    areas_of,
    balanced,
    corners_of,
    filled,
    merged,
    pinned,
    springs,
    untangled,
)
from avatarkit.atlas.layout import Layout, hand_places, layout, rectangle, sizes_of, strains
from avatarkit.atlas.locating import located
from avatarkit.atlas.measuring import signed_areas
from avatarkit.atlas.opening import INNER, furnished, unsealed, without_strays
from avatarkit.atlas.panels import CHART_OF, CHARTS, HANDS
from avatarkit.atlas.parting import Parted
from avatarkit.atlas.template import exact_faces
from avatarkit.body import BodyModel, PosedBody
from avatarkit.errors import BadData
from avatarkit.evidence import NO_TEMPLATE
from avatarkit.mesh import Mesh, face_areas
from avatarkit.person import Person

ROUNDS = 4
"""How often fields are averaged with their neighbours' on the mesh."""
MOST_PIECES = 60
REACH = 0.03
"""Metres over which the template's places are smoothed."""
SKIRT_GAP = 0.03
"""Between a skirt's hem and the leg below it, of a leg's height in the texture."""
TURNS, MOST_STRAIN = 5, 6.0
"""How often the balance is sought at most, and how much less texture than others a face may have, in length."""
SOFTEST, THINNEST = 1e-3, 0.03
LEAST = 0.25
"""What of this height a skirt has at least."""
FIRM = 1e4
"""How firmly what has the template's own triangles is held."""


def unwrapped(mesh: Mesh, model: BodyModel, person: Person) -> Atlas:
    """The mesh's atlas in semantic charts, which lie where they lie for everybody.

    `mesh` has the attributes of carved.glb: `_TEMPLATE` (V) the model's vertex, 65535 = none, and `_PART` (V); where it
    lacks them they are found at the nearest point of the posed body of `person`. Borders cut faces: there are more.
    Eyes and mouth are open, with what is inside of them, where the mesh has the template's triangles around them.
    Raises BadData for a body without parts, and for a mesh that falls into too many charts.
    """
    posed = model.shaped(person.betas, person.expression).posed(person.pose)
    mesh, openings = unsealed(located(mesh, model, posed), model)
    template = mesh.attributes["_TEMPLATE"].long().clamp(max=len(model.v_template) - 1)
    exact = exact_faces(mesh, model)
    found, charts = opened(mesh.having(rest=model.v_template[template]), scores_of(mesh, model, posed))
    pieces = int(charts.piece.max()) + 1
    if pieces > MOST_PIECES:
        raise BadData(f"mesh: it falls into {pieces} charts, expected one closed surface: try --atlas xatlas")
    panel = of_vertices(found.panel, charts)
    wished = wishes(found.mesh, charts, panel, layout(model), model, posed)
    place = flattened(found, charts, panel, wished, firm_of(found, charts, exact), model)
    uvs = (rectangle_corners(panel) + place * sizes_of(panel))[charts.faces]
    attributes = {name: values for name, values in found.mesh.attributes.items() if name != "rest"}
    whole, charted = Mesh(found.mesh.vertices, found.mesh.faces, attributes, uvs.float()), CHART_OF[found.panel]
    if openings is not None:
        whole, inner = furnished(whole, openings, model, posed)
        charted = torch.cat([charted, len(CHARTS) + inner[inner >= 0]])
    return Atlas(without_strays(whole), charted, (*CHARTS, *INNER))


def scores_of(mesh: Mesh, model: BodyModel, posed: PosedBody) -> Tensor:
    """(V,P): how much each vertex belongs to each panel."""
    template = mesh.attributes["_TEMPLATE"].long()
    none = template == NO_TEMPLATE
    scores = panels.fields(model)[template.clamp(max=len(model.v_template) - 1)]
    scores[none] = 0
    for name, lean in skirts.leans(mesh, posed).items():
        scores[:, panels.index(name)] = torch.where(none, 1 + panels.LEAN * lean, 0)
    return panels.averaged(scores, mesh.faces, ROUNDS)


def rectangle_corners(panel: Tensor) -> Tensor:
    """(N,2): the top left corners of the rectangles of panels (N)."""
    return torch.stack([rectangle(chart)[0] for chart in CHARTS])[CHART_OF[panel]]


def wishes(
    mesh: Mesh, charts: Sewn, panel: Tensor, plan: Layout, model: BodyModel, posed: PosedBody
) -> Tensor:  # fmt: skip
    """(N,2): where in its chart's rectangle the template has each of the charts' vertices; NaN: nowhere."""
    template = mesh.attributes["_TEMPLATE"].long()[charts.vertex]
    known = template != NO_TEMPLATE
    at = template.clamp(max=len(model.v_template) - 1)
    found = torch.where(known[:, None], plan.place[at], torch.nan)
    # across a border: what of this panel is nearest at rest
    astray = known & (plan.panel[at] != panel)
    for p in torch.unique(panel[astray]).tolist():
        own, among = (astray & (panel == p)).nonzero()[:, 0], (plan.panel == p).nonzero()[:, 0]
        if len(among):
            near = torch.cdist(model.v_template[at[own]], model.v_template[among]).argmin(dim=1)
            found[own] = plan.place[among[near]]
        else:
            found[own] = torch.nan
    hanging = skirts.placed(skirts.cylinder(mesh, posed)[charts.vertex], panel)
    return torch.where(hanging.isnan(), found, hanging)


def firm_of(found: Parted, charts: Sewn, exact: Tensor) -> Tensor:
    """(N) bool: the head's and hands' vertices about which, some rings wide, all faces are the template's own."""
    kept = torch.tensor([CHARTS.index(chart) for chart in ("head", *HANDS)])
    own = (exact[found.parent] >= 0) & torch.isin(CHART_OF[found.panel], kept)
    own &= (found.barycentric.amax(dim=2) == 1).all(dim=1)
    firm = torch.ones(len(charts.vertex), dtype=torch.bool)
    firm[charts.faces[~own]] = False
    for _ in range(3):
        firm[charts.faces[~firm[charts.faces].all(dim=1)]] = False
    return firm


def flattened(found: Parted, charts: Sewn, panel: Tensor, wished: Tensor, firm: Tensor, model: BodyModel) -> Tensor:
    """(N,2) float64: each of the charts' vertices in its chart's rectangle, 0 … 1, drawn to where they are `wished`."""
    places, N = found.mesh.vertices, len(charts.vertex)
    start, fixed, holes = known_everywhere(wished.double(), charts.faces), torch.zeros(N, dtype=torch.bool), []
    own = rims(charts, places)
    chart = {piece: CHARTS[CHART_OF[panel[rings[0][0]]]] for piece, rings in own.items()}
    skirted, room = any(name == "skirt_front" for name in chart.values()), 1.0
    # legs first: skirts have the room that these leave above
    for piece in sorted(own, key=lambda piece: "skirt" in chart[piece]):
        ring, *inner = own[piece]
        side, _, limb = chart[piece].rpartition("_")
        hanging, beside = side == "skirt" and limb != "under", limb == "leg" and skirted
        if hanging:
            start[torch.unique(charts.faces[charts.piece == piece]), 1] *= room
        points = places[charts.vertex[ring]]
        lengths = (points - points.roll(-1, 0)).norm(dim=1).double()
        snap = 1e-3 if hanging else 2.0 if limb == "under" else SNAP
        if chart[piece] in HANDS:
            rest = found.mesh.attributes["rest"][charts.vertex[ring]]
            start[ring] = hand_places(model, chart[piece], rest).double()
        else:
            start[ring] = pinned(
                start[ring], lengths, corners_of(start[ring]), snap=snap, least=LEAST if beside else 0.0
            )
        if limb == "leg":
            room = min(room, float(start[ring, 1].min()) - SKIRT_GAP)
        fixed[ring] = True
        holes += inner
    faces, corners = charts.faces, places[found.mesh.faces]
    area = torch.zeros(N, dtype=torch.float64)
    area.index_add_(0, faces.reshape(-1), face_areas(places, found.mesh.faces).double().repeat_interleave(3) / 3)
    pull = torch.where(firm, FIRM, area / REACH**2)
    pull[wished.isnan().any(dim=1)] = 0
    middles = torch.stack([start[ring].mean(dim=0) for ring in holes]) if holes else start[:0]
    none = torch.zeros(len(holes), dtype=torch.float64)
    start, fixed, pull = torch.cat([start, middles]), torch.cat([fixed, none > 0]), torch.cat([pull, none])
    spans = sizes_of(panel)
    place = upright(corners, faces, spans, filled(N, holes), start, fixed, pull)[:N] * spans
    hand = torch.isin(panel, torch.tensor([panels.index(name) for name in HANDS]))
    areas = face_areas(places, found.mesh.faces).double()
    density = areas_of(place[faces]).clamp(min=0).sum() / areas.sum()
    mended = untangled(place, faces, THINNEST * density * areas + 1e-12, ~fixed[:N] | hand)
    # where that only moved what is over, it stays
    over = [torch.bincount(charts.piece[areas_of(p[faces]) <= 0], minlength=len(faces)) for p in (place, mended)]
    better = (over[1] <= over[0])[of_vertices(charts.piece, charts)]
    return torch.where(better[:, None], mended, place) / spans


def upright(
    corners: Tensor, faces: Tensor, spans: Tensor, closed: Springs, start: Tensor, fixed: Tensor, pull: Tensor
) -> Tensor:
    """(N,2): in balance. Around faces that would be turned over or have hardly any texture the pull is let go, farther
    each time, and springs of faces with little texture are loosened."""
    place, pull, stiffness, N = start, pull.clone(), torch.ones(len(faces), dtype=torch.float64), len(spans)
    degree = torch.bincount(faces.reshape(-1), minlength=N).clamp(min=1)
    judged = ~fixed[faces].all(dim=1)
    for turn in range(TURNS):
        tied = springs(corners, faces, N, stiffness)
        tied = merged(torch.cat([tied.pairs, closed.pairs]), torch.cat([tied.strength, closed.strength]), closed.count)
        place = balanced(tied, place, fixed, pull, start)
        strain = strains(corners, (place[:N] * spans)[faces])
        bad = ((strain > MOST_STRAIN) | (signed_areas(place[faces]) <= 0)) & judged
        if not bool(bad.any()):
            break
        near = torch.zeros(len(pull), dtype=torch.bool)
        near[faces[bad]] = True
        for _ in range(2 + turn):
            near[faces[near[faces].any(dim=1)]] = True
        pull[near] = 0
        shared = torch.zeros(N, dtype=torch.float64).index_add(0, faces.reshape(-1), strain.repeat_interleave(3))
        stiffness = (stiffness / (shared / degree)[faces].mean(dim=1).clamp(1, 4)).clamp(min=SOFTEST)
    return place


def known_everywhere(values: Tensor, faces: Tensor) -> Tensor:
    """`values` (N,C), where they are NaN the mean of the neighbours' that are known, from these on outwards."""
    a, b = (torch.cat([faces.roll(-k, 1).reshape(-1) for k in turns]) for turns in ((0, 1), (1, 0)))
    while True:
        blank = values.isnan().any(dim=1)
        into = blank[a] & ~blank[b]
        if not bool(into.any()):
            return values.nan_to_num(0.5)
        total = torch.zeros_like(values).index_add(0, a[into], values[b[into]])
        count = torch.bincount(a[into], minlength=len(values))
        values = torch.where((blank & (count > 0))[:, None], total / count.clamp(min=1)[:, None], values)
