"""Depth from normals: front and back of a person integrated together (BiNI, Cao 2022; d-BiNI of ECON, Xiu 2023).

With W the depth in units of a pixel (metres times focal length; of a perspective camera focal length times log metres),
a surface whose view normal is n obeys, at every pixel,

    q dW/du = n_x        q dW/dv = -n_y        q = n_z  (perspective: n_z + n_y y - n_x x at the point (x, y, 1))

Minimised are the squares of these, forwards and backwards, where a pixel trusts the side that fits better (what is in
front does not bend what is behind it); a prior holds the low frequencies; where the silhouette ends, front and back
meet.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from avatarkit.camera import Camera
from avatarkit.shapes import sizes

STEEPEST = 0.05
"""The least |q| believed: surfaces seen more from the side have no slope that a pixel could hold."""
SHARPNESS = 2.0
"""How decidedly one side of a depth edge wins, per squared pixel (BiNI's k)."""


def integrated(
    normals: Tensor,
    mask: Tensor,
    camera: Camera,
    prior: Tensor,
    trust: Tensor,
    *,
    prior_weight: float = 1e-5,
    meeting_weight: float = 1e-3,
    rounds: int = 3,
    iterations: int = 20,
) -> Tensor:
    """Depth (L,H,W) in metres along the camera's axis, of L = 1 (nearest) or 2 (nearest, farthest) surfaces.

    `normals` (L,H,W,3) unit, in view axes (the farthest surface's look away, n_z < 0); `mask` (H,W) bool where there is
    a surface; `prior` (L,H,W) metres with its `trust` (L,H,W) 0 … 1 (0: unknown there). Outside of the mask the result
    is the prior's mean. Weights are relative to a pixel's own equations.
    """
    L, H, W = sizes("L H W 3, H W, L H W, L H W", normals, mask, prior, trust)[:3]
    if L not in (1, 2) or not bool((trust > 0).any()):
        raise ValueError(
            f"integrated: {L} surfaces, {int((trust > 0).sum())} pixels of prior; expected 1 or 2, and some"
        )
    focal = float(camera.K[0, 0])
    known = _scaled(prior, camera, focal)
    mean = (known * trust).sum() / trust.sum()
    rows, columns = mask.any(1).nonzero()[:, 0], mask.any(0).nonzero()[:, 0]
    if len(rows) == 0:
        return _metres(mean.expand(L, H, W), camera, focal)
    box = slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)
    inside = mask[box]
    slopes = _slopes(normals[(slice(None), *box)], camera, box)
    weight = prior_weight * (trust * mask)[(slice(None), *box)]
    known = known[(slice(None), *box)]
    found = _solved(
        torch.where(weight > 0, known, mean) * inside, slopes, inside, known, weight, meeting_weight, rounds, iterations
    )
    whole = mean.expand(L, H, W).clone()
    whole[(slice(None), *box)] = torch.where(inside, found, mean)
    return _metres(whole, camera, focal)


def _scaled(depth: Tensor, camera: Camera, focal: float) -> Tensor:
    return focal * (depth if camera.kind == "orthographic" else depth.clamp(min=1e-6).log())


def _metres(scaled: Tensor, camera: Camera, focal: float) -> Tensor:
    return scaled / focal if camera.kind == "orthographic" else (scaled / focal).exp()


def _slopes(normals: Tensor, camera: Camera, box: tuple[slice, slice]) -> Tensor:
    """(L,3,H,W): q and the right sides n_x, -n_y of each pixel's equations, |q| no less than STEEPEST."""
    n_x, n_y, q = normals.unbind(-1)
    if camera.kind == "perspective":
        v, u = (torch.arange(part.start, part.stop).to(normals) + 0.5 for part in box)
        K = camera.K.to(normals)
        q = q + n_y * ((v - K[1, 2]) / K[1, 1])[:, None] - n_x * (u - K[0, 2]) / K[0, 0]
    side = normals.new_tensor([1.0, -1.0][: len(normals)])[:, None, None]
    return torch.stack([side * (side * q).clamp(min=STEEPEST), n_x, -n_y], dim=1)


def _solved(
    z: Tensor, slopes: Tensor, mask: Tensor, prior: Tensor, weight: Tensor,
    meeting_weight: float, rounds: int, iterations: int,
) -> Tensor:  # fmt: skip
    """(L,H,W): iteratively reweighted least squares, from a first guess `z`."""
    q, right, down = slopes.unbind(1)
    rim = mask & (functional.max_pool2d(functional.pad(1 - mask.to(q), (1, 1, 1, 1), value=1.0)[None], 3, 1)[0] > 0)
    meet = meeting_weight * rim.to(q) * (len(q) == 2)
    signs = z.new_tensor([-0.5, 0.5][: len(z)])[:, None, None]
    held = weight * prior + 2 * signs * meet * _thickness(q).sum(0)
    across, along = mask[:, :-1] & mask[:, 1:], mask[:-1] & mask[1:]
    for _ in range(rounds):
        # how badly each pixel's own normal fits its links to the next and from the one before
        to_next_u, to_last_u = _misfits(z, q, right, across, dim=-1)
        to_next_v, to_last_v = _misfits(z, q, down, along, dim=-2)
        u, v = torch.sigmoid(SHARPNESS * (to_last_u - to_next_u)), torch.sigmoid(SHARPNESS * (to_last_v - to_next_v))
        weight_u, side_u = _links(q, right, 2 * u, across, dim=-1)
        weight_v, side_v = _links(q, down, 2 * v, along, dim=-2)
        system = Grid(weight_u, weight_v, weight, meet)
        z = conjugate_gradients(system, _pulled(side_u, side_v) + held, z, iterations)
    return z


