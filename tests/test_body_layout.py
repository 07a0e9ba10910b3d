"""The table of the file layout refuses what does not fit it, by the field's name."""

import json

import numpy as np
import pytest
from bodies import official_arrays

from avatarkit.body import BodyModel, normalised
from avatarkit.body.layout import checked
from avatarkit.errors import BadData


def sound() -> dict[str, np.ndarray]:
    V, F = 60, 120
    surface = {
        "expression_names": np.array([f"e{k}" for k in range(10)]),
        "vt": np.array([[0, 65535]] * 5, np.uint16),
        "ft": np.zeros((F, 3), np.uint16),
        "mirror": np.arange(V)[::-1],
        "part_names": np.array(["skin", "eye"]),
        "part": np.zeros(V, np.uint8),
        "face_part": np.ones(F, np.uint8),
        "outer_f": np.zeros((7, 3), np.uint32),
        "head_betas": np.array([6, 10]),
        "phenotype_years": np.arange(3.0),
        "meta": np.array(json.dumps({"name": "test", "licence": "CC0-1.0", "version": "1"})),
    }
    return normalised(official_arrays(V)) | surface


def test_a_sound_file():
    model = BodyModel.from_arrays(sound(), sha256="ab")
    assert (model.name, model.licence, model.sha256, model.meta["version"]) == ("test", "CC0-1.0", "ab", "1")
    assert model.uv.tolist() == [[0, 1]] * 5
    assert model.head_betas == slice(6, 10) and list(model.phenotypes) == ["phenotype_years"]
    assert model.part_names == ("skin", "eye") and model.expression_names[9] == "e9"
    assert model.parents[0] == -1 and model.mirror[0] == 59


def test_the_surface_is_optional():
    model = BodyModel.from_arrays(normalised(official_arrays()), sha256="")
    assert model.uv is model.mirror is model.part is model.outer_faces is model.head_betas is None
    assert model.expression_names[:2] == ("expression0", "expression1")


def test_weights_come_out_with_sums_of_one():
    arrays = sound()
    arrays["weights"] = arrays["weights"] * np.float32(1.003)
    assert BodyModel.from_arrays(arrays, sha256="").lbs_weights.sum(1).tolist() == pytest.approx([1] * 60, abs=1e-6)


BAD = [
    ("v_template", None, "no v_template"),
    ("v_template", np.zeros((60, 2), np.float32), r"v_template has shape \(60, 2\), expected \(V 3\)"),
    ("v_template", np.zeros((60, 3), np.int64), "v_template is int64, expected float"),
    ("v_template", np.full((60, 3), np.nan), "v_template holds values that are not finite"),
    ("v_template", np.zeros((0, 3), np.float32), "empty"),
    ("shapedirs", np.zeros((59, 3, 10), np.float16), r"shapedirs has shape \(59, 3, 10\), expected .* V = 60"),
    ("shapedirs", np.full((60, 3, 10), np.inf, np.float16), "shapedirs holds values"),
    ("f", np.full((120, 3), 60), "f points to 60 … 60, expected 0 … 59"),
    ("f", np.full((120, 3), -1), "f points to -1"),
    ("f", np.zeros((120, 3), np.float32), "f is float32, expected integer"),
    ("weights", np.zeros((60, 55), np.float32), "sum to 0"),
    ("weights", np.full((60, 55), -1.0), "weights are at least -1"),
    ("kintree_table", np.full((2, 55), 54), "joint 1 the parent 54, expected 0 … 0"),
    ("kintree_table", np.zeros((2, 24), np.int64), "kintree_table has shape"),
    ("posedirs", np.zeros((60, 3, 207), np.float32), "posedirs has 207 directions, expected 486"),
    ("joint_names", np.array(["x"] * 55), "joint_names differ"),
    ("part", np.full(60, 2), "part points to 2"),
    ("ft", None, "only some of vt, ft"),
    ("vt", np.zeros((5, 2), np.int64), "vt is int64, expected float or uint16"),
    ("part_names", None, "only some of part_names"),
    ("landmark_faces", np.full(51, 120), "landmark_faces points to 120"),
    ("expression_names", np.array(["a"]), "expression_names has shape"),
    ("head_betas", np.array([1, 2, 3]), "head_betas has shape"),
    ("meta", np.array("{"), "meta is no JSON"),
    ("meta", np.array("[]"), "expected one JSON object"),
    ("meta", np.array(3), "expected one JSON object"),
]


@pytest.mark.parametrize(("name", "value", "reason"), BAD, ids=lambda x: x if isinstance(x, str) else "")
def test_what_does_not_fit_is_refused_by_name(name, value, reason):
    arrays = {key: array for key, array in (sound() | {name: value}).items() if array is not None}
    with pytest.raises(BadData, match=reason):
        BodyModel.from_arrays(arrays, sha256="")


def test_other_skeletons_are_sent_to_the_importer():
    arrays = official_arrays(J=24)
    del arrays["posedirs"]
    with pytest.raises(BadData, match="found 24 joints, expected the 55"):
        checked(arrays)
