"""Diffusion models of clothed people; the only door to diffusers and transformers.

DualNormalPipeline   body normals (words, a photo) → front and back normals      `dual`, `networks`, `vocabulary`
DualLatentPipeline   the same, in the numbers of a learnt DualCodec              `dual`, `codec`
DualAlbedoPipeline   normals, known colours (words) → front and back colours     `dual`
pictured             words → a picture, by any text-to-image pipeline        `picturing`
painted              words → the front alone, by any Stable Diffusion          `painting`
recoloured           a picture painted anew where a mask says, by any          `colouring`
dual_coloured        front and back coloured by a DualAlbedoPipeline            the same
asked                what a dual pipeline says of square views in any resolution    `squares`
Denoiser             such a pipeline as it is trained, `begun` (`begun_in` a codec) with nothing learnt    `learning`
built                a checked model folder → its pipeline                     `building`
"""

from avatarkit.diffusion.building import PAINTERS, built, fetched, parts_of
from avatarkit.diffusion.codec import DualCodec
from avatarkit.diffusion.colouring import dual_coloured, recoloured
from avatarkit.diffusion.dual import Dual, DualAlbedoPipeline, DualLatentPipeline, DualNormalPipeline
from avatarkit.diffusion.learning import LATENTS, PATCH, TIMES, Denoiser, begun, begun_in
from avatarkit.diffusion.memory import told_of_memory
from avatarkit.diffusion.networks import PatchCodec, WordEncoder
from avatarkit.diffusion.painting import painted
from avatarkit.diffusion.picturing import pictured
from avatarkit.diffusion.squares import asked
from avatarkit.diffusion.vocabulary import known_words, numbered

__all__ = ["LATENTS", "PAINTERS", "PATCH", "TIMES", "Denoiser", "Dual", "DualAlbedoPipeline", "DualCodec",
           "DualLatentPipeline", "DualNormalPipeline", "PatchCodec", "WordEncoder", "asked", "begun", "begun_in",
           "built", "dual_coloured", "fetched", "known_words", "numbered", "painted", "parts_of", "pictured",
           "recoloured", "told_of_memory"]  # fmt: skip
