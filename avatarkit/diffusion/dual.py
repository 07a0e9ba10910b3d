"""Front and back of a person, drawn together [Chupa, ICCV 2023, §3.2].

given     a pair of maps that says where what is
known     a pair of the kind that is drawn, as far as it is known [what is certain is regressed, what is not is drawn:
          Whang et al. 2022]; given and known are joined in channels, words come by cross-attention
latents   what the pair has that the known one has not, front and back in one tensor, so that what the denoiser moves is
          a pair that fits together, and nothing learnt draws what is known
held      RePaint [Lugmayr et al. 2022]: a front that is there is noised as far as the back is, each step
again     SDEdit: a pair that is there is noised a little, and drawn anew from that

`DualNormalPipeline`   a body's normals ─► clothed normals; known: the body, or what `regress` sees in a photo
`DualLatentPipeline`   the same, in the numbers of a codec that has learnt what clothes look like
`DualAlbedoPipeline`   clothed normals ─► colours; known: each part's colour, and a photo
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from diffusers import DDIMScheduler, DiffusionPipeline
from diffusers.utils import BaseOutput
from torch import Tensor

from avatarkit.diffusion.networks import SIDE_CHANNELS, PatchCodec, WordEncoder
from avatarkit.errors import BadData
from avatarkit.mesh import unit
from avatarkit.shapes import sizes


@dataclass
class Dual(BaseOutput):  # type: ignore[misc]
    """`maps` (B,2,4,H,W): front and back, three channels and coverage 0 … 1, the same for both."""

    maps: Tensor


class DualPipeline(DiffusionPipeline):  # type: ignore[misc]
    """`unet` takes 2 L noisy latents, those of what is given and, where it `heeds`, 2 L of what is known; it gives 2 L,
    which the scheduler reads as x0 (`sample`), noise (`epsilon`) or velocity (`v_prediction`).

    `given_codec` is for what is given, where that is of another kind than what is drawn.
    """

    _optional_components = ["given_codec"]  # noqa: RUF012, a list is what diffusers adds to
    model_cpu_offload_seq = "words->unet"

    unet: Any
    codec: PatchCodec
    words: WordEncoder
    scheduler: Any
    given_codec: PatchCodec | None
    register_modules: Any
    progress_bar: Any
    set_progress_bar_config: Any

    def __init__(
        self, unet: Any, codec: Any, words: WordEncoder, scheduler: Any, given_codec: PatchCodec | None = None
    ) -> None:
        super().__init__()
        self.register_modules(unet=unet, codec=codec, words=words, scheduler=scheduler, given_codec=given_codec)

    @property
    def side(self) -> int | None:
        """Pixels of the square maps that the model was made for."""
        size = self.unet.config.sample_size
        return size * self.codec.config.patch if isinstance(size, int) else None

    @property
    def heeds(self) -> bool:
        """Whether it is told what is known."""
        return bool(self.unet.config.in_channels == self._least + 2 * self.codec.config.latents)

    @property
    def _least(self) -> int:
        given = self.codec if self.given_codec is None else self.given_codec
        return 2 * int(self.codec.config.latents) + 2 * int(given.config.latents)

    def check(self) -> None:
        """BadData where the parts do not fit together."""
        L, unet = self.codec.config.latents, self.unet.config
        given = self.codec if self.given_codec is None else self.given_codec
        wanted = {
            "unet: in_channels": (unet.in_channels, self._least + 2 * L * self.heeds),
            "unet: out_channels": (unet.out_channels, 2 * L),
            "unet: cross_attention_dim": (unet.cross_attention_dim, self.words.config.width),
            "codec: channels": (self.codec.config.channels, SIDE_CHANNELS),
            "given_codec: channels": (given.config.channels, SIDE_CHANNELS),
            "given_codec: patch": (given.config.patch, self.codec.config.patch),
        }
        _check(wanted, self.scheduler)

    @torch.no_grad()
    def __call__(
        self,
        given: Tensor,
        prompt: Sequence[str] | Tensor | None = None,
        known: Tensor | None = None,
        *,
        num_inference_steps: int = 20,
        guidance_scale: float = 2.0,
        generator: torch.Generator | None = None,
        front: Tensor | None = None,
        start: Tensor | None = None,
        strength: float = 1.0,
        repeats: int = 1,
        noise: Tensor | None = None,
    ) -> Dual:
        """Pairs of maps for those that are `given` (B,2,4,H,W), beginning with those that are `known` (B,2,4,H,W).

        `prompt`: sentences, or their numbers as `numbered` gives them. `front` (B,4,H,W) is kept as it is, and the back
        drawn to it; each step is gone `repeats` times (RePaint). Of `start` (B,2,4,H,W) a share `strength` of the noise
        is drawn anew; of none, it is what the codec makes of it. `noise` (B,2L,h,w) is what it begins with, else drawn.
        Without words, or with a guidance of 1, only the conditional prediction is asked for.
        """
        B, H, W = sizes("B 2 4 H W", given)
        rows = self.words.encode([""] * B if prompt is None else prompt)
        known = self.begins_with(given, known)
        channels = self.channels(given, known)
        if guidance_scale != 1 and prompt is not None:  # those without words come last
            channels, rows = torch.cat([channels, channels]), torch.cat([rows, self.words.encode([""] * B)])
        scheduler = self.scheduler if front is None and repeats == 1 else _stateless(self.scheduler)
        scheduler.set_timesteps(num_inference_steps)
        gone = max(1, round(strength * num_inference_steps)) if strength > 0 else 0
        times = scheduler.timesteps[num_inference_steps - gone :]
        shape = (B, 2 * self.codec.config.latents, H // self.codec.config.patch, W // self.codec.config.patch)

        def drawn() -> Tensor:
            return torch.randn(shape, generator=generator).to(given)  # drawn on the CPU: one seed, one person anywhere

        noise = (drawn() if noise is None else noise.to(given)) * scheduler.init_noise_sigma
        latents = noise if start is None else self.encoded(start, known)
        if start is not None and gone:
            latents = scheduler.add_noise(latents, noise, times[:1])
        held = None if front is None else self._side(front, known[:, 0])
        for k, time in enumerate(self.progress_bar(times)):
            last = k + 1 == len(times)
            for repeat in range(1 if last else repeats):
                if repeat:
                    latents = _noised_back(scheduler, latents, times[k + 1], time, drawn())
                latents = _held(scheduler, latents, held, drawn(), time)
                seen = scheduler.scale_model_input(latents, time)
                predicted = self._predicted(seen, time, channels, rows, guidance_scale)
                latents = scheduler.step(predicted, time, latents, return_dict=False)[0]
        return Dual(maps=self.finished(self._worn(latents, given, known), known, front))

    def encoded(self, maps: Tensor, known: Tensor) -> Tensor:
        """(B,2 L,h,w): the front's latents, then the back's, of maps of which some is known."""
        return torch.cat([self._side(maps[:, k], known[:, k]) for k in (0, 1)], dim=1)

    def channels(self, given: Tensor, known: Tensor) -> Tensor:
        """(B,C,h,w): what the denoiser is told beside the noisy latents."""
        own = _encoded(self.codec if self.given_codec is None else self.given_codec, given)
        return torch.cat([own, _encoded(self.codec, known)], dim=1) if self.heeds else own

    def _side(self, side: Tensor, known: Tensor) -> Tensor:
        """(B,L,h,w) of a side (B,4,H,W) and what is known of it."""
        return self.codec.encode(side - known)

    def _worn(self, latents: Tensor, given: Tensor, known: Tensor) -> Tensor:
        """(B,2,4,H,W): what latents stand for."""
        return known + torch.stack([self.codec.decode(half) for half in latents.chunk(2, dim=1)], dim=1)

    def begins_with(self, given: Tensor, known: Tensor | None) -> Tensor:
        """What it begins with."""
        raise NotImplementedError

    def finished(self, maps: Tensor, known: Tensor, front: Tensor | None) -> Tensor:
        """Maps as they may be, of what was drawn."""
        raise NotImplementedError

    def _predicted(self, latents: Tensor, time: Tensor, channels: Tensor, rows: Tensor, guidance: float) -> Tensor:
        twice = latents.repeat(len(channels) // len(latents), 1, 1, 1)
        found: Tensor = self.unet(torch.cat([twice, channels], dim=1), time, rows, return_dict=False)[0]
        if len(found) == len(latents):
            return found
        conditional, blank = found.chunk(2)
        return blank + guidance * (conditional - blank)


class DualNormalPipeline(DualPipeline):
    """Body normals (and words, and what is seen in a photo) → clothed normals, unit, in view axes (x, y, z to the
    viewer). A model that does not heed what is seen begins with the body alone."""

    def begins_with(self, given: Tensor, known: Tensor | None) -> Tensor:
        return given if known is None or not self.heeds else known

    def finished(self, maps: Tensor, known: Tensor, front: Tensor | None) -> Tensor:
        cover = crisp(maps[:, :, 3].mean(dim=1))[:, None, None] if front is None else front[:, None, 3:]
        ahead = torch.cat([maps[:, :, :2], maps[:, :, 2:3].clamp(min=0)], dim=2)
        normals = unit(ahead.movedim(2, -1)).movedim(-1, 2)
        maps = torch.cat([normals * (cover > 0), cover.expand(-1, 2, -1, -1, -1)], dim=2)
        return maps if front is None else torch.stack([front, maps[:, 1]], dim=1)


class DualLatentPipeline(DualNormalPipeline):
    """Clothed normals in the numbers of a DualCodec, which draws them on the pair that is known."""

    codec: Any

    @property
    def heeds(self) -> bool:
        return True

    @property
    def _least(self) -> int:
        return 2 * int(self.codec.config.latents) + int(self.codec.told)

    def check(self) -> None:
        unet, L = self.unet.config, self.codec.config.latents
        wanted = {
            "unet: in_channels": (unet.in_channels, self._least),
            "unet: out_channels": (unet.out_channels, 2 * L),
            "unet: cross_attention_dim": (unet.cross_attention_dim, self.words.config.width),
        }
        _check(wanted, self.scheduler)

    def channels(self, given: Tensor, known: Tensor) -> Tensor:
        found: Tensor = self.codec.features(given, known)[-1]
        return found

    def _side(self, side: Tensor, known: Tensor) -> Tensor:
        found: Tensor = self.codec.encode(side, known)
        return found

    def _worn(self, latents: Tensor, given: Tensor, known: Tensor) -> Tensor:
        found = self.codec.decode(latents, self.codec.features(given, known), known)
        return torch.cat([found.normals, found.cover.sigmoid()[:, None, None].expand(-1, 2, -1, -1, -1)], dim=2)


class DualAlbedoPipeline(DualPipeline):
    """Clothed normals, and colours as far as they are known → colours, sRGB as -1 … 1, times their coverage."""

    def begins_with(self, given: Tensor, known: Tensor | None) -> Tensor:
        if known is None:
            raise ValueError("DualAlbedoPipeline: known: found None, expected (B,2,4,H,W)")
        return known

    def finished(self, maps: Tensor, known: Tensor, front: Tensor | None) -> Tensor:
        cover = known[:, :, 3:]
        maps = torch.cat([torch.minimum(torch.maximum(maps[:, :, :3], -cover), cover), cover], dim=2)
        return maps if front is None else torch.stack([front, maps[:, 1]], dim=1)


def crisp(likely: Tensor) -> Tensor:
    """(B,H,W): how much of a pixel lies within the outline, where coverage (B,H,W) is likely by half: by how far that
    is, as its slope tells."""
    down, right = torch.gradient(likely, dim=(1, 2))
    away = (likely - 0.5) / torch.hypot(down, right).clamp(min=1e-3)
    return (0.5 + away).clamp(0, 1)


def _check(wanted: dict[str, tuple[Any, Any]], scheduler: Any) -> None:
    for name, (found, expected) in wanted.items():
        if found != expected:
            raise BadData(f"{name}: found {found}, expected {expected}, as the other parts have it")
    if not hasattr(scheduler, "alphas_cumprod"):
        raise BadData(f"scheduler: {type(scheduler).__name__} has no alphas_cumprod; expected DDIM's like")


def _encoded(codec: PatchCodec, maps: Tensor) -> Tensor:
    return torch.cat([codec.encode(maps[:, 0]), codec.encode(maps[:, 1])], dim=1)


def _stateless(scheduler: Any) -> Any:
    """The same noise and prediction, in steps that remember nothing, so that they may be gone back."""
    return DDIMScheduler.from_config(scheduler.config, clip_sample=False, thresholding=False)


def _held(scheduler: Any, latents: Tensor, known: Tensor | None, noise: Tensor, time: Tensor) -> Tensor:
    """The latents with the known front in them, as noisy as they are."""
    if known is None:
        return latents
    L = known.shape[1]
    return torch.cat([scheduler.add_noise(known, noise[:, :L], time[None]), latents[:, L:]], dim=1)


def _noised_back(scheduler: Any, latents: Tensor, time: Tensor, later: Tensor, noise: Tensor) -> Tensor:
    """Latents of `time` as noisy as those of the `later` (noisier) time: q(x_later | x_time)."""
    kept = scheduler.alphas_cumprod[later.cpu()] / scheduler.alphas_cumprod[time.cpu()]
    return kept.sqrt().to(latents) * latents + (1 - kept).sqrt().to(latents) * noise
