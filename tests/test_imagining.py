"""Words painted by tiny pipelines of random weights; who sees the body, what is recorded, where the picture goes."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from painters import painter

from avatarkit import diffusion, files, fitting, imagining, record
from avatarkit.errors import BadData, UsageError
from avatarkit.picture import Image
from avatarkit.stage import Reads
from avatarkit.subject import job
from stages.fit_smpl import fit_smpl
from stages.imagine import imagine


@pytest.fixture(scope="module")
def person():
    return fitting.from_words(files.read_body_model("builtin"), "a woman, waving", seed=0)


@pytest.fixture(scope="module")
def body(person):
    return imagining.posed(files.read_body_model("builtin"), person, size=64)


def quick(pipeline, *given, **asked) -> Image:
    pipeline.set_progress_bar_config(disable=True)
    return imagining.imagined(pipeline, "a red coat", *given, size=64, steps=2, **asked)


def test_words_become_a_picture_that_the_seed_repeats(tmp_path):
    plain = painter("text", tmp_path)
    one, again, other = (quick(plain, seed=seed) for seed in (0, 0, 1))
    assert one.shape == (64, 64, 3) and one.dtype == np.uint8
    assert np.array_equal(one, again) and not np.array_equal(one, other)
    with pytest.raises(BadData, match="paints over a picture"):
        quick(painter("pix2pix", tmp_path))


def test_a_controlnet_sees_the_body(tmp_path, body):
    pipeline = painter("controlnet", tmp_path)
    with pytest.raises(BadData, match="needs a body"):
        quick(pipeline)
    mirrored = SimpleNamespace(maps=body.maps.flip(-1), depth=body.depth.flip(-1))
    net = pipeline.controlnet
    for layer in (*net.controlnet_down_blocks, net.controlnet_cond_embedding.conv_out):  # new, it adds nothing
        torch.nn.init.normal_(layer.weight)
    assert not np.array_equal(quick(pipeline, body), quick(pipeline, mirrored))


class Painting:
    """A pipeline that keeps what it was asked."""

    controlnet = SimpleNamespace(config=SimpleNamespace(_name_or_path="x/Depth-net"))

    def __call__(self, prompt, width, height, num_inference_steps, output_type, generator=None, control_image=None):
        self.asked = {"prompt": prompt, "size": (width, height), "control": control_image}
        return SimpleNamespace(images=torch.full((1, 3, height, width), 0.5))


def test_each_pipeline_is_asked_in_its_own_words(body, caplog):
    plain = Painting()
    found = diffusion.pictured(plain, "a knight", (72, 70), (body.maps[0], body.depth), avoided="blur")
    assert found.shape == (3, 70, 72) and plain.asked == {"prompt": "a knight", "size": (64, 64), "control": None}
    assert "sees no body" in caplog.text

    class FluxControlNetPipeline(Painting):
        pass

    flux = FluxControlNetPipeline()
    diffusion.pictured(flux, "a knight", (64, 64), (body.maps[0], body.depth))
    control = flux.asked["control"][0]
    assert torch.allclose(control, body.depth.expand(3, -1, -1), atol=1e-5) and float(control.max()) > 0.9
    flux.controlnet = SimpleNamespace(config=SimpleNamespace(_name_or_path="x/normal"))
    diffusion.pictured(flux, "a knight", (64, 64), (body.maps[0], body.depth))
    control = flux.asked["control"][0]
    middle = body.depth.nonzero()[len(body.depth.nonzero()) // 2]
    assert float(control[2, middle[0], middle[1]]) > 0.5 and float(control[:, 0, 0].abs().max()) == 0


def test_the_stage_writes_a_picture_and_notes_the_model(tmp_path, person):
    painter("controlnet", tmp_path).save_pretrained(tmp_path / "m")
    (tmp_path / "m/README.md").write_text("---\nlicense: creativeml-openrail-m\n---\n")
    (tmp_path / "prompt.txt").write_text("a knight")
    files.write_person(tmp_path / "init.npz", person)
    out = tmp_path / "imagined.png"
    with record.keeping() as ledger:
        imagine(tmp_path / "prompt.txt", tmp_path / "init.npz", out, model=str(tmp_path / "m"), steps=1, size=64)
    assert files.read_photo(out).shape == (64, 64, 3)
    assert {"creativeml-openrail-m"} < {model.licence for model in ledger.models.values()}
    with pytest.raises(UsageError, match="save_pretrained"):
        imagine(tmp_path / "prompt.txt", None, out)


def test_fit_smpl_takes_the_picture_in_its_own_folder(tmp_path):
    """ana.png is a photo and becomes photo.png; imagined.png is a usual name, and must not."""
    folder = tmp_path / "ana"
    folder.mkdir()
    for name in ("imagined.png", "prompt.txt", "init.npz"):
        (folder / name).write_bytes(b"x")
    found = job(fit_smpl, folder / "imagined.png")
    assert found.reads["subject"] == folder / "imagined.png" and found.out == folder / "body.npz" and not found.copies
    assert found.reads["init"] == folder / "init.npz"
    elsewhere = job(fit_smpl, folder / "imagined.png", out=f"{tmp_path}/bob/")
    assert elsewhere.copies == {tmp_path / "bob/imagined.png": folder / "imagined.png"}
    painted = job(imagine, None, words="a knight", out=f"{tmp_path}/bob/")
    assert painted.out == tmp_path / "bob/imagined.png" and tmp_path / "bob/prompt.txt" in painted.copies
    assert Reads("photo.*", "imagined.png", help="").name_for(folder / "bob.png") == "photo.*"
