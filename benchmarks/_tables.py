"""Figures by name as lines for people: the mean, its interval (`_low`, `_high`), and what was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Figures = Mapping[str, Any]


def table(figures: Figures, at_most: Figures, at_least: Figures, width: int = 44) -> str:
    lines = []
    for name, value in figures.items():
        if name.endswith(("_low", "_high")):
            continue
        spread = f"{figures[f'{name}_low']:.4g} … {figures[f'{name}_high']:.4g}" if f"{name}_low" in figures else ""
        bounds = [f"{sign} {limits[name]:g}" for sign, limits in (("≤", at_most), ("≥", at_least)) if name in limits]
        lines.append(
            (name.ljust(width) + f"{value:.4g}".rjust(10) + spread.rjust(22) + "".join(bounds).rjust(10)).rstrip()
        )
    return "\n".join(lines)
