"""Which kinds of files are taken (LIB-05), and whether a file is what its name says."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, BinaryIO

import structlog

from cpoms_core.documents.packed import refuse_bombs
from cpoms_core.errors import Refused

log = structlog.get_logger()
SNIFFED = 8192  # bytes
LIBRARY = "libmagic1"
"""The Debian package that tells what is in a file. It is not one of Python's, so it may be missing."""
_PROGRAMS = (
    "exe com bat cmd scr msi msp dll cpl ps1 vbs vbe js jse mjs wsf wsh hta jar lnk reg svg svgz swf app sh "
    "docm dotm xlsm xltm xlam pptm potm ppam ppsm chm iso img vhd one appx msix url scf inf gadget"
)
RUNNABLE = frozenset(_PROGRAMS.split())
"""Endings of what does things when opened. No school can allow them."""
RUNNABLE_TYPES = frozenset(
    {
        "application/x-dosexec",
        "application/x-executable",
        "application/x-sharedlib",
        "application/x-pie-executable",
        "application/x-mach-binary",
        "application/x-msdownload",
        "application/vnd.microsoft.portable-executable",
        "application/x-ms-shortcut",
        "application/java-archive",
        "application/x-java-applet",
        "application/x-shockwave-flash",
        "application/x-iso9660-image",
        "image/svg+xml",
        "text/x-shellscript",
        "text/x-msdos-batch",
    }
)
"""What content is found to be that does things when opened, whatever its name."""
NOT_KNOWN = "application/octet-stream"
OLD_OFFICE = frozenset(
    {
        "application/x-ole-storage",
        "application/cdfv2",
        "application/CDFV2",
        "application/encrypted",
        "application/vnd.ms-office",
        "application/msword",
        "application/vnd.ms-excel",
        "application/vnd.ms-powerpoint",
        "application/vnd.ms-outlook",
        "application/vnd.ms-publisher",
    }
)
"""What the one container of the older office programs is found to be: which of them wrote it, sniffing says
wrongly too often."""
RTF = frozenset({"text/rtf", "application/rtf"})
ZIP = frozenset({"application/zip", "application/x-zip-compressed"})
OPEN_XML = "application/vnd.openxmlformats-officedocument."
OPEN_DOCUMENT = "application/vnd.oasis.opendocument."
TIFF, MPEG = frozenset({"image/tiff"}), frozenset({"video/mpeg", "video/mp2p", "video/mpeg4-generic"})
MP4 = frozenset({"video/mp4", "video/x-m4v", "video/quicktime", "video/3gpp", "audio/mp4", "audio/x-m4a"})
WINDOWS_MEDIA = frozenset({"video/x-ms-asf", "audio/x-ms-wma", "video/x-ms-wmv"})
FAMILIES: dict[str, frozenset[str]] = {
    "pdf": frozenset({"application/pdf"}),
    "docx": ZIP | {f"{OPEN_XML}wordprocessingml.document"} | OLD_OFFICE,  # with a password: the old container
    "xlsx": ZIP | {f"{OPEN_XML}spreadsheetml.sheet"} | OLD_OFFICE,
    "pptx": ZIP | {f"{OPEN_XML}presentationml.presentation"} | OLD_OFFICE,
    "doc": OLD_OFFICE | RTF,
    "xls": OLD_OFFICE,
    "ppt": OLD_OFFICE,
    "pub": OLD_OFFICE,
    "msg": OLD_OFFICE,
    "eml": frozenset({"message/rfc822", "text/plain", "text/html"}),
    "jpg": frozenset({"image/jpeg"}),
    "jpeg": frozenset({"image/jpeg"}),
    "png": frozenset({"image/png"}),
    "gif": frozenset({"image/gif"}),
    "tif": TIFF,
    "tiff": TIFF,
    "webp": frozenset({"image/webp"}),
    "bmp": frozenset({"image/bmp", "image/x-ms-bmp"}),
    "heic": frozenset({"image/heic", "image/heif"}),
    "wav": frozenset({"audio/x-wav", "audio/wav", "audio/vnd.wave"}),
    "mp3": frozenset({"audio/mpeg", "audio/mp3"}),
    "m4a": MP4,
    "wma": WINDOWS_MEDIA,
    "wmv": WINDOWS_MEDIA,
    "mp4": MP4,
    "m4v": MP4,
    "mov": MP4,
    "mpg": MPEG,
    "mpeg": MPEG,
    "avi": frozenset({"video/x-msvideo", "video/avi"}),
    "zip": ZIP,
    "zipx": ZIP,
    "rar": frozenset({"application/x-rar", "application/vnd.rar", "application/x-rar-compressed"}),
    "7z": frozenset({"application/x-7z-compressed"}),
    "rtf": RTF,
    "odt": ZIP | {f"{OPEN_DOCUMENT}text"},
    "ods": ZIP | {f"{OPEN_DOCUMENT}spreadsheet"},
    "odp": ZIP | {f"{OPEN_DOCUMENT}presentation"},
}
"""Ending -> what the content of such a file may be found to be. Texts are any kind of text, see TEXTS."""
TEXTS = frozenset({"txt", "csv", "xml", "html", "htm"})
WITHOUT_MARK = frozenset({"mp3", "mpg", "mpeg"})
"""Streams that may begin anywhere, so that sniffing finds nothing in some of them."""
ALLOWED = (
    "pdf docx xlsx pptx pub doc xls ppt msg eml jpg jpeg png gif tif tiff wav mp3 m4a wma mp4 mov mpg mpeg "
    "avi txt csv xml html htm zip rar 7z zipx rtf odt ods odp"
).replace(" ", ", ")
"""The kinds that a school takes unless it says otherwise (LIB-05)."""
ENDING = re.compile(r"[a-z0-9]{1,10}")
PICTURES = frozenset({"image/jpeg", "image/png", "image/gif", "image/tiff", "image/webp", "image/bmp"})
"""What is shown re-encoded; everything else is only ever downloaded."""


