"""Web pages that need nothing but themselves: text escaped by construction, pictures inside, no script, no network."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from html import escape

VOID = frozenset({"img", "meta", "br", "source", "input", "link"})

STYLE = """
:root { color-scheme: light dark; --ink: #24262b; --faint: #666b75; --paper: #f6f6f7; --card: #fff; --line: #dcdde1;
  --warn: #9a5b00; --warn-paper: #fff6e5; --link: #2456a6 }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e7ea; --faint: #9ca1ac; --paper: #1a1b1e; --card: #232529;
  --line: #383b42; --warn: #f0b65c; --warn-paper: #33290f; --link: #8db4f5 } }
* { box-sizing: border-box }
body { margin: 0 auto; padding: 2.5rem 1.5rem 4rem; max-width: 72rem; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif }
h1 { margin: 0; font-size: 1.9rem; line-height: 1.2; font-weight: 650; overflow-wrap: anywhere }
h2 { margin: 2.6rem 0 .8rem; font-size: 1.1rem; font-weight: 650 }
p { margin: .5rem 0; max-width: 46rem }
a { color: var(--link) }
img { display: block; max-width: 100%; height: auto }
table { width: 100%; border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums }
th, td { padding: .45rem .7rem .45rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line) }
th { color: var(--faint); font-weight: 500 }
td { overflow-wrap: anywhere }
code { font: .86em ui-monospace, "SF Mono", Menlo, Consolas, monospace }
figure { margin: 0; background: var(--card); border: 1px solid var(--line); border-radius: 8px; overflow: hidden }
figcaption { padding: .4rem .7rem; font-size: .84rem; color: var(--faint) }
.faint { color: var(--faint) }
@media print { :root { color-scheme: light; --paper: #fff; --card: #fff } body { padding: 0; max-width: none }
  figure, tr { break-inside: avoid } h2 { break-after: avoid } }
"""


class Markup(str):
    """HTML that may stand as it is; every other text is escaped."""


def tag(name: str, *children: str, **attributes: str | int | bool) -> Markup:
    """An element. An attribute's underscores are hyphens, one at the end is dropped (`class_`); True has no value.

    >>> tag("p", "a < b", tag("br"), class_="faint")
    '<p class="faint">a &lt; b<br></p>'
    """
    said = ""
    for key, value in attributes.items():
        spelt = key.rstrip("_").replace("_", "-")
        if value is not False:
            said += f" {spelt}" if value is True else f' {spelt}="{escape(str(value))}"'
    if name in VOID:
        return Markup(f"<{name}{said}>")
    return Markup(f"<{name}{said}>{joined(children)}</{name}>")


def joined(parts: Iterable[str]) -> Markup:
    """The parts in a row, those that are no markup escaped."""
    return Markup("".join(part if isinstance(part, Markup) else escape(part, quote=False) for part in parts))


def image(content: bytes, alt: str, size: tuple[int, int], kind: str = "webp") -> Markup:
    """A picture inside the page, `size` (width, height) in pixels."""
    return tag("img", src=address(content, kind), alt=alt, width=size[0], height=size[1])


def address(content: bytes, kind: str = "webp") -> str:
    """A picture as an address that holds it."""
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> Markup:
    """A table with a row of column names."""
    names = tag("thead", tag("tr", *(tag("th", name, scope="col") for name in head)))
    return tag("table", names, tag("tbody", *(tag("tr", *(tag("td", cell) for cell in row)) for row in rows)))


def document(title: str, *body: str, style: str = "", script: str = "") -> str:
    """A whole page, which may load nothing from anywhere. `style` and `script` are ours, and stand as they are."""
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'" + "; script-src 'unsafe-inline'" * bool(
        script
    )
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name_="viewport", content="width=device-width, initial-scale=1"),
        tag("title", title),
        tag("style", Markup(STYLE + style)),
    )
    scripts = [tag("script", Markup(script))] if script else []
    return f"<!doctype html>\n{tag('html', head, tag('body', *body, *scripts), lang='en')}\n"
