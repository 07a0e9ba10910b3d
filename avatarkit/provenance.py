"""Where a file comes from, as the file itself says it: tool, ingredients, models, consent. Standard library only.

A stage's ledger knows what was read and which models were used before anything is written; what was read knows its own
past, from its record and from its bytes. So every file can say all that went into it, without a clock and without
a path. IPTC's digital source type (a NewsCode, for whoever must label generated media) follows from the ingredients:

    photo   generative model   made elsewhere
      -            -                 -           algorithmicMedia: words, formulas and what was measured on meshes
      -           yes                -           trainedAlgorithmicMedia
      -            -                yes          composite: nobody knows of what
      -           yes               yes          compositeSynthetic
     yes           -                any          compositeSynthetic: what no photo shows was made up by an algorithm
     yes          yes               any          compositeWithTrainedAlgorithmicMedia
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avatarkit import __version__, imprint, record
from avatarkit.imprint import SOURCE_TYPES
from avatarkit.record import Ledger, Model

TOOL = f"avatarkit {__version__}"
PHOTO, GENERATED, ELSEWHERE = "photo", "generative model", "made elsewhere"
LONGEST, MOST = 1000, 64
# What the source types of other programs' pictures stand for; the rest are of cameras, perhaps retouched.
INGREDIENTS = {
    "trainedAlgorithmicMedia": {GENERATED},
    "compositeWithTrainedAlgorithmicMedia": {PHOTO, GENERATED},
    "compositeSynthetic": {PHOTO, GENERATED},
    **{code: {ELSEWHERE} for code in ("composite", "digitalCreation", "digitalArt", "softwareImage")},
    "algorithmicMedia": set[str](),
    "dataDrivenMedia": set[str](),
}


@dataclass(frozen=True)
class Provenance:
    """All that went into a file. `models` carry the first 12 digits of their hash."""

    ingredients: frozenset[str] = frozenset()
    models: frozenset[Model] = frozenset()
    consent: frozenset[str] = frozenset()

    def __or__(self, other: Provenance) -> Provenance:
        return Provenance(
            self.ingredients | other.ingredients, self.models | other.models, self.consent | other.consent
        )

    @property
    def source_type(self) -> str:
        """IPTC's NewsCode, by the table above."""
        photo, generated, elsewhere = (kind in self.ingredients for kind in (PHOTO, GENERATED, ELSEWHERE))
        if generated:
            return "compositeWithTrainedAlgorithmicMedia" if photo else (
                "compositeSynthetic" if elsewhere else "trainedAlgorithmicMedia"
            )  # fmt: skip
        return "compositeSynthetic" if photo else "composite" if elsewhere else "algorithmicMedia"

    @property
    def commercial(self) -> bool:
        """Do the licences of all models allow commercial use? Of photos and meshes the user knows."""
        return all(model.free for model in self.models)

    def as_json(self) -> dict[str, Any]:
        """What is written into files; the same for the same ingredients."""
        models = sorted(self.models, key=lambda model: (model.name, model.sha256, model.licence))
        return {
            "tool": TOOL,
            "digital_source_type": SOURCE_TYPES + self.source_type,
            "made_from": sorted(self.ingredients),
            "models": [vars(model) for model in models],
            "commercial_use": self.commercial,
            **({"consent": sorted(self.consent)} if self.consent else {}),
        }


def from_json(said: dict[str, Any]) -> Provenance:
    """Back from what a file says, however wrong: what has not the right type is left out."""
    ingredients = frozenset(_words(said.get("made_from"))) & {PHOTO, GENERATED, ELSEWHERE}
    if "made_from" not in said and (code := str(said.get("digital_source_type", ""))):
        ingredients = frozenset(INGREDIENTS.get(code.removeprefix(SOURCE_TYPES), {PHOTO}))
    listed = said.get("models")
    entries = [entry for entry in listed[:MOST] if isinstance(entry, dict)] if isinstance(listed, list) else []
    models = {_short(Model(*(str(entry.get(k))[:LONGEST] for k in ("name", "sha256", "licence")))) for entry in entries}
    if said.get("commercial_use") is False and all(model.free for model in models):
        models.add(Model("a model that it does not name", "", "not for commercial use"))
    return Provenance(ingredients, frozenset(models), frozenset(_words(said.get("consent"))))


def _words(value: Any) -> list[str]:
    return [word[:LONGEST] for word in value[:MOST] if isinstance(word, str)] if isinstance(value, list) else []


def _short(model: Model) -> Model:
    return Model(model.name, model.sha256[:12], model.licence)


def behind(path: Path) -> Provenance | None:
    """What is known of a file, from its record, those of its ancestors, and from its bytes; None for nothing at all."""
    told = [step["provenance"] for _, step in record.history(path) if isinstance(step.get("provenance"), dict)]
    inside = imprint.found_in(path)
    models = frozenset(map(_short, record.models_behind(path)))
    if not told and not inside and record.read_record(path) is None:
        return None
    found = Provenance(models=models)
    for said in (*told, *([inside] if inside else [])):
        found |= from_json(said)
    return found


def of(ledger: Ledger) -> Provenance:
    """What goes into a file that is written now."""
    consent = frozenset([ledger.consent] if ledger.consent else [])
    found = Provenance(models=frozenset(map(_short, ledger.models.values())), consent=consent)
    for path in {**ledger.reads, **ledger.ingredients}:
        noted = ledger.ingredients.get(path)
        found |= behind(path) or Provenance(frozenset([noted] if noted else []))
    return found


def here() -> dict[str, Any]:
    """What a file that is written now says; the tool alone where nobody keeps a ledger."""
    ledger = record.current()
    return {"tool": TOOL} if ledger is None else of(ledger).as_json()


def told(said: dict[str, Any]) -> str:
    """The same for people."""
    found = from_json(said)
    allowed = "allowed" if found.commercial else "not allowed"
    lines = [f"  tool      {str(said.get('tool', 'unknown'))[:LONGEST]}"]
    lines += [f"  made of   {', '.join(sorted(found.ingredients)) or 'formulas and words'}",
              f"  source    {SOURCE_TYPES}{found.source_type}",
              f"  selling   {allowed} by the licences of its models"]  # fmt: skip
    lines += [f"  consent   {words}" for words in sorted(found.consent)]
    models = sorted(found.models, key=lambda model: model.name)
    return "\n".join(lines + [f"  built on  {m.name}   {m.licence}   {m.sha256}" for m in models])
