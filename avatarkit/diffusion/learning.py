"""A dual pipeline that is to be trained: begun with nothing learnt, and its error at a step of the noise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from diffusers import DDIMScheduler, UNet2DConditionModel
from torch import Tensor, cat, nn, no_grad
from torch.nn.attention import SDPBackend, sdpa_kernel

from avatarkit.diffusion.codec import DualCodec
from avatarkit.diffusion.dual import DualAlbedoPipeline, DualLatentPipeline, DualNormalPipeline, DualPipeline
from avatarkit.diffusion.networks import PatchCodec, WordEncoder
from avatarkit.shapes import sizes

LATENTS, PATCH, TIMES = 32, 8, 1000
"""Channels of a side's latents, pixels along a side of what each stands for, and steps of the noise."""
LEAST_NOISE = 0.08
"""The variance of noise below which an error does not count more."""


def begun(
    worn: Tensor, given: Tensor | None = None, *, side: int = 512, widths: Sequence[int] = (64, 128, 192),
    prediction: str = "sample",
) -> DualPipeline:  # fmt: skip
    """A pipeline for maps of `side` pixels that has learnt nothing but its codecs: of what is `worn` (B,4,H,W), maps
    less what is known of them; and of what is `given` (B,4,H,W) where that is of another kind: then it draws colours,
    else normals. It begins with what is known.

    The noise grows as a cosine [Nichol and Dhariwal 2021] until nothing is left [Lin et al. 2024: zero terminal SNR];
    `prediction` is what the network says: `sample` or `v_prediction`.
    """
    codec, words, scheduler = PatchCodec.fitted(worn, PATCH, LATENTS), WordEncoder(), _scheduler(prediction)
    depth = len(widths) - 1
    unet = _unet(
        words, sample_size=side // PATCH, in_channels=6 * LATENTS, out_channels=2 * LATENTS, layers_per_block=1,
        block_out_channels=tuple(widths), down_block_types=("DownBlock2D", *("CrossAttnDownBlock2D",) * depth),
        up_block_types=(*("CrossAttnUpBlock2D",) * depth, "UpBlock2D"),
    )  # fmt: skip
    if given is None:
        return DualNormalPipeline(unet, codec, words, scheduler)
    return DualAlbedoPipeline(unet, codec, words, scheduler, PatchCodec.fitted(given, PATCH, LATENTS))


def begun_in(codec: DualCodec, *, side: int, widths: Sequence[int] = (80, 128), prediction: str = "sample"
             ) -> DualLatentPipeline:  # fmt: skip
    """A pipeline in the numbers of a codec that has learnt, for maps of `side` pixels; nothing else is learnt."""
    words, L = WordEncoder(), codec.config.latents
    unet = _unet(
        words, sample_size=side // codec.config.patch, in_channels=2 * L + codec.told, out_channels=2 * L,
        layers_per_block=2, block_out_channels=tuple(widths),
        down_block_types=("CrossAttnDownBlock2D",) * len(widths), up_block_types=("CrossAttnUpBlock2D",) * len(widths),
    )  # fmt: skip
    return DualLatentPipeline(unet, codec, words, _scheduler(prediction))


def _unet(words: WordEncoder, **shape: Any) -> UNet2DConditionModel:
    """One that says nothing yet; it hears words where it looks for them, and all of a sentence in each layer."""
    unet = UNet2DConditionModel(
        cross_attention_dim=words.config.width, norm_num_groups=8, attention_head_dim=8,
        addition_embed_type="text", addition_embed_type_num_heads=8, **shape,
    )  # fmt: skip
    for parameter in unet.conv_out.parameters():  # type: ignore[attr-defined]
        nn.init.zeros_(parameter)
    return unet


def _scheduler(prediction: str) -> DDIMScheduler:
    return DDIMScheduler(
        TIMES, beta_schedule="squaredcos_cap_v2", prediction_type=prediction, clip_sample=False,
        rescale_betas_zero_snr=True, timestep_spacing="trailing",
    )  # fmt: skip


class Denoiser(nn.Module):
    """What is learnt of a pipeline: unet and words; its codecs stay as they are."""

    def __init__(self, pipeline: DualPipeline) -> None:
        super().__init__()
        self.kind = type(pipeline)
        self.unet, self.words, self.scheduler = pipeline.unet, pipeline.words, pipeline.scheduler
        self.codec, self.given_codec = pipeline.codec, pipeline.given_codec
        for codec in (self.codec, self.given_codec):
            if codec is not None:
                codec.requires_grad_(False)

    @property
    def pipeline(self) -> DualPipeline:
        found = self.kind(self.unet, self.codec, self.words, self.scheduler, self.given_codec)
        found.set_progress_bar_config(disable=True)
        return found

    def forward(self, maps: Tensor, given: Tensor, known: Tensor, words: Tensor, time: Tensor, noise: Tensor) -> Tensor:
        """(N): the error of what is predicted of `maps` (B,2,4,H,W) that are as noisy as at `time` (N).

        Told are the pairs `given` and `known` (B,2,4,H,W), and numbers of `words` (B,T). N is a multiple of B: each
        pair is seen in several noises. Errors count for clean maps by 1 / (2 σ²), but little noise no more than
        LEAST_NOISE.
        """
        sizes("B 2 4 H W, B 2 4 H W, B 2 4 H W, B T, N, N 2L h w", maps, given, known, words, time, noise)
        pipeline, times = self.pipeline, len(time) // len(maps)
        with no_grad():
            clean, channels = pipeline.encoded(maps, known), pipeline.channels(given, known)
        clean, channels = (part.repeat(times, 1, 1, 1) for part in (clean, channels))
        noisy, rows = self.scheduler.add_noise(clean, noise, time), self.words.forward(words).repeat(times, 1, 1)
        with sdpa_kernel(SDPBackend.MATH):  # of so few places, several times as fast on CPUs as what torch would choose
            found = self.unet(cat([noisy, channels], dim=1), time, rows, return_dict=False)[0]
        power = self.scheduler.alphas_cumprod.to(noise)[time][:, None, None, None]
        if self.scheduler.config.prediction_type == "v_prediction":
            error = (found - power.sqrt() * noise + (1 - power).sqrt() * clean).square() / 2
        else:
            error = (found - clean).square() / (2 * (1 - power).clamp(min=LEAST_NOISE))
        weighed: Tensor = error.mean(dim=(1, 2, 3))
        return weighed
