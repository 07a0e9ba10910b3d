"""A texture optimised through the renderer, until the pictures that its colours are from are what it shows [En3D].

Painting interpolates a picture at each texel, and a renderer the texels at each pixel: both together blur. So pixels of
each picture are rendered anew from the texture c + d, whose change d is found by Adam, that makes least

    sum over pixels of  trust (|shown - picture| + ALIKE (1 - SSIM))   +   SMOOTH TV(d)

Not c itself but its change varies little, so nothing is blurred; and what no picture shows follows what is beside it. A
pixel counts for the picture that its texels are from, and in details alone: layers were tuned to each other before.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, max_pool2d, pad, smooth_l1_loss

from avatarkit import camera as cameras
from avatarkit import render
from avatarkit.kernels import compiled
from avatarkit.mesh import Mesh
from avatarkit.shapes import sizes
from avatarkit.texturing.generating import pixels_of
from avatarkit.texturing.projecting import contour_distance
from avatarkit.texturing.sights import LABELS, Sight

STEPS, RATE = 15, 0.02
MOMENTS = (0.8, 0.95)
"""Of Adam: how much of the slope and of its square is remembered."""
ALIKE, SMOOTH = 0.1, 0.06
TINY, LEAST = 2 / 255, 0.02
"""Differences less than which are squared, so that L1 and TV come to rest; and slopes that are next to none."""
FINE = 2
"""Samples along a pixel's side."""
MOST = 500_000
"""Pixels of a picture; one of more is made smaller."""
FEWEST = 1000
"""Pixels of a picture that are worth looking at."""
DETAIL = 13
"""Pixels along the side of the squares over which pictures are tuned to the painting."""
WINDOW, STRIDE = 8, 4
C1, C2 = 0.01**2, 0.03**2
"""Of SSIM [Wang et al. 2004], here over squares."""


def optimised(image: Tensor, source: Tensor, mesh: Mesh, sights: Sequence[Sight]) -> Tensor:
    """The padded texture (S,S,3) of 0 … 1 of a mesh with UVs, changed where it is from one of the sights, by its
    `source` (S,S) of sights.SOURCES, so that it shows what they do."""
    sizes("S S 3, S S", image, source)
    shots = [shot for sight in sights if sight.source != LABELS for shot in Shot.of(sight, mesh, image, source)]
    if not shots:
        return image
    change, after, first, second = (torch.zeros_like(image) for _ in range(4))
    for step in range(STEPS):
        slope = _slope(image + change, shots)
        rate = RATE * (1 - step / STEPS) * math.sqrt(1 - MOMENTS[1] ** (step + 1)) / (1 - MOMENTS[0] ** (step + 1))
        arrays = [tensor.numpy() for tensor in (change, slope, first, second, after)]
        _stepped(*arrays, rate, *MOMENTS, SMOOTH, TINY, LEAST)  # type: ignore[call-arg]
        change, after = after, change
    return (image + change).clamp(0, 1)


@dataclass(frozen=True, eq=False)
class Shot:
    """What a sight shows of a texture: P of the pixels of a picture."""

    uv: Tensor
    """(P,FINE²,2): samples of each pixel"""
    where: tuple[Tensor, ...]
    """rows and columns of the pixels"""
    picture: Tensor
    """(H,W,3): what they should show"""
    trust: Tensor
    """(H,W) 0 … 1"""

    @classmethod
    def of(cls, sight: Sight, mesh: Mesh, image: Tensor, source: Tensor) -> Iterator[Shot]:
        """One of a sight, where it shows enough of what the texture (S,S,3) has from it; else none."""
        mesh = mesh if sight.vertices is None else replace(mesh, vertices=sight.vertices)
        sight = smaller(replace(sight, trust=sight.trust * contour_distance(mesh, sight)))
        W, H = sight.camera.size
        fine = cameras.resized(sight.camera, (FINE * W, FINE * H))
        places, at, _ = pixels_of(mesh, fine, surface=sight.surface)
        assert mesh.uvs is not None
        uv = torch.zeros(H * FINE, W * FINE, 2)
        uv[at] = (mesh.uvs[places.face] * places.barycentric[..., None]).sum(dim=1)
        own = torch.zeros(H * FINE, W * FINE)
        column, row = (uv[at] * len(source)).long().clamp(0, len(source) - 1).unbind(1)
        own[at] = (source[row, column] == sight.source).float()
        trust = -max_pool2d(-own[None], FINE)[0] * sight.trust
        if int((trust > 0).sum()) < FEWEST:
            return
        where = trust.nonzero(as_tuple=True)
        uv = uv.reshape(H, FINE, W, FINE, 2).transpose(1, 2).reshape(H, W, -1, 2)[where]
        shot = cls(uv, where, torch.zeros(H, W, 3), trust)
        apart = shot.shown(image) - sight.colours.movedim(0, -1)
        yield replace(shot, picture=trust.sign()[..., None] * (sight.colours.movedim(0, -1) + _low(apart, trust)))

    def shown(self, image: Tensor) -> Tensor:
        """(H,W,3): what the texture (S,S,3) shows there; 0 elsewhere."""
        samples = render.texture(image, self.uv[None], wrap="clamp")[0]
        mean = torch.stack(samples.unbind(dim=1)).mean(dim=0)
        return torch.zeros_like(self.picture).index_put(self.where, mean)


