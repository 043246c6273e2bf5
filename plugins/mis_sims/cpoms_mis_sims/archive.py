"""Zip files with several reports: everything a zip says of itself is checked before it is unpacked."""

from __future__ import annotations

import struct
import zipfile
from pathlib import PurePosixPath
from typing import BinaryIO, cast

from cpoms_core.imports.records import Where
from cpoms_mis_sims.limits import MAX_DIRECTORY, MAX_ENTRIES, MAX_RATIO, MAX_REPORT, MAX_UNPACKED, MIB
from cpoms_mis_sims.problems import Refused, quoted
from cpoms_mis_sims.streams import Opener

END = struct.Struct("<4s4H2LH")  # the record that ends a zip
END_MARK = b"PK\x05\x06"
ZIP64_MARK = b"PK\x06\x07"
LOCAL = struct.Struct("<4s5H3L2H")  # the header before each entry
READABLE = (".xml", ".csv")
LITTER = ("__MACOSX/", ".DS_Store", "Thumbs.db")  # what computers add by themselves
ENCRYPTED = 0x1
BROKEN = "The zip file is damaged or not a zip file. Make it again and upload it once more."
FULL = f"The zip file holds more than {MAX_ENTRIES} files. Put only the SIMS reports in it."


def reports_in(file: BinaryIO) -> list[tuple[str, Opener]]:
    """The name and an opener of each report of a zip, in the zip's order.

    Bounds the table of contents, the number of entries, their names, their unpacked size and ratio, and
    refuses encrypted and overlapping entries. Raises Refused.
    """
    _check_end(file)
    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error, OSError) as error:
        raise Refused(BROKEN) from error
    entries = [entry for entry in archive.infolist() if not _ignored(entry)]
    if len(entries) > MAX_ENTRIES:
        raise Refused(FULL)
    if not entries:
        raise Refused("The zip file is empty. Put the SIMS reports (.xml or .csv) in it.")
    names: set[str] = set()
    for entry in entries:
        _check_entry(entry, names)
    if sum(entry.file_size for entry in entries) > MAX_UNPACKED:
        raise Refused(
            f"The reports in the zip are larger than {MAX_UNPACKED // MIB} MB together. Split them."
        )
    _check_overlap(file, entries)
    return [(entry.filename, _opener(archive, entry)) for entry in entries]


def _check_end(file: BinaryIO) -> None:
    """Looks at the end record as `zipfile` will find it, before `zipfile` reads the table of contents."""
    size = file.seek(0, 2)
    file.seek(max(0, size - END.size - 0xFFFF))
    tail = file.read(END.size + 0xFFFF)
    if tail[-END.size :].startswith(END_MARK) and tail.endswith(b"\0\0"):
        at = len(tail) - END.size
    else:
        at = tail.rfind(END_MARK)
    if at < 0 or len(tail) - at < END.size:
        raise Refused(BROKEN)
    _, _, _, _, _, directory, _, _ = END.unpack_from(tail, at)  # the count beside it is not believed
    if directory > MAX_DIRECTORY or tail[max(0, at - 20) : at].startswith(ZIP64_MARK):
        raise Refused(FULL)


def _ignored(entry: zipfile.ZipInfo) -> bool:
    return entry.is_dir() or any(litter in entry.filename for litter in LITTER)


def _check_entry(entry: zipfile.ZipInfo, names: set[str]) -> None:
    name = entry.filename
    shown = quoted(name)
    path = PurePosixPath(name)
    unsafe = path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name or not name.isprintable()
    if unsafe or len(name) > 100:
        raise Refused(f"The zip file holds a file with an unusable name: {shown}. Rename it.")
    if path.suffix.lower() not in READABLE:
        raise Refused(f"The zip file holds {shown}: only reports saved as .xml or .csv are read. Remove it.")
    if name.casefold() in names:
        raise Refused(f"The zip file holds two files named {shown}. Remove one of them.")
    names.add(name.casefold())
    where = Where(file=name)
    if entry.flag_bits & ENCRYPTED:
        raise Refused("The zip file is protected by a password. Make it without one.", where)
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise Refused("The zip file was packed in an unusual way. Make it with Windows or macOS.", where)
    if entry.file_size > MAX_REPORT or entry.file_size > MIB + MAX_RATIO * entry.compress_size:
        raise Refused(f"The report is too large when unpacked (the limit is {MAX_REPORT // MIB} MB).", where)


def _check_overlap(file: BinaryIO, entries: list[zipfile.ZipInfo]) -> None:
    """Entries that share bytes are how a small zip unpacks to terabytes; no honest tool makes them."""
    reached = 0
    for entry in sorted(entries, key=lambda one: one.header_offset):
        if entry.header_offset < reached:  # also one that a wrong table of contents makes negative
            raise Refused(BROKEN, Where(file=entry.filename))
        file.seek(entry.header_offset)
        header = file.read(LOCAL.size)
        if len(header) < LOCAL.size:
            raise Refused(BROKEN, Where(file=entry.filename))
        *_, name_length, extra_length = LOCAL.unpack(header)
        reached = entry.header_offset + LOCAL.size + name_length + extra_length + entry.compress_size


def _opener(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Opener:
    def open_entry() -> BinaryIO:
        try:
            return cast(BinaryIO, archive.open(entry))
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, struct.error) as error:
            raise Refused(BROKEN, Where(file=entry.filename)) from error

    return open_entry
