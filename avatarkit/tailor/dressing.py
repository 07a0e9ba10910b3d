"""A person dressed: garments cut, draped over one another from the skin outwards, then shoes, hair and all the rest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from avatarkit.body import JOINT_INDEX, BodyModel, PosedBody
from avatarkit.body.skinning import skinned
from avatarkit.mesh import Mesh
from avatarkit.outfit import LEGGED, SKIRTS, Garment, Hair, Item, Outfit
from avatarkit.person import Person
from avatarkit.tailor import accessories, hair, shoes
from avatarkit.tailor.articles import without
from avatarkit.tailor.articles import worn as articles_worn
from avatarkit.tailor.covering import beneath
from avatarkit.tailor.cutting import RestGarment, cut
from avatarkit.tailor.draping import Cloth, Draped, Obstacle, clearances, drape, seat_under, settled
from avatarkit.tailor.fitted import Fitted
from avatarkit.tailor.garments import finished
from avatarkit.tailor.piece import PANEL, Dressed, Piece
from avatarkit.tailor.straps import ARMS
from avatarkit.wardrobe import Article

SKIN_PANELS = {"left_eye": "eye", "right_eye": "eye", "upper_teeth": "mouth", "lower_teeth": "mouth",
               "tongue": "mouth", "mouth": "mouth"}  # fmt: skip
HIDDEN_WITHIN = 0.05
"""Skin is left out where cloth should cover it and lies within so many metres: a slipped hem bares what it bares."""

BONES = [
    (f"{side}_{start}", f"{side}_{end}")
    for side in ("left", "right")
    for start, end in (("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle"))
]
RAISED = 0.03

POKING = 0.012
"""Skin so many metres in front of cloth pokes through it; what is further ahead lies below a hem that is rolled up."""

TIGHT, SHAFT = 0.005, 0.05
"""Trousers of less ease are worn inside the boots; of others, shafts may stick out so far before they are hidden."""


@dataclass(frozen=True, eq=False)
class Wearer:
    """Someone who is dressed: shaped, posed, and how each joint moves what they wear."""

    model: BodyModel
    betas: Tensor
    rest: Tensor
    """(V,3) the T-posed skin"""
    posed: PosedBody
    skin: Obstacle

    @classmethod
    def of(cls, model: BodyModel, person: Person) -> Wearer:
        body = model.shaped(person.betas, person.expression)
        posed = body.posed(person.pose)
        faces = model.faces if model.outer_faces is None else model.outer_faces
        skin = Obstacle(body.vertices.double().numpy(), posed.vertices.double().numpy(), faces.numpy())
        return cls(model, person.betas, body.vertices, posed, skin)

    def raised(self, metres: float) -> Wearer:
        up, posed, skin = self.rest.new_tensor([0.0, metres, 0.0]), self.posed, self.skin
        joints, rests = posed.world_from_joint.clone(), posed.world_from_rest.clone()
        joints[:, 1, 3] += metres
        rests[:, 1, 3] += metres
        higher = Obstacle(skin.rest, skin.vertices + [0.0, metres, 0.0], skin.faces)
        posed = replace(posed, vertices=posed.vertices + up, world_from_joint=joints, world_from_rest=rests)
        return replace(self, posed=posed, skin=higher)

    def worn(self, rest: np.ndarray, lbs_weights: np.ndarray) -> np.ndarray:
        """(V,3) float64: where the pose takes points that are skinned to the body."""
        points = skinned(_floats(rest), _floats(lbs_weights), self.posed.world_from_rest)
        return points.double().numpy()

    def transform(self, joint: str) -> np.ndarray:
        """(4,4): where the joint takes a point of the resting body."""
        return self.posed.world_from_rest[JOINT_INDEX[joint]].double().numpy()


@dataclass(frozen=True, eq=False)
class Layer:
    """A draped garment, before its details are sewn on."""

    slot: str
    garment: Garment
    sheet: RestGarment
    draped: Draped

    @cached_property
    def obstacle(self) -> Obstacle:
        return Obstacle(self.draped.rest, self.draped.vertices, self.draped.faces, self.sheet.thickness / 2)


def dressed(
    model: BodyModel,
    person: Person,
    outfit: Outfit,
    *,
    articles: Mapping[str, Article] | None = None,
    seed: int = 0,
    preset: str = "train",
) -> Dressed:
    """The person in this outfit, in their pose. `preset` is "train" (fast) or "full" (finer cloth); `articles` of a
    wardrobe, by slot, are worn in the place of what the tailor would make.

    The same seed gives the same folds and locks. Shoes reach below the bare feet: the person is raised (`lift` of the
    result) until their soles are as low as the skin was.
    Needs the built-in body, which has the surfaces that clothes are cut from.
    """
    wearer, generator = Wearer.of(model, person), np.random.default_rng(seed)
    borrowed = [articles_worn(slot, article, outfit, wearer) for slot, article in (articles or {}).items()]
    outfit = without(outfit, articles or {})
    shod = shoes.shod(model, person.betas, outfit.shoes)
    floor = float(wearer.skin.vertices[:, 1].min())
    soles = [wearer.worn(shod.vertices, shod.lbs_weights)[:, 1].min()] if shod is not None else []
    soles += [piece.mesh.vertices[:, 1].min() for piece, _ in borrowed if piece.slot == "shoes"]
    lift = max(floor - float(min(soles, default=floor)), 0.0)
    wearer = wearer.raised(lift)
    borrowed = [(_raised(piece, lift), covers) for piece, covers in borrowed]
    layers = _tucked(list(_layers(wearer, outfit, seed, preset, floor)), wearer.skin)
    covered = np.zeros(len(wearer.rest), bool) if shod is None else shod.covers.copy()
    for layer in layers:
        ahead = clearances(wearer.skin.vertices, layer.obstacle)
        covered |= layer.sheet.covers & (ahead > -HIDDEN_WITHIN) & (ahead < POKING)
    extras = list(_extras(wearer, outfit, generator, layers))
    pair = None
    if shod is not None:
        vertices = wearer.worn(shod.vertices, shod.lbs_weights)
        pair = _under_legs(_fitted_piece("shoes", outfit.shoes, shod, vertices), layers, wearer.skin)
    for covers in (*(fitted.covers for _, fitted, _, _ in extras), *(covers for _, covers in borrowed)):
        covered |= covers
    return Dressed(
        outfit,
        (
            _skin_piece(wearer, covered),
            *([] if pair is None else [pair]),
            *(piece for piece, _ in borrowed),
            *(_garment_piece(layer, wearer, layers[k + 1 :]) for k, layer in enumerate(layers)),
            *(_fitted_piece(slot, made_of, fitted, vertices) for slot, fitted, made_of, vertices in extras),
        ),
        lift,
    )


def _ordered(outfit: Outfit) -> Iterator[tuple[str, Garment]]:
    """Garments from the skin outwards: the shirt over the trousers, unless it is tucked in; the coat over all."""
    top = outfit.top
    if top is not None and outfit.dress is not None:
        top = replace(top, tucked=True, rise=0.0)
    elif top is not None and top.tucked and outfit.bottom is not None:
        top = replace(top, rise=outfit.bottom.rise)
    inside = top is not None and top.tucked
    by_slot = {"top": top, "bottom": outfit.bottom, "dress": outfit.dress, "outer": outfit.outer}
    for slot in ("top", "bottom", "dress", "outer") if inside else ("bottom", "top", "dress", "outer"):
        garment = by_slot[slot]
        if garment is not None:
            yield slot, garment


def _layers(wearer: Wearer, outfit: Outfit, seed: int, preset: str, floor: float) -> Iterator[Layer]:
    obstacles = [wearer.skin]
    seat = seat_under(wearer.skin.vertices, wearer.posed.joints.double().numpy())
    for k, (slot, garment) in enumerate(_ordered(outfit)):
        sheet = cut(wearer.model, wearer.betas, garment, detail=preset)
        start = wearer.worn(sheet.vertices, sheet.lbs_weights)
        pinned = np.maximum(sheet.pinned, _kept_up(wearer, sheet.lbs_weights))
        cloth = Cloth(sheet.vertices, start, sheet.faces, pinned, sheet.offset, garment.fabric, sheet.stiffness)
        draped = drape(cloth, obstacles, preset=preset, floor=floor, seat=seat, seed=seed + k)
        layer = Layer(slot, garment, sheet, draped)
        obstacles.append(layer.obstacle)
        yield layer


def _kept_up(wearer: Wearer, lbs_weights: np.ndarray) -> np.ndarray:
    """(V) 0 … RAISED: how much cloth is held where it is on a limb that points upwards, down which it would slide."""
    joints, found = wearer.posed.joints.double().numpy(), np.zeros(len(lbs_weights))
    for start, end in BONES:
        bone = joints[JOINT_INDEX[end]] - joints[JOINT_INDEX[start]]
        upwards = max(float(bone[1] / np.linalg.norm(bone)), 0.4 if end in ("left_wrist", "right_wrist") else 0.0)
        found += RAISED * upwards * lbs_weights[:, JOINT_INDEX[start]]
    return found


def _tucked(layers: list[Layer], skin: Obstacle) -> list[Layer]:
    """The layers, with what pokes through an outer one pressed beneath it."""
    found = []
    for k, layer in enumerate(layers):
        vertices = layer.draped.vertices
        for outer in layers[k + 1 :]:
            vertices = settled(vertices, layer.draped.faces, outer.obstacle, skin)
        found.append(replace(layer, draped=replace(layer.draped, vertices=vertices)))
    return found


Extra = tuple[str, Fitted, Hair | Item, np.ndarray]


def _extras(wearer: Wearer, outfit: Outfit, generator: np.random.Generator, layers: list[Layer]) -> Iterator[Extra]:
    """Hair and accessories, with their posed vertices: hair and scarves hang outside of what is worn."""
    model, betas, style = wearer.model, wearer.betas, outfit.hair
    obstacles = [wearer.skin, *(layer.obstacle for layer in layers)]
    for slot, grown in (
        ("hair", hair.grown(model, betas, style, generator, outfit.hat)),
        ("beard", hair.beard(model, betas, style, generator)),
    ):
        if grown is not None:
            start = wearer.worn(grown.vertices, grown.lbs_weights)
            hung = hair.settled(grown, wearer.transform("head"), wearer.transform("spine3"), start, obstacles)
            yield slot, grown, style, hung
    over = sum(layer.obstacle.thickness + 0.012 for layer in layers[-2:])
    transforms = wearer.posed.world_from_rest.double().numpy()
    for slot in ("hat", "glasses", "bag", "scarf"):
        item = getattr(outfit, slot)
        if item is not None:
            made = accessories.made(model, betas, item, over=over, seed=int(generator.integers(1 << 31)))
            start = wearer.worn(made.vertices, made.lbs_weights)
            below = _trunks(wearer, layers) if made.straps else obstacles
            yield slot, made, item, accessories.placed(made, start, transforms, below)


def _trunks(wearer: Wearer, layers: list[Layer]) -> list[Obstacle]:
    """Skin and layers without arms, which no strap lies on."""
    skin, weights = wearer.skin, wearer.model.lbs_weights.double().numpy()
    found = [replace(skin, faces=skin.faces[_of_trunk(weights)[skin.faces].all(1)])]
    for layer in layers:
        worn = layer.obstacle
        faces = worn.faces[_of_trunk(layer.draped.carried(layer.sheet.lbs_weights))[worn.faces].all(1)]
        found.append(replace(worn, faces=faces))
    return found


def _of_trunk(lbs_weights: np.ndarray) -> np.ndarray:
    return lbs_weights[:, ARMS].sum(1) < 0.5


def _under_legs(pair: Piece, layers: list[Layer], skin: Obstacle) -> Piece:
    """The shoes with shafts pressed into the trouser legs that they are in, without what no one sees there."""
    hidden, points = np.zeros(len(pair.rest), bool), pair.mesh.vertices.double().numpy()
    for layer in layers:
        legs = layer.garment.kind in LEGGED or (layer.slot == "bottom" and layer.garment.kind not in SKIRTS)
        if legs and layer.garment.ease >= TIGHT:
            points = settled(points, pair.mesh.faces.numpy(), layer.obstacle, skin)
            hidden |= beneath(points, np.zeros_like(points), layer.obstacle, above=SHAFT, facing=0.0)
    kept = ~torch.from_numpy(hidden)[pair.mesh.faces].all(dim=1)
    mesh = replace(pair.mesh, vertices=_floats(points), faces=pair.mesh.faces[kept])
    return replace(pair, mesh=mesh, panel=pair.panel[kept])


def _garment_piece(layer: Layer, wearer: Wearer, outer: list[Layer]) -> Piece:
    over = [each.obstacle for each in outer]
    done = finished(layer.sheet, layer.draped, wearer.posed.world_from_rest, outer=over)
    mesh = Mesh(_floats(done.vertices), torch.from_numpy(done.faces), uvs=_floats(done.uvs))
    weights = _floats(done.lbs_weights)
    return Piece(layer.slot, layer.garment, mesh, _floats(done.rest), weights, torch.from_numpy(done.panel))


def _fitted_piece(slot: str, made_of: Hair | Item, fitted: Fitted, vertices: np.ndarray) -> Piece:
    mesh = Mesh(_floats(vertices), torch.from_numpy(np.ascontiguousarray(fitted.faces, np.int64)))
    if fitted.strand is not None:
        mesh = mesh.having(strand=_floats(fitted.strand))
    weights = _floats(fitted.lbs_weights)
    return Piece(slot, made_of, mesh, _floats(fitted.vertices), weights, torch.from_numpy(fitted.panel))


def _skin_piece(wearer: Wearer, covered: np.ndarray) -> Piece:
    """The skin that is seen, its vertices all there, in the model's order."""
    model = wearer.model
    kept = ~torch.from_numpy(covered)[model.faces].all(dim=1)
    panel = torch.zeros(len(model.faces), dtype=torch.uint8)
    if model.face_part is not None:
        of_part = torch.tensor([PANEL[SKIN_PANELS.get(name, "skin")] for name in model.part_names], dtype=torch.uint8)
        panel = of_part[model.face_part]
    uvs = None if model.uv is None or model.uv_faces is None else model.uv[model.uv_faces][kept]
    mesh = Mesh(wearer.posed.vertices, model.faces[kept], uvs=uvs)
    return Piece("skin", None, mesh, wearer.rest, model.lbs_weights, panel[kept])


def _raised(piece: Piece, metres: float) -> Piece:
    mesh = piece.mesh
    return replace(piece, mesh=replace(mesh, vertices=mesh.vertices + mesh.vertices.new_tensor([0.0, metres, 0.0])))


def _floats(array: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(array, np.float32))
