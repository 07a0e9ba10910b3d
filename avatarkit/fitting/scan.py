"""A body fitted into a mesh of a dressed person made elsewhere: a scan, another generator.

The mesh is drawn from eight sides and shown to the photo detector; the landmarks of all views, and then the surface
itself (the skin lies inside it, and not far), are explained at once. Scale and up axis are taken as stated, or guessed
and said.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace

import numpy as np
import torch

from avatarkit import camera as cameras
from avatarkit import detect, drawing, picture
from avatarkit.camera import Camera
from avatarkit.errors import BadData, QualityGate, UsageError
from avatarkit.fitting import judging, looking
from avatarkit.fitting.figure import Figure
from avatarkit.fitting.landmarks import COUNT, FACE, HIPS, NOSE
from avatarkit.fitting.looking import Sight
from avatarkit.fitting.photo import EVERYTHING, landmarks_seen, pose_from, usual
from avatarkit.fitting.rig import Array, Free, State, frames, places, rotations
from avatarkit.fitting.solving import Term, solved
from avatarkit.fitting.starting import turn_of
from avatarkit.fitting.terms import Sum, projected
from avatarkit.mesh import Mesh, face_normals
from avatarkit.person import Person
from avatarkit.record import Model
from avatarkit.surface import Surface

log = logging.getLogger("avatarkit")

SIDE, YAWS, FIELD_OF_VIEW = 512, tuple(range(0, 360, 45)), 20.0
UPS = {"y": (0.0, 1.0, 0.0), "z": (0.0, 0.0, 1.0), "-y": (0.0, -1.0, 0.0), "-z": (0.0, 0.0, -1.0)}
UPS |= {"x": (1.0, 0.0, 0.0), "-x": (-1.0, 0.0, 0.0)}
UNITS = {1.0: "metres", 0.01: "centimetres", 0.001: "millimetres", 0.0254: "inches"}
PLAUSIBLE = (0.75, 2.5)
"""Metres from the lowest to the highest point of a person, in any pose, in shoes and hat."""
DISAGREEING = 0.06
"""Shares of the height: a view whose landmarks are so far off has left and right mixed up."""
GOOD_GAP, WORST_GAP = 0.015, 0.03
"""Metres, medians: clothes and hair stand off by half a centimetre."""
TRIED = 3


@dataclass(frozen=True, eq=False)
class FromView:
    """A term of another view: `rotation` and `shift` lead from the first camera's axes to its own."""

    term: Term
    rotation: Array
    shift: Array
    K: Array

    def add(self, total: Sum, places: Array, slopes: Array, K: Array) -> None:
        self.term.add(total, places @ self.rotation.T + self.shift, self.rotation @ slopes, self.K)


@dataclass(frozen=True, eq=False)
class Inside:
    """The skin (rows of the points) lies inside the mesh, in the first camera's axes, by the depth of clothes."""

    surface: Surface
    normals: Array
    rows: slice
    depth: Array
    """(rows) metres"""

    def add(self, total: Sum, places: Array, slopes: Array, K: Array) -> None:
        skin = places[self.rows]
        found = self.surface.closest(torch.from_numpy(skin))
        normal = self.normals[found.face.numpy()]
        gap = ((skin - found.point.numpy()) * normal).sum(1)
        by = np.einsum("na,nap->np", normal, slopes[self.rows])[:, None]
        near = np.abs(gap) < 0.15
        out = (gap > 0) & near
        total.add(gap[out, None] / 0.008, by[out] / 0.008, weight=1.0, forgiving=25.0)
        residual = (gap + self.depth) / 0.02
        total.add(residual[near, None], by[near] / 0.02, weight=0.3, forgiving=6.0)


def from_mesh(
    figure: Figure, mesh: Mesh, *, up: str | None = None, height: float | None = None, force: bool = False
) -> Person:
    """The body inside a dressed person's mesh: in the mesh's own place where that is in metres and y is up, else in
    `world_from_mesh` times it. `up` is an axis of the file (y, z, -y …), `height` centimetres from sole to crown.

    BadData where nobody is found in it, QualityGate where skin and surface lie too far apart.
    """
    world_from_mesh = standing_up(mesh, up, height)
    rotation = torch.from_numpy(world_from_mesh[:3, :3]).to(mesh.vertices.dtype)
    placed = replace(mesh, vertices=mesh.vertices @ rotation.T, attributes=_painted(mesh))
    views = [cameras.framing(placed.vertices, (SIDE, SIDE), kind="perspective", yaw=y, fov=FIELD_OF_VIEW) for y in YAWS]
    sights = [_looked(placed, view) for view in views]
    person, gap = None, np.inf
    for first in _clearest(sights)[:TRIED]:
        state = _explained(figure, placed, views, sights, first)
        tried = _person(figure, state, views[first], placed)
        if (far := _gap(figure, tried, placed)) < gap:
            person, gap = tried, far
        if gap < GOOD_GAP:
            break
    assert person is not None
    if gap > WORST_GAP and not force:
        raise QualityGate(
            f"the body is {100 * gap:.1f} cm off the mesh, expected at most {100 * WORST_GAP:.0f}: --allow poor"
        )
    identity = np.abs(world_from_mesh - np.eye(4)).max() < 1e-9
    return replace(person, residuals={"gap": gap}, world_from_mesh=None if identity else world_from_mesh)


