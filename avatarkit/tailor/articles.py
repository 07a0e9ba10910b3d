"""Things from a wardrobe folder in the place of what the tailor would make: which, and how they are worn."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from avatarkit.body.skinning import skinned
from avatarkit.mesh import Mesh
from avatarkit.outfit import HAIRSTYLES, Garment, Hair, Item, Outfit
from avatarkit.tailor.piece import PANEL, Piece
from avatarkit.wardrobe import Article, Wardrobe, base_points, fitted

if TYPE_CHECKING:
    from avatarkit.tailor.dressing import Wearer

CHANCES = {"dress": 0.5, "outer": 0.2, "top": 0.3, "bottom": 0.3, "shoes": 0.4, "hair": 0.4, "hat": 0.5}
"""How often a wardrobe's article replaces what would be worn in its slot; suits count as dresses."""
HELD_OUT_SHARE = 5
"""One article of so many, by its name, is for tests alone."""
OTHER_SEX = {"male": 1.0, "female": 0.0}


def is_held_out(article: Article) -> bool:
    return zlib.crc32(article.name.encode()) % HELD_OUT_SHARE == 0


def chosen(
    wardrobe: Wardrobe, outfit: Outfit, generator: np.random.Generator, *, sex: float, heldout: bool
) -> dict[str, Article]:
    """Slots and what of the wardrobe fills them; a hat only where the outfit has one. `sex` 0 male … 1 female."""
    found: dict[str, Article] = {}
    for slot, chance in CHANCES.items():
        wanted, which = generator.random() < chance, generator.random()
        fits = [article for article in wardrobe.of(slot) if is_held_out(article) == heldout and _suits(article, sex)]
        taken = slot in ("top", "bottom") and "dress" in found
        if wanted and fits and not taken and (slot != "hat" or outfit.hat is not None):
            found[slot] = fits[int(which * len(fits))]
    return found


def _suits(article: Article, sex: float) -> bool:
    """Names of MakeHuman's clothes may begin with whom they are for."""
    other = OTHER_SEX.get(article.name.split("_")[0])
    return other is None or abs(sex - other) > 0.5


def without(outfit: Outfit, articles: Mapping[str, Article]) -> Outfit:
    """What is left for the tailor to make."""
    suit = "dress" in articles
    return replace(
        outfit,
        top=None if suit or "top" in articles else outfit.top,
        bottom=None if suit or "bottom" in articles else outfit.bottom,
        dress=None if suit else outfit.dress,
        outer=None if "outer" in articles else outfit.outer,
        hat=None if "hat" in articles else outfit.hat,
        shoes=Item("barefoot") if "shoes" in articles else outfit.shoes,
        hair=replace(outfit.hair, style="bald") if "hair" in articles else outfit.hair,
    )


def told(outfit: Outfit, articles: Mapping[str, Article]) -> Outfit:
    """What a caption may say of the outfit: nothing of clothes that an article replaced, of hair what its name says."""
    left = replace(without(outfit, articles), shoes=outfit.shoes, hair=outfit.hair)
    if "hair" not in articles:
        return left
    words = articles["hair"].name.rstrip("0123456789").split("_")
    style = next((style for style in HAIRSTYLES if style in words), "crew cut" if "short" in words else "wavy")
    return replace(left, hair=replace(outfit.hair, style=style))


def worn(slot: str, article: Article, outfit: Outfit, wearer: Wearer) -> tuple[Piece, np.ndarray]:
    """The article on the posed body, skinned as its maker bound it, and which skin (V) bool it covers."""
    found = fitted(article, base_points(wearer.model, wearer.betas))
    vertices = skinned(found.vertices, found.lbs_weights, wearer.posed.world_from_rest)
    panels = torch.tensor([PANEL[name] for name in found.panel], dtype=torch.uint8)
    mesh = Mesh(vertices, found.faces, uvs=found.uvs)
    piece = Piece(
        slot, _made_of(slot, article, outfit), mesh, found.vertices, found.lbs_weights, panels[found.face_panel]
    )
    return piece, found.covers.numpy()


def _made_of(slot: str, article: Article, outfit: Outfit) -> Garment | Hair | Item:
    """Its colours are those of what it replaces."""
    if slot == "hair":
        return outfit.hair
    if slot in ("shoes", "hat"):
        item: Item | None = getattr(outfit, slot)
        return Item(article.name) if item is None else replace(item, kind=article.name)
    of_slot: Garment | None = getattr(outfit, slot) or outfit.top or outfit.bottom
    return Garment(article.name) if of_slot is None else replace(of_slot, kind=article.name)
