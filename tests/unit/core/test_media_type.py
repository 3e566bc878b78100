"""What bytes are: by how they begin, and by what their host says only where they say nothing."""

from __future__ import annotations

import pytest

from stellwerk.core.media_type import is_among, media_type_of, plain, sniff

OFFICE = "application/vnd.openxmlformats-officedocument."
DOCX, XLSX = f"{OFFICE}wordprocessingml.document", f"{OFFICE}spreadsheetml.sheet"
ZIP = b"PK\x03\x04\x14\x00\x06\x00[Content_Types].xml"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(32)
EBML = b"\x1aE\xdf\xa3\x01\x00\x00\x00\x00\x00\x00\x23\x42\x86\x81\x01"


@pytest.mark.parametrize(
    ("head", "found"),
    [
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "image/jpeg"),
        (b"GIF87a", "image/gif"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\x24\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"II*\x00", "image/tiff"),
        (b"\x00\x00\x00\x20ftypavif", "image/avif"),
        (b"\x00\x00\x00\x20ftypheic", "image/heic"),
        (b"\x00\x00\x00\x20ftypisom", "video/mp4"),
        (b"\x00\x00\x00\x14ftypqt  ", "video/quicktime"),
        (b"\x00\x00\x00\x14ftyp3gp5", "video/3gpp"),
        (b"\x00\x00\x00\x14ftypM4A ", "audio/m4a"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", "audio/wav"),
        (b"RIFF\x24\x00\x00\x00AVI LIST", "video/x-msvideo"),
        (b"RIFF\x24\x00\x00\x00????", None),
        (b"ID3\x04\x00", "audio/mp3"),
        (b"\xff\xfb\x90\x00", "audio/mp3"),
        (b"\xff\xf1\x50\x80", "audio/aac"),
        (b"\xff\xfe", None),
        (b"BM\x36\x00\x0c\x00" + bytes(8), "image/bmp"),
        (b"BMW is a car", None),
        (b"\xff", None),
        (b"fLaC", "audio/flac"),
        (b"OggS", "audio/ogg"),
        (EBML + b"\x42\x82\x84webm", "video/webm"),
        (EBML + b"\x42\x82\x88matroska", "video/x-matroska"),
        (b"%PDF-1.7", "application/pdf"),
        (ZIP + b"word/document.xml", DOCX),
        (ZIP + b"xl/workbook.xml", XLSX),
        (ZIP, None),
        (b"<svg/>", None),
        (b"", None),
    ],
)
def test_a_type_shows_in_the_first_bytes(head: bytes, found: str | None) -> None:
    assert sniff(head) == found


@pytest.mark.parametrize(
    ("noun", "head", "declared", "url", "found"),
    [
        ("image", b"\x89PNG\r\n\x1a\n", "text/html", "", "image/png"),
        ("image", b"<html>", "image/png", "https://a.test/cat.png", None),
        ("image", b"%PDF-1.7", "image/png", "", None),
        ("document", b"%PDF-1.7", "", "", "application/pdf"),
        ("document", b"\x89PNG\r\n\x1a\n", "application/pdf", "", None),
        ("audio", EBML + b"webm", "video/webm", "", "audio/webm"),
        ("video", EBML + b"webm", "audio/webm", "", "video/webm"),
        ("audio", b"\x00\x00\x00\x20ftypmp42", "Audio/MP4; codecs=x", "", "audio/m4a"),
        ("audio", b"\x00\x00\x00\x20ftypmp42", "", "https://a.test/b.m4a?x=1.y#z", "audio/m4a"),
        ("audio", b"\x00\x00\x00\x20ftypmp42", "video/mp4", "", None),
        ("document", OLE, "application/msword", "", "application/msword"),
        ("document", OLE, "", "https://a.test/b.XLS", "application/vnd.ms-excel"),
        ("document", OLE, "text/plain", "https://a.test/", None),
        ("document", ZIP, DOCX, "", DOCX),
        ("document", ZIP, "application/zip", "https://a.test/b.xlsx", XLSX),
        ("document", ZIP, "application/msword", "https://a.test/b.zip", None),
        ("document", b"a,b\n1,2\n", "text/csv; charset=utf-8", "", "text/csv"),
        ("document", b"a,b\n1,2\n", "text/plain", "https://a.test/b.csv", "text/csv"),
        ("document", b"ID3 is a tag", "text/plain", "", "text/plain"),
        ("document", b"# Hello", "application/octet-stream", "https://a.test/b.md", "text/markdown"),
        ("document", b"Hello", "text/plain", "https://a.test/b", "text/plain"),
        ("document", b"Hello", "", "https://a.test/b", None),
        ("document", b"Hello", "image/png", "https://a.test/b.txt", None),
        ("document", b"", "text/plain", "", None),
        ("document", b"Hel\x00lo", "text/plain", "", None),
        ("document", b"Caf\xe9 noir", "text/plain", "", None),
        ("document", b"\xe9\xe9", "text/plain", "", None),
        ("document", "Café".encode()[:-1], "text/plain", "", "text/plain"),
    ],
)
def test_a_file_is_what_it_has_to_be_or_nothing(
    noun: str, head: bytes, declared: str, url: str, found: str | None
) -> None:
    assert media_type_of(noun, head, declared, url) == found


def test_types_are_listed_one_by_one_or_by_family() -> None:
    assert is_among("image/png", ["audio/*", "image/png"])
    assert is_among("image/png", ["image/*"])
    assert not is_among("image/png", ["image/gif", "audio/*"])
    assert not is_among("image/png", [])
    assert plain(" Text/HTML ; charset=utf-8") == "text/html"