def _thickness(q: Tensor) -> Tensor:
    """Pixels from a rim's pixel, half a pixel off the silhouette, to the silhouette's plane: on the circle whose normal
    there is this one."""
    q = q.abs()
    return (0.5 * q / (1 - (1 - q * q).clamp(min=0).sqrt()).clamp(min=1e-3)).clamp(max=15.0)


def _misfits(z: Tensor, q: Tensor, slope: Tensor, linked: Tensor, *, dim: int) -> tuple[Tensor, Tensor]:
    """Squared residuals (L,H,W) of each pixel's equation, along its link to the next pixel and from the one before."""
    n = z.shape[dim] - 1
    step = z.narrow(dim, 1, n) - z.narrow(dim, 0, n)
    pad = ((0, 1), (1, 0)) if dim == -1 else ((0, 0, 0, 1), (0, 0, 1, 0))
    found = [
        functional.pad(linked * (q.narrow(dim, k, n) * step - slope.narrow(dim, k, n)).square(), pad[k]) for k in (0, 1)
    ]
    return found[0], found[1]


def _links(q: Tensor, slope: Tensor, share: Tensor, linked: Tensor, *, dim: int) -> tuple[Tensor, Tensor]:
    """Weights and right sides of the links between neighbours: each has the equations of both its ends."""
    n = q.shape[dim] - 1
    ends = [(q.narrow(dim, k, n), slope.narrow(dim, k, n)) for k in (0, 1)]
    shares = share.narrow(dim, 0, n), 2 - share.narrow(dim, 1, n)
    weights = sum(w * a * a for w, (a, _) in zip(shares, ends, strict=True))
    sides = sum(w * a * b for w, (a, b) in zip(shares, ends, strict=True))
    return weights * linked, sides * linked


@dataclass(frozen=True, eq=False)
class Grid:
    """A symmetric linear system on L layers of pixels: springs to the pixels beside and below, to the ground, and
    between the two layers."""

    u: Tensor
    """(L,H,W-1)"""
    v: Tensor
    """(L,H-1,W)"""
    ground: Tensor
    """(L,H,W)"""
    meet: Tensor
    """(H,W)"""

    def applied(self, x: Tensor) -> Tensor:
        pulls = _pulled(self.u * (x[..., 1:] - x[..., :-1]), self.v * (x[..., 1:, :] - x[..., :-1, :]))
        return pulls + self.ground * x + self.meet * (x - x.flip(0))

    def diagonal(self) -> Tensor:
        u = functional.pad(self.u, (1, 0)) + functional.pad(self.u, (0, 1))
        v = functional.pad(self.v, (0, 0, 1, 0)) + functional.pad(self.v, (0, 0, 0, 1))
        return u + v + self.ground + self.meet

    def halved(self) -> "Grid":
        """The same system for blocks of 2 x 2 pixels that move as one, its springs between blocks half as stiff: blocks
        make steps of what is a slope."""
        H, W = self.meet.shape
        u = functional.pad(self.u, (0, W % 2 + 1, 0, H % 2))[..., 1::2]
        v = functional.pad(self.v, (0, W % 2, 0, H % 2 + 1))[..., 1::2, :]
        u, v = u[..., ::2, :] + u[..., 1::2, :], v[..., ::2] + v[..., 1::2]
        return Grid(u[..., :-1] / 2, v[..., :-1, :] / 2, _blocks(self.ground), _blocks(self.meet[None])[0])


def _blocks(x: Tensor) -> Tensor:
    """Sums over blocks of 2 x 2 pixels."""
    H, W = x.shape[-2:]
    x = functional.pad(x, (0, W % 2, 0, H % 2))
    return x[..., ::2, ::2] + x[..., 1::2, ::2] + x[..., ::2, 1::2] + x[..., 1::2, 1::2]


def _pulled(to_u: Tensor, to_v: Tensor) -> Tensor:
    """What links do to their two ends."""
    found = functional.pad(to_u, (1, 0)) - functional.pad(to_u, (0, 1))
    return found + functional.pad(to_v, (0, 0, 1, 0)) - functional.pad(to_v, (0, 0, 0, 1))


def conjugate_gradients(system: Grid, side: Tensor, z: Tensor, iterations: int) -> Tensor:
    """The solution (L,H,W) of `system` for the right side, from the guess `z`; preconditioned by a multigrid cycle."""
    levels = [system]
    while min(levels[-1].meet.shape) > 4:
        levels.append(levels[-1].halved())
    grids = [(level, 1 / level.diagonal().clamp(min=1e-9)) for level in levels]
    residual = side - system.applied(z)
    step = _cycle(grids, residual)
    direction, power = step, (residual * step).sum()
    for _ in range(iterations):
        image = system.applied(direction)
        length = power / (direction * image).sum().clamp(min=1e-20)
        z, residual = z + length * direction, residual - length * image
        step = _cycle(grids, residual)
        power, before = (residual * step).sum(), power
        direction = step + power / before.clamp(min=1e-20) * direction
    return z


def _cycle(grids: list[tuple[Grid, Tensor]], side: Tensor) -> Tensor:
    """One V-cycle for `system x = side` from x = 0: Jacobi's steps before and after what the coarser grid finds."""
    (system, inverse), *coarser = grids
    damped = 0.7 * inverse
    x = damped * side
    for _ in range(1 if coarser else 30):
        x = x + damped * (side - system.applied(x))
    if coarser:
        found = _cycle(coarser, _blocks(side - system.applied(x)))
        H, W = x.shape[-2:]
        x = x + found.repeat_interleave(2, -1).repeat_interleave(2, -2)[..., :H, :W]
        for _ in range(2):
            x = x + damped * (side - system.applied(x))
    return x
