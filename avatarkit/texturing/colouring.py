"""The colours of places on a person's mesh, from all that is known of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from avatarkit.body import BodyModel
from avatarkit.mesh import edges
from avatarkit.person import Person
from avatarkit.places import Places
from avatarkit.rotation import rotation_from_axis_angle
from avatarkit.surface import Surface
from avatarkit.texturing.delighting import delit
from avatarkit.texturing.labelling import inner_colours, labelled
from avatarkit.texturing.layering import Layer, Parts, layered
from avatarkit.texturing.mirroring import mirrored
from avatarkit.texturing.projecting import Onlooker, together
from avatarkit.texturing.sights import ALBEDO, BUILT_IN, GENERATED, MIRROR, PHOTO, REFINED, Sight, ramp

UNDER = 0.008
"""Metres by which the mirror image of a place may lie under the surface."""
SEEN, UNSEEN = (0.3, 0.7), (0.05, 0.3)
"""How well the mirror image must be seen, and how badly the place itself, for the mirror to count."""
TURNED = 20.0
"""Degrees between body and camera, less than which both sides are seen alike, and a mirror image only blurs."""
UNLIKE = 0.12
"""The mean difference between both sides of a part, in sRGB of 0 … 1, from which on it is not symmetric."""


def coloured(
    places: Places,
    model: BodyModel,
    person: Person,
    sights: Sequence[Sight],
    *,
    symmetry: bool = False,
    delight: bool = False,
) -> tuple[Tensor, Tensor]:
    """Colours (P,3) sRGB 0 … 1 and sources (P) uint8 of places on the person's mesh.

    Eyes, teeth and tongue are built in. Then photos, in the order given; what was refined; the photo's mirror image;
    what was generated; the albedo row; then what continues these inside of the same part. `delight` takes the light
    out of photos.
    """
    mesh, surface = places.mesh, Surface(places.mesh.vertices, places.mesh.faces)
    pairs = edges(mesh.faces).vertices
    parts = Parts(labelled(mesh, pairs, sights, model.part_names, surface), pairs)
    labels, _ = parts.at(places)
    layers = []
    photos = [Onlooker.of(sight, mesh, surface) for sight in sights if sight.source == PHOTO]
    for photo in photos:
        colours, cover = together(places, [photo])
        if delight:
            colours = delit(colours, cover, places.normals, labels)
        layers.append(Layer(PHOTO, colours, cover))
    for source in (REFINED, MIRROR, GENERATED, ALBEDO):
        own = [Onlooker.of(sight, mesh, surface) for sight in sights if sight.source == source]
        if own:
            layers.append(Layer(source, *together(places, own)))
        elif source == MIRROR and symmetry and photos and turned(person) > TURNED:
            other = mirrored(mesh, model, person, parts.labels)
            if other is not None:
                layers.append(_mirror(places, photos[0], layers[0], labels, *other))
    fixed, inner = inner_colours(places, model)
    outer = [replace(layer, cover=layer.cover * (1 - inner)) for layer in layers]
    return layered(places, parts, [*outer, Layer(BUILT_IN, fixed, inner)])


def turned(person: Person) -> float:
    """Degrees by which the person's pelvis is turned from the camera, around the vertical."""
    ahead = rotation_from_axis_angle(person.pose.global_orient)[:, 2]
    towards = -person.camera.cam_from_world[2, :3]
    one, other = (math.degrees(math.atan2(float(v[0]), float(v[2]))) for v in (ahead, towards))
    return abs((one - other + 180) % 360 - 180)


def _mirror(
    places: Places, photo: Onlooker, direct: Layer, labels: Tensor, points: Tensor, sure: Tensor
) -> Layer:  # fmt: skip
    """What a photo shows of the places' mirror images (V,3), as far as these are sure (V) and well seen, the places
    themselves are not, and of parts that are symmetric as far as can be seen."""
    # the mirrored mesh is inside out: its normals are made of faces turned round
    turned = replace(places.mesh, vertices=points, faces=places.mesh.faces.flip(1))
    colours, seen = together(Places(turned, places.face, places.barycentric.flip(1)), [photo], lift=UNDER)
    both = torch.minimum(seen, direct.cover)
    apart = (colours - direct.colours).abs().mean(dim=1)
    K = int(labels.max()) + 1
    known = torch.zeros(K).index_add(0, labels, both)
    unlike = torch.zeros(K).index_add(0, labels, both * apart) / known.clamp(min=1e-6)
    cover = ramp(seen, *SEEN) * (1 - ramp(direct.cover, *UNSEEN)) * places.of(sure[:, None])[:, 0]
    return Layer(MIRROR, colours, cover * (unlike < UNLIKE)[labels])
