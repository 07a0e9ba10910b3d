"""Pictures of pictures: labelled sheets, backgrounds, sizes, sRGB. Arrays are (H,W,3|4) uint8 sRGB, alpha straight.

The only door to Pillow beside `files`; nothing is opened here, a PNG is made as bytes.
"""

import io
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from avatarkit.shapes import sizes

Image = NDArray[np.uint8]
Colour = tuple[int, int, int]

PAPER: Colour = (238, 238, 240)
INK: Colour = (58, 60, 66)
FAINT: Colour = (128, 131, 138)

# dashes, quotes, times and arrow, then the letters that Unicode does not take apart into a letter and an accent
SPELLINGS = str.maketrans(
    {"\u2013": "-", "\u2014": "-", "\u2212": "-", "\u2018": "'", "\u201c": '"', "\u201d": '"', "\u00d7": "x"}
    | {"→": "->", "ß": "ss", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "æ": "ae", "œ": "oe", "đ": "d"}
)


def linear_from_srgb(image: NDArray[Any]) -> NDArray[np.float32]:
    """Linear light in [0, 1], float32, of sRGB: uint8, uint16 or floats in [0, 1] (IEC 61966-2-1)."""
    if image.dtype.kind == "u":
        return _linear_table(image.dtype.itemsize)[image]
    encoded = image.astype(np.float32)
    return np.where(encoded <= 0.04045, encoded / 12.92, ((np.maximum(encoded, 0) + 0.055) / 1.055) ** 2.4)


@lru_cache(maxsize=2)
def _linear_table(bytes_each: int) -> NDArray[np.float32]:
    top = 256**bytes_each - 1
    return linear_from_srgb(np.arange(top + 1) / top).astype(np.float32)


def srgb_from_linear(light: NDArray[Any]) -> Image:
    """sRGB in uint8, rounded, of linear light; what is outside [0, 1] is clipped."""
    x = np.clip(light, 0, 1).astype(np.float32)
    return np.rint(255 * np.where(x <= 0.0031308, 12.92 * x, 1.055 * x ** (1 / 2.4) - 0.055)).astype(np.uint8)


def checker(height: int, width: int, *, square: int = 16) -> Image:
    """(H,W,3): the two greys on which transparency is shown."""
    rows, columns = np.arange(height)[:, None] // square, np.arange(width) // square
    return np.repeat(np.where((rows + columns) % 2, 204, 240).astype(np.uint8)[..., None], 3, axis=2)


