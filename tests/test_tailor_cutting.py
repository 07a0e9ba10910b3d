"""Every kind of garment on bodies of all kinds: a clean sheet, outside the body, as long as its words say."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from avatarkit import files
from avatarkit import mesh as meshes
from avatarkit.body import BodyModel
from avatarkit.body.phenotype import Phenotype
from avatarkit.errors import BadData
from avatarkit.outfit import GARMENTS, LEGGED, SKIRTS, Garment
from avatarkit.surface import Surface
from avatarkit.tailor.cutting import RestGarment, cut
from avatarkit.tailor.measures import measured
from avatarkit.tailor.piece import PANEL

PEOPLE = {
    "man": Phenotype(0.0, 30),
    "woman": Phenotype(1.0, 35),
    "heavy": Phenotype(0.1, 55, weight=1.0, muscle=0.3),
    "child": Phenotype(0.6, 6, weight=0.35),
}


@pytest.fixture(scope="module")
def model() -> BodyModel:
    return files.read_body_model("builtin")


def worn(model: BodyModel, who: str, garment: Garment | str, **options: str) -> RestGarment:
    garment = GARMENTS[garment][1] if isinstance(garment, str) else garment
    return cut(model, PEOPLE[who].betas(model), garment, **options)


@pytest.mark.parametrize("who", PEOPLE)
def test_every_kind_is_one_clean_sheet(model: BodyModel, who: str) -> None:
    kinds = sorted(GARMENTS)[:: 1 if who in ("man", "child") else 3]
    for kind in kinds:
        sheet = worn(model, who, kind)
        faces = torch.from_numpy(sheet.faces)
        assert np.isfinite(sheet.vertices).all(), kind
        assert meshes.is_manifold(faces) and meshes.is_oriented(faces), kind
        assert int(meshes.components(faces, len(sheet.vertices)).max()) == 0, kind
        assert len(np.unique(sheet.faces)) == len(sheet.vertices), kind
        assert np.allclose(sheet.lbs_weights.sum(1), 1) and sheet.lbs_weights.min() >= 0, kind
        edges = meshes.edges(faces).vertices.numpy()
        lengths = np.linalg.norm(sheet.vertices[edges[:, 0]] - sheet.vertices[edges[:, 1]], axis=1)
        assert lengths.max() < 0.12 * sheet.measures.scale, kind  # guards stretched triangles across a cut
        assert np.median(lengths) < 0.045 * sheet.measures.scale, kind
        assert 0 <= sheet.pinned.min() and sheet.pinned.max() <= 1 and sheet.covers.any(), kind


@pytest.mark.parametrize("who", PEOPLE)
def test_sheets_lie_outside_the_skin(model: BodyModel, who: str) -> None:
    body = model.shaped(torch.tensor(PEOPLE[who].betas(model), dtype=torch.float32))
    skin = Surface(body.vertices, model.faces if model.outer_faces is None else model.outer_faces)
    for kind in ("t-shirt", "coat", "jeans", "pencil skirt", "dress", "leggings"):
        sheet = worn(model, who, kind)
        inside = skin.signed_distance(torch.tensor(sheet.vertices, dtype=torch.float32)) < -0.002
        assert inside.float().mean() < 0.015, (kind, float(inside.float().mean()))


def test_lengths_are_what_the_words_say(model: BodyModel) -> None:
    measures = measured(model, PEOPLE["woman"].betas(model))
    for kind in ("t-shirt", "crop top", "coat", "skirt", "shorts", "dress", "jumpsuit"):
        garment = GARMENTS[kind][1]
        sheet = worn(model, "woman", garment)
        assert abs(sheet.vertices[:, 1].min() - measures.y(garment.hem)) < 0.02, kind
    for sleeve in (0.5, 1.0, 1.9):
        sheet = worn(model, "woman", replace(GARMENTS["t-shirt"][1], sleeve=sleeve))
        assert abs(np.abs(sheet.vertices[:, 0]).max() - measures.arm_x(sleeve)) < 0.015
    assert np.allclose([measures.y(level) for level in (-1, 0, 1, 2, 3)], measures.heights)
    assert measures.y(9.0) > measures.floor


def test_rims_are_those_of_the_pattern(model: BodyModel) -> None:
    """Neck, hem and two sleeves; an open front joins neck and hem in one; legs have their own hems."""
    counts = {"t-shirt": 4, "coat": 4, "denim jacket": 3, "jeans": 3, "skirt": 2, "jumpsuit": 5, "gown": 2}
    for kind, count in counts.items():
        assert len(meshes.boundary_loops(torch.from_numpy(worn(model, "man", kind).faces))) == count, kind


def test_a_skirt_goes_around_both_legs(model: BodyModel) -> None:
    for kind in sorted(SKIRTS):
        sheet = worn(model, "woman", kind)
        low = np.abs(sheet.marks["hem"]) < 1e-6
        angle = np.sort(np.arctan2(sheet.vertices[low, 0], sheet.vertices[low, 2]))
        assert low.sum() > 20 and np.diff(angle).max() < 0.5, kind


def test_no_seam_at_the_waist_of_a_coat(model: BodyModel) -> None:
    """Where the skirt is sewn on, neighbouring faces turn no more sharply than elsewhere on the trunk."""
    sheet = worn(model, "man", "coat")
    normals = meshes.face_normals(torch.from_numpy(sheet.vertices), torch.from_numpy(sheet.faces))
    sides = meshes.edges(torch.from_numpy(sheet.faces)).faces
    sides = sides[(sides >= 0).all(1)]
    turn = (normals[sides[:, 0]] * normals[sides[:, 1]]).sum(1).clamp(-1, 1).arccos().numpy()
    y = sheet.vertices[sheet.faces].mean(1)[sides[:, 0].numpy(), 1] - sheet.measures.y(0.12)
    trunk = (np.abs(sheet.marks["sleeve"])[sheet.faces].max(1) < 0.1)[sides[:, 0].numpy()]
    at_seam = turn[(np.abs(y) < 0.03) & trunk]
    assert np.percentile(at_seam, 95) < np.radians(22)


def test_ease_and_flare_make_it_wider(model: BodyModel) -> None:
    tight = worn(model, "man", replace(GARMENTS["sweater"][1], ease=0.006))
    loose = worn(model, "man", replace(GARMENTS["sweater"][1], ease=0.03))
    assert np.ptp(loose.vertices[:, 2]) > np.ptp(tight.vertices[:, 2]) + 0.02
    straight = worn(model, "man", replace(GARMENTS["skirt"][1], flare=0.0))
    flared = worn(model, "man", replace(GARMENTS["skirt"][1], flare=0.1))
    assert np.ptp(flared.vertices[:, 0]) > np.ptp(straight.vertices[:, 0]) + 0.15


def test_full_detail_is_finer(model: BodyModel) -> None:
    for kind in ("t-shirt", "skirt"):
        coarse, fine = worn(model, "man", kind), worn(model, "man", kind, detail="full")
        assert 2.5 < len(fine.faces) / len(coarse.faces) < 6
        assert meshes.is_manifold(torch.from_numpy(fine.faces))


def test_panels_tell_sleeves_and_legs(model: BodyModel) -> None:
    shirt, jumpsuit = worn(model, "man", "shirt"), worn(model, "man", "jumpsuit")
    left = shirt.vertices[shirt.faces[shirt.panel == PANEL["left sleeve"]]]
    assert left[..., 0].min() > 0.1
    assert {PANEL["left leg"], PANEL["right leg"], PANEL["body"]} <= set(jumpsuit.panel.tolist())
    assert LEGGED <= set(GARMENTS)


def test_covered_skin_is_well_inside(model: BodyModel) -> None:
    """A shirt hides the chest, never head, hands or what its neckline shows."""
    body = model.shaped(torch.tensor(PEOPLE["man"].betas(model), dtype=torch.float32)).vertices.numpy()
    sheet = worn(model, "man", "t-shirt")
    assert sheet.covers.sum() > 500
    assert np.abs(body[sheet.covers, 0]).max() < sheet.measures.arm_x(0.5)
    assert body[sheet.covers, 1].max() < sheet.measures.neck[:, 1].max() - 0.02


def test_a_body_without_cloth_is_refused(model: BodyModel) -> None:
    with pytest.raises(BadData, match="no cloth surface"):
        cut(replace(model, cloth=None), np.zeros(10), GARMENTS["t-shirt"][1])


@pytest.mark.parametrize("who", PEOPLE)
def test_a_waistband_is_close_whatever_the_ease(model: BodyModel, who: str) -> None:
    """Loose shorts stood off the waist like a tube, a ledge under every shirt."""
    skin = model.shaped(torch.tensor(PEOPLE[who].betas(model), dtype=torch.float32)).vertices
    for kind in ("shorts", "skirt"):
        sheet = worn(model, who, replace(GARMENTS[kind][1], ease=0.03))
        points = torch.tensor(sheet.vertices, dtype=torch.float32)
        away = Surface(skin, model.outer_faces).closest(points).distance.numpy()
        band = np.abs(sheet.marks["waist"]) < 0.02
        assert np.median(away[band]) < 0.008, kind
        thigh = np.abs(sheet.vertices[:, 1] - sheet.measures.y(0.95)) < 0.03
        assert np.median(away[thigh]) > 0.012, kind


def test_what_is_tucked_in_is_held_at_the_waistband(model: BodyModel) -> None:
    loose = replace(GARMENTS["shirt"][1], ease=0.03, rise=0.2)
    out, tucked = (worn(model, "man", replace(loose, tucked=tucked)) for tucked in (False, True))
    at = out.measures.y(0.2)

    def width(sheet: RestGarment) -> float:
        near = (np.abs(sheet.vertices[:, 1] - at) < 0.02) & (np.abs(sheet.marks["sleeve"]) < 0.1)
        return float(np.ptp(sheet.vertices[near, 0]))

    assert width(tucked) < width(out) - 0.03
