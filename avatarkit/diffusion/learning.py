"""A DualNormalPipeline that is to be trained: begun with nothing learnt, and its error at a step of the noise."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from diffusers import DDIMScheduler, UNet2DConditionModel
from torch import Tensor, nn

from avatarkit.diffusion.dual import DualNormalPipeline
from avatarkit.diffusion.networks import PatchCodec, WordEncoder
from avatarkit.shapes import sizes

LATENTS, PATCH, TIMES = 32, 8, 1000
"""Channels of a side's latents, pixels along a side of what each stands for, and steps of the noise."""
LEAST_NOISE = 0.08
"""The variance of noise below which an error does not count more."""


def begun(
    worn: Tensor, photos: Tensor, *, widths: Sequence[int] = (64, 128, 192), prediction: str = "sample"
) -> DualNormalPipeline:
    """A pipeline that has learnt nothing but its codecs: of what is `worn`, clothed maps less the body's, and of
    `photos`, (B,4,H,W) each. It begins with the body itself.

    The noise grows as a cosine [Nichol and Dhariwal 2021] until nothing is left [Lin et al. 2024: zero terminal SNR];
    `prediction` is what the network says: `sample` or `v_prediction`.
    """
    codec, photo_codec = (PatchCodec.fitted(values, PATCH, LATENTS) for values in (worn, photos))
    words = WordEncoder()
    depth = len(widths) - 1
    unet = UNet2DConditionModel(
        sample_size=64, in_channels=5 * LATENTS, out_channels=2 * LATENTS, cross_attention_dim=words.config.width,
        block_out_channels=tuple(widths), layers_per_block=1, norm_num_groups=8, attention_head_dim=8,
        down_block_types=("DownBlock2D", *("CrossAttnDownBlock2D",) * depth),
        up_block_types=(*("CrossAttnUpBlock2D",) * depth, "UpBlock2D"),
    )  # fmt: skip
    for parameter in unet.conv_out.parameters():  # type: ignore[attr-defined]
        nn.init.zeros_(parameter)
    scheduler = DDIMScheduler(
        TIMES, beta_schedule="squaredcos_cap_v2", prediction_type=prediction, clip_sample=False,
        rescale_betas_zero_snr=True, timestep_spacing="trailing",
    )  # fmt: skip
    return DualNormalPipeline(unet, codec, words, scheduler, photo_codec)


class Denoiser(nn.Module):
    """What is learnt of a pipeline: unet and words; its codecs stay as they are."""

    def __init__(self, pipeline: DualNormalPipeline) -> None:
        super().__init__()
        assert pipeline.photo_codec is not None
        self.unet, self.words, self.scheduler = pipeline.unet, pipeline.words, pipeline.scheduler
        self.codec, self.photo_codec = pipeline.codec.requires_grad_(False), pipeline.photo_codec.requires_grad_(False)

    @property
    def pipeline(self) -> DualNormalPipeline:
        found = DualNormalPipeline(self.unet, self.codec, self.words, self.scheduler, self.photo_codec)
        found.set_progress_bar_config(disable=True)
        return found

    def forward(
        self, maps: Tensor, body: Tensor, shown: Tensor, words: Tensor, kept: tuple[Tensor, Tensor], time: Tensor,
        noise: Tensor,
    ) -> Tensor:  # fmt: skip
        """(B): the error of what is predicted of clothed `maps` (B,2,4,H,W) that are as noisy as at `time` (B).

        Given are `body` (B,2,4,H,W), the photo `shown` (B,4,H,W) and numbers of `words` (B,T), where they are `kept`
        (B bool each). Errors count for the clean maps by 1 / (2 σ²), but little noise no more than LEAST_NOISE.
        """
        sizes("B 2 4 H W, B 2 4 H W, B 4 H W, B T, B, B 2L h w", maps, body, shown, words, time, noise)
        with torch.no_grad():
            clean, given = (torch.cat([self.codec.encode(side) for side in m.unbind(1)], dim=1) for m in (maps, body))
            clean = clean - given
            seen = self.photo_codec.encode(shown) * kept[0][:, None, None, None]
        noisy = self.scheduler.add_noise(clean, noise, time)
        rows = self.words.forward(words * kept[1][:, None])
        found = self.unet(torch.cat([noisy, given, seen], dim=1), time, rows, return_dict=False)[0]
        power = self.scheduler.alphas_cumprod.to(noise)[time][:, None, None, None]
        if self.scheduler.config.prediction_type == "v_prediction":
            error = (found - power.sqrt() * noise + (1 - power).sqrt() * clean).square() / 2
        else:
            error = (found - clean).square() / (2 * (1 - power).clamp(min=LEAST_NOISE))
        weighed: Tensor = error.mean(dim=(1, 2, 3))
        return weighed
