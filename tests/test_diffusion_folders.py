"""Model folders that are broken, hostile or of another kind are refused at once, with the reason; the stage says so."""

import json
import pickle
import shutil

import numpy as np
import pytest
import torch
from test_diffusion import tiny

from avatarkit import diffusion, files, fitting, provenance, record
from avatarkit.errors import BadData, InputMissing, NotInstalled, OutOfMemory, UsageError
from avatarkit.files import places
from avatarkit.maps import PARTS


def test_what_comes_with_avatarkit_is_small_and_free():
    sizes = [path.stat().st_size for path in places.WEIGHTS.rglob("*") if path.is_file()]
    assert sum(sizes) <= 60e6 and max(sizes) <= 16e6
    for folder in (places.REGRESS, places.NORMALS, places.COLOURS):
        assert "license: apache-2.0" in (folder / "README.md").read_text()
    assert isinstance(files.read_dual(), diffusion.DualLatentPipeline)
    assert isinstance(files.read_colours("builtin"), diffusion.DualAlbedoPipeline)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "dual"
    tiny().save_pretrained(folder)
    return folder


@pytest.fixture
def folder(saved, tmp_path):
    return shutil.copytree(saved, tmp_path / "dual")


def edited(path, **changes):
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


class Bomb:
    def __reduce__(self):
        return (open, ("/tmp/avatarkit-was-run", "w"))


@pytest.mark.parametrize(
    ("part", "entry"),
    [
        ("unet", ["os", "system"]), ("unet", ["my_unet", "Net"]),
        ("words", ["avatarkit.diffusion.dual", "WordEncoder"]),
        ("codec", ["diffusers", "DiffusionPipeline"]), ("scheduler", ["transformers", "pipeline"]),
    ],
)  # fmt: skip
def test_parts_of_other_classes_are_never_loaded(folder, part, entry):
    edited(folder / "model_index.json", **{part: entry})
    with pytest.raises(BadData, match=rf"{part}: its class is .*never run"):
        files.read_pipeline(str(folder))


def test_odd_parts_and_pipelines_are_refused(folder):
    edited(folder / "model_index.json", **{"../unet": ["diffusers", "UNet2DConditionModel"]})
    with pytest.raises(BadData, match=r"\.\./unet"):
        files.read_pipeline(str(folder))
    edited(folder / "model_index.json", _class_name="KandinskyPipeline")
    with pytest.raises(BadData, match="_class_name: found KandinskyPipeline"):
        files.read_pipeline(str(folder))


def test_pickled_weights_are_named_and_never_opened(folder):
    (folder / "unet/diffusion_pytorch_model.safetensors").unlink()
    (folder / "unet/diffusion_pytorch_model.bin").write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(BadData, match=r"unet: found diffusion_pytorch_model.bin, a pickle, which is never loaded"):
        files.read_pipeline(str(folder))


def test_code_in_a_part_is_refused(folder):
    (folder / "unet/diffusers.py").write_text("raise SystemExit('was run')")
    with pytest.raises(BadData, match="Python code, which is never run"):
        files.read_pipeline(str(folder))


def test_missing_and_damaged_parts_are_named(folder, tmp_path):
    weights = folder / "unet/diffusion_pytorch_model.safetensors"
    whole = weights.read_bytes()
    for content in (
        b"",
        b"\xff" * 64,
        whole[:200],
        b"not a safetensors file at all, but text",
        b"\2\0\0\0\0\0\0\00012",
    ):
        weights.write_bytes(content)
        with pytest.raises(BadData, match="unet"):
            files.read_pipeline(str(folder))
    weights.write_bytes(whole[:-100])
    with pytest.raises(BadData, match="cannot be loaded"):
        files.read_pipeline(str(folder))
    shutil.rmtree(folder / "unet")
    with pytest.raises(BadData, match="found no part unet/"):
        files.read_pipeline(str(folder))
    (folder / "model_index.json").write_text("{")
    with pytest.raises(BadData, match="JSON"):
        files.read_pipeline(str(folder))
    with pytest.raises(BadData, match=r"no model_index\.json"):
        files.read_pipeline(str(tmp_path))