def on_background(image: Image, background: Colour | Image | str = PAPER) -> Image:
    """(H,W,3): an RGBA image over a colour, another image (H,W,3) or `"checker"`; blended in sRGB, as viewers do."""
    H, W, C = sizes("H W C", image)
    if C == 3:
        return image
    behind = checker(H, W) if isinstance(background, str) else np.asarray(background, np.uint8)
    alpha = image[..., 3:].astype(np.uint32)
    mixed = image[..., :3] * alpha + behind * (255 - alpha)
    return ((mixed + 127) // 255).astype(np.uint8)


def resized(image: Image, size: tuple[int, int]) -> Image:
    """The image at `size` (width, height): averaged over areas when smaller, bilinear when larger; alpha weighted."""
    from PIL import Image as Pillow

    H, W = image.shape[:2]
    method = Pillow.Resampling.BOX if size[0] <= W and size[1] <= H else Pillow.Resampling.BILINEAR
    return np.array(Pillow.fromarray(image).resize(size, method))


def averaged(image: NDArray[np.float32], factor: int) -> NDArray[np.float32]:
    """The means (H/factor, W/factor, C) of blocks of `factor` x `factor` pixels."""
    H, W, C = sizes("H W C", image)
    return image.reshape(H // factor, factor, W // factor, factor, C).mean(axis=(1, 3), dtype=np.float32)


def palette(part: NDArray[Any]) -> NDArray[np.float32]:
    """sRGB (...,3) float32 in [0, 1] of part ids: hues a golden angle apart, so that neighbours differ."""
    hue = (np.asarray(part, np.float32) * 0.61803399 + 0.05) % 1
    wheel = np.abs((hue[..., None] * 6 + np.array([0, 4, 2], np.float32)) % 6 - 3) - 1
    pale = np.where(np.asarray(part)[..., None] % 2 == 0, 0.46, 0.58)
    return (0.86 * (pale + (1 - pale) * np.clip(wheel, 0, 1))).astype(np.float32)


def spelt(text: str, font_size: int = 16) -> str:
    """The text in letters that the built-in font has: é becomes e, and what has no relative a question mark."""
    letters = []
    for letter in text.translate(SPELLINGS):
        if not (letter.isascii() or _drawable(letter)):
            letter = unicodedata.normalize("NFKD", letter).encode("ascii", "ignore").decode() or "?"
        letters.append(letter if letter.isprintable() else " ")
    return "".join(letters)


@lru_cache(maxsize=64)
def _font(font_size: int) -> Any:
    from PIL import ImageFont

    return ImageFont.load_default(font_size)


@lru_cache(maxsize=1024)
def _drawable(letter: str) -> bool:
    """The font draws every letter that it lacks as the same box."""
    return bytes(_font(16).getmask(letter)) != bytes(_font(16).getmask("\uffff"))


class Line(NamedTuple):
    """A line of text; `at` (x, y) in pixels is Pillow's `anchor` of it (`lt` its top left, `mm` its middle)."""

    text: str
    at: tuple[float, float]
    font_size: int = 16
    colour: Colour = INK
    anchor: str = "lt"


def written(image: Image, lines: Iterable[Line]) -> Image:
    """The image (H,W,3) with these lines of text on it, in Pillow's built-in font."""
    from PIL import Image as Pillow
    from PIL import ImageDraw

    canvas = Pillow.fromarray(image)
    pen = ImageDraw.Draw(canvas)
    for line in lines:
        pen.text(line.at, spelt(line.text), fill=line.colour, font=_font(line.font_size), anchor=line.anchor)
    return np.array(canvas)


def text_width(text: str, font_size: int = 16) -> int:
    """How wide the text will be, in pixels."""
    return int(np.ceil(_font(font_size).getlength(spelt(text))))


def shortened(text: str, width: int, font_size: int = 16) -> str:
    """The text, its end replaced by an ellipsis where it is wider than `width` pixels."""
    if text_width(text, font_size) <= width:
        return text
    while text and text_width(text + "…", font_size) > width:
        text = text[:-1]
    return text.rstrip() + "…"


def grid(
    rows: Sequence[Sequence[Image]],
    *,
    labels: Sequence[Sequence[str]] | None = None,
    titles: Sequence[str] | None = None,
    gap: int = 8,
    font_size: int = 16,
    background: Colour = PAPER,
) -> Image:
    """A sheet (H,W,3): rows of tiles, a label under each tile and a title above each row where given.

    A column is as wide as its widest tile, a row as high as its highest; RGBA tiles are laid on the background.
    """
    if not rows or not any(len(row) for row in rows):
        raise ValueError("grid: there is no tile")
    columns = max(len(row) for row in rows)
    widths = [max((row[c].shape[1] for row in rows if c < len(row)), default=0) for c in range(columns)]
    heights = [max((tile.shape[0] for tile in row), default=0) for row in rows]
    title_height, label_height = (0 if texts is None else round(1.9 * font_size) for texts in (titles, labels))
    width = sum(widths) + gap * (columns + 1)
    height = sum(heights) + gap * (len(rows) + 1) + len(rows) * (title_height + label_height)
    sheet = np.broadcast_to(np.asarray(background, np.uint8), (height, width, 3)).copy()
    lines, small, top = [], round(0.9 * font_size), gap
    for r, row in enumerate(rows):
        if titles is not None:
            title = shortened(titles[r], width - 2 * gap, font_size)
            lines.append(Line(title, (gap, top + title_height / 2), font_size, anchor="lm"))
            top += title_height
        left = gap
        for c, tile in enumerate(row):
            x, y = left + (widths[c] - tile.shape[1]) // 2, top + (heights[r] - tile.shape[0]) // 2
            sheet[y : y + tile.shape[0], x : x + tile.shape[1]] = on_background(tile, background)
            if labels is not None:
                middle = (left + widths[c] / 2, top + heights[r] + label_height / 2)
                lines.append(Line(shortened(labels[r][c], widths[c], small), middle, small, FAINT, "mm"))
            left += widths[c] + gap
        top += heights[r] + label_height + gap
    return written(sheet, lines)


def encode_png(image: Image) -> bytes:
    """8-bit PNG bytes of an (H,W), (H,W,3) or (H,W,4) image; no date, no metadata: same image, same bytes."""
    from PIL import Image as Pillow

    if image.dtype != np.uint8:
        raise ValueError(f"encode_png: dtype {image.dtype}, expected uint8")
    stream = io.BytesIO()
    Pillow.fromarray(image).save(stream, format="PNG", compress_level=6)
    return stream.getvalue()


def encode_webp(images: Sequence[Image], *, quality: int = 80, milliseconds: int = 100) -> bytes:
    """WebP bytes of one image (H,W,3|4), or of several as a loop, each shown for so long; no date, no metadata."""
    from PIL import Image as Pillow

    first, *others = (Pillow.fromarray(image) for image in images)
    moving = {"save_all": True, "append_images": others, "duration": milliseconds, "loop": 0} if others else {}
    stream = io.BytesIO()
    first.save(stream, format="WEBP", quality=quality, method=4, **moving)
    return stream.getvalue()


def compressed(image: Image, quality: int) -> Image:
    """The image (H,W,3) as JPEG of that quality, 1 to 95, would have left it."""
    from PIL import Image as Pillow

    stream = io.BytesIO()
    Pillow.fromarray(image).save(stream, format="JPEG", quality=quality)
    return np.array(Pillow.open(stream))
