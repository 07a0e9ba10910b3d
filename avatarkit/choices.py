"""One of a few choices for every node of a graph, such that all of them together cost least.

Sequential tree-reweighted message passing [Kolmogorov: Convergent Tree-Reweighted Message Passing for Energy
Minimization, PAMI 2006]: nodes tell their neighbours, forwards and backwards in their order, what each choice would
cost on their side. What is found is near the least cost, and the same on any machine.
"""

from __future__ import annotations

import torch
from torch import Tensor

from avatarkit.kernels import compiled
from avatarkit.shapes import sizes

ROUNDS = 15
"""Times forwards and backwards: more change nothing that is seen."""


def chosen(costs: Tensor, pairs: Tensor, between: Tensor, *, rounds: int = ROUNDS) -> Tensor:
    """(N) int64: the choice 0 … K - 1 of each node, such that its `costs` (N,K) and those `between` the choices of
    each of the `pairs` (E,2), (E,K,K), sum up to little. A pair's first node has `between`'s rows."""
    N, _, E = sizes("N K, E 2, E K K", costs, pairs, between)
    backward = pairs[:, 0] > pairs[:, 1]
    a, b = pairs.sort(dim=1).values.unbind(1)
    between = torch.where(backward[:, None, None], between.transpose(1, 2), between)
    rows = torch.cat([a, b])
    order = torch.argsort(rows, stable=True)
    starts = torch.zeros(N + 1, dtype=torch.int64)
    starts[1:] = torch.bincount(rows, minlength=N).cumsum(0)
    scale = 1 / costs.abs().mean().clamp(min=1e-30)
    given = (starts.numpy(), torch.cat([b, a])[order].numpy(), torch.arange(E).repeat(2)[order].numpy())
    own, shared = ((x * scale).float().contiguous().numpy() for x in (costs, between))
    found = torch.zeros(N, dtype=torch.int64)
    told = torch.zeros(E, 2, costs.shape[1])
    total = torch.zeros(costs.shape[1]).numpy()
    _tell(*given, own, shared, told.numpy(), total, rounds)
    _decide(*given, own, shared, told.numpy(), total, found.numpy())
    return found


@compiled
def _tell(starts, others, edges, costs, between, told, total, rounds):  # type: ignore[no-untyped-def]
    """`told` (E,2,K): what the choices of a pair's lower (0) and higher (1) node cost on the other's side."""
    N, K = costs.shape
    for turn in range(2 * rounds):
        for step in range(N):
            i = step if turn % 2 == 0 else N - 1 - step
            higher = 0
            for k in range(K):
                total[k] = costs[i, k]
            for t in range(starts[i], starts[i + 1]):
                end = 0 if others[t] > i else 1
                higher += 1 - end
                for k in range(K):
                    total[k] += told[edges[t], end, k]
            share = 1 / max(higher, starts[i + 1] - starts[i] - higher, 1)
            for t in range(starts[i], starts[i + 1]):
                e, end = edges[t], 0 if others[t] > i else 1
                if end != turn % 2:
                    continue
                least = 1e30
                for y in range(K):
                    best = 1e30
                    for x in range(K):
                        joint = between[e, x, y] if end == 0 else between[e, y, x]
                        best = min(best, share * total[x] - told[e, end, x] + joint)
                    told[e, 1 - end, y] = best
                    least = min(least, best)
                for y in range(K):
                    told[e, 1 - end, y] -= least


@compiled
def _decide(starts, others, edges, costs, between, told, total, found):  # type: ignore[no-untyped-def]
    """Node by node, in view of what those before it have chosen."""
    N, K = costs.shape
    for i in range(N):
        for k in range(K):
            total[k] = costs[i, k]
        for t in range(starts[i], starts[i + 1]):
            e, j = edges[t], others[t]
            for k in range(K):
                total[k] += between[e, found[j], k] if j < i else told[e, 0, k]
        found[i] = total.argmin()
