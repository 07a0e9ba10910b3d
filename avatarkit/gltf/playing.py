"""An animation at a time: what its channels say there, and where the nodes are then."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from avatarkit.gltf.scene import Animation, Channel, Scene


def posed(scene: Scene, animation: Animation, time: float) -> Scene:
    """The scene with its nodes where the animation has them at `time`, seconds; the morphs' weights are left out."""
    nodes = list(scene.nodes)
    for channel in animation.channels:
        if channel.path != "weights":
            value: Any = {channel.path: tuple(sampled(channel, np.array([time]))[0].tolist())}
            nodes[channel.node] = replace(nodes[channel.node], matrix=None, **value)
    return replace(scene, nodes=tuple(nodes))


def sampled(channel: Channel, times: np.ndarray) -> np.ndarray:
    """(T, n) a channel's values at any times: held before, after and between STEP's keys, else on the straight line,
    for rotations on the sphere's; CUBICSPLINE's keys without its tangents."""
    values = channel.values[1::3] if channel.interpolation == "CUBICSPLINE" else channel.values
    after = np.searchsorted(channel.times, times, side="right").clip(1, max(len(values) - 1, 1))
    before, after = after - 1, np.minimum(after, len(values) - 1)
    span = np.maximum(channel.times[after] - channel.times[before], 1e-9)
    part = ((times - channel.times[before]) / span).clip(0, 1)[:, None]
    part = np.floor(part) if channel.interpolation == "STEP" else part
    start, end = values[before].astype(np.float64), values[after].astype(np.float64)
    if channel.path != "rotation":
        return start + part * (end - start)
    end *= np.where((start * end).sum(1, keepdims=True) < 0, -1, 1)
    angle = np.arccos((start * end).sum(1, keepdims=True).clip(-1, 1)).clip(1e-6)
    turned = np.sin((1 - part) * angle) * start + np.sin(part * angle) * end
    return turned / np.linalg.norm(turned, axis=1, keepdims=True)
