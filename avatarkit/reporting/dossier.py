"""All that is known of one subject, as its folder tells it. Everything but the name may be missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from avatarkit.avatar import Played
from avatarkit.maps import Maps
from avatarkit.mesh import Mesh
from avatarkit.person import Person
from avatarkit.picture import Image
from avatarkit.record import Model

MOMENTS = {"idle": 0.0, "walk": 0.2, "wave": 0.45}
"""The clips, and when in them, that an avatar is shown in."""


@dataclass(frozen=True)
class Entry:
    """A file of the folder; `record` is how it was made, if a stage made it, `chosen` its options that were set."""

    name: str
    size: int
    record: Mapping[str, Any] | None = None
    chosen: Mapping[str, Any] = field(default_factory=dict)
    edited: bool = False


@dataclass(frozen=True, eq=False)
class Dossier:
    """One subject. `meshes` goes by file name, in the order of the chain; `body` is the person's own."""

    name: str
    entries: tuple[Entry, ...] = ()
    words: str | None = None
    photo: Image | None = None
    photo_name: str = "photo"
    person: Person | None = None
    body: Mesh | None = None
    maps: Maps | None = None
    meshes: Mapping[str, Mesh] = field(default_factory=dict)
    avatar: Played | None = None
    outdated: tuple[tuple[str, str], ...] = ()
    """(made, source): `source` has changed since `made` was made from it"""
    unreadable: tuple[str, ...] = ()

    def models(self) -> list[Model]:
        """Every model that had a part in it, each once."""
        found = [] if self.person is None else [self.person.model]
        for told in (told for record in self.records() for told in record["models"] if isinstance(told, dict)):
            found.append(Model(*(str(told.get(k)) for k in ("name", "sha256", "licence"))))
        return list(dict.fromkeys(found))

    def records(self) -> Iterator[Mapping[str, Any]]:
        """How each file was made, in order."""
        yield from (entry.record for entry in self.entries if entry.record is not None)

    def facts(self) -> dict[str, Any]:
        """What the stages noted of their own results."""
        noted = (record.get("facts") for record in self.records())
        return {key: value for facts in noted if isinstance(facts, dict) for key, value in facts.items()}

    def final(self) -> tuple[str, Mesh] | None:
        """The newest mesh and the file that it is of: the avatar as it stands idly, or the last of the meshes."""
        if self.avatar is not None:
            return "avatar.glb", self.avatar.meshes.get("idle", self.avatar.meshes["rest"])
        if self.meshes:
            return list(self.meshes.items())[-1]
        return ("body.npz", self.body) if self.body is not None else None
