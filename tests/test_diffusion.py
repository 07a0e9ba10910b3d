"""Dual normal diffusion through real `from_pretrained`: tiny models built here, broken and hostile folders."""

import pytest
import torch
from diffusers import DDIMScheduler, UNet2DConditionModel

from avatarkit import files, normals, people
from avatarkit.appearance.mapping import mapped
from avatarkit.diffusion import DualNormalPipeline, PatchCodec, WordEncoder
from avatarkit.diffusion.dual import crisp
from avatarkit.maps import View
from avatarkit.normals.drawing import of_body


def tiny(prediction: str = "sample", photo: bool = False, latents: int = 16) -> DualNormalPipeline:
    """A dual pipeline of 64 x 64 pixels with random weights."""
    torch.manual_seed(0)
    codec, words = PatchCodec(4, 4, latents), WordEncoder(width=32, length=16).eval()
    unet = UNet2DConditionModel(
        sample_size=16, in_channels=(6 if photo else 4) * latents, out_channels=2 * latents, cross_attention_dim=32,
        block_out_channels=(32, 64), layers_per_block=1, down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"), attention_head_dim=8, norm_num_groups=8,
    )  # fmt: skip
    scheduler = DDIMScheduler(prediction_type=prediction, clip_sample=False)
    found = DualNormalPipeline(unet, codec, words, scheduler)
    found.set_progress_bar_config(disable=True)
    return found


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """In layers this small threads lose more by waiting for each other than they win."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


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
    asked = {"num_inference_steps": 3, "known": body.flip(-1) if photo else None}
    one, other = (p(body, ["a red coat"], generator=seeded(), **asked).maps for p in (pipeline, again))
    assert torch.equal(one, other) and one.shape == (1, 2, 4, 64, 64)


def test_a_guidance_of_one_is_the_conditional_prediction(body):
    pipeline = tiny()
    asked = {"num_inference_steps": 2}
    calls = []
    pipeline.unet.register_forward_hook(lambda _, given, __: calls.append(len(given[0])))
    one = pipeline(body, ["a red coat"], generator=seeded(), guidance_scale=1.0, **asked).maps
    assert calls == [1, 1]
    nearly = pipeline(body, ["a red coat"], generator=seeded(), guidance_scale=1.0 + 1e-6, **asked).maps
    assert calls[2:] == [2, 2] and torch.allclose(one, nearly, atol=1e-3)


def test_words_bodies_and_seeds_make_a_difference(body):
    pipeline = tiny()

    def drawn(shown=body, said="a red coat", seed=0):
        return pipeline(shown, [said], generator=seeded(seed), num_inference_steps=2, guidance_scale=3.0).maps

    first = drawn()
    assert torch.equal(first, drawn())
    for other in (drawn(shown=body.flip(-1)), drawn(said="blue jeans"), drawn(seed=1)):
        assert not torch.allclose(first, other, atol=1e-4)


def test_front_and_back_share_one_silhouette_of_unit_normals(body):
    maps = tiny()(body, generator=seeded(), num_inference_steps=2).maps
    assert torch.equal(maps[:, 0, 3], maps[:, 1, 3]) and bool((maps[:, :, 2] >= 0).all())
    lengths = maps[:, :, :3].norm(dim=2)
    assert bool(((lengths - 1).abs() < 1e-4)[lengths > 0].all())


@pytest.mark.parametrize("sure", [0.3, 1.0, 4.0])
def test_an_outline_is_a_pixel_wide_however_sure_a_network_is(sure):
    across = torch.arange(64) - 20.3
    cover = crisp((sure * across).sigmoid().expand(1, 8, 64))
    assert int(((cover[0, 0] > 0) & (cover[0, 0] < 1)).sum()) <= 1
    assert float(cover[0, 0].sum()) == pytest.approx(64 - 20.8, abs=0.3)
    assert float(crisp(torch.full((1, 4, 4), 0.4)).max()) == 0 and float(crisp(torch.full((1, 4, 4), 0.6)).min()) == 1


def test_clouds_that_hang_in_the_air_are_left_out():
    cover, body = torch.zeros(64, 64), torch.zeros(64, 64)
    cover[8:56, 20:44], body[10:50, 28:36] = 1.0, 1.0
    coat = cover.clone()
    cover[30:34, 2:6], cover[60, 44] = 0.7, 1.0
    assert torch.equal(of_body(cover, body), coat > 0)


def test_no_noise_drawn_anew_leaves_a_pair_nearly_as_it_was(body):
    """SDEdit at its least strength; guards latents that lose front or back."""
    pipeline = tiny(latents=64)
    pipeline.unet.forward = lambda latents, *_, **__: (latents[:, :128],)  # takes what it sees for the truth
    found = pipeline(body, start=body, strength=0.05, guidance_scale=1.0, generator=seeded()).maps
    assert (found - body).abs().mean() < 0.1
    kept = pipeline(body, start=body, strength=0.0, generator=seeded()).maps
    assert (kept[:, :, :3] - body[:, :, :3]).abs().mean() < 1e-3


def test_going_back_is_noise_of_the_right_size():
    from avatarkit.diffusion.dual import _noised_back

    scheduler, still = DDIMScheduler(), torch.full((20000,), 2.0)
    early, late = torch.tensor(100), torch.tensor(400)
    start = scheduler.add_noise(still, torch.randn(20000, generator=seeded(1)), early[None])
    found = _noised_back(scheduler, start, early, late, torch.randn(20000, generator=seeded(2)))
    kept = scheduler.alphas_cumprod[400]
    assert torch.allclose(found.mean(), 2 * kept.sqrt(), atol=0.03)
    assert torch.allclose(found.std(), (1 - kept).sqrt(), atol=0.03)


def test_the_codec_is_exact_with_all_components_and_near_with_the_first():
    generator = seeded(3)
    maps = torch.nn.functional.interpolate(torch.randn(6, 4, 8, 8, generator=generator), 32, mode="bilinear")
    exact, near = PatchCodec.fitted(maps, 4, 64), PatchCodec.fitted(maps, 4, 24)
    assert torch.allclose(exact.decode(exact.encode(maps)), maps, atol=1e-3)
    error = (near.decode(near.encode(maps)) - maps).square().mean() / maps.square().mean()
    assert 1e-6 < error < 0.02
    assert torch.equal(near.encode(torch.zeros(1, 4, 32, 32)), torch.zeros(1, 24, 8, 8))
    spread = near.encode(maps).movedim(1, 0).flatten(1).square().mean(1).sqrt()
    assert torch.allclose(spread[0], torch.tensor(1.0), atol=1e-3) and bool((spread.diff() <= 1e-4).all())


def test_words_keep_their_numbers_whatever_is_learnt_later():
    words = WordEncoder(["coat", "red"], width=32, length=4)
    assert words.numbers(["a red coat", "a red hovercraft coat coat coat", ""]).tolist() == [
        [3, 2, 0, 0], [3, 1, 2, 2], [0, 0, 0, 0]]  # fmt: skip
    assert words.encode(["red", "red coat"]).shape == (2, 4, 32)


@pytest.fixture(scope="module")
def overfitted():
    """A dual model that has seen four dressed people and nothing else; their bodies, clothed maps, captions."""
    model, bodies, clothed, said = files.read_body_model("builtin"), [], [], []
    for index in range(4):
        found = people.met(model, seed=31, index=index)
        sitter = normals.seated(model, found.person, size=64)
        views = [View(sitter.camera), View(sitter.camera, "farthest")]
        bodies.append(sitter.maps)
        clothed.append(torch.from_numpy(mapped(found.looks, found.dressed, views).normals).movedim(-1, 1))
        said.append(found.caption)
    return overfit(torch.stack(bodies), torch.stack(clothed), said), torch.stack(bodies), torch.stack(clothed), said


def overfit(bodies: torch.Tensor, clothed: torch.Tensor, said: list[str], steps: int = 300) -> DualNormalPipeline:
    pipeline = tiny(latents=64)
    everything = torch.cat([bodies, clothed]).flatten(0, 1)
    pipeline.register_modules(codec=PatchCodec.fitted(everything, 4, 64))
    with torch.no_grad():
        given, latents = pipeline.channels(bodies, bodies), pipeline.encoded(clothed, bodies)
    parameters = [*pipeline.unet.parameters(), *pipeline.words.parameters()]
    optimiser = torch.optim.AdamW(parameters, 4e-3, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, total_steps=steps)
    generator = seeded(1)
    for _ in range(steps):
        times = torch.randint(0, 1000, (4,), generator=generator)
        noisy = pipeline.scheduler.add_noise(latents, torch.randn(latents.shape, generator=generator), times)
        words = pipeline.words.encode([text if torch.rand((), generator=generator) > 0.1 else "" for text in said])
        loss = (pipeline.unet(torch.cat([noisy, given], 1), times, words).sample - latents).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    pipeline.words.eval()
    return pipeline


def degrees(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """The mean angle where both cover, of each pair (B,2,4,H,W)."""
    both = (a[:, :, 3] > 0.5) & (b[:, :, 3] > 0.5)
    angle = torch.rad2deg(torch.arccos((a[:, :, :3] * b[:, :, :3]).sum(2).clamp(-1, 1)))
    return (angle * both).sum((1, 2, 3)) / both.sum((1, 2, 3))


@pytest.mark.slow
def test_a_model_that_saw_four_people_returns_them(overfitted, tmp_path):
    pipeline, bodies, clothed, said = overfitted
    pipeline.save_pretrained(tmp_path / "m")
    again = files.read_pipeline(str(tmp_path / "m"))
    found = again(bodies, said, generator=seeded(5)).maps
    assert bool((degrees(found, clothed) < 5).all()), degrees(found, clothed)
    iou = ((found[:, 0, 3] > 0.5) & (clothed[:, 0, 3] > 0.5)).sum() / (
        (found[:, 0, 3] > 0.5) | (clothed[:, 0, 3] > 0.5)
    ).sum()
    assert iou > 0.95
    swapped = again(bodies.roll(1, 0), said, generator=seeded(5)).maps
    assert bool((degrees(swapped, clothed) > 10).all())  # another body gives another result
    front = clothed[:, 0]
    held = again(bodies, said, front=front, repeats=3, generator=seeded(6)).maps
    assert torch.equal(held[:, 0], front) and bool((degrees(held, clothed) < 5).all())
