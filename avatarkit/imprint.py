"""What a file says of itself, inside its own bytes: one JSON object, put in and found again. Standard library only.

    PNG         iTXt `provenance`, and XMP, which other programs read      GLB, VRM   asset.extras, scene.extras
    JPEG, WebP  XMP                                                        npz        the array `provenance`
    PLY, OBJ    a comment in the header                                    USDZ       customLayerData, and its pictures

`files` writes GLB, npz, WebP and USDZ through their own encoders, and asks here for the rest.
"""

import html
import json
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

KEY = "provenance"
PNG, JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
XMP_KEYWORD = "XML:com.adobe.xmp"
XMP_SEGMENT = b"http://ns.adobe.com/xap/1.0/\0"
SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
MOST_BYTES = 64 << 20
MOST_TEXT = 1 << 20
OURS = re.compile(r'avatarkit:provenance="([^"]{1,65536})"')
THEIRS = re.compile(re.escape(SOURCE_TYPES) + r"(\w{1,64})")
COMMENT = re.compile(rb"^(?:comment|#) provenance (\{.{1,65536}\})\r?$", re.M)
# What json, zipfile and zlib raise over a damaged file.
DAMAGE = (OSError, ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError, RuntimeError,
          NotImplementedError, EOFError, struct.error, zlib.error, zipfile.BadZipFile)  # fmt: skip


def text_of(said: dict[str, Any]) -> str:
    """The object as one line of ASCII."""
    return json.dumps(said, sort_keys=True)


def xmp(said: dict[str, Any]) -> bytes:
    """An XMP packet: IPTC's digital source type and the tool for every program, all of it for ours."""
    fields = {"xmp:CreatorTool": said.get("tool"), "Iptc4xmpExt:DigitalSourceType": said.get("digital_source_type"),
              "avatarkit:provenance": text_of(said)}  # fmt: skip
    written = " ".join(f'{name}="{html.escape(value)}"' for name, value in fields.items() if value)
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
        'xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:avatarkit="urn:avatarkit:1.0:" '
        f'xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" {written}/>'
        '</rdf:RDF></x:xmpmeta><?xpacket end="r"?>'
    ).encode()


def imprinted(content: bytes, said: dict[str, Any]) -> bytes:
    """The bytes of a PNG, JPEG, PLY or OBJ file with `said` in them; its pixels and triangles stay as they are."""
    if content.startswith(PNG):
        texts = ((KEY, text_of(said).encode()), (XMP_KEYWORD, xmp(said)))
        return content[:33] + b"".join(_text_chunk(*text) for text in texts) + content[33:]  # 33: signature and IHDR
    if content.startswith(JPEG):
        at = 4 + struct.unpack_from(">H", content, 4)[0] if content[3] == 0xE0 else 2  # JFIF's own segment comes first
        body = XMP_SEGMENT + xmp(said)
        return content[:at] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + content[at:]
    line = f"{KEY} {text_of(said)}\n".encode()
    if content.startswith(b"ply"):
        at = content.index(b"\n", content.index(b"\n") + 1) + 1  # behind the lines `ply` and `format`
        return content[:at] + b"comment " + line + content[at:]
    return b"# " + line + content


def _text_chunk(keyword: str, value: bytes) -> bytes:
    body = b"iTXt" + keyword.encode() + b"\0\0\0\0\0" + value
    return struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))


def found_in(path: Path) -> dict[str, Any] | None:
    """What a file says of itself, by us or, in a picture's XMP, only IPTC's source type by others; None for nothing.

    Nothing in it can be trusted to be true, or to have the right types.
    """
    try:
        with open(path, "rb") as file:
            said = _read(file)
        return said if isinstance(said, dict) else None
    except DAMAGE:
        return None


def _read(file: IO[bytes]) -> Any:
    head = file.read(20)
    if head.startswith(b"glTF"):
        return _of_scene(json.loads(file.read(min(struct.unpack_from("<I", head, 12)[0], MOST_BYTES))))
    file.seek(0)
    if head.startswith(b"PK"):
        return _of_archive(file)
    if head.startswith(PNG):
        return _of_png(file)
    if head.lstrip().startswith(b"{"):
        return _of_scene(json.loads(file.read(MOST_BYTES)))
    content = file.read(MOST_TEXT)
    if head.startswith((JPEG, b"RIFF")):
        return _of_xmp(content.decode("utf-8", "replace"))
    comment = COMMENT.search(content)
    return json.loads(comment[1]) if comment else None


def _of_scene(document: Any) -> Any:
    """A glTF document's; Blender drops the asset's extras and keeps the scene's."""
    for item in (document["asset"], *document.get("scenes", [])):
        if said := (item.get("extras") or {}).get(KEY):
            return said
    return None


def _of_png(file: IO[bytes]) -> Any:
    texts = {keyword: text for keyword, text in _texts(file) if keyword in (KEY, XMP_KEYWORD)}
    return json.loads(texts[KEY]) if KEY in texts else _of_xmp(texts.get(XMP_KEYWORD, ""))


def _texts(file: IO[bytes]) -> Iterator[tuple[str, str]]:
    """The keywords and values of a PNG's iTXt chunks."""
    file.seek(8)
    while len(start := file.read(8)) == 8 and start[4:] != b"IEND":
        length = int.from_bytes(start[:4], "big")
        if start[4:] != b"iTXt" or length > MOST_TEXT:
            file.seek(length + 4, 1)
            continue
        keyword, _, rest = file.read(length).partition(b"\0")
        value = rest[2:].partition(b"\0")[2].partition(b"\0")[2]  # behind language and translated keyword
        if rest[:1] == b"\1":
            value = zlib.decompressobj().decompress(value, MOST_TEXT)
        yield keyword.decode("latin-1"), value.decode("utf-8", "replace")
        file.seek(4, 1)


def _of_xmp(packet: str) -> Any:
    if ours := OURS.search(packet):
        return json.loads(html.unescape(ours[1]))
    theirs = THEIRS.search(packet)
    return {"digital_source_type": theirs[0]} if theirs else None


def _of_archive(file: IO[bytes]) -> Any:
    """An .npz's array, or what the first picture in a .usdz says."""
    with zipfile.ZipFile(file) as archive:
        names = archive.namelist()[:1024]
        if f"{KEY}.npy" in names:
            with archive.open(f"{KEY}.npy") as member:
                content = member.read(MOST_TEXT)
            start = 10 + struct.unpack_from("<H", content, 8)[0]
            return json.loads(content[start:].decode("utf-32-le"))
        for name in (name for name in names if name.endswith(".png") and archive.getinfo(name).file_size < MOST_BYTES):
            with archive.open(name) as member:
                return _of_png(member)
    return None