def test_channels_that_do_not_fit_are_told(tmp_path):
    wrong = tiny()
    wrong.register_modules(codec=diffusion.PatchCodec(4, 4, 12))
    wrong.save_pretrained(tmp_path / "m")
    with pytest.raises(BadData, match="in_channels: found 64, expected 48"):
        files.read_pipeline(str(tmp_path / "m"))


def test_weights_that_lack_a_tensor_are_refused(folder):
    from safetensors.torch import load_file, save_file

    path = folder / "words/diffusion_pytorch_model.safetensors"
    tensors = load_file(path)
    tensors.pop("place")
    save_file(tensors, path)
    with pytest.raises(BadData, match="place"):
        files.read_pipeline(str(folder))


def test_a_name_of_the_hub_needs_its_revision_and_nothing_is_fetched_unnamed(monkeypatch, saved):
    asked = []

    def fetched(name, revision):
        asked.append((name, revision))
        return saved

    monkeypatch.setattr(diffusion, "fetched", fetched)
    for loose in ("someone/model", "someone/model@main"):
        with pytest.raises(UsageError, match="pin its revision"):
            files.read_pipeline(loose)
    with pytest.raises(InputMissing):
        files.read_pipeline("no/such/folder")
    assert not asked
    with record.keeping() as ledger:
        files.read_pipeline(f"someone/model@{'a' * 40}")
    assert asked == [("someone/model", "a" * 40)]
    assert [model.name for model in ledger.models.values()] == [f"someone/model@{'a' * 40}"]


def test_a_model_that_cannot_be_fetched_is_not_installed(monkeypatch):
    import huggingface_hub

    def offline(*_, **__):
        raise ConnectionError("no network")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", offline)
    with pytest.raises(NotInstalled, match="no network"):
        diffusion.fetched("someone/model", "a" * 40)


def test_the_licence_of_the_card_is_recorded(folder):
    (folder / "README.md").write_text("---\nlicense: cc0-1.0\n---\n# A model\n")
    with record.keeping() as ledger:
        files.read_pipeline(str(folder))
    (model,) = ledger.models.values()
    assert (model.name, model.licence, model.free) == ("dual", "CC0-1.0", True)
    assert provenance.of(ledger).source_type == "trainedAlgorithmicMedia"
    (folder / "README.md").unlink()
    with record.keeping() as ledger:
        files.read_pipeline(str(folder))
    assert not next(iter(ledger.models.values())).free  # of unknown licence: --require-commercial-ok stops at it


@pytest.mark.parametrize("error", [MemoryError(), torch.OutOfMemoryError("CUDA out of memory. Tried to allocate"),
                                   RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried")])  # fmt: skip
def test_memory_that_runs_out_says_what_to_lower(error):
    with pytest.raises(OutOfMemory, match="smaller --size"), diffusion.told_of_memory("take a smaller --size"):
        raise error


def test_the_stage_draws_with_a_model_and_refuses_a_bad_one(folder, tmp_path, avatarkit):
    person = fitting.from_words(files.read_body_model("builtin"), "a woman", seed=0)
    files.write_person(tmp_path / "body.npz", person)
    asked = ("gen-normals", tmp_path / "body.npz", "--size", 128, "--source", "diffusion", "--model")
    done = avatarkit(*asked, folder, "--wearing", "a red coat")
    assert done.returncode == 0, done.stderr.decode()
    maps = files.read_normals(tmp_path / "normals.png")
    assert (maps.normals[0, ..., 3] == maps.normals[1, ..., 3]).all()
    coat = (maps.labels[..., 0] == PARTS.index("outer")) & (
        maps.normals[..., 3] > 0.9
    )  # the tailor tells parts and colours
    red, green, blue = np.median(maps.albedo[coat][:, :3], axis=0)
    assert red > 1.5 * max(green, blue)
    assert json.loads((tmp_path / "normals.png.json").read_text())["models"][0]["licence"]
    assert avatarkit(*asked, folder, "--require-commercial-ok").returncode == 77
    (folder / "unet/x.py").write_text("")
    assert avatarkit(*asked, folder).returncode == 65
    assert avatarkit(*asked, tmp_path / "nowhere").returncode == 66
