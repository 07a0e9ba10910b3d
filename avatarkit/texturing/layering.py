"""Colours from several sources in one coat: each covers what those before it left, and is tuned to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from avatarkit.places import Places, mixed
from avatarkit.shapes import sizes
from avatarkit.texturing.sights import CONTINUED
from avatarkit.texturing.spreading import means, spread

FIRM = 30.0
"""How much more a known value counts than an edge of the mesh."""
REACH = 8.0
"""Edges over which the difference between two sources at a border dies away to the difference of the whole part."""


@dataclass(frozen=True, eq=False)
class Layer:
    """A source's colours (P,3) sRGB 0 … 1 of places, and how much of each place they cover (P) 0 … 1."""

    source: int
    colours: Tensor
    cover: Tensor


@dataclass(frozen=True, eq=False)
class Parts:
    """What a mesh's vertices are part of: `shares` (V,K) of each part, of which the largest is the label (V) int64; and
    its edges `pairs` (E,2)."""

    shares: Tensor
    pairs: Tensor

    @cached_property
    def labels(self) -> Tensor:
        return self.shares.argmax(dim=1)

    def at(self, places: Places) -> tuple[Tensor, Tensor]:
        """The label (P) of each place, and its shares (P,3) of the corners that have that label; they sum to one.

        Borders run through triangles, where the interpolated shares of two corners' parts are the same: a border along
        edges would be jagged.
        """
        own, share = self.labels[places.corners], places.barycentric
        sums = torch.stack(
            [(share * self.shares[places.corners, own[:, k : k + 1]]).sum(dim=1) for k in range(3)], dim=1
        )
        label = own.gather(1, sums.argmax(dim=1, keepdim=True))
        shares = share.clamp(min=0) * (own == label)
        return label[:, 0], shares / shares.sum(dim=1, keepdim=True).clamp(min=1e-9)


def layered(places: Places, parts: Parts, layers: Sequence[Layer]) -> tuple[Tensor, Tensor]:
    """Colours (P,3) sRGB 0 … 1 of all places, and the source (P) uint8 of most of each.

    What no layer covers is continued over the mesh inside of its own part; so nothing is left open.
    """
    P = len(places)
    _, shares = parts.at(places)
    own = Places(places.mesh, places.face, shares)
    done, left = torch.zeros(P, 3), torch.ones(P)
    source, most = torch.zeros(P, dtype=torch.uint8), torch.zeros(P)
    for layer in layers:
        colours = layer.colours
        if bool((left < 1).any()):
            colours = colours + own.of(_offsets(own, parts, done, 1 - left, layer))
        share = left * layer.cover
        done, left = done + share[:, None] * colours, left - share
        source, most = torch.where(share > most, layer.source, source), torch.maximum(share, most)
    known, weights = own.gathered(done / (1 - left).clamp(min=1e-6)[:, None], 1 - left)
    continued = spread(parts.pairs, parts.labels, known, FIRM * _firmness(own, weights))
    found = done + left[:, None] * mixed(continued, own.corners, own.barycentric)
    return found.clamp(0, 1), torch.where(left > most, CONTINUED, source)


def _offsets(own: Places, parts: Parts, done: Tensor, cover: Tensor, layer: Layer) -> Tensor:
    """(V,3): what is to be added to a layer's colours so that they meet what is there."""
    sizes("P 3, P", done, cover)
    both = cover * layer.cover
    apart = done / cover.clamp(min=1e-6)[:, None] - layer.colours
    known, weights = own.gathered(apart, both)
    firm = _firmness(own, weights)
    whole = means(parts.labels, known, weights)
    return spread(parts.pairs, parts.labels, known, FIRM * firm, screen=REACH**-2, towards=whole)


def _firmness(own: Places, weights: Tensor) -> Tensor:
    """(V) 0 … 1: how much of the places around each vertex has a weight, of the sums (V) of these."""
    _, all = own.gathered(torch.zeros(len(own), 1), torch.ones(len(own)))
    return torch.where(all > 0, weights / all.clamp(min=1e-9), 0)
