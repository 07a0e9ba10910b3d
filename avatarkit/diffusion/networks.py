"""The small networks beside the denoiser: maps to latents and back, words to what cross-attention reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from diffusers import ConfigMixin, ModelMixin
from diffusers.configuration_utils import register_to_config
from torch import Tensor, nn
from torch.nn.functional import pixel_shuffle, pixel_unshuffle

from avatarkit.diffusion.vocabulary import known_words, numbered
from avatarkit.shapes import sizes

SIDE_CHANNELS = 4
"""Of one side's map: the normal (x, y, z), and coverage; background is all zero, and so are its latents."""


class PatchCodec(ModelMixin, ConfigMixin):  # type: ignore[misc]
    """Maps (B,C,H,W) as latents (B,L,H/p,W/p), by a matrix a patch: exact where L = C p², else as close as `fitted`."""

    config: Any

    @register_to_config
    def __init__(self, channels: int = SIDE_CHANNELS, patch: int = 8, latents: int = 32) -> None:
        super().__init__()
        values = channels * patch * patch
        self.analysis = nn.Parameter(nn.init.orthogonal_(torch.empty(latents, values)))
        self.synthesis = nn.Parameter(self.analysis.detach().T.clone())

    @classmethod
    def fitted(cls, maps: Tensor, patch: int = 8, latents: int = 32, evenness: float = 0.4) -> PatchCodec:
        """The codec whose latents are the principal components of the patches of `maps` (B,C,H,W) about zero; the
        k-th has the standard deviation (sd_k / sd_0)^evenness, so that a denoiser sees the small ones too."""
        _, C, _, _ = sizes("B C H W", maps)
        codec = cls(C, patch, latents)
        rows = pixel_unshuffle(maps.double(), patch).movedim(1, -1).flatten(0, -2)
        variances, components = torch.linalg.eigh(rows.T @ rows / len(rows))
        basis = components.flip(1)[:, :latents]
        basis = basis * torch.sign(basis[basis.abs().argmax(dim=0), torch.arange(latents)])
        spread = variances.flip(0)[:latents].clamp(min=1e-9).sqrt()
        wanted = (spread / spread[0]) ** evenness
        codec.analysis.data = (basis * (wanted / spread)).T.float().contiguous()
        codec.synthesis.data = (basis * (spread / wanted)).float().contiguous()
        return codec

    def encode(self, maps: Tensor) -> Tensor:
        """(B,L,H/p,W/p)."""
        return torch.einsum("lv,bvhw->blhw", self.analysis, pixel_unshuffle(maps, self.config.patch))

    def decode(self, latents: Tensor) -> Tensor:
        """(B,C,H,W)."""
        return pixel_shuffle(torch.einsum("vl,blhw->bvhw", self.synthesis, latents), self.config.patch)


class WordEncoder(ModelMixin, ConfigMixin):  # type: ignore[misc]
    """Sentences as rows (B,T,D), one a known word in the order said, after one layer of attention among them.

    The vocabulary is stored with the model, so that words added to `avatarkit.words` later shift nothing.
    """

    config: Any

    @register_to_config
    def __init__(self, vocabulary: Sequence[str] = (), width: int = 128, length: int = 32, heads: int = 4) -> None:
        super().__init__()
        self.register_to_config(vocabulary=list(vocabulary or known_words()))
        self.embedding = nn.Embedding(len(self.config.vocabulary) + 2, width)
        self.place = nn.Parameter(0.02 * torch.randn(length, width))
        self.attention = nn.TransformerEncoderLayer(width, heads, 2 * width, 0.0, "gelu", batch_first=True)

    def numbers(self, sentences: Sequence[str], crops: Sequence[str] = ()) -> Tensor:
        """(B,T) int64; see `numbered`."""
        return numbered(sentences, self.config.vocabulary, self.config.length, crops)

    def forward(self, numbers: Tensor) -> Tensor:
        """(B,T,D) of word numbers (B,T)."""
        found: Tensor = self.attention(self.embedding(numbers) + self.place)
        return found

    def encode(self, sentences: Sequence[str] | Tensor) -> Tensor:
        """(B,T,D) of sentences, or of their numbers (B,T)."""
        return self.forward(
            (sentences if isinstance(sentences, Tensor) else self.numbers(sentences)).to(self.place.device)
        )
