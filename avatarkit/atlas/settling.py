"""Charts settled in their rectangles: rims pinned where the template has them, what is inside in balance."""

import torch
from torch import Tensor

from avatarkit.atlas.charting import Sewn, of_vertices, rims
from avatarkit.atlas.flattening import (
    BY_LENGTH,
    SNAP,
    areas_of,
    corners_of,
    filled,
    merged,
    pinned,
    springs,
    untangled,
)
from avatarkit.atlas.layout import corners_in_texture, hand_places, sizes_of, strains
from avatarkit.atlas.panels import CHART_OF, CHARTS, HANDS
from avatarkit.atlas.parting import Parted
from avatarkit.atlas.unfolding import crossing, unfolded, untied
from avatarkit.body import BodyModel
from avatarkit.mesh import face_areas
from avatarkit.springs import Springs, balanced

REACH = 0.03
"""Metres over which the template's places are smoothed."""
FIRM = 1e4
"""How firmly what has the template's own triangles is held."""
SKIRT_GAP = 0.03
"""Between a skirt's hem and the leg below it, of a leg's height in the texture."""
ABOVE = {"skirt_front": "right_leg", "skirt_back": "left_leg"}
"""Whose rectangle a skirt shares."""
LEAST, GENEROUS = 0.25, 0.93
"""What of this height a skirt has at least; and what of its share of the surface of both."""
HANGING = 1.0
"""The share of the places along a skirt's rims that their length decides: hems are ragged."""
TURNS, MOST_STRAIN = 5, 6.0
"""How often the balance is sought at most, and how much less texture than others a face may have, in length."""
LOOSER = 2
"""The same for skirts, of which the template says little; more turns squeeze slivers."""
SOFTEST = 1e-3
"""To what springs are loosened at most."""
THINNEST, BARELY = 0.03, 1e-3
"""The least area of a face in the texture, of what it would have were all alike; and where nothing else opens it."""


def flattened(found: Parted, charts: Sewn, panel: Tensor, wished: Tensor, firm: Tensor, model: BodyModel) -> Tensor:
    """(N,2) float64: each of the charts' vertices in the texture.

    Rims are pinned; the rest is drawn to where it is `wished` (N,2; NaN: anywhere), firmly where it is `firm` (N).
    Charts in which a face is turned over after all, or crosses itself, are unfolded.
    """
    places, N, faces = found.mesh.vertices, len(charts.vertex), charts.faces
    start, fixed, holes = pinned_rims(found, charts, panel, known_everywhere(wished.double(), faces), model)
    areas = face_areas(places, found.mesh.faces).double()
    share = torch.zeros(N, dtype=torch.float64).index_add(0, faces.reshape(-1), areas.repeat_interleave(3) / 3)
    pull = torch.where(firm, FIRM, share / REACH**2)
    pull[wished.isnan().any(dim=1)] = 0
    middles = torch.stack([start[ring].mean(dim=0) for ring in holes]) if holes else start[:0]
    none = torch.zeros(len(holes), dtype=torch.float64)
    start, every, pull = torch.cat([start, middles]), torch.cat([fixed, none > 0]), torch.cat([pull, none])
    spans = sizes_of(panel)
    place = upright(places[found.mesh.faces], faces, spans, filled(N, holes), start, every, pull)[:N] * spans
    density = areas_of(place[faces]).clamp(min=0).sum() / areas.sum()
    mended = untangled(place, faces, THINNEST * density * areas + 1e-12, ~fixed)
    # where that only moved what is over, it stays
    over = [torch.bincount(charts.piece[areas_of(p[faces]) <= 0], minlength=len(faces)) for p in (place, mended)]
    better = (over[1] <= over[0])[of_vertices(charts.piece, charts)]
    return all_upright(found, charts, panel, torch.where(better[:, None], mended, place), fixed)


def all_upright(found: Parted, charts: Sewn, panel: Tensor, place: Tensor, fixed: Tensor) -> Tensor:
    """(N,2) in the texture, in which no face is turned over: charts of which one is are unfolded, and skirts, which may
    have deep folds and no place that the template wishes; a hand whose rim crosses itself lies with it on its
    rectangle's sides."""
    corners, place = corners_in_texture(panel), place.clone()
    for piece, (ring, *inner) in rims(charts, found.mesh.vertices).items():
        own = charts.piece == piece
        used, local = charts.faces[own].unique(return_inverse=True)
        points, free = found.mesh.vertices[charts.vertex[used]], ~fixed[used]
        free[torch.searchsorted(used, torch.cat([ring, *inner]))] = False  # a hole's rim could fold
        name = CHARTS[CHART_OF[panel[ring[0]]]]
        hand, hanging = name in HANDS, name.startswith("skirt")
        simple = not hand or len(crossing(place[ring])) == 0
        well = simple and not _over(place[used] + corners[used], local)
        if well and not hanging:
            continue
        if hand and simple:
            place[used] = unfolded(place[used], points, local, free)
            if not _over(place[used] + corners[used], local):
                continue
        if hand:
            place[ring] = boxed(found, charts, ring, place[ring], sizes_of(panel)[ring])
        inside = [torch.searchsorted(used, hole) for hole in inner]
        if hand or (inner and not well):
            place[used] = spanned(place[used], points, local, free, inside)
        place[used] = straightened(place[used], corners[used], points, local, free, inside, hard=hanging)
    return place + corners


