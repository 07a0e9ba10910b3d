"""Training: people stream into a buffer, the loop goes on where it was stopped, photos are spoilt and stay photos."""

import json
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from torch import nn

from avatarkit import camera as cameras
from avatarkit import diffusion, files, people, training
from avatarkit.appearance.viewpoint import viewpoint
from avatarkit.errors import BadData, UsageError
from avatarkit.maps import PARTS
from avatarkit.training import augmenting, views
from avatarkit.training.codec import CodecLesson
from avatarkit.training.colours import ColoursLesson
from avatarkit.training.feeding import Feed
from avatarkit.training.normals import NormalsLesson

SIDE = 64


@pytest.fixture(scope="module")
def model():
    return files.read_body_model("builtin")


@pytest.fixture(scope="module")
def batch(model):
    found = people.met(model, seed=31, index=0)
    return views.views(model, found, np.random.default_rng(4), side=SIDE)["views"]


def test_a_view_says_what_is_seen(batch):
    assert batch.shape == (views.VIEWS, sum(views.CHANNELS.values()), SIDE, SIDE // 2) and batch.dtype == torch.uint8
    given = views.unpacked(batch)
    inside, behind = given["cover"] > 0.9, given["body"][:, 0, 3] > 0.9
    assert 0.02 < inside.float().mean() < 0.7
    for normals, where in ((given["normals"], inside), (given["body"][:, :, :3], behind)):
        length = normals.norm(dim=2)[where[:, None].expand(-1, 2, -1, -1)]
        assert (length - 1).abs().max() < 1e-3
    ahead = given["normals"][:, :, 2][inside[:, None].expand(-1, 2, -1, -1)]
    assert (ahead > 0).float().mean() > 0.97 and ahead.min() > -0.5  # to the viewer, of a lens that is near
    assert (given["labels"][inside[:, None].expand(-1, 2, -1, -1)] > 0).float().mean() > 0.95
    assert int(given["labels"].max()) < len(PARTS)
    assert ((given["mask"][:, 0] > 0.9) == inside).float().mean() > 0.98
    agree = (given["normals"] * given["body"][:, :, :3]).sum(dim=2)[(inside & behind)[:, None].expand(-1, 2, -1, -1)]
    assert agree.mean() > 0.7  # the same person, from the same side


def test_a_wrong_body_stays_where_the_picture_shows_it(model):
    found = people.met(model, seed=31, index=1)
    person = replace(found.person, camera=viewpoint(found.looks.mesh.vertices, np.random.default_rng(0), 512))
    off, flat = [], []
    for seed in range(24):
        wrong = views.misfitted(model, person, np.random.default_rng(seed))
        joints = [model.shaped(p.betas, p.expression).posed(p.pose).joints[:22] for p in (person, wrong)]
        off.append(float((joints[0] - joints[1]).norm(dim=1).mean()))
        pixels = [cameras.project(person.camera, found)[0] for found in joints]
        flat.append(float((pixels[0].mean(dim=0) - pixels[1].mean(dim=0)).norm()))
    assert 0.015 < np.mean(off) < 0.06  # metres; those of fit-smpl, and worse
    assert np.mean(flat) < 3  # of 512 pixels


def test_a_mirror_twice_is_nothing(batch):
    given = views.unpacked(batch)
    once = augmenting.mirrored(dict(given))
    assert torch.equal(once["normals"][:, :, 0], -given["normals"].flip(-1)[:, :, 0])
    twice = augmenting.mirrored(once)
    assert all(torch.equal(twice[name], given[name]) for name in given)


def test_views_that_are_turned_and_nearer_show_the_same_surface():
    """A ball is a ball, however it is seen: its normals are told by where they are."""
    y, x = torch.meshgrid(torch.arange(SIDE) + 0.5, torch.arange(SIDE // 2) + 0.5, indexing="ij")
    right, up = (x - 13) / 9, (30 - y) / 9
    inside = (right.square() + up.square() < 1).float()
    normals = torch.stack([right, up, (1 - right.square() - up.square()).clamp(min=0).sqrt()]) * inside
    both = torch.stack([normals, normals]).expand(6, -1, -1, -1, -1)
    given = {
        "photo": torch.rand(6, 3, SIDE, SIDE // 2), "mask": inside.expand(6, 1, -1, -1), "normals": both,
        "cover": inside.expand(6, -1, -1), "labels": 3 * inside.long().expand(6, 2, -1, -1),
        "body": torch.cat([both, inside.expand(6, 2, 1, -1, -1)], dim=2),
    }  # fmt: skip
    found = augmenting.moved(given, np.random.default_rng(2))
    radii = []
    for k in range(6):
        cover = found["cover"][k]
        middle = [float((cover * axis).sum() / cover.sum()) for axis in (x, y)]
        radii.append(float((cover.sum() / torch.pi).sqrt()))
        sure = cover > 0.99
        for name in ("normals", "body"):
            wanted = torch.stack([x - middle[0], middle[1] - y]) / radii[-1]
            assert (found[name][k, 0, :2] - wanted)[:, sure].abs().mean() < 0.05
        assert set(found["labels"][k].unique().tolist()) == {0, 3} and bool((found["labels"][k, 0][sure] == 3).all())
    assert min(radii) < 9 < max(radii) and max(radii) - min(radii) > 1.5


def test_each_part_is_dyed_alike_and_skin_is_not():
    photo, labels = torch.full((3, 8, 8), 0.4), torch.zeros(8, 8, dtype=torch.int64)
    labels[:2], labels[2:5], labels[5:] = (PARTS.index(name) for name in ("skin", "top", "bottom"))
    found = augmenting.dyed(photo, labels, augmenting.dyes(np.random.default_rng(0)))
    assert torch.equal(found[:, :2], photo[:, :2])
    top, bottom = found[:, 2:5].flatten(1), found[:, 5:].flatten(1)
    assert float(top.std(dim=1).max()) < 1e-6 and float((top[:, 0] - bottom[:, 0]).abs().max()) > 0.05


def test_spoilt_photos_are_photos_still(batch):
    given = views.unpacked(batch)
    shown = [augmenting.photographed(given["photo"][0], given["mask"][0], np.random.default_rng(k)) for k in range(40)]
    for image in shown:
        assert image.shape == (4, SIDE, SIDE // 2) and 0 <= image.min() and image.max() <= 1
        assert float(image[:3].amax(dim=0)[image[3] == 0].max()) == 0  # black outside
    masks = torch.stack(shown)[:, 3]
    changed = ((masks > 0.5) != (given["mask"][0] > 0.5)).float().mean(dim=(1, 2))
    assert (changed > 0.005).float().mean() > 0.2 and changed.median() < 0.05


class Counted:
    """A sample: its views are the index of its person."""

    def __call__(self, model, found, generator):
        return {"seen": torch.full((2, 1, 4, 4), len(found.caption) % 256, dtype=torch.uint8), "turn": torch.arange(2)}


def test_the_feed_waits_for_people(model):
    feed = Feed(lambda: model, Counted(), seed=3, workers=0, room=4, reuse=2.0)
    first = feed.batch(2)
    assert first["seen"].shape == (2, 1, 4, 4) and sorted(first["turn"].tolist()) == [0, 1] and feed.came == 2
    feed.batch(2)
    assert feed.came == 2  # each was drawn twice
    feed.batch(2)
    assert feed.came == 4
    feed.batch(4)
    assert feed.came == 6 and len(feed.held) == 4  # the oldest went


class Line:
    """A lesson: y = 3 x."""

    name = "line"

    def sample(self, side):
        return side

    def network(self):
        return nn.Linear(1, 1)

    def augmented(self, batch, generator):
        return {"x": batch}

    def loss(self, network, given):
        return (network(given["x"]) - 3 * given["x"]).square().mean()

    def judged(self, network, held):
        with torch.no_grad():
            return {"off": float((network(held) - 3 * held).abs().mean())}

    def sheet(self, network, held):
        return np.zeros((2, 2, 3), np.uint8)


class Numbers:
    """A feed whose batches are those of its steps, wherever it begins."""

    def __init__(self, first):
        self.came = first

    def batch(self, count):
        self.came += 1
        return torch.randn(count, 1, generator=torch.Generator().manual_seed(self.came))


SCHEDULE = training.Schedule(120, ((0.5, 64, 8), (1.0, 128, 4)), rate=0.1, warm=5, every=1e9, bfloat16=False)


def learnt(schedule, state=None):
    def feed(sample, first):
        numbers = Numbers(0 if state is None else int(state["step"]))
        numbers.came += 0 if sample == 64 or state is not None else 60
        return numbers

    return training.trained(Line(), schedule, feed, lambda sample: torch.ones(4, 1), state=state)


def test_the_loop_learns_and_reports_the_average():
    (report,) = learnt(SCHEDULE)
    assert report.last and report.step == 120 and report.figures["off"] < 0.3
    assert report.figures["rate"] < 0.01 * SCHEDULE.rate  # slow at the end


def test_the_first_share_is_coarse_and_the_rate_warms():
    assert SCHEDULE.at(0)[:2] == (64, 8) and SCHEDULE.at(59)[:2] == (64, 8) and SCHEDULE.at(60)[:2] == (128, 4)
    assert SCHEDULE.at(0)[2] < SCHEDULE.at(4)[2] and SCHEDULE.at(119)[2] < SCHEDULE.at(60)[2]
    assert training.Schedule(10, ((1.0, 64, 2),)).at(10)[:2] == (64, 2)


def test_a_run_that_was_stopped_goes_on_as_if_it_had_not_been(tmp_path):
    (whole,) = learnt(SCHEDULE)
    state = None
    for report in learnt(replace(SCHEDULE, every=0.0)):
        state = report.state
        if report.step == 90:
            break
    files.write_training(tmp_path / "checkpoint.pt", state)
    *_, last = learnt(SCHEDULE, files.read_training(tmp_path / "checkpoint.pt"))
    for name, value in whole.network.state_dict().items():
        assert torch.allclose(value, last.network.state_dict()[name], atol=1e-6)


def test_a_broken_checkpoint_is_refused(tmp_path):
    assert files.read_training(tmp_path / "none.pt") is None
    (tmp_path / "checkpoint.pt").write_bytes(b"no checkpoint")
    with pytest.raises(BadData, match=r"checkpoint\.pt"):
        files.read_training(tmp_path / "checkpoint.pt")


@pytest.mark.slow
def test_train_trains_stops_and_goes_on(avatarkit, tmp_path):
    options = ("--size", 128, "--batch", 2, "--workers", 0, "--held", 2, "-o", tmp_path)
    first = avatarkit("train", "regress", "--steps", 2, *options)
    assert first.returncode == 0, first.stderr
    assert first.stdout.decode().strip() == str(tmp_path / "model")
    second = avatarkit("train", "regress", "--steps", 3, *options)
    assert second.returncode == 0, second.stderr
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [2, 3] and lines[1]["views"] > lines[0]["views"]
    assert files.read_regressor(tmp_path / "model").config["widths"]
    assert avatarkit("train", "gan", "-o", tmp_path).returncode == 2
    assert avatarkit("train", "regress", "--codec", tmp_path, "-o", tmp_path).returncode == 2
    assert avatarkit("train", "regress", "--size", 100, "-o", tmp_path).returncode == 2


class Few(NormalsLesson):
    """The lesson with a small network."""

    def __init__(self, prediction):
        read = partial(files.read_body_model, "builtin")
        super().__init__("few", read, files.read_regressor, prediction=prediction, widths=(16, 32), fitted=1)


def losses_of(lesson, network, given, steps, rate=2e-3):
    """The losses of so many steps on one batch."""
    losses, optimiser = [], torch.optim.AdamW(network.parameters(), lr=rate)
    for _ in range(steps):
        loss = lesson.loss(network, given)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    return losses


@pytest.mark.slow
def test_a_diffusion_model_is_learnt_written_and_draws(model, tmp_path):
    lesson = Few("sample")
    found = people.met(model, seed=31, index=2)
    held = lesson.sample(64)(model, found, np.random.default_rng(0))
    assert held["words"].shape == (views.VIEWS, 32) and int(held["words"].max()) > 1
    given = lesson.augmented(held, np.random.default_rng(1))
    network = lesson.network()
    fixed = {name: network.state_dict()[name].clone() for name in ("codec.analysis", "codec.synthesis")}
    losses = losses_of(lesson, network, given, 12)
    assert losses[-1] < 0.7 * losses[0]
    assert all(torch.equal(network.state_dict()[name], value) for name, value in fixed.items())
    figures = lesson.judged(network, held)
    assert figures["front_body"] < figures["front_words"] < 120 and 0 <= figures["iou_photo"] <= 1
    assert lesson.sheet(network, held).shape[2] == 3
    files.write_network(tmp_path / "model", network, "A small one.")
    again = files.read_pipeline(str(tmp_path / "model"))
    body = given["given"][:1]
    drawn = [
        pipeline(body, ["a red coat"], num_inference_steps=2, generator=torch.Generator().manual_seed(0)).maps
        for pipeline in (network.pipeline, again)
    ]
    assert float((drawn[0] - drawn[1]).abs().mean()) < 0.01


def test_what_is_right_has_no_error_whatever_a_network_says():
    """Sample and velocity of one clean picture are two names of one prediction."""
    torch.manual_seed(0)
    maps = torch.rand(3, 4, 64, 64) - 0.5
    for prediction in ("sample", "v_prediction"):
        network = diffusion.Denoiser(diffusion.begun(maps, widths=(16, 16), prediction=prediction))
        pair = torch.stack([maps, maps.flip(0)], dim=1)
        time, noise = torch.tensor([5, 400, 998]), torch.randn(3, 64, 8, 8)
        clean = torch.cat([network.codec.encode(side) for side in pair.unbind(1)], dim=1)
        power = network.scheduler.alphas_cumprod[time][:, None, None, None]
        right = clean if prediction == "sample" else power.sqrt() * noise - (1 - power).sqrt() * clean
        network.unet.forward = lambda *_, said=right, **__: (said,)
        bare = torch.zeros_like(pair)
        errors = network(pair, bare, bare, torch.ones(3, 32, dtype=torch.int64), time, noise)
        assert float(errors.max()) < 1e-8
        wrong = right + 0.1
        network.unet.forward = lambda *_, said=wrong, **__: (said,)
        errors = network(pair, bare, bare, torch.ones(3, 32, dtype=torch.int64), time, noise)
        assert float(errors.min()) > 0.004


def test_who_has_learnt_nothing_draws_the_body():
    torch.manual_seed(0)
    pipeline = diffusion.begun(torch.rand(6, 4, 64, 64) - 0.5, widths=(16, 16))
    body, seen = (_pair(torch.rand(1, 2, 3, 64, 64), side) for side in (1.0, 0.5))
    for shown, known in ((None, body), (seen, seen)):
        chance = torch.Generator().manual_seed(0)
        drawn = pipeline(body, ["a red coat"], shown, num_inference_steps=2, generator=chance).maps
        assert torch.allclose(drawn, known, atol=1e-5)


def _pair(normals, cover):
    normals = normals / normals.norm(dim=2, keepdim=True)
    return torch.cat([normals, torch.full_like(normals[:, :, :1], cover)], dim=2)


@pytest.mark.slow
def test_colours_are_learnt_written_and_drawn(model, tmp_path):
    lesson = ColoursLesson("few", partial(files.read_body_model, "builtin"), widths=(16, 32), fitted=1)
    found = people.met(model, seed=31, index=2)
    held = lesson.sample(128)(model, found, np.random.default_rng(0))
    assert held["albedo"].shape == (views.VIEWS, 6, 128, 64)
    given = lesson.augmented(held, np.random.default_rng(1))
    cover = given["maps"][:, :, 3] > 0.99
    off = (given["maps"] - given["known"])[:, :, :3].abs().mean(dim=2)
    assert 0.02 < float(off[cover].mean()) < 0.5 and float(off[given["maps"][:, :, 3] == 0].max()) == 0
    network = lesson.network()
    losses = losses_of(lesson, network, given, 12)
    assert losses[-1] < 0.8 * losses[0]
    figures = lesson.judged(network, held)
    assert {"front_known_words", "front_words", "back_photo"} <= figures.keys()
    assert lesson.sheet(network, held).shape[2] == 3
    files.write_network(tmp_path / "model", network, "A small one.")
    again = files.read_pipeline(str(tmp_path / "model"))
    asked = {"num_inference_steps": 2, "generator": torch.Generator().manual_seed(0)}
    drawn = again(given["given"][:1], ["a red coat"], given["known"][:1], **asked).maps
    assert torch.equal(drawn[:, :, 3], given["known"][:1, :, 3]) and float(drawn.abs().max()) <= 1


@pytest.mark.slow
def test_a_codec_is_learnt_and_normals_are_drawn_in_its_numbers(model, tmp_path):
    read = partial(files.read_body_model, "builtin")
    lesson = CodecLesson(read, files.read_regressor)
    with pytest.raises(UsageError, match="views of 256"):
        lesson.sample(512)
    found = people.met(model, seed=31, index=2)
    held = lesson.sample(256)(model, found, np.random.default_rng(0))
    network = lesson.network()
    given = lesson.augmented(held, np.random.default_rng(1))
    assert torch.equal(network.eye.state_dict()["parts.weight"], files.read_regressor().state_dict()["parts.weight"])
    losses = losses_of(lesson, network, given, 6, rate=1e-3)
    assert losses[-1] < losses[0]
    assert {"front_again", "iou", "miou"} <= lesson.judged(network, held).keys()
    assert lesson.sheet(network, held).shape[2] == 3
    files.write_network(tmp_path / "codec", network, "A small one.")
    normals = NormalsLesson("few", read, files.read_regressor, partial(files.read_codec, tmp_path / "codec"))
    denoiser = normals.network()
    given = normals.augmented(held, np.random.default_rng(1))
    assert len(given["noise"]) == 4 * len(held["views"])
    float(normals.loss(denoiser, given).detach())
    assert not any(parameter.requires_grad for parameter in denoiser.codec.parameters())
    files.write_network(tmp_path / "model", denoiser, "A small one.")
    again = files.read_dual(str(tmp_path / "model"))
    assert isinstance(again, diffusion.DualLatentPipeline) and again.side == 256
    asked = {"num_inference_steps": 2, "generator": torch.Generator().manual_seed(0)}
    front = given["maps"][:1, 0]
    drawn = again(given["given"][:1], ["a red coat"], front=front, **asked).maps
    assert drawn.shape == given["maps"][:1].shape and torch.equal(drawn[:, 0], front)


def test_numbers_of_a_cell_are_even_and_tell_of_clothes():
    torch.manual_seed(0)
    codec = diffusion.DualCodec(latents=4, widths=(8, 8, 16, 16))
    side, known = torch.rand(2, 4, 64, 32), torch.rand(2, 4, 64, 32)
    found = codec.encode(side, known)
    assert found.shape == (2, 4, 2, 1)
    assert torch.allclose(found.square().mean(dim=1), torch.ones(2, 2, 1), atol=1e-3)
    assert not torch.allclose(found, codec.encode(side.flip(0), known))
