"""A wardrobe: garments, shoes and hair that others modelled for MakeHuman, fitted to any of our bodies.

`base_points` knows where MakeHuman's base mesh lies on a person; `fitted` hangs an article on it, in the T-pose.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from avatarkit.body import JOINT_NAMES, PARENTS, BodyModel
from avatarkit.errors import BadData
from avatarkit.mhclo import BASE_VERTICES, Binding, Finish, Shape
from avatarkit.shapes import sizes

# Words of names and tags; the first slot with one of its words wins.
WORDS = {
    "hat": ("hat", "hats", "fedora", "cap", "beanie", "helmet"),
    "glasses": ("glasses", "sunglasses", "eyewear", "goggles"),
    "shoes": ("shoes", "shoe", "boots", "boot", "sneakers", "sandals", "heels", "footwear", "flats"),
    "hair": ("hair", "hairstyle", "afro", "bob", "braid", "ponytail", "wig", "mohawk"),
    "dress": ("dress", "gown", "suit", "casualsuit", "elegantsuit", "sportsuit", "worksuit", "jumpsuit", "overall"),
    "outer": ("jacket", "coat", "cardigan", "blazer", "cloak", "parka", "outerwear"),
    "bottom": ("trousers", "pants", "jeans", "shorts", "skirt", "leggings", "bottom", "kilt"),
    "top": ("shirt", "tshirt", "t-shirt", "blouse", "top", "sweater", "hoodie", "vest", "tanktop", "bra", "polo"),
}
SLOTS = (*WORDS, "other")
_LEGS = ("hip", "knee", "ankle", "foot")
MOST_UNKNOWN = 0.02
"""Share of an article's anchors that the body may lack (lashes, joint cubes): their row's best known one serves."""


@dataclass(frozen=True, eq=False)
class Article:
    """One thing of a wardrobe, as its maker drew it."""

    name: str
    binding: Binding
    shape: Shape
    finish: Finish = field(default_factory=Finish)
    texture: np.ndarray | None = None
    """(H, W, 3|4) uint8 sRGB"""
    folders: tuple[str, ...] = ()
    """the names of the folders that it lay in, below the wardrobe"""

    def __post_init__(self) -> None:
        found, expected = len(self.shape.vertices), len(self.binding.anchors)
        if found != expected:
            raise BadData(
                f"{self.binding.obj_file} has {found} vertices, its .mhclo binds {expected}: are they a pair?"
            )

    @property
    def slot(self) -> str:
        """A slot of SLOTS, by the words of name and tags, or else of its folders; `other` where none is known."""
        for texts in ((self.name, self.binding.name, *self.binding.tags), self.folders):
            words = {word.rstrip("0123456789") for word in " ".join(texts).lower().replace("_", " ").split()}
            for slot, known in WORDS.items():
                if words & set(known):
                    return slot
        return "other"


@dataclass(frozen=True, eq=False)
class Wardrobe:
    """The articles of a folder, in the order of their names."""

    articles: tuple[Article, ...]

    def __getitem__(self, name: str) -> Article:
        found = next((article for article in self.articles if article.name == name), None)
        if found is None:
            names = ", ".join(article.name for article in self.articles)
            raise BadData(f"wardrobe: no {name!r}, expected one of {names}")
        return found

    def of(self, slot: str) -> tuple[Article, ...]:
        """The articles of one slot."""
        return tuple(article for article in self.articles if article.slot == slot)


@dataclass(frozen=True, eq=False)
class BasePoints:
    """MakeHuman's base mesh on one person in the T-pose, as far as it is known. N = 19,158."""

    vertices: Tensor
    """(N, 3) metres"""
    lbs_weights: Tensor
    """(N, 55)"""
    rotations: Tensor
    """(N, 3, 3) the turn of each vertex from MakeHuman's rest pose to the T-pose"""
    known: Tensor
    """(N) bool"""
    skin: Tensor
    """(V) the base vertex of each vertex of the body, int64"""


@dataclass(frozen=True, eq=False)
class Fitted:
    """An article on one person in the T-pose: what `tailor.piece.Piece` needs before draping."""

    vertices: Tensor
    """(V, 3) metres, float32"""
    faces: Tensor
    """(F, 3) int64"""
    uvs: Tensor | None
    """(F, 3, 2) per corner, u right, v down"""
    lbs_weights: Tensor
    """(V, 55) rows sum to one"""
    covers: Tensor
    """(body's V) bool: the skin that its maker hides below it"""
    panel: tuple[str, ...]
    """the kinds of panel in `face_panel`, names of `tailor.piece.PANELS`"""
    face_panel: Tensor
    """(F) int64 index into `panel`"""


