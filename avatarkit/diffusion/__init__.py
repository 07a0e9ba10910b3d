"""Diffusion models of clothed people's normals; the only door to diffusers and transformers.

DualNormalPipeline   body normals (words, photo) → front and back normals      `dual`, `networks`, `vocabulary`
pictured             words → a picture, by any text-to-image pipeline        `picturing`
painted              words → the front alone, by any Stable Diffusion          `painting`
recoloured           a picture painted anew where a mask says, by any          `colouring`
Denoiser             such a pipeline as it is trained, `begun` with nothing learnt    `learning`
built                a checked model folder → its pipeline                     `building`
"""

from avatarkit.diffusion.building import PAINTERS, built, fetched, parts_of
from avatarkit.diffusion.colouring import recoloured
from avatarkit.diffusion.dual import DualNormalPipeline, DualNormals
from avatarkit.diffusion.learning import LATENTS, PATCH, TIMES, Denoiser, begun
from avatarkit.diffusion.memory import told_of_memory
from avatarkit.diffusion.networks import PatchCodec, WordEncoder
from avatarkit.diffusion.painting import painted
from avatarkit.diffusion.picturing import pictured
from avatarkit.diffusion.vocabulary import known_words, numbered

__all__ = ["LATENTS", "PAINTERS", "PATCH", "TIMES", "Denoiser", "DualNormalPipeline", "DualNormals", "PatchCodec",
           "WordEncoder", "begun", "built", "fetched", "known_words", "numbered", "painted", "parts_of", "pictured",
           "recoloured", "told_of_memory"]  # fmt: skip
