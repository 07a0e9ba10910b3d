"""Where the detector's landmarks sit on a body that is not the built-in one: it is drawn, and shown to the detector.

The built-in body's landmarks were measured on photos of dressed people (`calibration`), and nobody tailors clothes for
other bodies. So both bodies are drawn bare, alike, in the same poses in front of the same cameras, and what differs
between these two measurements goes onto the built-in's offsets: what the detector makes of drawings cancels out.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping

import numpy as np
import torch
from numpy.typing import NDArray

from avatarkit import camera as cameras
from avatarkit import detect, drawing, picture
from avatarkit.body import JOINT_INDEX, BodyModel, Pose
from avatarkit.fitting.calibration import Example, example, measured_offsets, to_vertices
from avatarkit.fitting.landmarks import COUNT, Table
from avatarkit.fitting.rig import Array, Rig
from avatarkit.mesh import Mesh
from avatarkit.person import Person
from avatarkit.poses import RELAXED
from avatarkit.progress import track
from avatarkit.record import Model

log = logging.getLogger("avatarkit")

RECIPE = 1
"""Raise it with every change here, and make `bare` of the asset anew: benchmarks/_calibrate.py --bare."""
DRAWINGS, SIDE, FARTHEST = 72, 512, 60.0
"""How many, pixels, and degrees to the side from which they are seen."""
FEWEST = 0.5
"""The share of the drawings in which somebody must be found."""
BACKGROUND = (176, 182, 190)
SKIN, SHIRT, TROUSERS, SHOES, HAIR = (214, 170, 144), (92, 116, 148), (58, 62, 78), (40, 34, 32), (62, 44, 34)
WHITE, IRIS = (236, 232, 228), (60, 42, 30)
WORN = {
    **dict.fromkeys(("pelvis", "spine1", "spine2", "spine3", "left_collar", "right_collar"), SHIRT),
    **dict.fromkeys(("left_hip", "right_hip", "left_knee", "right_knee"), TROUSERS),
    **dict.fromkeys(("left_ankle", "right_ankle", "left_foot", "right_foot"), SHOES),
}
Arrays = Mapping[str, NDArray]  # type: ignore[type-arg]


def measured(model: BodyModel, arrays: Arrays, count: int = DRAWINGS) -> dict[str, Array] | None:
    """What is other in the stored arrays for this body model: its landmarks. None where there is no detector to measure
    them with, or where it takes the body for nobody.
    """
    missing = detect.available()
    if missing:
        log.warning("landmarks of %s: carried over from the built-in body by its joints: %s", model.name, missing)
        return None
    log.info("landmarks of %s: measured on %d drawings of it, once", model.name, count)
    own = bare(model, arrays, count)
    if np.isnan(own[:, 0]).all():
        log.warning("landmarks of %s: the detector sees nobody in it: carried over from the built-in body", model.name)
        return None
    rig, table = Rig.of(model), carried(Table.from_arrays(arrays), model, arrays)
    told = own - _taller(model, arrays) * np.asarray(arrays["bare"], float)
    rigid = table.rigid + np.where(np.isnan(told), 0.0, told)
    vertex, offset = to_vertices(model, rig, table.base, rigid)
    return {"vertex": vertex, "offset": offset, "rigid": rigid, "body": np.array(model.sha256)}


def carried(table: Table, model: BodyModel, arrays: Arrays) -> Table:
    """The built-in body's landmarks on another body: all hang from its joints, as far off as the template is tall."""
    rigid = table.rigid * _taller(model, arrays)
    none = np.full(COUNT, -1)
    return Table(table.attach, table.base, none, rigid, rigid, table.noise, table.bone_maps, table.bone_spread)


def _taller(model: BodyModel, arrays: Arrays) -> float:
    return float(np.ptp(model.v_template[:, 1].double().numpy())) / float(arrays["template_height"])


def bare(model: BodyModel, arrays: Arrays, count: int = DRAWINGS) -> Array:
    """Offsets (145,3) from their joints, of the landmarks that the detector sees on drawings; NaN for what it seldom
    sees, and for all of them where it mostly sees nobody."""
    rig, examples = Rig.of(model), list[Example]()
    for person, image in track(drawn(model, arrays, count), f"landmarks of {model.name}", count):
        found, _ = detect.detected(image)
        if found is not None:
            examples.append(example(model, rig, person, found))
    if len(examples) < FEWEST * count:
        return np.full((COUNT, 3), np.nan)
    return measured_offsets(rig, examples).offset


def drawn(model: BodyModel, arrays: Arrays, count: int) -> Iterator[tuple[Person, picture.Image]]:
    """The mean body in poses of the library, before a camera of each: always the same, sRGB (512,512,3)."""
    poses = np.asarray(arrays["poses"], np.float32)
    usual = np.asarray(arrays["betas_usual"], np.float32) if model.phenotypes is not None else np.zeros(1, np.float32)
    body, colours = model.shaped(torch.from_numpy(usual)), painted(model)
    for index in range(count):
        random = np.random.default_rng([RECIPE, index])
        turns = torch.zeros(55, 3)
        turns[:22] = torch.from_numpy(poses[index * len(poses) // count])
        for name, turn in RELAXED.items():
            turns[JOINT_INDEX[name]] = torch.tensor(turn)
        pose = Pose.from_full(turns, torch.zeros(3))
        vertices = body.posed(pose).vertices
        view = cameras.framing(
            vertices,
            (SIDE, SIDE),
            kind="perspective",
            yaw=float(random.uniform(-FARTHEST, FARTHEST)),
            elevation=float(random.uniform(-5, 15)),
            fov=float(random.uniform(18, 35)),
            fill=0.8,
        )
        image = drawing.draw(Mesh(vertices, model.faces, {"colours": colours}), view, "texture", supersampling=1)
        known = Model(model.name, model.sha256, model.licence)
        person = Person(known, torch.from_numpy(usual), torch.zeros(0), pose, view)
        yield person, picture.on_background(image, BACKGROUND)


def painted(model: BodyModel) -> torch.Tensor:
    """(V,3) uint8: shirt, trousers, shoes, hair and eyes by what moves with which joint, on any body of 55 joints."""
    owner, place = model.lbs_weights.argmax(1).numpy(), model.v_template.double().numpy()
    colours = np.full((len(owner), 3), SKIN, np.uint8)
    for name, colour in WORN.items():
        colours[owner == JOINT_INDEX[name]] = colour
    head = owner == JOINT_INDEX["head"]
    if head.any():
        low, high = place[head].min(0), place[head].max(0)
        up, ahead = ((place - low) / np.maximum(high - low, 1e-6)).T[1:]
        colours[head & ((up > 0.8) | ((up > 0.3) & (ahead < 0.45)))] = HAIR
    for eye in (JOINT_INDEX["left_eye"], JOINT_INDEX["right_eye"]):
        ball = owner == eye
        if ball.any():
            out = place - place[ball].mean(0)
            ahead = out[:, 2] / np.maximum(np.linalg.norm(out, axis=1), 1e-9)
            colours[ball] = WHITE
            colours[ball & (ahead > np.cos(np.deg2rad(28)))] = IRIS
    return torch.from_numpy(colours)
