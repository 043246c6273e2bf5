"""INC-06, LIB-05: which files are taken, by their names and by what is in them."""

from __future__ import annotations

import io
import struct
import time
import tracemalloc
import zipfile
import zlib
from collections.abc import Mapping

import openpyxl
import pytest

from cpoms_core.documents import packed
from cpoms_core.documents.kinds import ALLOWED, FAMILIES, RUNNABLE, TEXTS, check_kind, endings
from cpoms_core.documents.packed import FREELY, RATIO
from cpoms_core.errors import Refused

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108020000009077"
    "53de0000000c4944415408d763f8cfc000000301010018dd8db00000000049454e44ae426082"
)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
EXE = b"MZ\x90\x00" + bytes(56) + b"\x80\x00\x00\x00" + bytes(64) + b"PE\0\0\x4c\x01" + bytes(200)
SCRIPT = b"#!/bin/sh\nrm -rf /\n"
HTML = b"<!DOCTYPE html><html><script>alert(1)</script></html>"


def zipped(entries: Mapping[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", how) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return made.getvalue()


def docx(**more: bytes) -> bytes:
    return zipped({"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<w/>" * 99, **more})


def xlsx() -> bytes:
    made = io.BytesIO()
    openpyxl.Workbook().save(made)
    return made.getvalue()


def check(name: str, content: bytes, allowed: str = ALLOWED) -> str:
    return check_kind(name, io.BytesIO(content), allowed.split(", "))


def refused(name: str, content: bytes, allowed: str = ALLOWED) -> str:
    with pytest.raises(Refused) as caught:
        check(name, content, allowed)
    assert caught.value.field == "files"
    assert name in caught.value.message
    return caught.value.message


ODT = zipped({"mimetype": b"application/vnd.oasis.opendocument.text", "content.xml": b"<x/>"}, 0)
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
GOOD = [
    ("letter.pdf", b"%PDF-1.7\n"),
    ("letter.docx", docx()),
    ("list.xlsx", xlsx()),
    ("letter.odt", ODT),
    ("letter.doc", OLE),
    ("letter.doc", b"{\\rtf1 hello}"),
    ("mail.msg", OLE),
    ("mail.eml", b"From: a@b.example\r\nTo: c@d.example\r\nSubject: x\r\n\r\nhello"),
    ("photo.PNG", PNG),
    ("photo.jpeg", b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01" + bytes(20)),
    ("note.m4a", b"\0\0\0\x18ftypM4A \0\0\0\0"),
    ("film.mov", b"\0\0\0\x18ftypqt  \0\0\0\0"),
    ("song.mp3", b"ID3\3" + bytes(40)),
    ("a.txt", b"a"),
    ("a.txt", "Grüße".encode()),
    ("a.txt", "Grüße".encode("latin-1")),
    ("a.txt", "text".encode("utf-16")),
    ("a.txt", HTML),
    ("a.csv", b"a,b\n1,2\n3,4\n"),
    ("a.xml", b"<?xml version='1.0'?><a/>"),
    ("page.html", HTML),
    ("all.zip", zipped({"a.txt": b"x"})),
    ("all.rar", b"Rar!\x1a\7\1\0"),
]


@pytest.mark.parametrize(("name", "content"), GOOD, ids=[f"{n}-{i}" for i, (n, _) in enumerate(GOOD)])
def test_what_a_school_works_with_is_taken(name: str, content: bytes) -> None:
    """LIB-05: each of the kinds, also where two programs write one ending differently."""
    assert check(name, content)


@pytest.mark.parametrize(
    "other", ["pdf", "docx", "xlsx", "odt", "doc", "png", "jpg", "mp4", "wav", "zip", "rtf"]
)
def test_a_text_is_none_of_these(other: str) -> None:
    """INC-06, bad input: "a file that is not what it says", and what it is instead."""
    message = refused(f"letter.{other}", b"She told me that she does not want to go home.")
    assert "is not what its name says" in message and "a text" in message


@pytest.mark.parametrize(
    ("name", "content", "inside"),
    [
        ("photo.jpg", PNG, "a picture"),
        ("photo.jpg", b"%PDF-1.7\n", "a PDF"),
        ("photo.png", HTML, "a web page"),
        ("letter.pdf", docx(), "zip"),
        ("letter.docx", xlsx(), "an office document"),
        ("letter.docx", zipped({"a.txt": b"x"}), "another kind of file"),
        ("letter.odt", zipped({"a.txt": b"x"}), "another kind of file"),
        ("list.xlsx", docx(), "another kind of file"),
        ("a.txt", PNG, "a picture"),
        ("a.txt", b"\0\1\2\3" * 99, "something else"),
        ("a.csv", xlsx(), "an office document"),
    ],
)
def test_what_is_inside_is_said(name: str, content: bytes, inside: str) -> None:
    """INC-06: so that the person can put it right."""
    assert inside in refused(name, content)


@pytest.mark.parametrize("ending", sorted(RUNNABLE))
def test_what_runs_is_never_taken(ending: str) -> None:
    """LIB-05: by its name, whatever the school allows."""
    assert "can run programs" in refused(f"game.{ending}", b"x", f"{ALLOWED}, {ending}")
    with pytest.raises(ValueError, match="can run programs"):
        endings(f"pdf, {ending}")


@pytest.mark.parametrize("content", [SVG, EXE, SCRIPT], ids=["svg", "exe", "script"])
@pytest.mark.parametrize("name", ["photo.png", "letter.pdf", "a.txt", "a.xml", "a.odd"])
def test_what_runs_is_found_by_its_content(name: str, content: bytes) -> None:
    """LIB-05, bad input: an SVG with script under every other name."""
    assert "run programs" in refused(name, content, f"{ALLOWED}, odd")


def test_only_what_the_school_allows() -> None:
    """INC-06: types limited by the setting; without an ending there is no kind."""
    assert "does not take files that end with .pdf" in refused("a.pdf", b"%PDF-1.7\n", "txt, docx")
    assert "without a known ending" in refused("README", b"text")
    assert "without a known ending" in refused(".txt", b"text")
    assert check("a.odd", b"anything", "odd") == "text/plain"


def test_an_empty_file_is_refused() -> None:
    """INC-06: it is rather a mistake."""
    assert "empty" in refused("a.txt", b"")


def test_the_setting_is_read_as_people_type_it() -> None:
    """LIB-05: "more by setting"."""
    assert endings(" .PDF;docx\n*.jpg pdf") == "pdf, docx, jpg"
    assert endings(ALLOWED) == ALLOWED
    for text in ("", " , ", "p/df", "päf", "x" * 11):
        with pytest.raises(ValueError, match=r"."):
            endings(text)


def test_the_default_is_that_of_the_catalogue() -> None:
    """LIB-05: every ending of it is allowed and known, and none of them runs."""
    catalogue = endings(
        "pdf docx xlsx pptx pub doc xls ppt msg eml jpg png gif tif wav mp3 m4a wma mp4 mov mpg avi "
        "txt csv xml html zip rar 7z zipx rtf odt ods odp"
    ).split(", ")
    allowed = ALLOWED.split(", ")
    assert set(catalogue) <= set(allowed) <= {*FAMILIES, *TEXTS}
    assert not RUNNABLE & set(allowed)


def test_macros_are_refused() -> None:
    """LIB-05: an office document that holds programs, whatever its ending says."""
    assert "macros" in refused("letter.docx", docx(**{"word/vbaProject.bin": b"x"}))
    basic = {"mimetype": b"application/vnd.oasis.opendocument.text", "content.xml": b"", "Basic/a.xml": b"x"}
    assert "macros" in refused("letter.odt", zipped(basic, 0))


# --- zip bombs -------------------------------------------------------------------------------------------


def bomb() -> bytes:
    """A document of 100 KB that unpacks to 100 MB, and says so."""
    return docx(**{"word/media/image.bmp": bytes(100 * 1024 * 1024)})


def lying(declared: int) -> bytes:
    """The same, which says that it unpacks to little: both of its headers are changed."""
    content = bytearray(docx(**{"word/x.xml": bytes(50 * 1024 * 1024)}))
    true = struct.pack("<L", 50 * 1024 * 1024)
    at = content.find(true)
    while at >= 0:
        content[at : at + 4] = struct.pack("<L", declared)
        at = content.find(true)
    return bytes(content)


def overlapping() -> bytes:
    """A hundred entries that are the same bytes."""
    one = zipped({"[Content_Types].xml": b"<Types/>", "word/document.xml": bytes(1_000_000)})
    end = one.rfind(b"PK\x05\x06")
    start = struct.unpack_from("<L", one, end + 16)[0]
    second = one.find(b"PK\x01\x02", start + 4)
    directory = one[start:second] + one[second:end] * 100
    record = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 101, 101, len(directory), start, 0)
    return one[:start] + directory + record


def crowded() -> bytes:
    return zipped({f"word/{number}": b"" for number in range(packed.MOST_ENTRIES + 1)}, 0)


def with_room(comment: bytes, *, told: int) -> bytes:
    """A zip with room for large files, of far too many entries; its comment may push what says so out of the
    last bytes. told: where it says that its end is, off by so many bytes."""
    entry = struct.pack("<4s5H3L2H", b"PK\x03\x04", 20, 0, 0, 0, 0, 0, 0, 0, 1, 0) + b"a"
    listed = struct.pack("<4s4B4HL2L5H2L", b"PK\x01\x02", 20, 0, 20, *[0] * 8, 1, *[0] * 6) + b"a"
    count = packed.LARGEST_DIRECTORY // len(listed) + 1

    def ends(entries: int) -> bytes:
        size = entries * len(listed)
        record = (b"PK\x06\x06", 44, 45, 45, 0, 0, entries, entries, size, len(entry) + 56)
        return struct.pack("<4sQ2H2L4Q", *record)

    content = entry + ends(1) + listed * count + ends(count)
    place = struct.pack("<4sLQL", b"PK\x06\x07", 0, len(content) - 56 - told, 1)
    most = (0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF) if told else (1, 1, 47, len(entry) + 56)
    return content + place + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, *most, len(comment)) + comment


@pytest.mark.parametrize(
    "make",
    [
        bomb,
        lambda: lying(100),
        lambda: lying(0),
        overlapping,
        crowded,
        lambda: with_room(b"", told=packed.LARGEST_DIRECTORY // 47 * 47 + 47 + 56),
        lambda: with_room(b"x" * 0xFFFF, told=0),
    ],
    ids=["says so", "lies", "says nothing", "overlaps", "crowded", "two ends", "far end"],
)
def test_a_zip_bomb_as_docx_is_refused(make: object) -> None:
    """Bad input: in bounded time and memory, before it is kept."""
    content = make()  # type: ignore[operator]
    stream = io.BytesIO(content)
    tracemalloc.start()
    began = time.thread_time()  # its own: two cores may be busy with other things
    try:
        with pytest.raises(Refused, match="unpack to far more"):
            check_kind("letter.docx", stream, ["docx"])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert time.thread_time() - began < 5
    assert peak < 24 * 1024 * 1024


def test_a_directory_without_end_is_not_read() -> None:
    """Bad input: nothing of a table of contents is read that is larger than any honest one."""
    content = docx() + b""
    end = content.rfind(b"PK\x05\x06")
    huge = content[:end] + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 2, 2, 200_000_000, 0, 0)
    assert "unpack to far more" in refused("letter.docx", huge)


@pytest.mark.parametrize("cut", [10, 60, 200])
def test_a_damaged_zip_is_refused(cut: int) -> None:
    """Bad input: what cannot be looked into is not kept as a document."""
    assert "damaged" in refused("letter.docx", docx()[:-cut])


def test_a_zip_with_garbage_inside_is_refused() -> None:
    content = bytearray(docx(**{"word/x.xml": b"abc" * 5000}))
    at = content.find(b"word/x.xml") + 10
    content[at : at + 10] = b"\xff" * 10
    assert "damaged" in refused("letter.docx", bytes(content))


def test_what_packs_well_is_taken() -> None:
    """INC-06: tables and pictures of one colour pack far better than texts, and are no bombs."""
    assert check("a.docx", docx(**{"word/media/white.bmp": bytes(FREELY - 10_000)}))
    assert check("a.zip", zipped({"a.csv": b"0,0,0,0\n" * 2_000_000}))


def test_an_archive_with_a_password_is_taken() -> None:
    """LIB-05: schools send these; only what it says can be looked at."""
    content = bytearray(zipped({"a.txt": b"x" * 100}))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.find(mark) + at] |= 1
    assert check("all.zip", bytes(content)) == "application/zip"


def test_the_bounds_are_of_the_right_size() -> None:
    """The ratio is beyond what honest files reach, and far below what packing can do."""
    table = b"".join(b"%d,present,%d\n" % (number, number % 7) for number in range(200_000))
    assert len(table) / len(zlib.compress(table)) < RATIO / 4
    assert len(bytes(10**7)) / len(zlib.compress(bytes(10**7))) > 4 * RATIO


def test_a_zip_with_room_for_large_files_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """LIB-05: programs make such ones of many files; with a comment, too."""
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 1)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.comment = b"of the office"
        for name in ("a.txt", "b.txt"):
            archive.writestr(name, b"text")
    assert b"PK\x06\x06" in made.getvalue()
    assert check("all.zip", made.getvalue()) == "application/zip"