def smaller(sight: Sight) -> Sight:
    """The part of a sight's picture that is trusted, of no more than `MOST` pixels."""
    rows, columns = (sight.trust.amax(dim=k).nonzero()[:, 0] for k in (1, 0))
    if len(rows) == 0:
        return sight
    top, left = int(rows[0]), int(columns[0])
    H, W = int(rows[-1]) + 1 - top, int(columns[-1]) + 1 - left
    n = math.ceil(math.sqrt(H * W / MOST))
    right, down = -W % n, -H % n
    colours = pad(sight.colours[:, top : top + H, left : left + W], (0, right, 0, down))
    trust = pad(sight.trust[top : top + H, left : left + W], (0, right, 0, down))
    camera = cameras.cropped(sight.camera, (left, top, W + right, H + down))
    camera = cameras.resized(camera, ((W + right) // n, (H + down) // n))
    return replace(sight, camera=camera, colours=avg_pool2d(colours, n), trust=-max_pool2d(-trust[None], n)[0],
                   labels=None, mask=None)  # fmt: skip


def _slope(image: Tensor, shots: Sequence[Shot]) -> Tensor:
    """(S,S,3): the gradient of what the shots miss in the texture."""
    image = image.requires_grad_()
    missed = torch.zeros(())
    for shot in shots:
        shown = shot.shown(image)
        apart = (smooth_l1_loss(shown, shot.picture, beta=TINY, reduction="none").mean(dim=2) * shot.trust).sum()
        missed = missed + apart + ALIKE * shot.trust.sum() * (1 - _similarity(shown, shot.picture, shot.trust))
    (slope,) = torch.autograd.grad(missed, image)
    return slope


def _similarity(image: Tensor, truth: Tensor, weight: Tensor) -> Tensor:
    """() SSIM of pictures (H,W,3), over squares by how much of each has a `weight` (H,W)."""
    share = _squares(weight[..., None])
    known = share > 0.25
    share = torch.where(known, share, 1)
    x, y = _squares(image * weight[..., None]) / share, _squares(truth * weight[..., None]) / share
    xx, yy, xy = (
        _squares(a * b * weight[..., None]) / share for a, b in ((image, image), (truth, truth), (image, truth))
    )
    found = (2 * x * y + C1) * (2 * (xy - x * y) + C2) / ((x * x + y * y + C1) * (xx - x * x + yy - y * y + C2))
    share = share * known
    return (found * share).sum() / (3 * share.sum()).clamp(min=1e-6)


def _squares(image: Tensor) -> Tensor:
    return avg_pool2d(image.movedim(-1, 0), WINDOW, STRIDE)


def _low(image: Tensor, weight: Tensor) -> Tensor:
    """(H,W,3): an image's low frequencies, of where it has a `weight` (H,W)."""
    weight = weight[..., None]
    both = torch.cat([image * weight, weight], dim=-1).movedim(-1, 0)
    for _ in range(2):
        for square in ((DETAIL, 1), (1, DETAIL)):
            both = avg_pool2d(both, square, 1, (square[0] // 2, square[1] // 2))
    return (both[:3] / both[3:].clamp(min=1e-6)).movedim(0, -1)


@compiled
def _stepped(change, slope, first, second, after, rate, keep, keep_square, smooth, tiny, least):  # type: ignore[no-untyped-def]
    """`after`: the change (S,S,3) after a step of Adam, whose moments are `first` and `second`; `slope` is the loss',
    to which that of the change's total variation comes; less than `least` hardly moves."""
    S, C = change.shape[1:]
    for y in range(S):
        for x in range(S):
            for c in range(C):
                here, g = change[y, x, c], slope[y, x, c]
                if x > 0:
                    g += smooth * min(max((here - change[y, x - 1, c]) / tiny, -1.0), 1.0)
                if x < S - 1:
                    g += smooth * min(max((here - change[y, x + 1, c]) / tiny, -1.0), 1.0)
                if y > 0:
                    g += smooth * min(max((here - change[y - 1, x, c]) / tiny, -1.0), 1.0)
                if y < S - 1:
                    g += smooth * min(max((here - change[y + 1, x, c]) / tiny, -1.0), 1.0)
                if g == 0 and first[y, x, c] == 0:
                    after[y, x, c] = here
                    continue
                first[y, x, c] = keep * first[y, x, c] + (1 - keep) * g
                second[y, x, c] = keep_square * second[y, x, c] + (1 - keep_square) * g * g
                after[y, x, c] = here - rate * first[y, x, c] / (math.sqrt(second[y, x, c]) + least)
