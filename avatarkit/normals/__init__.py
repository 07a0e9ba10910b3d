"""Normal maps of the clothed person that a body will be carved to: the work of gen-normals.

sitter = seated(model, person, size=512)       the body, its front camera, and the photo through it
front = given(sitter, image, …)                normals made elsewhere, as that camera would have them
tailored(sitter, words, …)                     the built-in tailor's clothes, by words, photo, outline
regressed(sitter, network, …)                  those that a network of ours sees in the photo
drawn(sitter, pipeline, words, …)              a diffusion model's, to be given to the tailor for parts and colours
coloured(sitter, maps, pipeline, words, …)     the maps in colours that a diffusion model draws
"""

from avatarkit.normals.asking import check
from avatarkit.normals.colouring import coloured
from avatarkit.normals.drawing import drawn
from avatarkit.normals.giving import given
from avatarkit.normals.regressing import regressed
from avatarkit.normals.tailoring import tailored, worn
from avatarkit.sitter import Sitter, seated

__all__ = ["Sitter", "check", "coloured", "drawn", "given", "regressed", "seated", "tailored", "worn"]
