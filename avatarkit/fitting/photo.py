"""A photo becomes a posed body and a camera: what is seen, explained in four rounds, coarse to fine.

    1  the 3D cue alone      trunk and limbs from bone directions
    2  + 33 landmarks        camera distance, pose, build
    3  + hands, face         fingers, head, jaw and expression
    4  + silhouette          build, and what the landmarks left open
       + irises              where the eyes look

SMPLify-X's staging (Pavlakos et al. 2019) with Gauss–Newton steps: tens, where gradient descent needs hundreds.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from avatarkit import picture
from avatarkit.camera import Camera
from avatarkit.errors import BadData, UsageError
from avatarkit.fitting import judging, looking
from avatarkit.fitting.calibration import state_of
from avatarkit.fitting.figure import Figure, Lens
from avatarkit.fitting.gaze import gazing
from avatarkit.fitting.keypoints import sight_of
from avatarkit.fitting.landmarks import BONES, COUNT, FACE, LEFT_HAND, POSE, RIGHT_HAND, tallness
from avatarkit.fitting.likeness import HEIGHT, OUTCOMES, Likeness, look_of
from avatarkit.fitting.limits import limits
from avatarkit.fitting.looking import Sight
from avatarkit.fitting.outline import Outline, Silhouette
from avatarkit.fitting.rig import Array, Free, State, places
from avatarkit.fitting.solving import Term, solved
from avatarkit.fitting.starting import shift, started
from avatarkit.fitting.telling import Said, said_in
from avatarkit.fitting.terms import Directed, Habits, Seen
from avatarkit.mesh import Mesh
from avatarkit.person import Person
from avatarkit.record import Model

BODY = np.arange(22)
HANDS = np.arange(25, 55)
EVERYTHING = np.concatenate([BODY, [22], HANDS])
"""All joints but the eyes, which no landmark but the irises tells of (`gaze`)."""
OUTLINE_ALONE, OUTLINE_TOLD = (0.4, 0.35), (0.5, 0.02)
"""How much of the usual distance between skin and outline is expected, and how much the outline weighs. Where words
tell the build they decide it: girths are then 2.5 cm off and not 6, but less of the mask is filled."""
LARGEST = 2048
"""Pixels of the longer side of a photo that is fitted, and kept with the person."""
STARTS = 4
"""Poses of the library that a fit is tried from, beside the one that the 3D cue suggests."""
STARTS_BLIND = 10
"""The same where there is no 3D cue."""
USUAL_HEIGHT = (1.70, 0.15)
"""Mean and spread of grown people's heights, metres: a photo has no scale."""


def fitted(
    figure: Figure,
    sight: Sight,
    K: Array,
    *,
    height: float | None = None,
    start: State | None = None,
    said: Said | None = None,
    clothes: float | None = None,
) -> State:
    """The state, in the camera's axes, that explains what is seen; `height` metres fixes the scale, `said` are
    outcomes of `likeness` that are known, `clothes` is how much of the usual distance between skin and outline is
    expected: 0 for a bare body."""
    rig, habits = figure.rig, usual(figure, None if figure.likeness else height)
    state = first_look(figure, sight, habits, K, start)
    free = Free(EVERYTHING, np.arange(len(state.coefficients)))
    terms = _all_terms(figure, sight)
    if figure.likeness is not None:
        mask = sight.mask if clothes is None else None
        look = look_of(rig, figure.likeness.skin, state, K, mask, sight.height)
        habits = _recognised(figure, figure.likeness, look, height, said or {})
        state = _replaced(figure, state, habits, sight, K)
        state, _ = solved(rig, figure.landmarks, state, free, terms, habits, K, rounds=12)
    outline = None if sight.mask is None else Outline.of(sight.mask)
    if outline is not None:
        share, weight = OUTLINE_ALONE if not said else OUTLINE_TOLD
        depth = (share if clothes is None else clothes) * figure.standoff
        silhouette = Silhouette(outline, slice(COUNT, None), sight.height, depth, weight_out=weight)
        state, _ = solved(rig, figure.points, state, free, [*terms, silhouette], habits, K, rounds=20)
    return gazing(rig, figure.landmarks, state, sight, K)


def first_look(figure: Figure, sight: Sight, habits: Habits, K: Array, start: State | None = None) -> State:
    """The state that explains the landmarks."""
    state = pose_from(figure, sight, habits, K, start)
    free = Free(EVERYTHING, np.arange(len(state.coefficients)))
    return solved(figure.rig, figure.landmarks, state, free, _all_terms(figure, sight), habits, K, rounds=12)[0]


def _all_terms(figure: Figure, sight: Sight) -> list[Term]:
    bones = [] if sight.cue is None else [_bones(figure, sight)]
    return [landmarks_seen(figure, sight, np.arange(COUNT), forgiving=25.0), *bones, *_hand_bones(sight)]


