"""Front and back normals of a clothed person, drawn together [Chupa, ICCV 2023, §3.2].

latents   what a clothed pair has that the body's has not, front and back in one tensor, so that what the denoiser moves
          is a pair that fits together, and nothing learnt draws the body
given     the body's own pair, and a photo where the model takes one, joined in channels; words by cross-attention
held      RePaint [Lugmayr et al. 2022]: a front that is known is noised as far as the back is, each step
again     SDEdit: a pair that is there is noised a little, and drawn anew from that
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
class DualNormals(BaseOutput):  # type: ignore[misc]
    """`maps` (B,2,4,H,W): front and back, each a unit normal in view axes (x, y, z to the viewer) and coverage 0 … 1,
    the same for both."""

    maps: Tensor


class DualNormalPipeline(DiffusionPipeline):  # type: ignore[misc]
    """Body normals (and words, and a photo) → clothed normals, front and back.

    `unet` takes 2 L noisy latents, 2 L of the body and, with a `photo_codec`, the photo's; it gives 2 L, which the
    scheduler reads as x0 (`sample`), noise (`epsilon`) or velocity (`v_prediction`).
    """

    _optional_components = ["photo_codec"]  # noqa: RUF012, a list is what diffusers adds to
    model_cpu_offload_seq = "words->unet"

    unet: Any
    codec: PatchCodec
    words: WordEncoder
    scheduler: Any
    photo_codec: PatchCodec | None
    register_modules: Any
    progress_bar: Any
    set_progress_bar_config: Any

    def __init__(
        self, unet: Any, codec: PatchCodec, words: WordEncoder, scheduler: Any, photo_codec: PatchCodec | None = None
    ) -> None:
        super().__init__()
        self.register_modules(unet=unet, codec=codec, words=words, scheduler=scheduler, photo_codec=photo_codec)

    @property
    def side(self) -> int | None:
        """Pixels of the square maps that the model was made for."""
        size = self.unet.config.sample_size
        return size * self.codec.config.patch if isinstance(size, int) else None

    def check(self) -> None:
        """BadData where the parts do not fit together."""
        L, unet = self.codec.config.latents, self.unet.config
        photo = 0 if self.photo_codec is None else self.photo_codec.config.latents
        wanted = {
            "unet: in_channels": (unet.in_channels, 4 * L + photo),
            "unet: out_channels": (unet.out_channels, 2 * L),
            "unet: cross_attention_dim": (unet.cross_attention_dim, self.words.config.width),
            "codec: channels": (self.codec.config.channels, SIDE_CHANNELS),
            "photo_codec: channels": (4 if self.photo_codec is None else self.photo_codec.config.channels, 4),
        }
        for name, (found, expected) in wanted.items():
            if found != expected:
                raise BadData(f"{name}: found {found}, expected {expected}, as the other parts have it")
        if not hasattr(self.scheduler, "alphas_cumprod"):
            raise BadData(f"scheduler: {type(self.scheduler).__name__} has no alphas_cumprod; expected DDIM's like")

    @torch.no_grad()
    def __call__(
        self,
        body: Tensor,
        prompt: Sequence[str] | Tensor | None = None,
        photo: Tensor | None = None,
        *,
        num_inference_steps: int = 20,
        guidance_scale: float = 2.0,
        generator: torch.Generator | None = None,
        front: Tensor | None = None,
        start: Tensor | None = None,
        strength: float = 1.0,
        repeats: int = 1,
        noise: Tensor | None = None,
    ) -> DualNormals:
        """Clothed maps for bodies (B,2,4,H,W), which have the result's form.

        `prompt`: sentences, or their numbers as `numbered` gives them. `photo` (B,4,H,W): sRGB 0 … 1,
        black outside the mask, and that. `front` (B,4,H,W) is kept as it is, and the back drawn to it; each
        step is gone `repeats` times (RePaint). Of `start` (B,2,4,H,W) a share `strength` of the noise is drawn anew.
        `noise` (B,2L,h,w) is what it begins with, else drawn. With a guidance of 1 only the conditional prediction is
        asked for.
        """
        B, H, W = sizes("B 2 4 H W", body)
        rows = self.words.encode([""] * B if prompt is None else prompt)
        given = self._given(body, photo, rows, guidance_scale != 1)
        scheduler = self.scheduler if front is None and repeats == 1 else _stateless(self.scheduler)
        scheduler.set_timesteps(num_inference_steps)
        times = scheduler.timesteps[num_inference_steps - max(1, round(strength * num_inference_steps)) :]
        shape = (B, 2 * self.codec.config.latents, H // self.codec.config.patch, W // self.codec.config.patch)

        def drawn() -> Tensor:
            return torch.randn(shape, generator=generator).to(body)  # drawn on the CPU: one seed, one person anywhere

        bare = self._encoded(body)
        latents = (drawn() if noise is None else noise.to(body)) * scheduler.init_noise_sigma
        if start is not None:
            latents = scheduler.add_noise(self._encoded(start) - bare, latents, times[:1])
        known = None if front is None else self.codec.encode(front) - bare.chunk(2, dim=1)[0]
        for k, time in enumerate(self.progress_bar(times)):
            last = k + 1 == len(times)
            for repeat in range(1 if last else repeats):
                if repeat:
                    latents = _noised_back(scheduler, latents, times[k + 1], time, drawn())
                latents = _held(scheduler, latents, known, drawn(), time)
                predicted = self._predicted(scheduler.scale_model_input(latents, time), time, given, guidance_scale)
                latents = scheduler.step(predicted, time, latents, return_dict=False)[0]
        return DualNormals(maps=self._decoded(latents + bare, front))

    def _given(self, body: Tensor, photo: Tensor | None, rows: Tensor, guided: bool) -> tuple[Tensor, Tensor]:
        """Channels (B or 2 B,C,h,w) and rows of words for all predictions of a run; those without words come last."""
        channels = self._encoded(body)
        seen = None
        if self.photo_codec is not None:
            B, _, _, H, W = body.shape
            seen = self.photo_codec.encode(body.new_zeros(B, 4, H, W) if photo is None else photo)
        conditional = channels if seen is None else torch.cat([channels, seen], dim=1)
        if not guided:
            return conditional, rows
        blank = channels if seen is None else torch.cat([channels, torch.zeros_like(seen)], dim=1)
        return torch.cat([conditional, blank]), torch.cat([rows, self.words.encode([""] * len(rows))])

    def _predicted(self, latents: Tensor, time: Tensor, given: tuple[Tensor, Tensor], guidance: float) -> Tensor:
        channels, rows = given
        twice = latents.repeat(len(channels) // len(latents), 1, 1, 1)
        found: Tensor = self.unet(torch.cat([twice, channels], dim=1), time, rows, return_dict=False)[0]
        if len(found) == len(latents):
            return found
        conditional, blank = found.chunk(2)
        return blank + guidance * (conditional - blank)

    def _encoded(self, maps: Tensor) -> Tensor:
        """(B,2 L,h,w): the front's latents, then the back's."""
        return torch.cat([self.codec.encode(maps[:, 0]), self.codec.encode(maps[:, 1])], dim=1)

    def _decoded(self, latents: Tensor, front: Tensor | None) -> Tensor:
        maps = torch.stack([self.codec.decode(half) for half in latents.chunk(2, dim=1)], dim=1)
        cover = maps[:, :, 3:].mean(dim=1, keepdim=True).clamp(0, 1) if front is None else front[:, None, 3:]
        ahead = torch.cat([maps[:, :, :2], maps[:, :, 2:3].clamp(min=0)], dim=2)
        normals = unit(ahead.movedim(2, -1)).movedim(-1, 2)
        maps = torch.cat([normals * (cover > 0), cover.expand(-1, 2, -1, -1, -1)], dim=2)
        return maps if front is None else torch.stack([front, maps[:, 1]], dim=1)


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