LARGEST_PICTURE = 64 * 1024 * 1024  # bytes; a larger one is only downloaded


def shown_as_picture(media_type: str, size: int) -> bool:
    """Whether a file (its content's type, and its bytes) is shown re-encoded."""
    return media_type in PICTURES and size <= LARGEST_PICTURE


def ending_of(name: str) -> str:
    """The ending of a file's name in small letters, or nothing."""
    stem, dot, ending = name.rpartition(".")
    return ending.lower() if dot and stem else ""


def endings(text: str) -> str:
    """The setting: endings with commas, spaces or lines between. Raises ValueError for a person to read."""
    found = [word.lstrip(".*").lower() for word in re.split(r"[\s,;]+", text) if word.strip(".*")]
    for one in found:
        if not ENDING.fullmatch(one):
            raise ValueError(f"“{one[:40]}” is no ending of a file. One looks like pdf, without the dot.")
        if one in RUNNABLE:
            raise ValueError(f"Files that end with .{one} can run programs, so they cannot be allowed.")
    if not found:
        raise ValueError("Give at least one kind, as in: pdf, docx, jpg.")
    return ", ".join(dict.fromkeys(found))


def can_tell_kinds() -> bool:
    """Whether files can be taken at all on this machine."""
    return _library() is not None


def _library() -> Any:
    """python-magic, or None where the package is missing: that must stop no more than files, and no longer
    than until it is installed."""
    try:
        import magic
    except ImportError:
        return None
    return magic


def check_kind(name: str, stream: BinaryIO, allowed: Iterable[str]) -> str:
    """The media type of a file by its content. Raises Refused for what is empty, does things when opened, is
    of a kind that the school does not take, is not what its name says, or unpacks to more than it may; and
    for every file where nothing can tell what is in it."""
    stream.seek(0)
    start = stream.read(SNIFFED)
    stream.seek(0)
    ending = ending_of(name)
    if ending in RUNNABLE:
        raise _refused(f"{name} is a kind of file that cannot be attached, because it can run programs.")
    if ending not in allowed:
        which = f"that end with .{ending}" if ENDING.fullmatch(ending) else "without a known ending"
        raise _refused(f"{name} cannot be attached: your school does not take files {which}.")
    if not start:
        raise _refused(f"{name} is empty. Choose another file.")
    library = _library()
    if library is None:
        log.error("files cannot be taken", missing_package=LIBRARY)
        raise _refused(
            f"{name} could not be checked: the package {LIBRARY} is missing on the server. Submit without "
            "files, add them later, and tell support."
        )
    found = str(library.from_buffer(start, mime=True))
    if found in RUNNABLE_TYPES:
        raise _refused(
            f"{name} is not what its name says: it can run programs when it is opened, so it cannot be "
            "attached."
        )
    if not agrees(ending, found, start):
        raise _refused(
            f"{name} is not what its name says: it ends with .{ending}, and inside it is {_in_words(found)}. "
            "Save it again in the program it comes from, or give it its right ending."
        )
    if found in ZIP or start.startswith(b"PK"):
        refuse_bombs(name, ending, stream)
        stream.seek(0)
    return found


def agrees(ending: str, found: str, start: bytes) -> bool:
    """Whether a file with this ending may be found to be that. An ending that a school added and the table
    does not know agrees with everything."""
    if ending in TEXTS:
        return found.startswith("text/") or found in TEXTUAL or (found == NOT_KNOWN and _is_text(start))
    if ending not in FAMILIES:
        return True
    return found in FAMILIES[ending] or (ending in WITHOUT_MARK and found == NOT_KNOWN)


TEXTUAL = frozenset(
    {"application/json", "application/xml", "application/csv", "application/javascript", "message/rfc822"}
)


def _is_text(start: bytes) -> bool:
    if b"\0" in start:
        return False
    try:
        start[:-4].decode("utf-8")  # a letter may be cut at the end
    except UnicodeDecodeError:
        return False
    return True


WORDS = (
    ("image/", "a picture"),
    ("audio/", "a sound"),
    ("video/", "a film"),
    ("text/html", "a web page"),
    ("text/", "a text"),
    ("application/pdf", "a PDF"),
    ("application/zip", "a zip file"),
    (OPEN_XML, "an office document"),
    (OPEN_DOCUMENT, "an office document"),
    ("application/vnd.ms", "an office document"),
    ("application/msword", "an office document"),
)


def _in_words(found: str) -> str:
    return next((words for start, words in WORDS if found.startswith(start)), "something else")


def _refused(message: str) -> Refused:
    return Refused(message, field="files")
