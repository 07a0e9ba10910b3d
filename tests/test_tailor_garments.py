"""Finished garments: every detail is there, rides on the cloth, and has its own place in the texture."""

import numpy as np
import pytest
import torch

from avatarkit import files
from avatarkit.body import BodyModel, Pose
from avatarkit.body.phenotype import Phenotype
from avatarkit.body.skinning import skinned
from avatarkit.outfit import GARMENTS
from avatarkit.rotation import rotation_from_axis_angle
from avatarkit.tailor.cutting import cut
from avatarkit.tailor.draping import Obstacle
from avatarkit.tailor.garments import Finished, Undraped, finished, undraped
from avatarkit.tailor.piece import PANEL, PANELS

ADULT = Phenotype(0.2, 30)
EXPECTED = {
    "shirt": {"collar", "placket", "button", "cuff", "lining", "left sleeve"},
    "turtleneck": {"collar", "hem"},
    "hoodie": {"hood", "pocket", "cuff"},
    "jacket": {"zip", "collar", "pocket"},
    "blazer": {"collar", "pocket", "lining"},
    "trench coat": {"belt", "button", "collar"},
    "jeans": {"waistband", "button", "pocket", "left leg", "right leg"},
    "pleated skirt": {"skirt", "waistband"},
    "dungarees": {"strap", "lining"},
    "sundress": {"strap", "skirt"},
}


@pytest.fixture(scope="module")
def model() -> BodyModel:
    return files.read_body_model("builtin")


def made(model: BodyModel, kind: str, who: Phenotype = ADULT) -> Finished:
    rest = cut(model, who.betas(model), GARMENTS[kind][1])
    return finished(rest, undraped(rest))


@pytest.mark.parametrize("kind", EXPECTED)
def test_details_are_there(model: BodyModel, kind: str) -> None:
    for who in (Phenotype(0.0, 30), Phenotype(1.0, 7), Phenotype(1.0, 50, weight=1.0)):
        done = made(model, kind, who)
        assert EXPECTED[kind] <= {PANELS[k] for k in np.unique(done.panel)}, who
        assert np.isfinite(done.vertices).all() and np.allclose(done.lbs_weights.sum(1), 1)
        assert done.faces.min() == 0 and done.faces.max() == len(done.vertices) - 1
        assert len(done.panel) == len(done.uvs) == len(done.faces)


def test_on_the_t_pose_it_is_where_it_rests(model: BodyModel) -> None:
    done = made(model, "shirt")
    assert np.allclose(done.vertices, done.rest, atol=1e-9)


def test_details_turn_with_the_person(model: BodyModel) -> None:
    """The whole person turned and moved: the finished garment is turned and moved, buttons, collar, straps and all."""
    for kind in ("shirt", "hoodie", "dungarees"):
        betas = torch.tensor(Phenotype(0.7, 30).betas(model), dtype=torch.float32)
        rest = cut(model, betas, GARMENTS[kind][1])
        axis = torch.tensor([0.4, 1.1, -0.3])
        rotations = torch.zeros(55, 3)
        rotations[0] = axis
        pose = Pose.from_full(rotations, torch.tensor([1.0, 0.2, -2.0]))
        moves = model.shaped(betas).posed(pose).world_from_rest
        still = undraped(rest)
        weights = np.maximum(still.carried(rest.lbs_weights), 0)
        weights /= weights.sum(1, keepdims=True)
        worn = skinned(torch.tensor(still.rest), torch.tensor(weights), moves.double()).numpy()
        done = finished(rest, Undraped(worn, still.rest, still.faces, still.face_of, still.carried), moves.numpy())
        R = rotation_from_axis_angle(axis).double().numpy()
        away = done.vertices - done.rest @ R.T
        assert np.abs(away - away.mean(0)).max() < 1e-4, kind


