"""Dual normal diffusion through real `from_pretrained`: tiny models built here, broken and hostile folders."""

import pytest
import torch
from diffusers import DDIMScheduler, UNet2DConditionModel

from avatarkit import files
from avatarkit.diffusion import DualNormalPipeline, PatchCodec, WordEncoder


def tiny(prediction: str = "sample", photo: bool = False, latents: int = 16) -> DualNormalPipeline:
    """A dual pipeline of 64 x 64 pixels with random weights."""
    torch.manual_seed(0)
    codec, words = PatchCodec(4, 4, latents), WordEncoder(width=32, length=16)
    unet = UNet2DConditionModel(
        sample_size=16, in_channels=4 * latents + 16 * photo, out_channels=2 * latents, cross_attention_dim=32,
        block_out_channels=(32, 64), layers_per_block=1, down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"), attention_head_dim=8, norm_num_groups=8,
    )  # fmt: skip
    scheduler = DDIMScheduler(prediction_type=prediction, clip_sample=False)
    found = DualNormalPipeline(unet, codec, words, scheduler, PatchCodec(4, 4, 16) if photo else None)
    found.set_progress_bar_config(disable=True)
    return found


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def body() -> torch.Tensor:
    generator = seeded(9)
    normals = torch.randn(1, 2, 3, 64, 64, generator=generator)
    normals[:, :, 2].abs_()
    return torch.cat([normals / normals.norm(dim=2, keepdim=True), torch.ones(1, 2, 1, 64, 64)], dim=2)


@pytest.mark.parametrize("prediction", ["sample", "epsilon", "v_prediction"])
@pytest.mark.parametrize("photo", [False, True])
def test_what_is_saved_is_what_is_read(tmp_path, body, prediction, photo):
    pipeline = tiny(prediction, photo)
    pipeline.save_pretrained(tmp_path / "m")
    assert not [path for path in (tmp_path / "m").rglob("*") if path.suffix in (".bin", ".pt", ".pkl")]
    again = files.read_pipeline(str(tmp_path / "m"))
    asked = {"num_inference_steps": 3, "photo": torch.rand(1, 4, 64, 64) if photo else None}
    one, other = (p(body, ["a red coat"], generator=seeded(), **asked).maps for p in (pipeline, again))
    assert torch.equal(one, other) and one.shape == (1, 2, 4, 64, 64)