def straightened(place: Tensor, corner: Tensor, points: Tensor, faces: Tensor, free: Tensor, holes: list[Tensor],
                 *, hard: bool) -> Tensor:  # fmt: skip
    """(N,2): of several ways of unfolding that which leaves the fewest faces turned over in the texture, where
    `corner` (N,2) is added, and of those the least strained; of `hard` charts more ways are tried at once."""
    areas = face_areas(points, faces).double()
    areas = areas / areas.sum()

    def faults(tried: Tensor) -> tuple[int, float]:
        return _over(tried + corner, faces), float((strains(points[faces], tried[faces]).square() * areas).sum())

    ways = [place, unfolded(place, points, faces, free)]
    if hard or faults(ways[1])[0]:
        ways.append(unfolded(spanned(place, points, faces, free, holes, LOOSER), points, faces, free))
    best = min(ways, key=faults)
    if faults(best)[0] == 0:
        return best
    least = BARELY * areas * areas_of(best[faces]).sum() + 1e-10
    return min([best, untangled(best, faces, least, free)], key=faults)


def spanned(
    place: Tensor, points: Tensor, faces: Tensor, free: Tensor, holes: list[Tensor], turns: int = 1
) -> Tensor:  # fmt: skip
    """(N,2): in balance between what is not `free` (N), but for the rims of `holes`, which are closed by springs; at
    each turn but the first with springs loosened where faces have little texture."""
    N, stiffness = len(place), torch.ones(len(faces), dtype=torch.float64)
    closed, degree = filled(N, holes), torch.bincount(faces.reshape(-1), minlength=N).clamp(min=1)
    at = torch.cat([place, *(place[hole].mean(dim=0)[None] for hole in holes)])
    fixed = torch.cat([~free, torch.zeros(len(holes), dtype=torch.bool)])
    for hole in holes:
        fixed[hole] = False
    for turn in range(turns):
        tied = springs(points[faces], faces, N, stiffness)
        tied = merged(torch.cat([tied.pairs, closed.pairs]), torch.cat([tied.strength, closed.strength]), closed.count)
        last = turn == turns - 1
        at = balanced(
            tied, at, fixed, torch.zeros_like(at), rounds=4000 if last else 600, exact=1e-12 if last else 1e-5
        )
        strain = strains(points[faces], at[faces])
        shared = torch.zeros(N, dtype=torch.float64).index_add(0, faces.reshape(-1), strain.repeat_interleave(3))
        stiffness = (stiffness / (shared / degree)[faces].mean(dim=1)).clamp(min=SOFTEST)
        stiffness = stiffness / stiffness.median()
    return at[:N]


def _over(place: Tensor, faces: Tensor) -> int:
    """How many faces (F,3) are turned over or nothing in the texture, as it is written."""
    return int((areas_of(place.float().double()[faces]) <= 0).sum())


def boxed(found: Parted, charts: Sewn, ring: Tensor, place: Tensor, spans: Tensor) -> Tensor:
    """(R,2): a rim at `place` (R,2) put on the sides of its rectangle of `spans` (R,2), by its length."""
    points = found.mesh.vertices[charts.vertex[ring]]
    lengths = (points - points.roll(-1, 0)).norm(dim=1).double()
    return pinned(place / spans, lengths, corners_of(place / spans), by_length=1.0, snap=2.0) * spans


def pinned_rims(
    found: Parted, charts: Sewn, panel: Tensor, start: Tensor, model: BodyModel
) -> tuple[Tensor, Tensor, list[Tensor]]:
    """`start` (N,2) with outer rims on their rectangles' sides, which vertices these are (N), and the inner rims."""
    start, fixed, holes = start.clone(), torch.zeros(len(start), dtype=torch.bool), []
    own = rims(charts, found.mesh.vertices)
    chart = {piece: CHARTS[CHART_OF[panel[rings[0][0]]]] for piece, rings in own.items()}
    room = rooms(found)
    # legs first: skirts have the room that these leave above
    for piece in sorted(own, key=lambda piece: "skirt" in chart[piece]):
        (ring, *inner), name = own[piece], chart[piece]
        points = found.mesh.vertices[charts.vertex[ring]]
        lengths = (points - points.roll(-1, 0)).norm(dim=1).double()
        if name in HANDS:
            rest = found.mesh.attributes["rest"][charts.vertex[ring]]
            start[ring] = untied(hand_places(model, name, rest).double())
        elif name in ("skirt_under", "bag"):
            start[ring] = pinned(start[ring], lengths, corners_of(start[ring]), by_length=HANGING, snap=2.0)
        elif name in ABOVE:
            start[torch.unique(charts.faces[charts.piece == piece]), 1] *= room[ABOVE[name]]
            start[ring] = pinned(start[ring], lengths, corners_of(start[ring]), by_length=HANGING, snap=1e-3)
        else:
            start[ring] = pinned(
                start[ring], lengths, corners_of(start[ring]), by_length=BY_LENGTH, snap=SNAP, least=room.get(name, 0.0)
            )
        if name in room:
            room[name] = float(start[ring, 1].min()) - SKIRT_GAP
        fixed[ring] = True
        holes += inner
    return start, fixed, holes


def rooms(found: Parted) -> dict[str, float]:
    """By leg: the share of its rectangle's height that the skirt above it needs at least, to have as much texture."""
    chart = CHART_OF[found.panel]
    areas = torch.zeros(len(CHARTS)).index_add(0, chart, face_areas(found.mesh.vertices, found.mesh.faces))
    needs = {}
    for skirt, leg in ABOVE.items():
        hanging, below = (float(areas[CHARTS.index(name)]) for name in (skirt, leg))
        if hanging > 0:
            needs[leg] = max(LEAST, GENEROUS * hanging / (hanging + below))
    return needs


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
        place = balanced(tied, place, fixed, pull[:, None] * start, pull, rounds=600, exact=1e-7)
        strain = strains(corners, (place[:N] * spans)[faces])
        bad = ((strain > MOST_STRAIN) | (areas_of(place[faces]) <= 0)) & judged
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
