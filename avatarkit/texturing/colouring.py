"""The colours of a mesh's texels from all that is known of the person: the work of texture-uv."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from avatarkit.atlas import padded, texels, unwrapped
from avatarkit.body import BodyModel
from avatarkit.errors import BadData
from avatarkit.maps import Maps
from avatarkit.mesh import Mesh, edges
from avatarkit.person import Person
from avatarkit.surface import Surface
from avatarkit.texturing.labelling import inner_colours, labelled
from avatarkit.texturing.layering import Layer, Parts, layered
from avatarkit.texturing.mirroring import mirrored
from avatarkit.texturing.places import Places
from avatarkit.texturing.projecting import contour_distance, projected
from avatarkit.texturing.sights import ALBEDO, BUILT_IN, LABELS, MIRROR, PHOTO, SOURCE_COLOURS, Sight, of_maps, of_photo

BLOCK = 500_000
PADDING = 8


@dataclass(frozen=True, eq=False)
class Painted:
    """The mesh with UVs and its `base_colour` image, and the source (S,S) uint8 of each texel, of sights.SOURCES."""

    mesh: Mesh
    source: Tensor


def painted(
    mesh: Mesh, model: BodyModel, person: Person, maps: Maps | None, *, size: int = 2048, symmetry: bool = True
) -> Painted:
    """The mesh in an atlas, painted: with the photo where it shows a place, then its mirror image, the albedo row, and
    what continues these inside of the same part."""
    atlas = unwrapped(mesh, model, person)
    sheet = texels(atlas, size)
    there = (sheet.face >= 0).nonzero(as_tuple=True)
    places = Places(atlas.mesh, sheet.face[there], sheet.barycentric[there].float())
    photo = of_photo(person)
    sights = ([] if photo is None else [photo]) + ([] if maps is None else of_maps(maps))
    if all(sight.source == LABELS for sight in sights):
        raise BadData("body.npz: found no photo, and no albedo in normals.png: run avatarkit gen-normals first")
    colours, source = coloured(places, model, person, sights, symmetry=symmetry)
    picture, sources = torch.zeros(size, size, 3), torch.zeros(size, size, dtype=torch.uint8)
    picture[there], sources[there] = colours, source
    image = (255 * padded(picture, sheet, PADDING)).round().clamp(0, 255).to(torch.uint8)
    return Painted(replace(atlas.mesh, images={"base_colour": image}), sources)


def pictured(found: Painted) -> np.ndarray:
    """(S,S,3) uint8: the source of each texel in a colour."""
    return np.array(SOURCE_COLOURS, np.uint8)[found.source.numpy()]


def coloured(
    places: Places, model: BodyModel, person: Person, sights: Sequence[Sight], *, symmetry: bool = True
) -> tuple[Tensor, Tensor]:
    """Colours (P,3) sRGB 0 … 1 and sources (P) uint8 of places on the person's mesh."""
    mesh, surface = places.mesh, Surface(places.mesh.vertices, places.mesh.faces)
    pairs = edges(mesh.faces).vertices
    parts = Parts(labelled(mesh, pairs, sights, model.part_names, surface), pairs)
    layers = []
    for source in (PHOTO, ALBEDO):
        own = [sight for sight in sights if sight.source == source]
        if not own:
            continue
        contours = [contour_distance(mesh, sight) for sight in own]
        layers.append(_seen(places, own, contours, surface, source))
        if symmetry and source == PHOTO and (other := mirrored(mesh, model, person)) is not None:
            layers.append(_mirror(places, own, contours, surface, *other, layers[-1].cover))
    fixed, inner = inner_colours(mesh, model.part_names)
    cover = places.of(inner[:, None].float())[:, 0]
    layers.append(Layer(BUILT_IN, places.of(fixed), (cover > 0.5).float()))
    return layered(places, parts, layers)


def _seen(
    places: Places, sights: Sequence[Sight], contours: Sequence[Tensor], surface: Surface, source: int,
    *, lift: float = 0.002,
) -> Layer:  # fmt: skip
    """What the sights show together, each the more the better it sees a place."""
    colours, cover = torch.zeros(len(places), 3), torch.zeros(len(places))
    for part, some in places.split(BLOCK):
        sums, total, best = torch.zeros(len(some), 3), torch.zeros(len(some)), torch.zeros(len(some))
        for sight, contour in zip(sights, contours, strict=True):
            found, weight = projected(some, sight, surface, contours=contour, lift=lift)
            sums += found * weight.square()[:, None]
            total += weight.square()
            best = torch.maximum(best, weight)
        colours[part], cover[part] = sums / total.clamp(min=1e-9)[:, None], best
    return Layer(source, colours, cover)


def _mirror(
    places: Places, sights: Sequence[Sight], contours: Sequence[Tensor], surface: Surface, points: Tensor, sure: Tensor,
    seen: Tensor,
) -> Layer:  # fmt: skip
    """What the sights show of the places' mirror images (V,3), as far as these are sure (V) and better seen than the
    places themselves are (P)."""
    # the mirrored mesh is inside out: its normals are made of faces turned round
    turned = replace(places.mesh, vertices=points, faces=places.mesh.faces.flip(1))
    shown = _seen(
        Places(turned, places.face, places.barycentric.flip(1)), sights, contours, surface, MIRROR, lift=0.008
    )
    return replace(shown, cover=(2 * (shown.cover - seen)).clamp(0, 1) * places.of(sure[:, None])[:, 0])
