"""A person's atlas: the mesh cut into the template's panels, these sewn into charts, each flattened in its place."""

import torch
from torch import Tensor

from avatarkit.atlas import bags, panels, skirts
from avatarkit.atlas.atlas import Atlas
from avatarkit.atlas.charting import Sewn, of_vertices, opened
from avatarkit.atlas.layout import Layout, layout
from avatarkit.atlas.locating import located
from avatarkit.atlas.opening import INNER, furnished, unsealed, without_strays
from avatarkit.atlas.panels import CHART_OF, CHARTS, HANDS
from avatarkit.atlas.parting import Parted
from avatarkit.atlas.settling import flattened, known_everywhere
from avatarkit.atlas.template import exact_faces
from avatarkit.body import BodyModel, PosedBody
from avatarkit.errors import BadData
from avatarkit.evidence import NO_TEMPLATE
from avatarkit.mesh import Mesh
from avatarkit.person import Person

ROUNDS = 4
"""How often fields are averaged with their neighbours' on the mesh."""
MOST_PIECES = 60
"""A mesh that falls into more is no person's surface."""


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
    # what the template has no vertex for lies at rest where what is beside it does
    none = (mesh.attributes["_TEMPLATE"] == NO_TEMPLATE)[:, None]
    rest = known_everywhere(torch.where(none, torch.nan, model.v_template[template]), mesh.faces)
    found, charts = opened(mesh.having(rest=rest), scores_of(mesh, model, posed))
    pieces = int(charts.piece.max()) + 1
    if pieces > MOST_PIECES:
        raise BadData(f"mesh: it falls into {pieces} charts, expected one closed surface: try --atlas xatlas")
    panel = of_vertices(found.panel, charts)
    wished = wishes(found.mesh, charts, panel, layout(model), model, posed)
    uvs = flattened(found, charts, panel, wished, firm_of(found, charts, exact), model)[charts.faces]
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
    bag = bags.apart(mesh) > 0
    scores[bag] = 0
    for name, lean in bags.leans(mesh).items():
        scores[:, panels.index(name)] = torch.where(bag, 1 + panels.LEAN * lean, 0)
    return panels.averaged(scores, mesh.faces, ROUNDS)


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
    beside = bags.placed(bags.cylinder(mesh)[charts.vertex], panel)
    found = torch.where(hanging.isnan(), found, hanging)
    return torch.where(beside.isnan(), found, beside)


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
