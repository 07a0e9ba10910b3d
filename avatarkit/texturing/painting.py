"""A mesh unwrapped and painted: the work of texture-uv."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from avatarkit import render
from avatarkit.atlas import Atlas, Texels, automatic, kept, of_template, padded, texels, turned_over, unwrapped
from avatarkit.body import BodyModel
from avatarkit.camera import Camera
from avatarkit.errors import BadData, UsageError
from avatarkit.maps import Maps
from avatarkit.mesh import Mesh, vertex_normals
from avatarkit.person import Person
from avatarkit.places import Places
from avatarkit.progress import log
from avatarkit.relief import relief
from avatarkit.surface import Surface
from avatarkit.texturing.colouring import coloured
from avatarkit.texturing.generating import Side, imagined, pixels_of, redrawn, refined
from avatarkit.texturing.joining import joined
from avatarkit.texturing.mirroring import carried
from avatarkit.texturing.optimising import optimised
from avatarkit.texturing.sights import LABELS, SOURCE_COLOURS, Sight, of_maps, of_photo

PADDING = 8
ATLASES = ("parts", "template", "keep", "xatlas")
SHARPEN = 0.4
"""How much an image-to-image model may change what it sharpens."""


@dataclass(frozen=True, eq=False)
class Painted:
    """The mesh with UVs and images, and the source (S,S) uint8 of each texel, of sights.SOURCES."""

    mesh: Mesh
    source: Tensor


def painted(
    mesh: Mesh,
    model: BodyModel,
    person: Person,
    maps: Maps | None,
    *,
    back: Person | None = None,
    size: int = 2048,
    atlas: str = "parts",
    symmetry: bool = False,
    delight: bool = False,
    detail: Mesh | None = None,
    painter: Any = None,
    refiner: Any = None,
    words: str = "a person",
    seed: int = 0,
    optimising: bool = True,
    joining: bool = True,
) -> Painted:
    """The mesh in an atlas of `size`² texels, with its `base_colour`, and a `normal` map where `detail` is given.

    `back` is the same person from elsewhere, perhaps in another pose. `painter` and `refiner` are pipelines that paint
    what no picture shows, by `words`, and sharpen the whole. `optimising` makes it as sharp as the pictures, `joining`
    both sides of each cut look alike.
    BadData where no colour is known.
    """
    mesh = person.placed(mesh, person.mesh(model).vertices)
    chosen = laid_out(mesh, model, person, atlas)
    mesh, sheet = chosen.mesh, texels(chosen, size)
    if flipped := turned_over(chosen):
        log.warning("%d of %d triangles lie turned over in the texture, and look smeared", flipped, len(mesh.faces))
    there = (sheet.face >= 0).nonzero(as_tuple=True)
    places = Places(mesh, sheet.face[there], sheet.barycentric[there].float())
    sights = _sights(mesh, model, person, maps, back)
    generator = torch.Generator().manual_seed(seed)
    if painter is not None:
        surface, shown = Surface(mesh.vertices, mesh.faces), [s for s in sights if s.source not in (LABELS,)]
        paint = partial(_asked, painter, words, generator, 1.0)
        sights += imagined(mesh, shown, surface, paint, size=_side(painter))
    if all(sight.source == LABELS for sight in sights):
        raise BadData("body.npz: found no photo, and no albedo in normals.png: run avatarkit gen-normals first")
    colours, source = coloured(places, model, person, sights, symmetry=symmetry, delight=delight)
    if refiner is not None:
        drawn = replace(mesh, images={"base_colour": _image(colours, there, sheet)})
        sights += _refined(drawn, refiner, words, generator)
        colours, source = coloured(places, model, person, sights, symmetry=symmetry, delight=delight)
    sources = torch.zeros(size, size, dtype=torch.uint8)
    sources[there] = source
    whole = _padded(colours, there, sheet)
    if optimising:
        whole = padded(optimised(whole, sources, mesh, sights), sheet, PADDING)
    images = {"base_colour": _rounded(joined(whole, chosen, sheet) if joining else whole)}
    if detail is not None:
        images["normal"] = _image((relief(places, detail) + 1) / 2, there, sheet, empty=(0.5, 0.5, 1.0))
    return Painted(replace(mesh, images=images), sources)


def check(atlas: str) -> None:
    """Raises UsageError for an atlas that is none."""
    if atlas not in ATLASES:
        raise UsageError(f"--atlas is {atlas!r}, expected one of {', '.join(ATLASES)}")


def laid_out(mesh: Mesh, model: BodyModel, person: Person, atlas: str) -> Atlas:
    """The mesh in the atlas of that name, with normals, of which glTF's viewers need one a vertex."""
    if atlas == "parts":
        found = unwrapped(mesh, model, person)
    elif atlas == "template":
        found = of_template(mesh, model)
    else:
        found = kept(mesh) if atlas == "keep" else automatic(mesh)
    normals = vertex_normals(found.mesh.vertices, found.mesh.faces)
    up = torch.tensor([0.0, 1.0, 0.0]).expand_as(normals)
    normals = torch.where(normals.norm(dim=1, keepdim=True) < 0.5, up, normals)
    return replace(found, mesh=replace(found.mesh.having(normals=normals), images={}))


