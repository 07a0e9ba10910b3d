"""A photo or a sentence in, a rigged, textured 3D human out. The library: tensors in, tensors out."""

__version__ = "0.1.0"
