"""What sort of media some bytes are: by how they begin, and only where that says nothing by what their host says."""

from __future__ import annotations

from collections.abc import Iterable

HEAD_BYTES = 4_096
"""So many first bytes are enough to judge by."""

_WORD = "application/msword"
_EXCEL = "application/vnd.ms-excel"
_OFFICE = "application/vnd.openxmlformats-officedocument."
_TEXTS = {
    "text/plain": "text/plain",
    "text/csv": "text/csv",
    "application/csv": "text/csv",
    "text/html": "text/html",
    "application/xhtml+xml": "text/html",
    "text/markdown": "text/markdown",
    "text/x-markdown": "text/markdown",
    "application/json": "text/plain",
    "text/xml": "text/xml",
    "application/xml": "text/xml",
}
"""Types of text as hosts write them: text begins with nothing of its own."""
_TEXT_ENDINGS = {"txt": "text/plain", "csv": "text/csv", "htm": "text/html", "html": "text/html", "md": "text/markdown"}

_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"%PDF-", "application/pdf"),
    (b"ID3", "audio/mp3"),
    (b"fLaC", "audio/flac"),
    (b"OggS", "audio/ogg"),
    (b"FLV\x01", "video/x-flv"),
    (b"\x00\x00\x01\xba", "video/mpeg"),
    (b"\x00\x00\x01\xb3", "video/mpeg"),
    (b"0&\xb2u\x8ef\xcf\x11", "video/x-ms-wmv"),
)
_RIFF = {b"WAVE": "audio/wav", b"WEBP": "image/webp", b"AVI ": "video/x-msvideo"}
_BRANDS = {
    b"avif": "image/avif",
    b"avis": "image/avif",
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"mif1": "image/heif",
    b"msf1": "image/heif",
    b"M4A ": "audio/m4a",
    b"M4B ": "audio/m4a",
    b"qt  ": "video/quicktime",
}
"""What ISO base media files call themselves; all others are MP4, or 3GPP by the first letters."""
_DOCX, _XLSX = f"{_OFFICE}wordprocessingml.document", f"{_OFFICE}spreadsheetml.sheet"
_ZIPPED = ((b"word/", _DOCX), (b"xl/", _XLSX))
_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_CONTAINERS = ((_OLE, {"doc": _WORD, "xls": _EXCEL}), (_ZIP, {"docx": _DOCX, "xlsx": _XLSX}))
"""Of office files, which may hold either."""
_EBML = b"\x1aE\xdf\xa3"
_CONTROL = frozenset(range(32)) - frozenset(b"\t\n\x0b\x0c\r\x1b")


def media_type_of(noun: str, head: bytes, declared: str, url: str) -> str | None:
    """The MIME type of an ``image``, ``audio``, ``video`` or ``document``; ``None`` if it is none.

    ``head`` are its first bytes, ``declared`` the type that its host says, and ``url`` where it lies: of a sound in a
    container for films, of old office files and of text, only these tell more.
    """
    declared, ending = plain(declared), _ending(url)
    found = sniff(head)
    if found == "video/webm" and noun == "audio":
        found = "audio/webm"
    elif found == "video/mp4" and noun == "audio" and (declared.startswith("audio/") or ending == "m4a"):
        found = "audio/m4a"
    elif noun == "document" and (found is None or _noun(found) != noun):
        found = _office(head, declared, ending) or _text(head, declared, ending)
    return found if found is not None and _noun(found) == noun else None


def sniff(head: bytes) -> str | None:
    """The MIME type that bytes show by themselves, if they do."""
    for magic, found in _MAGIC:
        if head.startswith(magic):
            return found
    if head.startswith(b"BM") and head[6:10] == bytes(4):
        return "image/bmp"
    match head[:4], head[4:8]:
        case b"RIFF", _:
            return _RIFF.get(head[8:12])
        case _, b"ftyp":
            brand = head[8:12]
            return _BRANDS.get(brand) or ("video/3gpp" if brand.startswith((b"3gp", b"3g2")) else "video/mp4")
        case magic, _ if magic == _ZIP:
            return next((found for folder, found in _ZIPPED if folder in head), None)
        case magic, _ if magic == _EBML:
            return "video/webm" if b"webm" in head[:64] else "video/x-matroska"
        case _:
            return _bare_sound(head)


def plain(media_type: str) -> str:
    """A media type in small letters and without its parameters."""
    return media_type.partition(";")[0].strip().lower()


def is_among(media_type: str, listed: Iterable[str]) -> bool:
    """Whether a list of types such as ``image/png`` and ``audio/*`` has it."""
    family = f"{media_type.partition('/')[0]}/*"
    return any(entry in {media_type, family} for entry in listed)


def _noun(media_type: str) -> str:
    family = media_type.partition("/")[0]
    return family if family in {"image", "audio", "video"} else "document"


def _bare_sound(head: bytes) -> str | None:
    """Sound without a container: frames that begin with eleven (MPEG, layer III) or twelve (AAC) bits of one."""
    if len(head) < 2 or head[0] != 0xFF:
        return None
    if head[1] & 0xF6 == 0xF0:
        return "audio/aac"
    return "audio/mp3" if head[1] & 0xE6 == 0xE2 else None


def _ending(url: str) -> str:
    return url.partition("#")[0].partition("?")[0].rpartition("/")[2].rpartition(".")[2].lower()


def _office(head: bytes, declared: str, ending: str) -> str | None:
    """The type of an office file whose container does not tell it."""
    types = next((types for magic, types in _CONTAINERS if head.startswith(magic)), {})
    return declared if declared in types.values() else types.get(ending)


def _text(head: bytes, declared: str, ending: str) -> str | None:
    """The type of what reads as text; with a host that says nothing better, by its name's ending."""
    if not head or not _reads_as_text(head):
        return None
    by_name = _TEXT_ENDINGS.get(ending)
    if declared in {"", "text/plain", "application/octet-stream"}:
        return by_name or (declared if declared == "text/plain" else None)
    return _TEXTS.get(declared)


def _reads_as_text(head: bytes) -> bool:
    """Whether it is UTF-8 without control characters. The last character may be cut."""
    if not _CONTROL.isdisjoint(head):
        return False
    try:
        head.decode()
    except UnicodeDecodeError as error:
        return error.start >= len(head) - 3 and error.reason == "unexpected end of data"
    return True