def standing_up(mesh: Mesh, up: str | None, height: float | None) -> Array:
    """`world_from_mesh` (4,4): metres, +Y up. What was not stated is guessed, and logged."""
    if up is not None and up.lower() not in UPS:
        raise UsageError(f"--up {up}: expected one of {', '.join(UPS)}")
    vertices = mesh.vertices.double().numpy()
    extent = np.ptp(vertices, axis=0)
    candidates = [up.lower()] if up else list(UPS)
    for axis in candidates:
        turn = _to_up(np.array(UPS[axis]))
        if up or _is_upright(mesh, turn):
            if up is None and axis != "y":
                log.warning("mesh: %s is taken as up: --up says otherwise", axis)
            tall = float(np.abs(UPS[axis]) @ extent)
            found = np.eye(4)
            found[:3, :3] = turn * _unit(tall, height)
            return found
    raise BadData("mesh: found nobody in it from any side, expected one person: say which axis is up with --up")


def _unit(tall: float, height: float | None) -> float:
    """Metres per unit of a mesh that is so tall."""
    if height is not None:
        return height / 100 / tall
    for metres, name in UNITS.items():
        if PLAUSIBLE[0] <= tall * metres <= PLAUSIBLE[1]:
            if metres != 1.0:
                log.warning("mesh: %.4g units tall: taken as %s: --height says otherwise", tall, name)
            return metres
    log.warning("mesh: %.4g units tall, in no unit that we know: taken as 1.70 m: --height says otherwise", tall)
    return 1.70 / tall


def _to_up(axis: Array) -> Array:
    """The rotation (3,3) that takes an axis to +Y, by a quarter or a half turn."""
    if axis[1] < 0:
        return np.diag([1.0, -1.0, -1.0])
    return rotations(np.cross(axis, [0.0, 1.0, 0.0]) * np.pi / 2)


def _painted(mesh: Mesh) -> dict[str, torch.Tensor]:
    """The mesh's colours; without any, drawing has its own."""
    return {name: values for name, values in mesh.attributes.items() if name == "colours"}


def _is_upright(mesh: Mesh, turn: Array) -> bool:
    turned = replace(
        mesh, vertices=mesh.vertices @ torch.from_numpy(turn).to(mesh.vertices.dtype).T, attributes=_painted(mesh)
    )
    for yaw in (0, 90, 180, 270):
        view = cameras.framing(turned.vertices, (SIDE, SIDE), kind="perspective", yaw=yaw, fov=FIELD_OF_VIEW)
        sight = _looked(turned, view)
        if sight is not None and sight.sure[:33].mean() > 0.7:
            across, down = sight.pixels[list(HIPS)].mean(0) - sight.pixels[NOSE]
            return bool(down > abs(across))
    return False


def _looked(mesh: Mesh, view: Camera) -> Sight | None:
    """What the detector sees of the mesh from one side."""
    shown = drawing.draw(mesh, view, "texture" if mesh.images or mesh.attributes else "shaded", supersampling=1)
    found, _ = detect.detected(picture.on_background(shown, looking.BACKGROUND))
    if found is None or found.visibility.mean() < looking.LEAST_VISIBLE:
        return None
    sight = looking._sight(found, (SIDE, SIDE), 1.0, np.zeros(2), (SIDE, SIDE))
    return replace(sight, mask=(shown[..., 3] / 255).astype(np.float32))


def _clearest(sights: list[Sight | None]) -> list[int]:
    """The views that show somebody, the clearest faces first."""

    def clear(index: int) -> float:
        sight = sights[index]
        return -np.inf if sight is None else float(sight.sure[FACE].mean() + sight.sure[:33].mean())

    seen = sorted((i for i, sight in enumerate(sights) if sight is not None), key=clear, reverse=True)
    if not seen:
        raise BadData("mesh: found nobody in it, expected one person, dressed or not")
    return seen