def _recognised(figure: Figure, likeness: Likeness, look: Array, height: float | None, said: Said) -> Habits:
    """The habits of people of such looks, of whom this much is known."""
    known = {HEIGHT: (float(np.log(height)), 0.002)} if height is not None else {}
    guess, spread = likeness.guessed(look, {**said, **known})
    tall = float(np.exp(guess[HEIGHT]))
    habits = usual(figure, *((tall, tall * spread[HEIGHT]) if height is None else (height,)))
    centre, around = habits.shape_centre.copy(), habits.shape_spread.copy()
    betas = slice(0, len(guess) - len(OUTCOMES))
    centre[betas], around[betas] = guess[len(OUTCOMES) :], spread[len(OUTCOMES) :]
    return replace(habits, shape_centre=centre, shape_spread=around)


def _replaced(figure: Figure, state: State, habits: Habits, sight: Sight, K: Array) -> State:
    """The state with the likely shape, where its landmarks are seen."""
    B = figure.rig.B
    coefficients = np.concatenate([habits.shape_centre[:B], state.coefficients[B:]])
    state, rows = replace(state, coefficients=coefficients), np.arange(33)
    sure = np.where(np.isnan(sight.pixels[rows, 0]), 0, sight.sure[rows])
    landmarks = places(figure.rig, figure.landmarks[POSE], state)
    moved = shift(landmarks, np.nan_to_num(sight.pixels[rows]), sure, K)
    return replace(state, transl=state.transl + moved)


def pose_from(figure: Figure, sight: Sight, habits: Habits, K: Array, start: State | None = None) -> State:
    """The cheapest of several fits to the 33 landmarks and the bones' directions."""
    bones = None if sight.cue is None else _bones(figure, sight)
    pose = landmarks_seen(figure, sight, np.arange(33), forgiving=100.0)
    coarse: list[Term] = [pose] if bones is None else [pose, bones]
    free = Free(BODY, np.arange(10))
    starts = [start] if start is not None else _starts(figure, sight, habits, bones, K)
    landmarks = figure.landmarks[POSE]
    solutions = [solved(figure.rig, landmarks, s, free, coarse, habits, K, rounds=25) for s in starts]
    return min(solutions, key=lambda found: found[1])[0]


def _starts(figure: Figure, sight: Sight, habits: Habits, bones: Directed | None, K: Array) -> list[State]:
    """Where the first round starts from: what the 3D cue says, and poses of the library that look alike."""
    rig, landmarks, pixels = figure.rig, figure.landmarks[POSE], sight.pixels[POSE]
    sure = np.where((sight.sure[POSE] > 0.3) & ~np.isnan(pixels[:, 0]), sight.sure[POSE], 0)
    pixels = np.nan_to_num(pixels)
    starts = []
    if bones is not None and sight.cue is not None:
        starts.append(started(rig, landmarks, habits, bones, sight.cue, pixels, sure, K))
    count = STARTS if bones is not None else STARTS_BLIND
    for turns in figure.library.nearest(pixels, sure, None if bones is None else bones.directions, count):
        state = State(np.zeros(3), turns, habits.shape_centre.copy())
        starts.append(replace(state, transl=shift(places(rig, landmarks, state), pixels, sure, K)))
    if not starts:
        raise BadData("found fewer than 6 points of the body, expected most of 33: another photo, or --init")
    return starts


def usual(figure: Figure, height: float | None, sigma: float = 0.004) -> Habits:
    """Habits of people of unknown height, or of one known to `sigma` (metres)."""
    C, B, library = figure.rig.joint_dirs.shape[2], figure.rig.B, figure.library
    low, high = np.where(np.arange(C) < B, -3.5, 0.0), np.where(np.arange(C) < B, 3.5, 1.0)
    template = float(np.ptp(figure.model.v_template[:, 1].numpy()))
    metres, sigma = USUAL_HEIGHT if height is None else (height, sigma)
    return Habits(
        limits=limits(),
        usual=library.usual,
        stiff=library.stiff,
        fingers=0.3,
        shape_centre=figure.build[0],
        shape_spread=figure.build[1],
        bounds=(low, high),
        tallness=template * tallness(figure.model),
        height=(metres - template, sigma),
    )


def _bones(figure: Figure, sight: Sight) -> Directed:
    assert sight.cue is not None
    pairs = np.array(BONES)
    return Directed(pairs, figure.table.likely(sight.cue), 1.2 * figure.table.bone_spread, sight.sure[pairs].min(1))


