"""Clothes that a network sees: its maps agree with the sitter, its colours come from the photo, and nobody else's."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from avatarkit import appearance, files, normals, people, provenance, record, words
from avatarkit import camera as cameras
from avatarkit.errors import BadData, InputMissing, UsageError
from avatarkit.maps import PARTS
from avatarkit.normals.regressing import _coloured
from avatarkit.regressor import Clothed, Regressor


@pytest.fixture(scope="module")
def sitter() -> normals.Sitter:
    model = files.read_body_model("builtin")
    found = people.met(
        model, seed=5, index=0, prompt=words.understood("a man in a red sweater and blue trousers, A-pose")
    )
    camera = cameras.framing(found.looks.mesh.vertices, (256, 256), kind="perspective", fov=25.0)
    taken = appearance.photograph(found.looks, camera, np.random.default_rng(1))
    crop = np.concatenate([taken.image, taken.mask[..., None]], axis=-1)
    return normals.seated(model, replace(found.person, camera=camera, crop=crop), size=192)


class Masked(torch.nn.Module):
    """A network that says: the mask is a top, its normals are the body's, as sure as it is told."""

    def __init__(self, sureness):
        super().__init__()
        self.sureness = sureness

    def forward(self, shown, body):
        parts = torch.zeros(1, 2, len(PARTS), *shown.shape[-2:])
        parts[:, :, PARTS.index("top")] = 1
        found = body[:, :, :3] + torch.tensor([0.0, 0, 1e-3])[:, None, None]
        sure = torch.full((1, 2, *shown.shape[-2:]), self.sureness)
        return Clothed(found / found.norm(dim=2, keepdim=True), 20 * shown[:, 3] - 10, parts, sure)


def test_the_silhouette_is_what_the_network_says_on_both_sides(sitter):
    maps = normals.regressed(sitter, Masked(50.0))
    cover, mask = maps.normals[..., 3] > 0.5, sitter.mask.numpy() > 0.5
    assert (cover[0] & mask).sum() / (cover[0] | mask).sum() > 0.98 and np.array_equal(cover[0], cover[1])
    assert [view.surface for view in maps.views] == ["nearest", "farthest"]
    length = np.linalg.norm(maps.normals[..., :3], axis=-1)
    assert np.abs(length[cover] - 1).max() < 1e-4 and not length[maps.normals[..., 3] == 0].any()
    assert (maps.labels[cover][:, 0] == PARTS.index("top")).all()
    bare = sitter.maps[0, 3].numpy() > 0.9
    agree = (maps.normals[0, ..., :3] * sitter.maps[0, :3].movedim(0, -1).numpy()).sum(-1)[bare & cover[0]]
    assert np.median(agree) > 0.999


def test_what_it_is_not_sure_of_is_not_trusted(sitter):
    sure, unsure = (normals.regressed(sitter, Masked(k)).labels[0, ..., 1] for k in (60.0, 1.0))
    inside = sitter.mask.numpy() > 0.5
    assert np.median(sure[inside]) > 0.95 and np.quantile(unsure[inside], 0.2) < 0.2


def test_the_back_has_the_colours_of_its_parts_and_no_face(sitter):
    photo, mask = torch.full((64, 64, 3), 0.5), torch.ones(64, 64)
    photo[:20] = torch.tensor([0.9, 0.7, 0.6])  # a face, and above it hair
    photo[:6] = torch.tensor([0.2, 0.1, 0.0])
    photo[20:, :32], photo[20:, 32:] = torch.tensor([1.0, 0, 0]), torch.tensor([0.0, 0, 1])  # a top of two colours
    hair, skin, top, shoes = (PARTS.index(name) for name in ("hair", "skin", "top", "shoes"))
    parts = torch.full((2, 64, 64), top)
    parts[0, :20], parts[0, :6], parts[1, :20] = skin, hair, hair
    parts[1, 60:] = shoes  # that no pixel of the front shows
    front, back = _coloured(photo, mask, parts)
    assert torch.equal(front[..., :3], photo)
    assert (back[:20, :, :3] - torch.tensor([0.2, 0.1, 0.0])).abs().max() < 1e-5
    assert back[40, 4, 0] > 0.99 and back[40, 60, 2] > 0.99  # where the front has them
    assert float(back[60:, :, 3].max()) == 0 and float(back[:60, :, 3].min()) > 0


def test_without_a_photo_it_sees_nothing(sitter):
    with pytest.raises(UsageError, match="photo"):
        normals.regressed(replace(sitter, photo=None, mask=None), Masked(1.0))


def test_a_network_comes_back_from_its_folder(tmp_path):
    network = Regressor((8, 16, 16), (1, 1, 1))
    files.write_network(tmp_path, network, "A small one.")
    with record.keeping() as ledger:
        again = files.read_regressor(tmp_path)
    assert provenance.of(ledger).commercial  # its card says Apache-2.0
    (tmp_path / "README.md").unlink()
    with record.keeping() as ledger:
        files.read_regressor(tmp_path)
    assert not provenance.of(ledger).commercial  # without one: of unknown licence
    for name, value in network.state_dict().items():
        assert torch.allclose(value, again.state_dict()[name], atol=1e-3)
    (tmp_path / "config.json").write_text('{"widths": [8, 16, 24], "depths": [1, 1]}')
    with pytest.raises(BadData, match=tmp_path.name):
        files.read_regressor(tmp_path)
    (tmp_path / "diffusion_pytorch_model.safetensors").write_bytes(b"x" * 40)
    with pytest.raises(BadData, match=tmp_path.name):
        files.read_regressor(tmp_path)
    with pytest.raises(InputMissing):
        files.read_regressor(tmp_path / "none")


def test_the_network_that_comes_with_it_sees_clothes(sitter):
    with record.keeping() as ledger:
        network = files.read_regressor()
    assert provenance.of(ledger).commercial
    maps = normals.regressed(sitter, network)
    cover, mask = maps.normals[0, ..., 3] > 0.5, sitter.mask.numpy() > 0.5
    assert (cover & mask).sum() / (cover | mask).sum() > 0.95
    worn = maps.labels[..., 0]
    upper, lower = (np.isin(worn[0], [PARTS.index(n) for n in names]) for names in (("top", "outer"), ("bottom",)))
    assert upper.sum() > 500 and lower.sum() > 500
    rows = np.arange(len(worn[0]))
    heights = [rows @ where.sum(axis=1) / where.sum() for where in (upper, lower)]
    assert heights[0] + 20 < heights[1]  # the one is worn above the other
    trust = maps.labels[..., 1][worn > 0]
    assert 0.02 < trust.std() and 0 < trust.min() and trust.max() <= 1


def test_beside_the_person_nothing_is_asked(sitter):
    asked = []

    class Measured(Masked):
        def forward(self, shown, body):
            asked.append(tuple(shown.shape[-2:]))
            return super().forward(shown, body)

    maps = normals.regressed(sitter, Measured(50.0))
    assert asked == [(512, 384)]  # of the arms' width
    wide = replace(sitter, mask=torch.ones_like(sitter.mask), photo=torch.ones_like(sitter.photo))
    normals.regressed(wide, Measured(50.0))
    assert asked[1] == (512, 512)
    cover = maps.normals[0, ..., 3] > 0.5
    columns = np.flatnonzero((sitter.mask.numpy() > 0.5).any(axis=0))
    found = np.flatnonzero(cover.any(axis=0))
    assert abs(found[0] - columns[0]) < 6 and abs(found[-1] - columns[-1]) < 6  # where it was