def base_points(model: BodyModel, betas: Tensor) -> BasePoints:
    """Where the base mesh lies on the person of these betas (≤ B). BadData for a body that is not MakeHuman's."""
    if model.cloth is None or model.base_vertex is None or model.tpose_turns is None:
        raise BadData(f"body {model.name}: knows nothing of MakeHuman's base mesh, a wardrobe needs --body builtin")
    parts = [(model.base_vertex, model.shaped(betas).vertices, model.lbs_weights)]
    parts += [(cloth.base_vertex, cloth.shaped(betas), cloth.lbs_weights) for cloth in model.cloth.values()]
    vertices = model.v_template.new_zeros(BASE_VERTICES, 3)
    weights = model.v_template.new_zeros(BASE_VERTICES, len(JOINT_NAMES))
    known = torch.zeros(BASE_VERTICES, dtype=torch.bool, device=vertices.device)
    for rows, places, shares in parts:
        vertices[rows], weights[rows], known[rows] = places.to(vertices), shares, True
    # Joints turn a vertex as they would skin it; back to a rotation by the polar decomposition.
    blended = (weights @ model.tpose_turns.to(weights).flatten(1)).unflatten(1, (3, 3))
    left, _, right = torch.linalg.svd(blended)
    return BasePoints(vertices, weights, left @ right, known, model.base_vertex)


def fitted(article: Article, base: BasePoints) -> Fitted:
    """The article on this person. BadData when it hangs on vertices of the base mesh that the body lacks."""
    binding = article.binding
    anchors = _known_anchors(torch.from_numpy(binding.anchors).to(base.known.device), base, article.name)
    weights, offsets = (torch.from_numpy(x).to(base.vertices) for x in (binding.weights, binding.offsets))
    sizes("V 3, V 3, V 3", anchors, weights, offsets)
    skinned = torch.einsum("vk,vkj->vj", weights.clamp(min=0), base.lbs_weights[anchors])
    skinned = skinned / skinned.sum(dim=1, keepdim=True)
    largest = anchors.gather(1, weights.argmax(dim=1, keepdim=True))[:, 0]
    stand_off = base.rotations[largest] @ (offsets * _scales(binding, base))[..., None]
    vertices = torch.einsum("vk,vkc->vc", weights, base.vertices[anchors]) + stand_off[..., 0]
    faces = torch.from_numpy(article.shape.faces).to(anchors.device)
    uvs = None if article.shape.uvs is None else torch.from_numpy(article.shape.uvs).to(vertices)
    hidden = torch.zeros(BASE_VERTICES, dtype=torch.bool, device=vertices.device)
    hidden[torch.from_numpy(binding.covers).to(anchors.device)] = True
    panel, face_panel = _panels(article.slot, skinned, faces)
    return Fitted(vertices, faces, uvs, skinned, hidden[base.skin], panel, face_panel)


def _known_anchors(anchors: Tensor, base: BasePoints, name: str) -> Tensor:
    """Anchors (V, 3), those that the body lacks replaced by another of their row; BadData where that tells nothing."""
    lost = ~base.known[anchors]
    if not bool(lost.any()):
        return anchors
    if float(lost.double().mean()) > MOST_UNKNOWN or bool(lost.all(dim=1).any()):
        first = int(anchors[lost][0])
        raise BadData(f"{name}: hangs on base vertex {first}, which is neither skin nor tights, skirt or hair of hm08")
    best = anchors.gather(1, lost.to(torch.uint8).argmin(dim=1, keepdim=True))
    return torch.where(lost, best, anchors)


def _scales(binding: Binding, base: BasePoints) -> Tensor:
    """(3) metres per decimetre of offset: how large the measured part of this person is, compared to the base mesh."""
    pairs = torch.from_numpy(binding.scale_vertices).to(base.known.device)
    lengths = torch.from_numpy(binding.scale_lengths).to(base.vertices)
    scales = torch.full_like(lengths, 0.1)
    for axis, (first, second) in enumerate(pairs.tolist()):
        if first < 0:
            continue
        if not bool(base.known[[first, second]].all()):
            raise BadData(
                f"{binding.name}: {'xyz'[axis]}_scale measures {first} and {second}, no skin or cloth of hm08"
            )
        # Measured in MakeHuman's rest pose: the T-pose turned feet and arms.
        apart = base.rotations[first].T @ (base.vertices[first] - base.vertices[second])
        scales[axis] = apart[axis].abs() / lengths[axis]
    return scales


def _panels(slot: str, weights: Tensor, faces: Tensor) -> tuple[tuple[str, ...], Tensor]:
    """The kind of panel of each face (F): sleeves and legs by the joints that carry most of it."""
    if slot == "hair":
        return ("strand",), torch.zeros(len(faces), dtype=torch.int64, device=faces.device)
    if slot in ("shoes", "hat", "glasses"):
        kind = {"shoes": "upper", "hat": "band", "glasses": "frame"}[slot]
        return (kind,), torch.zeros(len(faces), dtype=torch.int64, device=faces.device)
    names = ("body", "left sleeve", "right sleeve", "left leg", "right leg")
    limb = {name: 0 for name in JOINT_NAMES}
    for index, name in enumerate(JOINT_NAMES):
        side, _, joint = name.partition("_")
        if joint in _LEGS:
            limb[name] = 3 if side == "left" else 4
        elif joint == "shoulder":
            limb[name] = 1 if side == "left" else 2
        elif index and limb[JOINT_NAMES[PARENTS[index]]]:
            limb[name] = limb[JOINT_NAMES[PARENTS[index]]]
    owner = torch.tensor([limb[name] for name in JOINT_NAMES], device=faces.device)
    shares = weights.new_zeros(len(weights), len(names)).index_add(1, owner, weights)
    return names, shares[faces].sum(dim=1).argmax(dim=1)