def landmarks_seen(figure: Figure, sight: Sight, rows: np.ndarray, forgiving: float) -> Seen:
    weight = np.clip((sight.sure - 0.3) / 0.5, 0, 1)
    weight[FACE] *= 0.35
    seen = ~np.isnan(sight.pixels[:, 0])
    if rows[-1] >= 33:  # hands and face tell more exactly what the pose's points say of them
        if seen[FACE].any():
            weight[:11] *= 0.2
        for hand, doubles in ((LEFT_HAND, [17, 19, 21]), (RIGHT_HAND, [18, 20, 22])):
            if seen[hand.start]:
                weight[doubles] *= 0.2
    rows = rows[seen[rows] & (weight[rows] > 0)]
    sigma = np.hypot(figure.table.noise[rows] * sight.height, 0.5 * sight.doubt[rows])
    return Seen(rows, sight.pixels[rows], sigma, weight[rows], forgiving)


def _hand_bones(sight: Sight) -> list[Directed]:
    chains = [(0, 5), (0, 9), (0, 17), *((4 * f + k, 4 * f + k + 1) for f in range(5) for k in (1, 2, 3))]
    found = []
    for start, hand in zip((33, 54), sight.hands, strict=True):
        if hand is not None and sight.sure[start] > 0:
            pairs = np.array(chains)
            bones = hand[pairs[:, 1]] - hand[pairs[:, 0]]
            directions = bones / np.maximum(np.linalg.norm(bones, axis=1), 1e-9)[:, None]
            n = len(pairs)
            found.append(Directed(pairs + start, directions.astype(float), np.full(n, 0.35), np.full(n, 0.5)))
    return found


def from_photo(
    figure: Figure,
    photo: picture.Image,
    *,
    lens: Lens,
    mask: NDArray[np.uint8] | None = None,
    keypoints: Any = None,
    init: Person | None = None,
    height: float | None = None,
    describe: str | None = None,
    at: str | None = None,
    allow_cropped: bool = False,
    force: bool = False,
) -> Person:
    """The person in a photo (H,W,3|4) uint8 sRGB: posed body, camera, the crop that shows them.

    `mask` (H,W) 0 … 255 replaces the detector's; `keypoints`, the JSON of another detector, replaces it altogether;
    `init` is where the fit starts; `height` (cm) fixes the scale that no photo has; `describe` says in words who it is
    (sex, age, build); `at`, "x,y" in pixels, chooses among several people. A photo of more than 2048 pixels a side is
    made smaller first, and so are `image_size` and K. BadData for a photo of nobody, of several, of somebody cut off;
    QualityGate for a fit that explains too little, unless it is forced; NotInstalled without mediapipe.
    """
    chosen = place(at)
    scale = LARGEST / max(LARGEST, *photo.shape[:2])
    if scale < 1:
        size = (round(photo.shape[1] * scale), round(photo.shape[0] * scale))
        photo, lens = picture.resized(photo, size), replace(lens, focal=lens.focal * scale)
        mask = None if mask is None else picture.resized(mask, size)
        chosen = None if chosen is None else (chosen[0] * scale, chosen[1] * scale)
    if keypoints is None:
        sight = looking.seen(photo, mask=mask, at=chosen, allow_cropped=allow_cropped)
    else:
        shown = looking.mask_of(photo, mask, None)
        sight = sight_of(keypoints, (photo.shape[1], photo.shape[0]), shown, chosen, scale)
    K = lens.K(sight.size)
    start = None if init is None else _start_of(figure, init)
    state = fitted(
        figure,
        sight,
        K,
        height=None if height is None else height / 100,
        start=start,
        said=said_in(figure.model, describe),
    )
    person = _person(figure, sight, state, K)
    image, offset = judging.crop(photo, sight.mask, sight.pixels)
    mesh = Mesh(person.mesh(figure.model).vertices, figure.outer_faces)
    found = judging.residuals(figure.landmarks, figure.rig, state, sight, K, person.camera, mesh)
    judging.check(found, force)
    seen = {"pixels": sight.pixels.astype(np.float32), "confidence": sight.sure.astype(np.float32)}
    return replace(person, residuals=found, crop=image, crop_offset=offset, keypoints=seen, focal_source=lens.source)


def _start_of(figure: Figure, init: Person) -> State:
    if init.model.sha256 != figure.model.sha256:
        raise BadData(f"--init: made with body {init.model.name}, expected {figure.model.name}: give --body as it was")
    return state_of(figure.rig, init)


def _person(figure: Figure, sight: Sight, state: State, K: Array) -> Person:
    model, rig = figure.model, figure.rig
    state, cam_from_world = judging.in_world(rig, figure.points[COUNT:], state)
    betas, expression = judging.coefficients_of(rig, state)
    matrix = torch.from_numpy(cam_from_world).float()
    view = Camera("perspective", torch.from_numpy(K).float(), matrix, sight.size)
    return Person(Model(model.name, model.sha256, model.licence), betas, expression, state.pose(), view)


def place(text: str | None) -> tuple[float, float] | None:
    """`x,y` in pixels. UsageError for anything else."""
    if text is None:
        return None
    try:
        x, y = (float(number) for number in text.split(","))
    except ValueError:
        raise UsageError(f"--person {text}: expected x,y in pixels of the photo, as 640,210") from None
    return x, y
