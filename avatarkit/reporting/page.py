"""The page itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import reduce
from itertools import groupby
from operator import or_
from typing import Any, NamedTuple
from urllib.parse import quote

import numpy as np

from avatarkit import picture, provenance
from avatarkit.mesh import Mesh
from avatarkit.picture import Image
from avatarkit.reporting.dossier import Dossier, Entry
from avatarkit.reporting.tiles import Tile, lit, sheet_of, tiles_of, turntable
from avatarkit.reporting.warning import SPELT, licence_sentence, provenance_of, warnings_of
from avatarkit.webpage import Markup, address, document, image, table, tag

STYLE = """
header { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 2rem; align-items: start }
header figure img { width: 300px }
blockquote { margin: .8rem 0; padding-left: .9rem; border-left: 3px solid var(--line); font-size: 1.05rem }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1.2rem; margin: 1.2rem 0; font-size: .92rem }
dt { color: var(--faint) } dd { margin: 0; font-variant-numeric: tabular-nums }
.warnings { background: var(--warn-paper); border: 1px solid var(--line); border-left: 4px solid var(--warn);
  border-radius: 6px; padding: .7rem 1rem .7rem 1.2rem; margin-top: 1.4rem }
.warnings h2 { margin: 0 0 .3rem; color: var(--warn) } .warnings ul { margin: 0; padding-left: 1.1rem }
.steps { display: flex; flex-wrap: wrap; gap: .4rem 2rem } .tiles { display: flex; flex-wrap: wrap; gap: .8rem }
h3 { margin: 1rem 0 .5rem; font-size: .92rem; font-weight: 600 } .tiles figure { width: 166px }
.links { display: flex; flex-wrap: wrap; gap: .4rem .6rem; padding: 0; list-style: none }
.links li { border: 1px solid var(--line); border-radius: 6px; padding: .2rem .6rem; background: var(--card) }
@media (max-width: 44rem) { header { grid-template-columns: minmax(0, 1fr) } }
@media print { .tiles figure { width: 15% } header figure img { width: 200px } }
"""
STEPS = {
    "input": "What was given",
    "body.npz": "The body inside",
    "normals.png": "What it wears: normals, colours, parts",
    "carved.glb": "Carved",
    "refined.glb": "Refined",
    "textured.glb": "Painted",
    "avatar.glb": "Moving",
}
TURN = 2400
"""Milliseconds that the turntable takes."""


class Report(NamedTuple):
    """A page that needs nothing but itself, and a contact sheet (H,W,3) uint8 sRGB, None where nothing can be seen."""

    html: str
    sheet: Image | None


def report(dossier: Dossier, *, size: tuple[int, int] = (300, 400), frames: int = 20) -> Report:
    """The report of one subject, in pictures of `size` (width, height) and a turntable of so many frames. The same
    subject gives the same bytes, but for the seconds in its records."""
    dossier = replace(dossier, avatar=lit(dossier.avatar)) if dossier.avatar is not None else dossier
    tiles, turning = tiles_of(dossier, size), turntable(dossier, size, frames)
    body = [
        tag("header", tag("div", *_summary(dossier), *_warnings(dossier)), *_turning(turning)),
        *_pictures(tiles),
        *_steps(dossier),
        *_licences(dossier),
        *_files(dossier.entries),
    ]
    return Report(document(f"{dossier.name} · avatarkit", *body, style=STYLE), sheet_of(tiles) if tiles else None)


def _summary(dossier: Dossier) -> Iterable[Markup]:
    yield tag("h1", dossier.name)
    if dossier.words is not None:
        yield tag("blockquote", dossier.words)
    facts = [pair for name, value in _facts(dossier).items() for pair in (tag("dt", name), tag("dd", value))]
    yield tag("dl", *facts) if facts else tag("p", "There is nothing in this folder yet.", class_="faint")


def _facts(dossier: Dossier) -> dict[str, str]:
    """What a technical artist asks first."""
    found, final = {}, dossier.final()
    if dossier.body is not None:
        found["body"] = f"{_height(dossier.body):.2f} m high in its pose"
    if final is not None:
        file, mesh = final
        found["newest mesh"] = f"{file}: {_number(len(mesh.faces))} triangles"
        if "base_colour" in mesh.images:
            H, W = mesh.images["base_colour"].shape[:2]
            relief = ", normal map" if "normal" in mesh.images else ""
            found["texture"] = f"{W} × {H}{relief}"
    if dossier.avatar is not None:
        found["skeleton"] = f"{dossier.avatar.joints} joints, {len(dossier.avatar.shapes)} face shapes"
        clips = ", ".join(f"{name or 'unnamed'} ({length:.1f} s)" for name, length in dossier.avatar.clips.items())
        found["animations"] = clips or "none"
    for key, value in (dossier.person.residuals if dossier.person else {}).items():
        found[SPELT.get(key, key.replace("_", " "))] = f"{value:.3f}"
    return found | _noted(dossier)


def _noted(dossier: Dossier) -> dict[str, str]:
    """What the stages measured of their own work."""
    facts, found = dossier.facts(), {}
    residuals, torn = facts.get("residuals"), facts.get("torn")
    views = residuals.items() if isinstance(residuals, dict) else ()
    degrees = [float(value) for name, value in views if name.startswith("degrees_") and isinstance(value, int | float)]
    if degrees:
        found["carved normals are off by"] = f"{max(degrees):.1f}° in the worst view"
    if isinstance(torn, float):
        found["torn by un-posing, mended"] = f"{100 * torn:.1f} % of the surface"
    return found


def _height(mesh: Mesh) -> float:
    return float(mesh.vertices[:, 1].max() - mesh.vertices[:, 1].min())


def _warnings(dossier: Dossier) -> list[Markup]:
    found = warnings_of(dossier)
    if not found:
        return []
    listed = tag("ul", *(tag("li", warning) for warning in found))
    return [tag("section", tag("h2", "Worth knowing"), listed, class_="warnings")]


def _turning(frames: np.ndarray | None) -> list[Markup]:
    """The turntable; who asked for no motion sees its first picture."""
    if frames is None:
        return []
    size = (frames.shape[2], frames.shape[1])
    moving = picture.encode_webp(list(frames), milliseconds=TURN // len(frames), quality=75)
    still = address(picture.encode_webp([frames[0]]))
    source = tag("source", srcset=still, media="(prefers-reduced-motion: reduce)")
    alt = "The person, turning once around."
    return [tag("figure", tag("picture", source, image(moving, alt, size)))]


def _pictures(tiles: list[Tile]) -> Iterable[Markup]:
    steps = []
    for step, group in groupby(tiles, key=lambda tile: tile.step):
        file = [] if step == "input" else [" ", tag("code", step, class_="faint")]
        heading = tag("h3", STEPS.get(step, step), *file)
        steps.append(tag("section", heading, tag("div", *map(_figure, group), class_="tiles")))
    return [tag("h2", "Step by step"), tag("div", *steps, class_="steps")] if steps else []


def _figure(tile: Tile) -> Markup:
    size = (tile.image.shape[1], tile.image.shape[0])
    return tag("figure", image(picture.encode_webp([tile.image]), tile.alt, size), tag("figcaption", tile.label))


def _steps(dossier: Dossier) -> Iterable[Markup]:
    made = [(entry, entry.record) for entry in dossier.entries if entry.record is not None]
    if not made:
        return
    yield tag("h2", "How it was made")
    head = ("file", "stage", "from", "options that were set", "seconds", "sha256")
    yield table(head, [_step(entry, record) for entry, record in made])
    total = sum(seconds for _, record in made if isinstance(seconds := record.get("seconds"), int | float))
    yield tag("p", f"{total:.1f} s in all. Options that are not named had their defaults.", class_="faint")


def _step(entry: Entry, record: Mapping[str, Any]) -> list[Markup]:
    chosen = ", ".join(_option(name.replace("_", "-"), value) for name, value in entry.chosen.items())
    stage = tag("span", str(record.get("stage")), " ", tag("span", str(record.get("avatarkit")), class_="faint"))
    seconds = record.get("seconds")
    spelt = f"{seconds:.1f}" if isinstance(seconds, int | float) else "?"
    digest = str(record["writes"].get(entry.name, ""))[:12]
    sources = tag("span", ", ".join(record["reads"]) or "–")
    name = tag("code", entry.name)
    return [name, stage, sources, tag("span", chosen or "–"), tag("span", spelt), tag("code", digest)]


def _option(name: str, value: Any) -> str:
    """An option that was set, as one says it; a flag has no value."""
    return {"True": name, "False": f"no {name}", "None": f"{name} left out"}.get(str(value), f"{name} {value}")


def _licences(dossier: Dossier) -> Iterable[Markup]:
    models = dossier.models()
    yield tag("h2", "Models and licences")
    yield tag("p", licence_sentence(models))
    yield from (tag("p", said) for said in provenance_of(dossier))
    if models:
        rows = [(m.name, m.licence, "allowed" if m.free else "not known to be allowed", m.sha256[:12]) for m in models]
        yield table(("model", "licence", "commercial use", "sha256"), rows)
    yield from _origin(dossier)


def _origin(dossier: Dossier) -> Iterable[Markup]:
    """Whose consent there is, and what whoever must label generated media wants to know."""
    told = [record["provenance"] for record in dossier.records() if isinstance(record.get("provenance"), dict)]
    past = reduce(or_, map(provenance.from_json, told), provenance.Provenance())
    for words in sorted(past.consent):
        yield tag("p", f"Consent: {words}")
    if told:
        yield tag("p", "IPTC digital source type: ", tag("code", past.source_type))


def _files(entries: tuple[Entry, ...]) -> Iterable[Markup]:
    if entries:
        yield tag("h2", "Files")
        links = [
            tag("li", tag("a", entry.name, href=quote(entry.name)), " ", tag("span", _size(entry.size), class_="faint"))
            for entry in entries
        ]
        yield tag("ul", *links, class_="links")


def _size(count: int) -> str:
    """Bytes for people: 913 B, 84 kB, 3.8 MB."""
    for unit, scale in (("MB", 1e6), ("kB", 1e3)):
        if count >= scale:
            return f"{count / scale:.1f} {unit}" if count < 10 * scale else f"{count / scale:.0f} {unit}"
    return f"{count} B"


def _number(count: int) -> str:
    """A count with thin spaces between thousands."""
    return f"{count:,}".replace(",", "\u202f")
