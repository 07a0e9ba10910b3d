"""A JSON object whose every field is asked for by type and range: what is amiss becomes one line of BadData."""

from __future__ import annotations

import json
import math
import reprlib
from typing import Any

from avatarkit.errors import BadData

MOST_JSON_BYTES = 128 << 20
MOST_JSON_VALUES = 1_000_000
DEEPEST = 64
MOST_ITEMS = 65536


def parse_json(data: bytes) -> Fields:
    """The JSON document; BadData unless it is an object of bounded size and depth, with finite numbers."""
    # Counted before parsing: a list of empty lists takes forty times its bytes once it is parsed.
    if len(data) > MOST_JSON_BYTES or sum(map(data.count, (b",", b"[", b"{"))) > MOST_JSON_VALUES:
        raise BadData(f"glTF JSON: expected at most {MOST_JSON_BYTES} bytes and {MOST_JSON_VALUES} values, found more")
    try:
        text = data.decode("utf-8-sig")
        document = json.loads(text, parse_constant=_refuse, parse_float=_finite, parse_int=_small)
    except (ValueError, RecursionError) as error:
        raise BadData(f"glTF JSON: expected a JSON document ({str(error)[:100]}): the file is damaged") from error
    level: list[Any] = [document]
    for _ in range(DEEPEST):
        level = [inner for value in level for inner in _inside(value)]
    if level:
        raise BadData(f"glTF JSON: expected at most {DEEPEST} levels of nesting, found more")
    return Fields(document, "document")


def _inside(value: Any) -> Any:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def _refuse(word: str) -> float:
    raise ValueError(f"{word} is not a number")


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError(f"{digits[:20]} is too large")
    return value


def _small(digits: str) -> int:
    if len(digits) > 20:  # no field holds more than 64 bits, and long numbers take quadratic time
        raise ValueError(f"{digits[:20]}… is too large")
    return int(digits)


class Fields:
    """One JSON object, and where in the document it stands."""

    def __init__(self, value: Any, where: str) -> None:
        if not isinstance(value, dict):
            raise BadData(f"glTF {where}: expected an object, found {found(value)}")
        self.value, self.where = value, where

    def bad(self, key: str, expected: str) -> BadData:
        return BadData(f"glTF {self.where}.{key}: expected {expected}, found {found(self.value.get(key))}")

    def integer(self, key: str, default: int | None = None, *, low: int = 0, below: int = 1 << 31) -> int:
        value = self.value.get(key, default)
        if isinstance(value, float) and value.is_integer():  # some exporters write 3.0
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value < below:
            raise self.bad(key, f"an integer from {low} to {below - 1}" if below > low else "nothing: there is none")
        return value

    def place(self, key: str, count: int) -> int | None:
        """An index into a list of `count`, or None where there is none."""
        return self.integer(key, below=count) if key in self.value else None

    def number(self, key: str, default: float) -> float:
        value = self.value.get(key, default)
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise self.bad(key, "a number")
        return float(value)

    def numbers(self, key: str, default: tuple[float, ...]) -> tuple[float, ...]:
        """As many numbers as the default has."""
        values = self.value.get(key, default)
        if (
            not isinstance(values, list | tuple)
            or len(values) != len(default)
            or not all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
        ):
            raise self.bad(key, f"{len(default)} numbers")
        return tuple(float(value) for value in values)

    def places(self, key: str, count: int) -> list[int]:
        """Indices into a list of `count`."""
        values = self.value.get(key, [])
        if not isinstance(values, list) or not all(type(value) is int and 0 <= value < count for value in values):
            raise self.bad(key, f"a list of integers from 0 to {count - 1}")
        return values

    def text(self, key: str, default: str | None = "") -> str:
        value = self.value.get(key, default)
        if not isinstance(value, str):
            raise self.bad(key, "text")
        return value.encode("utf-8", "replace").decode("utf-8")  # JSON lets half a surrogate pair through

    def flag(self, key: str) -> bool:
        value = self.value.get(key, False)
        if not isinstance(value, bool):
            raise self.bad(key, "true or false")
        return value

    def json(self, key: str) -> dict[str, Any]:
        """A free object, as it is; {} where it is absent, or where the file has something else than an object."""
        value = self.value.get(key)
        return value if isinstance(value, dict) else {}

    def item(self, key: str) -> Fields:
        """The object there, or an empty one."""
        return Fields(self.value.get(key, {}), f"{self.where}.{key}")

    def items(self, key: str) -> list[Fields]:
        values = self.value.get(key, [])
        if not isinstance(values, list) or len(values) > MOST_ITEMS:
            raise self.bad(key, f"a list of at most {MOST_ITEMS}")
        here = "" if self.where == "document" else f"{self.where}."
        return [Fields(value, f"{here}{key}[{place}]") for place, value in enumerate(values)]


def found(value: Any) -> str:
    """A short, printable form of any JSON value."""
    return "nothing" if value is None else ascii(reprlib.repr(value))[1:-1]