def test_buttons_ride_on_moved_cloth(model: BodyModel) -> None:
    """A sheet that was pushed 5 cm forward takes its buttons along."""
    rest = cut(model, Phenotype(0.0, 30).betas(model), GARMENTS["shirt"][1])
    still = undraped(rest)
    pushed = Undraped(still.vertices + (0, 0, 0.05), still.rest, still.faces, still.face_of, still.carried)
    before, after = finished(rest, still), finished(rest, pushed)
    buttons = np.unique(before.faces[before.panel == PANEL["button"]])
    assert np.allclose(after.vertices[buttons] - before.vertices[buttons], (0, 0, 0.05), atol=1e-9)


def test_details_stand_out_of_the_cloth(model: BodyModel) -> None:
    """Pockets lie on the cloth's outside, linings on its inside."""
    rest = cut(model, Phenotype(0.0, 30).betas(model), GARMENTS["hoodie"][1])
    done = finished(rest, undraped(rest))
    axis = rest.measures.joint("spine2")[2]
    sheet = done.rest[: len(undraped(rest).vertices)]

    def depth(panel: str) -> float:
        mine = done.rest[np.unique(done.faces[done.panel == PANEL[panel]])]
        front = mine[(mine[:, 2] > axis) & (np.abs(mine[:, 0]) < 0.08) & (mine[:, 1] < rest.measures.y(0.0))]
        nearest = np.linalg.norm(front[:, None] - sheet[None], axis=-1).argmin(1)
        return float(np.median(front[:, 2] - sheet[nearest, 2]))

    assert depth("pocket") > 0.002 and depth("lining") < 0


def test_charts_do_not_overlap(model: BodyModel) -> None:
    """Centroids of faces, painted on a grid by part of the chart: few cells have faces of two panels."""
    done = made(model, "trench coat")
    assert done.uvs.min() >= 0 and done.uvs.max() <= 1
    cells = (done.uvs.mean(1) * 200).astype(int)
    keys = cells[:, 0] * 1000 + cells[:, 1]
    owners: dict[int, set[int]] = {}
    for key, panel in zip(keys.tolist(), done.panel.tolist(), strict=True):
        owners.setdefault(key, set()).add(panel)
    assert np.mean([len(found) > 1 for found in owners.values()]) < 0.03


def test_same_garment_same_bytes(model: BodyModel) -> None:
    one, two = made(model, "coat"), made(model, "coat")
    assert np.array_equal(one.vertices, two.vertices) and np.array_equal(one.uvs, two.uvs)


def test_details_under_another_layer_are_left_out(model: BodyModel) -> None:
    """The button of trousers poked through the shirt that was worn over them."""
    rest = cut(model, ADULT.betas(model), GARMENTS["jeans"][1])
    still = undraped(rest)
    over = still.vertices + 0.003 * Obstacle(still.vertices, still.vertices, still.faces).shell.normals
    high = (over[still.faces][..., 1] > rest.measures.y(1.3)).all(1)
    bare, worn = finished(rest, still), finished(rest, still, outer=[Obstacle(over, over, still.faces[high])])
    for panel in ("button", "pocket", "placket"):
        assert (bare.panel == PANEL[panel]).sum() > 20 * (worn.panel == PANEL[panel]).sum(), panel
    for panel in ("left leg", "hem"):
        assert (bare.panel == PANEL[panel]).sum() == (worn.panel == PANEL[panel]).sum(), panel


def test_turtlenecks_end_below_the_chin(model: BodyModel) -> None:
    for who in (Phenotype(0.0, 30), Phenotype(1.0, 30), Phenotype(0.5, 6), Phenotype(0.0, 50, weight=1.0, height=150)):
        done = made(model, "turtleneck", who)
        body = model.shaped(torch.tensor(who.betas(model), dtype=torch.float32))
        chin = model.landmark_points(body.vertices)[model.landmarks.names.index("chin")].numpy()
        collar = done.vertices[np.unique(done.faces[done.panel == PANEL["collar"]])]
        ahead = collar[collar[:, 2] > chin[2] - 0.06]
        assert ahead[:, 1].max() < chin[1] - 0.004, who
