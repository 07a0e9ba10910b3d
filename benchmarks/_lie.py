"""How well clothes lie: cloth inside the body, layers through one another, silhouettes of front and back."""

from __future__ import annotations

from unittest.mock import patch

import numpy as np

from avatarkit import camera as cameras
from avatarkit import people
from avatarkit.appearance.mapping import footprint_of, mapped
from avatarkit.appearance.sight import seen
from avatarkit.body import BodyModel
from avatarkit.maps import View
from avatarkit.mesh import vertex_normals
from avatarkit.people import Synthetic
from avatarkit.tailor import dressing
from avatarkit.tailor.draping import Obstacle, clearances

SHALLOW = 0.006
"""Metres: a hand on the hip lies higher above the cloth."""
DEEP = 0.15
"""Metres: nothing lies deeper in a body."""
TOUCH = 2e-4
"""Metres behind a surface that no one sees."""


def met_in_layers(model: BodyModel, seed: int, index: int) -> tuple[Synthetic, list[dressing.Layer], Obstacle]:
    """A person, the layers that were draped, and the skin."""
    seen: list[tuple[list[dressing.Layer], Obstacle]] = []
    tucked = dressing._tucked

    def tell(layers: list[dressing.Layer], skin: Obstacle) -> list[dressing.Layer]:
        found = tucked(layers, skin)
        seen.append((found, skin))
        return found

    with patch.object(dressing, "_tucked", tell):
        found = people.met(model, seed=seed, index=index)
    return found, *seen[-1]


def inside(points: np.ndarray, obstacle: Obstacle) -> float:
    """The share of points behind the obstacle's surface."""
    return float((clearances(points, obstacle, reach=DEEP) < -TOUCH).mean())


def crossing(layers: list[dressing.Layer]) -> list[float]:
    """For each pair of layers the share of the outer one's vertices that lie behind the inner one."""
    return [inside(outer.draped.vertices, inner.obstacle) for k, outer in enumerate(layers) for inner in layers[:k]]


def poking(found: Synthetic, layers: list[dressing.Layer], side: int) -> float:
    """Of the pixels that front and back show, the share in which the skin lies in front of a layer, or an inner layer
    of an outer one, by less than SHALLOW, and the two look the same way: what should be hidden and shows."""
    camera = cameras.framing(found.looks.mesh.vertices, (side, side))
    smooth = vertex_normals(found.looks.mesh.vertices, found.looks.mesh.faces).double().numpy()
    corners, points = found.looks.corners, found.looks.mesh.vertices.double().numpy()
    ranks = {"skin": -1, "shoes": -1, **{layer.slot: k for k, layer in enumerate(layers)}}
    of_piece = np.array([ranks.get(piece.slot, len(layers)) for piece in found.dressed.pieces])
    shoe = np.array([piece.slot == "shoes" for piece in found.dressed.pieces])  # worn over what is tight
    owner = found.dressed.combined()[1]["piece"].numpy()
    poked, shown = 0, 0
    for surface in ("nearest", "farthest"):
        sight = seen(found.looks, camera, footprint=footprint_of(camera, found.looks), surface=surface)  # type: ignore[arg-type]
        at, normals = (
            np.einsum("pkc,pk->pc", values[corners[sight.face]], sight.barycentric) for values in (points, smooth)
        )
        rank, through = of_piece[owner[sight.face]], np.zeros(len(at), bool)
        for k, layer in enumerate(layers):
            below = np.flatnonzero((rank < k) & ~(shoe[owner[sight.face]] & (layer.garment.ease < dressing.TIGHT)))
            through[below] |= _through(at[below], normals[below], layer.obstacle)
        poked, shown = poked + through.sum(), shown + len(at)
    return float(poked / shown)


def _through(points: np.ndarray, normals: np.ndarray, obstacle: Obstacle) -> np.ndarray:
    """(P) bool: the point lies a little in front of the cloth's own surface, not at its rim, and looks as it does."""
    ahead = clearances(points, obstacle, reach=0.03)
    deeper = clearances(points - 2 * SHALLOW * normals, obstacle, reach=0.03)
    return (ahead > TOUCH) & (ahead < SHALLOW) & (deeper < 0)


def silhouettes_differ(found: Synthetic, side: int) -> float:
    camera = cameras.framing(found.looks.mesh.vertices, (side, side))
    maps = mapped(found.looks, found.dressed, [View(camera), View(camera, "farthest")], coloured=False)
    return float(np.abs(maps.normals[0, ..., 3] - maps.normals[1, ..., 3]).max())


def measured(model: BodyModel, count: int, *, seed: int = 500) -> dict[str, float]:
    """Figures over `count` people of preset `train`, mean and worst."""
    sheets: list[float] = []
    finished: list[float] = []
    crossed: list[float] = []
    poked: list[float] = []
    differ = 0.0
    for index in range(count):
        found, layers, skin = met_in_layers(model, seed, index)
        sheets.append(inside(np.concatenate([layer.draped.vertices for layer in layers]), skin))
        pieces = [found.dressed[layer.slot].mesh.vertices.double().numpy() for layer in layers]
        finished.append(inside(np.concatenate(pieces), skin))
        crossed.append(float(np.mean(crossing(layers) or [0.0])))
        poked.append(poking(found, layers, 256))
        differ = max(differ, silhouettes_differ(found, 512))
    rows: dict[str, float] = {"people_dressed": count}
    for name, shares in (
        ("cloth_inside_body", sheets),
        ("finished_inside_body", finished),
        ("layers_crossing", crossed),
        ("pixels_poking_through", poked),
    ):
        rows |= {f"{name}_percent": 100 * float(np.mean(shares)), f"{name}_worst_percent": 100 * max(shares)}
        rows[f"{name}_worst_index"] = int(np.argmax(shares))
    return rows | {"silhouettes_differ": differ}
