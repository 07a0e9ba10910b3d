"""Charts unfolded: what is turned over is turned back, whatever its rim, and what has hardly any texture gets some.

Garanzha et al. 2021, Foldover-free maps in 50 lines of code: the energy of a map with Jacobian J (texture by surface),

    sum over faces of  area (|J|^2 + det(J)^2 + 1) / chi,      chi = (det + sqrt(eps^2 + det^2)) / 2,

is finite for faces that are turned over, the more so the greater eps; minimised again and again with an eps that
follows the worst face it turns all of them upright where rims allow that, which convex ones always do.
"""

import math

import torch
from torch import Tensor

from avatarkit.kernels import compiled
from avatarkit.shapes import sizes

ROUNDS, STEPS = 100, 50
"""How often eps is set anew at most, and steps of L-BFGS each time."""
ENOUGH = 0.2
"""The texture of the worst face, of what it should have, with which all is well."""
GAIN = 0.02
"""The share of the energy that a round must gain, once nothing is turned over, for another to follow."""
SLENDEREST = 0.05
"""Faces more slender than this, height by length, are taken to be so slender."""
UNTYING = 60
"""How often a rim is smoothed where it crosses itself, at most."""
KEPT = 8
"""Steps that L-BFGS remembers."""


def unfolded(place: Tensor, points: Tensor, faces: Tensor, free: Tensor) -> Tensor:
    """(N,2) float64: places in the texture (v down) of one chart, moved where they are `free` (N) until all `faces`
    (F,3) of `points` (N,3) in space are upright and as alike them as can be."""
    sizes("N 2, N 3, F 3, N", place, points, faces, free)
    upwards = place.new_tensor([1.0, -1.0])
    x = place.double() * upwards
    energy = Energy(x, points.double()[faces], faces, free)
    before = math.inf
    for _ in range(ROUNDS):
        low = energy.worst(x)
        if low > ENOUGH:
            break
        x, found = descended(energy, x, math.sqrt(1e-12 + 0.04 * min(low, 0.0) ** 2))
        if low > 0 and before - found < GAIN * found:
            break
        before = found if low > 0 else math.inf
    return x * upwards


class Energy:
    """The energy of places (N,2; v up) and its gradient."""

    def __init__(self, place: Tensor, corners: Tensor, faces: Tensor, free: Tensor) -> None:
        a, b, c = corners.unbind(1)
        along, other = b - a, c - a
        length = along.norm(dim=1).clamp(min=1e-9)
        height = torch.linalg.cross(along, other).norm(dim=1) / length
        height = torch.maximum(height, SLENDEREST * torch.maximum(length, other.norm(dim=1)))
        area = length * height / 2
        (ux, uy), (vx, vy) = ((place[faces[:, k]] - place[faces[:, 0]]).unbind(1) for k in (1, 2))
        scale = (float((ux * vy - uy * vx).sum().abs()) / 2 / float(area.sum())) ** 0.5
        flat = torch.zeros(len(faces), 2, 2, dtype=torch.float64)
        flat[:, 0, 0], flat[:, 0, 1], flat[:, 1, 1] = length, (along * other).sum(dim=1) / length, height
        self.shape = torch.linalg.inv(flat * max(scale, 1e-9)).reshape(-1, 4).contiguous()
        self.faces, self.weight, self.free = faces.contiguous(), area / area.sum(), free[:, None].double()

    def of(self, place: Tensor, eps: float) -> tuple[float, Tensor]:
        """The energy and (N,2) its gradient."""
        slope = torch.zeros_like(place)
        at, faces, shape, weight = (v.numpy() for v in (place.contiguous(), self.faces, self.shape, self.weight))
        found = _energy(at, faces, shape, weight, eps, slope.numpy())
        return float(found), slope * self.free

    def worst(self, place: Tensor) -> float:
        """The least determinant: a face's texture, of what it should have."""
        a, b, c = place[self.faces].unbind(1)
        (x, y), (p, q) = (b - a).unbind(1), (c - a).unbind(1)
        (k, _, _, m) = self.shape.unbind(1)
        return float(((x * q - y * p) * k * m).min())


