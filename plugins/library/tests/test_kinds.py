"""LIB-05: every kind of file of the guide is taken, and none of them ever runs in our origin."""

from __future__ import annotations

import bz2
import io
import struct
import wave
import zipfile
from typing import Any

import pytest
from PIL import Image

from cpoms_core.documents.kinds import ALLOWED
from cpoms_core.errors import Refused
from cpoms_core.tenancy.services import change_setting
from cpoms_core.testing.browsing import Web
from cpoms_core.testing.schools import SchoolForTests

SANDBOX = "sandbox; default-src 'none'; frame-ancestors 'none'"
SCRIPT = b"<script>document.title = 'ran'</script>"


def zipped(*parts: tuple[str, str]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in parts:
            archive.writestr(name, text)
    return file.getvalue()


def open_xml(part: str, kind: str) -> bytes:
    types = (
        '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        f'<Override PartName="/{part}" ContentType="application/vnd.openxmlformats-officedocument.{kind}"/>'
        "</Types>"
    )
    return zipped(("[Content_Types].xml", types), ("_rels/.rels", "<r/>"), (part, "<x/>"))


def open_document(kind: str) -> bytes:
    mimetype = f"application/vnd.oasis.opendocument.{kind}"
    return zipped(("mimetype", mimetype), ("content.xml", "<office/>"))


def old_office() -> bytes:
    """The container of the older office programs, with an empty directory."""
    header = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(16)
    header += struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    header += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
    header += struct.pack("<I", 0) + b"\xff" * (108 * 4)
    table = struct.pack("<II", 0xFFFFFFFD, 0xFFFFFFFE) + b"\xff" * (126 * 4)
    root = "Root Entry".encode("utf-16-le")
    entry = root + bytes(64 - len(root)) + struct.pack("<HBB", len(root) + 2, 5, 1)
    entry += b"\xff" * 12 + bytes(36) + struct.pack("<IQ", 0xFFFFFFFE, 0)
    return header + table + entry + bytes(512 - len(entry))


def picture(kind: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(file, kind)
    return file.getvalue()


def sound() -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(bytes(1600))
    return file.getvalue()


def box(kind: str, brand: bytes) -> bytes:
    return (
        struct.pack(">I", 24) + b"ftyp" + brand + bytes(4) + brand + b"isom" + struct.pack(">I", 8) + b"mdat"
    )


ASF = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c") + bytes(200)
AVI = b"RIFF" + struct.pack("<I", 200) + b"AVI LIST" + struct.pack("<I", 192) + b"hdrlavih" + bytes(180)
RAR = b"Rar!\x1a\x07\x01\x00" + bytes(40)
SEVEN = b"7z\xbc\xaf\x27\x1c\x00\x04" + bytes(24) + bz2.compress(b"x")
SAMPLES = {
    "pdf": b"%PDF-1.4\n1 0 obj<</Type/Catalog/OpenAction<</S/JavaScript/JS(app.alert\\(1\\))>>>>endobj\n"
    b"trailer<</Root 1 0 R>>\n%%EOF\n",
    "docx": open_xml("word/document.xml", "wordprocessingml.document.main+xml"),
    "xlsx": open_xml("xl/workbook.xml", "spreadsheetml.sheet.main+xml"),
    "pptx": open_xml("ppt/presentation.xml", "presentationml.presentation.main+xml"),
    **dict.fromkeys(("pub", "doc", "xls", "ppt", "msg"), old_office()),
    "eml": b"From: a@example.org\r\nTo: b@example.org\r\nSubject: Hello\r\n\r\n" + SCRIPT,
    **{ending: picture("JPEG") for ending in ("jpg", "jpeg")},
    "png": picture("PNG"),
    "gif": picture("GIF"),
    **{ending: picture("TIFF") for ending in ("tif", "tiff")},
    "wav": sound(),
    "mp3": b"ID3\x03\x00\x00\x00\x00\x00\x00\xff\xfb\x90\x64" + bytes(413),
    "m4a": box("m4a", b"M4A "),
    "wma": ASF,
    "mp4": box("mp4", b"isom"),
    "mov": box("mov", b"qt  "),
    **{ending: b"\x00\x00\x01\xba\x44\x00\x04\x00" + bytes(200) for ending in ("mpg", "mpeg")},
    "avi": AVI,
    "txt": b"Be kind.\n" + SCRIPT,
    "csv": b"name,size\na,1\n",
    "xml": b'<?xml version="1.0"?><x:script xmlns:x="http://www.w3.org/1999/xhtml">document.title=1</x:script>',
    **dict.fromkeys(("html", "htm"), b"<!DOCTYPE html><html><body>" + SCRIPT + b"</body></html>"),
    **{ending: zipped(("a.txt", "text")) for ending in ("zip", "zipx")},
    "rar": RAR,
    "7z": SEVEN,
    "rtf": b"{\\rtf1\\ansi Be kind.}",
    "odt": open_document("text"),
    "ods": open_document("spreadsheet"),
    "odp": open_document("presentation"),
}
PICTURES = {"jpg", "jpeg", "png", "gif", "tif", "tiff"}


def test_there_is_a_sample_of_every_kind_that_a_school_takes() -> None:
    """LIB-05: so that none is left out below."""
    assert SAMPLES.keys() == set(ALLOWED.split(", "))


def test_every_kind_of_the_guide_is_taken_and_none_runs(school: SchoolForTests, shelf: Any, web: Web) -> None:
    """LIB-05: each comes back byte for byte to be saved; opened, a picture is drawn anew, a PDF goes to the
    browser's own reader, and everything else is saved, in a sandbox that is of no origin."""
    kinds = list(SAMPLES.items())
    ids = {}
    for at in range(0, len(kinds), 20):
        some = kinds[at : at + 20]
        made = shelf.put(*[(f"sample.{ending}", content) for ending, content in some])
        ids |= dict(zip((ending for ending, _content in some), made, strict=True))
    head = web(school, "head")
    for ending, content in kinds:
        address = f"/library/files/{ids[ending]}"
        saved = head.get(f"{address}/download")
        assert saved.body == content, ending
        opened = head.get(f"{address}/open")
        for answer in (saved, opened):
            assert answer.headers["X-Content-Type-Options"] == "nosniff", ending
            assert answer.headers["Content-Security-Policy"] == SANDBOX, ending
        assert saved.content_type == "application/octet-stream", ending
        assert saved.headers["Content-Disposition"].startswith("attachment;"), ending
        if ending == "pdf":
            assert opened.content_type == "application/pdf"
        elif ending in PICTURES:
            assert opened.content_type in ("image/jpeg", "image/png"), ending
        else:
            assert opened.content_type == "application/octet-stream", ending
            assert opened.headers["Content-Disposition"].startswith("attachment;"), ending


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("drawing.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"),
        ("drawing.xml", b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"),
        ("setup.exe", b"MZ" + bytes(60)),
        ("photo.jpg", b"<html>" + SCRIPT),
        ("policy.pdf", b"MZ" + bytes(60)),
        ("film.mkv", b"\x1a\x45\xdf\xa3" + bytes(60)),
    ],
)
def test_what_runs_or_is_not_what_it_says_is_not_taken(
    school: SchoolForTests, shelf: Any, name: str, content: bytes
) -> None:
    """LIB-05: programs, drawings that run, false names, and kinds that the school does not take."""
    with pytest.raises(Refused):
        shelf.put((name, content))
    assert shelf.rows() == []


def test_a_school_takes_more_kinds_by_setting(school: SchoolForTests, shelf: Any) -> None:
    """LIB-05: but none that runs."""
    with school.app.transaction(school.id) as db:
        change_setting(db, "file_endings", f"{ALLOWED}, mkv")
    shelf.put(("film.mkv", b"\x1a\x45\xdf\xa3" + bytes(60)))
    with pytest.raises(Refused), school.app.transaction(school.id) as db:
        change_setting(db, "file_endings", f"{ALLOWED}, svg")
