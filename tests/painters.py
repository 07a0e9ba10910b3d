"""Tiny pipelines of Stable Diffusion's kind with random weights, for tests."""

from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, ControlNetModel, DDIMScheduler, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer


def parts(folder: Path, in_channels: int = 4) -> dict[str, Any]:
    """Unet, autoencoder, text encoder, tokenizer and scheduler; the tokenizer's files go into `folder`."""
    torch.manual_seed(0)
    unet = UNet2DConditionModel(
        sample_size=8, in_channels=in_channels, out_channels=4, cross_attention_dim=32, block_out_channels=(32, 64),
        layers_per_block=1, down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"), attention_head_dim=8, norm_num_groups=8,
    )  # fmt: skip
    vae = AutoencoderKL(
        block_out_channels=(8, 8, 8, 8), norm_num_groups=4, down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4, latent_channels=4,
    )  # fmt: skip
    letters = [chr(code) for code in range(97, 123)]
    words = ["<|startoftext|>", "<|endoftext|>", *letters, *(letter + "</w>" for letter in letters), ",</w>", ","]
    vocabulary = {word: number for number, word in enumerate(words)}
    tokenizer = CLIPTokenizer(vocab=vocabulary, merges=[], model_max_length=16)
    text = CLIPTextConfig(
        vocab_size=len(vocabulary), hidden_size=32, intermediate_size=37, num_attention_heads=4, num_hidden_layers=2,
        max_position_embeddings=16, bos_token_id=0, eos_token_id=1, pad_token_id=1,
    )  # fmt: skip
    scheduler = DDIMScheduler(clip_sample=False, steps_offset=1)
    return {"unet": unet, "vae": vae, "text_encoder": CLIPTextModel(text), "tokenizer": tokenizer,
            "scheduler": scheduler}  # fmt: skip


def painter(kind: str, folder: Path) -> Any:
    """A `controlnet`, `pix2pix` or `depth` pipeline, or plain `text`."""
    import diffusers

    if kind == "controlnet":
        made = parts(folder)
        made["controlnet"] = ControlNetModel.from_unet(made["unet"], conditioning_embedding_out_channels=(8, 8, 8, 8))
        extra = {"safety_checker": None, "feature_extractor": None, "requires_safety_checker": False}
        return diffusers.StableDiffusionControlNetPipeline(**made, **extra)
    extra = {"safety_checker": None, "feature_extractor": None, "requires_safety_checker": False}
    if kind == "pix2pix":
        return diffusers.StableDiffusionInstructPix2PixPipeline(**parts(folder, 8), **extra)
    if kind == "text":
        return diffusers.StableDiffusionPipeline(**parts(folder), **extra)
    from transformers import DPTConfig, DPTForDepthEstimation, DPTImageProcessor

    depth = DPTConfig(hidden_size=32, num_hidden_layers=4, num_attention_heads=2, intermediate_size=32, image_size=32,
                      patch_size=16, neck_hidden_sizes=[8, 8, 8, 8], fusion_hidden_size=8,
                      backbone_out_indices=[0, 1, 2, 3], is_hybrid=False)  # fmt: skip
    return diffusers.StableDiffusionDepth2ImgPipeline(
        **parts(folder, 5), depth_estimator=DPTForDepthEstimation(depth), feature_extractor=DPTImageProcessor()
    )