def descended(energy: Energy, x: Tensor, eps: float) -> tuple[Tensor, float]:
    """Places (N,2) of less energy, after `STEPS` of L-BFGS, and that."""
    known: list[tuple[Tensor, Tensor, float]] = []
    value, slope = energy.of(x, eps)
    for _ in range(STEPS):
        direction = _direction(slope, known)
        downhill = float((direction * slope).sum())
        if downhill <= 0:
            break
        step = 1.0
        while True:
            there, (less, turned) = x - step * direction, energy.of(x - step * direction, eps)
            if less < value - 1e-4 * step * downhill:
                break
            step /= 2
            if step < 1e-9:
                return x, value
        moved, bent = there - x, turned - slope
        curvature = float((moved * bent).sum())
        if curvature > 1e-12 * float(moved.square().sum()):
            known = [*known[1 - KEPT :], (moved, bent, curvature)]
        gained, x, value, slope = value - less, there, less, turned
        if gained < 1e-6 * value:
            break
    return x, value


def _direction(slope: Tensor, known: list[tuple[Tensor, Tensor, float]]) -> Tensor:
    """(N,2): the slope times what L-BFGS knows of the Hessian's inverse; at first a small step [Nocedal 1980]."""
    if not known:
        return 1e-3 * slope / slope.abs().max().clamp(min=1e-30)
    found, shares = slope.clone(), []
    for moved, bent, curvature in reversed(known):
        shares.append(float((moved * found).sum()) / curvature)
        found -= shares[-1] * bent
    _, bent, curvature = known[-1]
    found *= curvature / float(bent.square().sum())
    for (moved, bent, curvature), share in zip(known, reversed(shares), strict=True):
        found += moved * (share - float((bent * found).sum()) / curvature)
    return found


@compiled
def _energy(place, faces, shape, weight, eps, slope):  # type: ignore[no-untyped-def]
    total = 0.0
    for f in range(len(faces)):
        i, j, k = faces[f, 0], faces[f, 1], faces[f, 2]
        ux, uy = place[j, 0] - place[i, 0], place[j, 1] - place[i, 1]
        vx, vy = place[k, 0] - place[i, 0], place[k, 1] - place[i, 1]
        s, t, q, r = shape[f, 0], shape[f, 1], shape[f, 2], shape[f, 3]
        # J = [u v] S
        a, b = ux * s + vx * q, ux * t + vx * r
        c, d = uy * s + vy * q, uy * t + vy * r
        det = a * d - b * c
        root = math.sqrt(eps * eps + det * det)
        chi = (det + root) / 2 if det > 0 else eps * eps / (root - det) / 2
        whole = a * a + b * b + c * c + d * d + det * det + 1
        total += weight[f] * whole / chi
        # of the energy by J: h J + g cof(J)
        h = 2 * weight[f] / chi
        g = h * det - weight[f] * whole / (chi * root)
        ga, gb, gc, gd = h * a + g * d, h * b - g * c, h * c - g * b, h * d + g * a
        gux, gvx, guy, gvy = ga * s + gb * t, ga * q + gb * r, gc * s + gd * t, gc * q + gd * r
        slope[j, 0] += gux
        slope[j, 1] += guy
        slope[k, 0] += gvx
        slope[k, 1] += gvy
        slope[i, 0] -= gux + gvx
        slope[i, 1] -= guy + gvy
    return total


def crossing(ring: Tensor) -> Tensor:
    """(K,2): which sides of a closed polygon (R,2) cross each other, each by its first corner."""
    (R,) = sizes("R 2", ring)
    a, b = ring.double(), ring.double().roll(-1, 0)

    def side(p: Tensor, q: Tensor, r: Tensor) -> Tensor:
        one, other = q - p, r - p
        return one[..., 0] * other[..., 1] - one[..., 1] * other[..., 0]

    ends = side(a[:, None], b[:, None], a[None]) * side(a[:, None], b[:, None], b[None]) <= 0
    after = torch.arange(R)[None] - torch.arange(R)[:, None]
    return (ends & ends.T & (after > 1) & (after < R - 1)).nonzero()


def untied(ring: Tensor) -> Tensor:
    """A closed polygon (R,2) whose small loops are smoothed out; large ones may be left."""
    (R,) = sizes("R 2", ring)
    for _ in range(UNTYING):
        found = crossing(ring)
        if len(found) == 0:
            break
        at = (found[:, None] + torch.arange(-1, 3)[:, None]).reshape(-1) % R
        mean = (ring.roll(1, 0) + 2 * ring + ring.roll(-1, 0)) / 4
        ring = ring.index_copy(0, at, mean[at])
    return ring
