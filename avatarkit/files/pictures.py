"""Pictures in and out: photos (Pillow, bounded), sheets, turntables; the only door to imageio."""

import io
import logging
import math
import warnings
from pathlib import Path

import numpy as np

from avatarkit import imprint, png, provenance, record
from avatarkit.atomic import replacing, write_bytes
from avatarkit.camera import FILM_DIAGONAL
from avatarkit.errors import BadData, NotInstalled, UsageError
from avatarkit.files.reading import naming, read_bytes

log = logging.getLogger("avatarkit")

MOST_PIXELS = 64_000_000
FORMATS = ("JPEG", "PNG", "WEBP")
HEIC = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1", b"avif")
EXIF_IFD, FOCAL_35MM = 0x8769, 0xA405
FRAMES_PER_SECOND = 24
MOVIES = (".webp", ".gif", ".mp4")


def read_photo(path: Path) -> np.ndarray:
    """A photo, (H,W,3|4) uint8 sRGB, upright (EXIF applied), colour profile converted, at most 64 megapixels.

    JPEG, PNG or WebP; grey, palette, CMYK and 16-bit ones are converted. Raises BadData.
    """
    record.note_ingredient(path, provenance.PHOTO)
    return read_picture(path)


def read_picture(path: Path) -> np.ndarray:
    """As `read_photo`, of a picture that shows nobody: a mask, a texture."""
    content = read_bytes(path)
    with naming(path):
        return decode_photo(content)


def read_image(path: Path) -> np.ndarray:
    """Any picture as numbers, (H,W,4) uint16 RGBA: 16-bit PNG as it is, else as `read_photo` reads it, times 257."""
    record.note_ingredient(path, provenance.ELSEWHERE)
    content = read_bytes(path)
    with naming(path):
        if content.startswith(png.SIGNATURE):
            return png.decode(content)[0]
        image = decode_photo(content).astype(np.uint16) * 257
    opaque = np.full((*image.shape[:2], 1), 65535, np.uint16)
    return image if image.shape[2] == 4 else np.concatenate([image, opaque], axis=2)


def read_mask(path: Path, like: np.ndarray) -> np.ndarray:
    """A mask (H,W) uint8, 255 = the person, of the size of a photo: grey levels, or the alpha of a cut-out."""
    mask = read_picture(path)
    if mask.shape[:2] != like.shape[:2]:
        found, wanted = (f"{image.shape[1]} x {image.shape[0]}" for image in (mask, like))
        raise BadData(f"{path}: found {found} pixels, expected the photo's {wanted}")
    return mask[..., 3] if mask.shape[2] == 4 else mask[..., :3].max(axis=2)


def read_focal(path: Path) -> float | None:
    """The focal length in pixels that a photo's EXIF tells (as of 35 mm film), None where it does not."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(read_bytes(path)), formats=FORMATS) as image:
            told = image.getexif().get_ifd(EXIF_IFD).get(FOCAL_35MM)
            millimetres = float(told) if isinstance(told, int | float) else 0.0
            diagonal = math.hypot(image.width, image.height)
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError):
        return None
    return millimetres / FILM_DIAGONAL * diagonal if 8 <= millimetres <= 1000 else None


def decode_photo(content: bytes) -> np.ndarray:
    """The pixels of an image file's bytes, as `read_photo` gives them."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    if content[4:8] == b"ftyp" and content[8:12] in HEIC:
        raise BadData(
            "found a HEIC or AVIF image: convert it first (heif-convert photo.heic photo.jpg, or on a Mac "
            "sips -s format jpeg photo.heic --out photo.jpg)"
        )
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(io.BytesIO(content), formats=FORMATS) as image:
                if image.width * image.height > MOST_PIXELS:
                    raise BadData(f"found {image.width} x {image.height} pixels, expected at most 64 megapixels")
                return np.asarray(_srgb(ImageOps.exif_transpose(image)))
        except UnidentifiedImageError:
            raise BadData("found no JPEG, PNG or WebP image: convert it first") from None
        except (Image.DecompressionBombWarning, Image.DecompressionBombError):
            raise BadData("found more pixels than any photo has, expected at most 64 megapixels") from None
        except (OSError, ValueError, SyntaxError, EOFError, IndexError, TypeError) as error:
            raise BadData(f"the image is damaged ({error}): export it again") from None


def _srgb(image):  # type: ignore[no-untyped-def]
    from PIL import Image, ImageCms

    alpha = image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info
    if image.mode.startswith("I;16"):  # Pillow clips 16-bit grey instead of scaling it
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    profile = image.info.get("icc_profile")
    if profile and image.mode in ("RGB", "CMYK", "L"):
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            image = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
        except (ImageCms.PyCMSError, OSError) as error:  # common, and no reason to refuse a photo
            log.info("the photo's colour profile cannot be used (%s): taken as sRGB", error)
    return image.convert("RGBA" if alpha else "RGB")


def write_picture(path: Path, image: np.ndarray) -> None:
    """An sRGB picture (H,W,3|4) uint8 as PNG, JPEG or WebP by its suffix, with what it was made from in it."""
    from PIL import Image

    formats = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}
    kind = formats.get(path.suffix.lower())
    if kind is None:
        raise UsageError(f"{path}: cannot write {path.suffix or 'a picture without suffix'}, use {', '.join(formats)}")
    out = io.BytesIO()
    plain, said = Image.fromarray(image if kind != "JPEG" else image[..., :3]), provenance.here()
    plain.save(out, kind, **({"xmp": imprint.xmp(said)} if kind == "WEBP" else {}))
    write_bytes(path, out.getvalue() if kind == "WEBP" else imprint.imprinted(out.getvalue(), said))


def write_movie(path: Path, frames: np.ndarray) -> None:
    """A looping turntable (N,H,W,3) uint8 as .webp, .gif or .mp4; the last one needs ffmpeg."""
    import imageio.v3 as imageio

    kind = path.suffix.lower()
    if kind not in MOVIES:
        raise UsageError(f"{path}: cannot write a turntable as {kind or 'this'}, use {', '.join(MOVIES)}")
    with replacing(path) as temporary:
        if kind == ".mp4":
            try:
                imageio.imwrite(temporary, frames, plugin="FFMPEG", fps=FRAMES_PER_SECOND)
            except ImportError:
                raise NotInstalled(f"{path}: .mp4 needs ffmpeg: pip install imageio-ffmpeg, or use .webp") from None
        else:
            said = provenance.here()
            told = {"xmp": imprint.xmp(said)} if kind == ".webp" else {"comment": imprint.text_of(said)}
            imageio.imwrite(temporary, frames, plugin="pillow", duration=1000 / FRAMES_PER_SECOND, loop=0, **told)
