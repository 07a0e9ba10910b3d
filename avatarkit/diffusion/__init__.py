"""Diffusion models of clothed people; the only door to diffusers and transformers.

DualNormalPipeline   body normals (words, a photo) → front and back normals      `dual`, `networks`, `vocabulary`
DualAlbedoPipeline   normals, known colours (words) → front and back colours     the same
pictured             words → a picture, by any text-to-image pipeline        `picturing`
painted              words → the front alone, by any Stable Diffusion          `painting`
recoloured           a picture painted anew where a mask says, by any          `colouring`
dual_coloured        front and back coloured by a DualAlbedoPipeline            the same
Denoiser             such a pipeline as it is trained, `begun` with nothing learnt    `learning`
built                a checked model folder → its pipeline                     `building`
"""

from avatarkit.diffusion.building import PAINTERS, built, fetched, parts_of
from avatarkit.diffusion.colouring import dual_coloured, recoloured
from avatarkit.diffusion.dual import Dual, DualAlbedoPipeline, DualNormalPipeline
from avatarkit.diffusion.learning import LATENTS, PATCH, TIMES, Denoiser, begun
from avatarkit.diffusion.memory import told_of_memory
from avatarkit.diffusion.networks import PatchCodec, WordEncoder
from avatarkit.diffusion.painting import painted
from avatarkit.diffusion.picturing import pictured
from avatarkit.diffusion.vocabulary import known_words, numbered

__all__ = ["LATENTS", "PAINTERS", "PATCH", "TIMES", "Denoiser", "Dual", "DualAlbedoPipeline", "DualNormalPipeline",
           "PatchCodec", "WordEncoder", "begun", "built", "dual_coloured", "fetched", "known_words", "numbered",
           "painted", "parts_of", "pictured", "recoloured", "told_of_memory"]  # fmt: skip
