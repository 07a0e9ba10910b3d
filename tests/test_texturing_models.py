"""Image models paint what no picture shows, and sharpen front and back; what is known stays."""

from dataclasses import replace

import torch
from painters import parts
from solids import ball
from test_texturing import S, ana, maps_of, sight_of  # noqa: F401

from avatarkit import diffusion, texturing
from avatarkit.diffusion import recoloured
from avatarkit.surface import Surface
from avatarkit.texturing.generating import imagined, refined
from avatarkit.texturing.sights import GENERATED, REFINED

BLUE = torch.tensor([0.1, 0.1, 0.9])


def test_what_is_seen_is_kept_and_the_rest_is_painted():
    mesh = ball(1.0)
    green = torch.tensor([0.1, 0.8, 0.1]).expand(len(mesh.vertices), 3)
    asked = []

    def paint(picture, mask, normals, depth):
        asked.append((picture, mask, normals, depth))
        return picture + mask * (BLUE[:, None, None] - picture)

    found = imagined(mesh, [sight_of(mesh, green)], Surface(mesh.vertices, mesh.faces), paint, size=64)
    assert {sight.source for sight in found} == {GENERATED} and len(found) == len(asked) == 8
    front, back = asked[0], asked[1]
    assert float(front[1][28:36, 28:36].max()) == 0 and float(back[1][28:36, 28:36].min()) == 1
    assert torch.allclose(front[0][:, 32, 32], green[0], atol=0.02)
    assert float(front[2][2, 32, 32]) > 0.95 and float(front[3][32, 32]) > 0.95 and float(front[3][0, 0]) == 0
    # the back is blue by then, so that a side view has green on one half and blue on the other, and paints little
    side = asked[2]
    assert float(side[1][20:44, 36:50].mean()) < 0.5 or float(side[1][20:44, 14:28].mean()) < 0.5
    assert torch.allclose(found[1].colours[:, 32, 32], BLUE, atol=1e-6) and float(found[0].trust[32, 32]) == 0


def test_front_and_back_are_given_to_be_sharpened():
    mesh = ball(1.0)
    found = refined(mesh, lambda camera: torch.full((64, 64, 3), 0.5), lambda picture, *_: picture + 0.25, size=64)
    assert [sight.source for sight in found] == [REFINED] * 2
    assert torch.allclose(found[1].colours[:, 32, 32], torch.tensor(0.75))


def test_pipelines_paint_a_person(ana, tmp_path):  # noqa: F811
    model, person, mesh = ana
    maps = maps_of(mesh, torch.full_like(mesh.vertices, 0.5), "top")
    import diffusers

    extra = {"safety_checker": None, "feature_extractor": None, "requires_safety_checker": False}
    inpainter = diffusers.StableDiffusionInpaintPipeline(**parts(tmp_path, 9), **extra)
    sharpener = diffusers.StableDiffusionImg2ImgPipeline(**parts(tmp_path), **extra)
    for pipeline in (inpainter, sharpener):
        pipeline.set_progress_bar_config(disable=True)
    own = replace(mesh, uvs=torch.rand(len(mesh.faces), 3, 2, generator=torch.Generator().manual_seed(0)))
    found = texturing.painted(
        own, model, person, maps, size=64, atlas="keep", painter=inpainter, refiner=sharpener, words="a knight", seed=1
    )
    assert REFINED in found.source.unique().tolist()
    image = found.mesh.images["base_colour"][found.source == REFINED].float()
    assert float((image - 128).abs().mean()) > 3  # random weights paint something else than the grey that was there


def test_a_dual_model_that_has_learnt_nothing_leaves_the_colours(ana):  # noqa: F811
    model, person, mesh = ana
    maps = maps_of(mesh, torch.full_like(mesh.vertices, 0.3), "top")
    torch.manual_seed(0)
    some = torch.rand(4, 4, 64, 64) - 0.5
    dual = diffusion.begun(some, some, widths=(16, 16))
    dual.set_progress_bar_config(disable=True)
    own = replace(mesh, uvs=torch.rand(len(mesh.faces), 3, 2, generator=torch.Generator().manual_seed(0)))
    found = texturing.painted(own, model, person, maps, size=64, atlas="keep", refiner=dual, seed=1)
    there = found.source == REFINED
    assert int(there.sum()) > 100
    colours = found.mesh.images["base_colour"][there].float() / 255
    assert float((colours - 0.3).abs().median()) < 0.03


def test_recoloured_changes_nothing_outside_of_the_mask(tmp_path):
    import diffusers

    extra = {"safety_checker": None, "feature_extractor": None, "requires_safety_checker": False}
    pipeline = diffusers.StableDiffusionImg2ImgPipeline(**parts(tmp_path), **extra)
    pipeline.set_progress_bar_config(disable=True)
    picture, mask = torch.rand(3, 64, 64, generator=torch.Generator().manual_seed(0)), torch.zeros(64, 64)
    mask[:, 32:] = 1
    generator = torch.Generator().manual_seed(0)
    found = recoloured(
        pipeline, picture, mask, torch.zeros(3, 64, 64), mask, "red", strength=0.5, generator=generator,
        num_inference_steps=2,
    )  # fmt: skip
    assert torch.equal(found[..., :32], picture[..., :32]) and not torch.equal(found[..., 32:], picture[..., 32:])
