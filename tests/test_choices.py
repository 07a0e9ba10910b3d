"""Choices held against trying all of them."""

from itertools import product

import torch

from avatarkit.choices import chosen


def least(costs, pairs, between):
    def cost(picks):
        own = sum(float(costs[i, k]) for i, k in enumerate(picks))
        return own + sum(float(between[e, picks[a], picks[b]]) for e, (a, b) in enumerate(pairs.tolist()))

    return min(product(range(costs.shape[1]), repeat=len(costs)), key=cost)


def test_a_tree_gets_its_least_cost_whichever_way_its_pairs_are_written():
    draw = torch.Generator().manual_seed(0)
    pairs = torch.tensor([[0, 1], [2, 1], [1, 5], [4, 3], [5, 4]])
    for _ in range(20):
        costs, between = torch.rand(6, 3, generator=draw), torch.rand(5, 3, 3, generator=draw)
        assert tuple(chosen(costs, pairs, between).tolist()) == least(costs, pairs, between)


def test_an_island_of_a_strip_gives_way_to_those_around_it_only_where_its_border_costs_more():
    """Of 12 nodes in a row the four in the middle would rather have choice 1."""
    costs = torch.zeros(12, 2)
    costs[:, 1], costs[4:8] = 1.0, torch.tensor([0.5, 0.0])
    pairs = torch.stack([torch.arange(11), torch.arange(1, 12)], dim=1)
    differ = torch.tensor([[0.0, 1.0], [1.0, 0.0]])
    island = [0] * 4 + [1] * 4 + [0] * 4
    assert chosen(costs, pairs, 0.9 * differ.expand(11, 2, 2)).tolist() == island
    assert chosen(costs, pairs, 1.1 * differ.expand(11, 2, 2)).tolist() == [0] * 12
