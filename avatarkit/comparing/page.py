"""A page that shows two results side by side, does not say which is whose, and keeps what the voter says."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from avatarkit import picture, portrait
from avatarkit.comparing.script import SCRIPT, STYLE
from avatarkit.errors import BadData
from avatarkit.mesh import Mesh
from avatarkit.picture import Image
from avatarkit.portrait import Style
from avatarkit.webpage import Markup, document, image, tag

QUESTIONS = {
    "photo": "Which fits the photo better?",
    "words": "Which fits the words better?",
    "real": "Which looks more real?",
}
TURN = 3200
"""Milliseconds that a turntable takes."""


@dataclass(frozen=True, eq=False)
class Pair:
    """One subject's two results, and what they were made from, where that is known."""

    subject: str
    a: Mesh
    b: Mesh
    photo: Image | None = None
    words: str | None = None

    def questions(self) -> list[str]:
        """What can be asked about them: a name of QUESTIONS each."""
        return [
            *(["photo"] if self.photo is not None else []),
            *(["words"] if self.words is not None else []),
            "real",
        ]


def page(
    pairs: Sequence[Pair],
    names: tuple[str, str] = ("A", "B"),
    *,
    seed: int = 0,
    frames: int = 16,
    size: tuple[int, int] = (360, 480),
) -> str:
    """The page: subjects in random order, their results left and right by chance, both fixed by the `seed`.

    Sides are called by hashes; the key to them, with the `names` of the two, travels with the votes, encoded. Both of a
    pair are drawn alike: in their colours where both have them, else in clay. BadData without a pair.
    """
    if not pairs:
        raise BadData("there is nobody to compare: expected subjects of the same names in both")
    chance = np.random.default_rng(seed)
    salt = chance.bytes(8).hex()
    key = base64.b64encode(json.dumps({"salt": salt, "names": list(names)}).encode()).decode()
    study = hashlib.sha256("\n".join([salt, *(pair.subject for pair in pairs)]).encode()).hexdigest()[:12]
    order, swapped = chance.permutation(len(pairs)), chance.random(len(pairs)) < 0.5
    sections = [_section(pairs[k], salt, bool(swapped[k]), frames, size) for k in order]
    questions = {f"data_{name}": words for name, words in QUESTIONS.items()}
    main = tag("main", _bar(), *sections, _end(), data_study=study, data_key=key, **questions)
    said = tag("noscript", tag("p", "This page counts votes by a script of its own: please allow it."))
    return document("Which one?", main, said, style=STYLE, script=SCRIPT)


def side_id(salt: str, subject: str, side: str) -> str:
    """What a side ("A" or "B") of a subject is called on the page."""
    return hashlib.sha256(f"{salt} {subject} {side}".encode()).hexdigest()[:12]


def subject_id(salt: str, subject: str) -> str:
    """What a subject is called on the page."""
    return hashlib.sha256(f"{salt} {subject}".encode()).hexdigest()[:12]


def _section(pair: Pair, salt: str, swapped: bool, frames: int, size: tuple[int, int]) -> Markup:
    """One subject: what it was made from, and the two results as buttons."""
    painted = all(mesh.uvs is not None and "base_colour" in mesh.images for mesh in (pair.a, pair.b))
    style = Style("texture" if painted else "shaded", size, supersampling=1, shadows=False)
    name = subject_id(salt, pair.subject)
    sides = [(side_id(salt, name, side), mesh) for side, mesh in (("A", pair.a), ("B", pair.b))]
    shown = [
        tag("button", _moving(mesh, frames, style, label), tag("kbd", mark), type="button", data_choice=choice)
        for (choice, mesh), label, mark in zip(sides[:: -1 if swapped else 1], ("left", "right"), "←→", strict=True)
    ]
    known = [*_reference(pair, size), tag("div", *shown, class_="pair")]
    return tag("section", *known, hidden=True, data_subject=name, data_questions=" ".join(pair.questions()))


def _moving(mesh: Mesh, frames: int, style: Style, label: str) -> Markup:
    turning = portrait.turntable(mesh, frames, style)
    content = picture.encode_webp(list(turning), milliseconds=TURN // frames, quality=80)
    return image(content, f"The {label} one, turning.", style.size)


def _reference(pair: Pair, size: tuple[int, int]) -> list[Markup]:
    found = []
    if pair.photo is not None:
        photo = portrait.framed(picture.on_background(pair.photo), size)
        found.append(tag("figure", image(picture.encode_webp([photo]), "The photo.", size), class_="given"))
    if pair.words is not None:
        found.append(tag("blockquote", pair.words))
    return found


def _bar() -> Markup:
    keys = "Keys: ← left, → right, ↓ cannot tell, Backspace to go back."
    return tag("header", tag("h1", "Which one?", id="question"), tag("p", keys, class_="faint"),
               tag("p", "", id="place", class_="faint", aria_live="polite"))  # fmt: skip


def _end() -> Markup:
    thanks = tag("p", "Thank you. Your votes are on this computer alone: please download and send them.")
    download = tag("button", "Download my votes", type="button", id="download")
    again = tag("button", "Begin anew", type="button", id="again")
    none = tag("p", tag("button", "Cannot tell ↓", type="button", id="none"), " ",
               tag("button", "Back", type="button", id="back"))  # fmt: skip
    return Markup(none + tag("section", thanks, tag("p", download, " ", again), hidden=True, id="end"))
