"""The lesson of `codec`: what a person wears as a few numbers, from which front and back, outline and parts are drawn
again on the body that is known [Rombach et al., CVPR 2022: latents first, diffusion in them]."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from avatarkit import diffusion, picture
from avatarkit.body import BodyModel
from avatarkit.maps import PARTS
from avatarkit.regressor import Clothed, Regressor
from avatarkit.training.dual import WITHOUT_PHOTO, Views, tiled
from avatarkit.training.feeding import Sample, Samples
from avatarkit.training.normals import known_of, maps_of, of_codec_size, seen_views, told
from avatarkit.training.regress import confusion, mean_iou, missed, parts_of
from avatarkit.training.views import degrees, drawn, masked, unpacked

NOISE = 0.3
"""The standard deviation of noise that numbers are drawn again through, so that like numbers mean like clothes."""
JUDGED = 16


class CodecLesson:
    """What `codec` learns from; see Lesson. Its U-Net begins as that of a regressor, which knows what clothes are."""

    name, rate, coarse = "codec", 1e-3, 0.0  # a cell is as wide in every view

    def __init__(self, read_model: Callable[[], BodyModel], read_network: Callable[[], Regressor]) -> None:
        self.read_model, self.read_network = read_model, read_network

    def sample(self, side: int) -> Sample:
        return partial(told, side=of_codec_size(side), read_network=self.read_network)

    def network(self) -> Any:
        torch.manual_seed(0)
        codec = diffusion.DualCodec()
        own = codec.eye.state_dict()
        known = self.read_network().state_dict()
        codec.eye.load_state_dict(
            own | {name: value for name, value in known.items() if value.shape == own[name].shape}
        )
        return codec

    def augmented(self, batch: Samples, generator: np.random.Generator) -> Views:
        """Views seen otherwise, and what is known of each."""
        given = seen_views(batch, generator)
        photographed = torch.from_numpy(generator.uniform(size=len(given["cover"])) >= WITHOUT_PHOTO)
        return {**given, "known": known_of(given, photographed), "maps": maps_of(given)}

    def loss(self, network: torch.nn.Module, given: Views) -> Tensor:
        return missed(again(network, given["maps"], given["body"], given["known"], NOISE), given)

    def judged(self, network: torch.nn.Module, held: Samples) -> dict[str, float]:
        """Figures over the first of the held-out views, the body known: degrees where body and person are, of the bare
        body and of what is drawn again; IoU of the outline, and of the parts."""
        found: dict[str, list[float]] = {}
        counts = torch.zeros(len(PARTS), len(PARTS))
        for given, made in self._drawn(network, held, JUDGED):
            cover = given["cover"][0] > 0.5
            both = cover & (given["body"][0, 0, 3] > 0.5)
            for name, maps in (("body", given["body"][:, :, :3]), ("again", made.normals)):
                for k, side in enumerate(("front", "back")):
                    error = degrees(maps[0, k], given["normals"][0, k])[both].mean()
                    found.setdefault(f"{side}_{name}", []).append(float(error))
            drawn_there = made.cover[0] > 0
            found.setdefault("iou", []).append(float((drawn_there & cover).sum() / (drawn_there | cover).sum()))
            counts += confusion(made, given)
        return {name: float(np.mean(values)) for name, values in found.items()} | {"miou": mean_iou(counts)}

    def sheet(self, network: torch.nn.Module, held: Samples) -> np.ndarray:
        """(H,W,3) uint8, a row a person: photo, body, front and back drawn again and true, parts drawn again and
        true."""
        rows = []
        for given, made in self._drawn(network, held, JUDGED // 2):
            cover = (made.cover[0] > 0).float()
            tiles = [
                masked(given["photo"][0], given["mask"][0]),
                drawn(given["body"][0, 0, :3], given["body"][0, 0, 3]),
            ]
            for k in (0, 1):
                tiles += [drawn(made.normals[0, k], cover), drawn(given["normals"][0, k], given["cover"][0])]
            for labels in (parts_of(made)[0, 0] * cover.long(), given["labels"][0, 0]):
                tiles.append(torch.from_numpy(picture.palette(labels.numpy())[..., :3]).movedim(-1, 0))
            rows.append(tiles)
        return tiled(rows)

    def _drawn(self, network: Any, held: Samples, count: int) -> Any:
        device = next(network.parameters()).device
        for k in range(min(count, len(held["views"]))):
            given = unpacked(held["views"][k : k + 1])
            body = given["body"].to(device)
            with torch.inference_mode():
                made = again(network, maps_of(given).to(device), body, body).cpu()
            yield given, made


def again(codec: Any, maps: Tensor, given: Tensor, known: Tensor, noise: float = 0.0) -> Clothed:
    """A clothed pair as numbers, `noise` added, and as a pair again."""
    numbers = torch.cat([codec.encode(maps[:, k], known[:, k]) for k in (0, 1)], dim=1)
    if noise:
        numbers = numbers + noise * torch.randn_like(numbers)
    found: Clothed = codec.decode(numbers, codec.features(given, known), known)
    return found
