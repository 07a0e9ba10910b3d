"""What a user should know before the avatar is handed on, a sentence each."""

from __future__ import annotations

from collections.abc import Iterator

from avatarkit.record import Model
from avatarkit.reporting.dossier import Dossier

WEAK = {"reprojection": (0.02, 1), "outside": (0.08, 1), "mask_iou": (0.65, -1)}
"""A fit that passed its gate, and is worse than this, is worth a look: the bound, and which side of it is bad."""
TORN = 0.05
SPELT = {
    "reprojection": "joints off by (mean, of the person's height)",
    "reprojection_worst": "joints off by (worst)",
    "mask_iou": "overlap with the person's outline (IoU)",
    "outside": "body outside of the outline",
    "gap": "gap to the mesh [m]",
}


def warnings_of(dossier: Dossier) -> list[str]:
    """Every warning, the gravest kind first; none for a subject that all is well with."""
    return list(dict.fromkeys([*_files(dossier), *_licences(dossier.models()), *_quality(dossier)]))


def _files(dossier: Dossier) -> Iterator[str]:
    yield from dossier.unreadable
    for made, source in dossier.outdated:
        yield f"{made} was made from another {source}: it has changed since. Make {made} anew."
    for entry in dossier.entries:
        if entry.edited:
            yield f"{entry.name} was edited by hand after its stage wrote it."


def _licences(models: list[Model]) -> Iterator[str]:
    for model in models:
        if not model.free:
            yield f"{model.name} is under “{model.licence}”, which is not known to allow commercial use."


def _quality(dossier: Dossier) -> Iterator[str]:
    for key, (bound, sign) in WEAK.items():
        value = dossier.person.residuals.get(key) if dossier.person else None
        if value is not None and sign * value > sign * bound:
            yield f"The body fits the photo weakly: {SPELT[key]}: {value:.3f}. Compare body and photo below."
    torn = dossier.facts().get("torn")
    if isinstance(torn, float) and torn > TORN:
        yield f"{100 * torn:.1f} % of the surface was torn by un-posing, and mended: look at it moving."
    for record in dossier.records():
        said = record.get("warnings")
        yield from (str(words) for words in said) if isinstance(said, list) else ()
        for option in ("allow", "allow_poor"):
            if value := record["options"].get(option):
                spelt = option.replace("_", "-")
                yield f"{record.get('stage')} was told to let a failed check pass ({spelt}: {value})."


def provenance_of(dossier: Dossier) -> list[str]:
    """Consent, as it was recorded, and what whoever must label generated media asks for, by the newest record."""
    records = list(dossier.records())
    consents = dict.fromkeys(str(record["consent"]) for record in records if record.get("consent"))
    found = [f"Consent, as recorded: {words}" for words in consents]
    pasts = [past for record in records if isinstance(past := record.get("provenance"), dict)]
    if pasts and (source := pasts[-1].get("digital_source_type")):
        found.append(f"IPTC digital source type: {str(source).rpartition('/')[2]}.")
    return found


def licence_sentence(models: list[Model]) -> str:
    """May this be sold? As far as the models go."""
    if not models:
        return "No model is recorded: nothing can be said about commercial use."
    if all(model.free for model in models):
        said = "Every model that had a part in this allows commercial use."
    else:
        names = ", ".join(model.name for model in models if not model.free)
        said = f"Not for commercial use as it stands: because of {names}."
    return f"{said} The rights in the photo or the words, and the consent of the person shown, are yours to know."
