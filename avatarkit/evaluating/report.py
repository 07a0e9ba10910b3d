"""Figures with their names, for people and for programs."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Figures = Mapping[str, float | None]

WIDTH = 44


@dataclass(frozen=True)
class Report:
    """`notes`: what was compared, by name; `columns`: figures by name, of each that was measured, None for what cannot
    be; `labels`: what figures are called in the table, which has those alone, and how many decimals they have."""

    notes: Mapping[str, str]
    columns: Mapping[str, Figures]
    labels: Mapping[str, tuple[str, int]]

    def flat(self) -> dict[str, str | float | None]:
        """One object: the notes, the figures by name, with the column's name before unless it is `result`."""
        found: dict[str, str | float | None] = dict(self.notes)
        for column, figures in self.columns.items():
            for name, value in figures.items():
                known = value is not None and math.isfinite(value)
                found[name if column == "result" else f"{column}_{name}"] = value if known else None
        return found

    def json(self) -> str:
        return json.dumps(self.flat())

    def table(self) -> str:
        """The notes, then a line a figure."""
        lines = [f"{name}: {said}" for name, said in self.notes.items()]
        lines += ["", " " * WIDTH + "".join(f"{column:>12}" for column in self.columns)]
        for name, (label, decimals) in self.labels.items():
            values = [figures.get(name, math.nan) for figures in self.columns.values()]
            if any(value is None or not math.isnan(value) for value in values):
                lines.append(f"{label:<{WIDTH}}" + "".join(f"{_said(value, decimals):>12}" for value in values))
        return "\n".join(line.rstrip() for line in lines)


def _said(value: float | None, decimals: int) -> str:
    if value is None:
        return "—"
    return "" if math.isnan(value) else f"{value:.{decimals}f}"


def mean(values: Sequence[float]) -> float:
    """Not a number without values."""
    return sum(values) / len(values) if values else math.nan