def _explained(figure: Figure, mesh: Mesh, views: list[Camera], sights: list[Sight | None], first: int) -> State:
    """The state in the axes of the `first` view, from the views whose landmarks agree with it, and the surface."""
    rig, sight, K = figure.rig, sights[first], views[first].K.double().numpy()
    assert sight is not None
    state, nearer = _at_depth(figure, pose_from(figure, sight, usual(figure, None), K), views[first], mesh)
    guess = nearer * float(figure.model.shaped(judging.coefficients_of(rig, state)[0]).height)
    habits = usual(figure, float(np.clip(guess, 0.7, 2.3)), 0.05)
    state, _ = _at_depth(figure, pose_from(figure, sight, habits, K), views[first], mesh)
    terms: list[Term] = [landmarks_seen(figure, sight, np.arange(COUNT), forgiving=25.0)]
    first_from_world = views[first].cam_from_world.double().numpy()
    for index, other in enumerate(sights):
        if other is None or index == first:
            continue
        moved = _between(views[first], views[index])
        around = landmarks_seen(figure, other, np.arange(COUNT), forgiving=25.0)
        term = FromView(around, moved[:3, :3], moved[:3, 3], K)
        shown = places(rig, figure.landmarks[:33], state) @ moved[:3, :3].T + moved[:3, 3]
        errors = (projected(shown, K)[0] - other.pixels[:33])[other.sure[:33] > 0.6]
        errors = np.linalg.norm(errors - errors.mean(0), axis=1)
        if len(errors) and np.median(errors) < DISAGREEING * other.height:
            terms.append(term)
    free = Free(EVERYTHING, np.arange(len(state.coefficients)))
    state, _ = solved(rig, figure.landmarks, state, free, terms, habits, K, rounds=20)
    inside = _inside(figure, mesh, first_from_world)
    state, _ = solved(rig, figure.points, state, free, [*terms, inside], habits, K, rounds=25)
    return state


def _at_depth(figure: Figure, state: State, view: Camera, mesh: Mesh) -> tuple[State, float]:
    """The state moved along the line of sight to where the mesh is, and how much nearer that is: one view does not
    tell a small person from one far away."""
    centre = places(figure.rig, figure.points[COUNT:], state).mean(0)
    depth = cameras.project(view, mesh.vertices)[1]
    wanted = float(depth.min() + depth.max()) / 2
    nearer = wanted / float(centre[2])
    return replace(state, transl=state.transl + centre * (nearer - 1)), nearer


def _between(first: Camera, other: Camera) -> Array:
    """`other_from_first` (4,4)."""
    matrix = other.cam_from_world.double() @ torch.linalg.inv(first.cam_from_world.double())
    return np.asarray(matrix.numpy(), np.float64)


def _inside(figure: Figure, mesh: Mesh, cam_from_world: Array) -> Inside:
    seen = mesh.vertices.double() @ torch.from_numpy(cam_from_world[:3, :3]).T + torch.from_numpy(cam_from_world[:3, 3])
    return Inside(
        Surface(seen, mesh.faces), face_normals(seen, mesh.faces).numpy(), slice(COUNT, None), 1.7 * figure.standoff
    )


def _person(figure: Figure, state: State, view: Camera, mesh: Mesh) -> Person:
    rig, model = figure.rig, figure.model
    world_from_cam = np.linalg.inv(view.cam_from_world.double().numpy())
    at = frames(rig, state)
    turns = state.turns.copy()
    turns[0] = turn_of(world_from_cam[:3, :3] @ rotations(turns[0]))
    pelvis = world_from_cam[:3, :3] @ at.placed[0] + world_from_cam[:3, 3]
    state = State(pelvis - at.rest[0], turns, state.coefficients)
    ahead = rotations(turns[0])[:, 2]
    yaw = float(np.degrees(np.arctan2(ahead[0], ahead[2])))
    front = cameras.framing(mesh.vertices, (SIDE, SIDE), yaw=yaw)
    betas, expression = judging.coefficients_of(rig, state)
    return Person(Model(model.name, model.sha256, model.licence), betas, expression, state.pose(), front)


def _gap(figure: Figure, person: Person, mesh: Mesh) -> float:
    """The median distance (metres) of the skin from the mesh."""
    body = person.mesh(figure.model).vertices[::7]
    return float(Surface(mesh.vertices, mesh.faces).closest(body).distance.median())