def pictured(found: Painted) -> np.ndarray:
    """(S,S,3) uint8: the source of each texel in a colour."""
    return np.array(SOURCE_COLOURS, np.uint8)[found.source.numpy()]


def _sights(mesh: Mesh, model: BodyModel, person: Person, maps: Maps | None, back: Person | None) -> list[Sight]:
    photo = of_photo(person)
    found = [] if photo is None else [photo]
    other = None if back is None else of_photo(back)
    if back is not None and other is not None:
        found.append(replace(other, vertices=carried(mesh, model, person, back)))
    return found + ([] if maps is None else of_maps(maps))


def _image(values: Tensor, there: tuple[Tensor, ...], sheet: Texels, *, empty: tuple[float, ...] = (0, 0, 0)) -> Tensor:
    """(S,S,3) uint8: values (P,3) 0 … 1 at their texels, padded."""
    return _rounded(_padded(values, there, sheet, empty=empty))


def _padded(
    values: Tensor, there: tuple[Tensor, ...], sheet: Texels, *, empty: tuple[float, ...] = (0, 0, 0)
) -> Tensor:  # fmt: skip
    image = torch.tensor(empty, dtype=torch.float32).repeat(sheet.size, sheet.size, 1)
    image[there] = values
    return padded(image, sheet, PADDING)


def _rounded(image: Tensor) -> Tensor:
    return (255 * image).round().clamp(0, 255).to(torch.uint8)


def _refined(drawn: Mesh, refiner: Any, words: str, generator: torch.Generator) -> list[Sight]:
    """Front and back of a painted mesh, sharpened: each by an image-to-image model, or both by a dual one."""
    from avatarkit import diffusion

    if isinstance(refiner, diffusion.DualAlbedoPipeline):
        asked = partial(diffusion.dual_coloured, refiner, words=words, strength=SHARPEN, generator=generator)
        return redrawn(drawn, partial(_drawn, drawn), asked, size=refiner.side or 512)
    sharpen = partial(_asked, refiner, words, generator, SHARPEN)
    return refined(drawn, partial(_drawn, drawn), sharpen, size=_side(refiner))


def _drawn(mesh: Mesh, camera: Camera, surface: Side = "nearest") -> Tensor:
    """(H,W,3): the base colour as the camera sees it, without light, on grey."""
    places, where, _ = pixels_of(mesh, camera, surface=surface)
    assert mesh.uvs is not None
    uv = (mesh.uvs[places.face] * places.barycentric[..., None]).sum(dim=1)
    image = torch.full((camera.size[1], camera.size[0], 3), 0.5)
    image[where] = render.texture(mesh.images["base_colour"].float() / 255, uv[None, None])[0, 0]
    return image


def _side(pipeline: Any) -> int:
    """Pixels of the square pictures that a pipeline learnt from."""
    return int(pipeline.unet.config.sample_size) * int(pipeline.vae_scale_factor)


def _asked(
    pipeline: Any, words: str, generator: torch.Generator, strength: float, picture: Tensor, mask: Tensor,
    normals: Tensor, depth: Tensor,
) -> Tensor:  # fmt: skip
    from avatarkit.diffusion import recoloured

    prompt = f"photo of {words}, full body, even light, plain background"
    return recoloured(pipeline, picture, mask, normals, depth, prompt, strength=strength, generator=generator)
