"""Files that are zips inside, as office documents are: what a zip says of itself, and what is really in it,
is looked at in bounded time and memory before it is kept. We never unpack them; whoever downloads them
does."""

from __future__ import annotations

import struct
import zipfile
import zlib
from typing import BinaryIO

from cpoms_core.errors import Refused

END = struct.Struct("<4s4H2LH")  # the record that ends a zip
END_MARK = b"PK\x05\x06"
ZIP64_PLACE = struct.Struct("<4sLQL")
ZIP64_END = struct.Struct("<4sQ2H2L4Q")
LOCAL = struct.Struct("<4s5H3L2H")  # the header before each entry
MIB = 1024 * 1024
MOST_ENTRIES = 10_000
LARGEST_DIRECTORY = 4 * MIB  # bytes of the table of contents
LARGEST_OFFICE = 512 * MIB  # bytes unpacked
LARGEST_ARCHIVE = 4096 * MIB
FREELY = 32 * MIB  # bytes unpacked that any zip may have, however well they pack
RATIO = 200  # times the packed bytes, above that: texts and tables reach fifty
LOOKED_INTO = (
    256 * MIB
)  # bytes that are really unpacked, and thrown away, to see whether a zip tells the truth
CHUNK = 256 * 1024
ENCRYPTED = 0x1
OFFICE = {"docx": "word/", "xlsx": "xl/", "pptx": "ppt/"}
OPEN_DOCUMENTS = frozenset({"odt", "ods", "odp"})
MACROS = ("vbaproject.bin", "basic/")  # where office documents keep programs


def refuse_bombs(name: str, ending: str, stream: BinaryIO) -> None:
    """Raises Refused for a zip that is damaged, unpacks to too much, lies about it, has entries that share
    bytes; and for an office document that is none, or that holds programs."""
    try:
        entries = _entries(stream)
        _check_sizes(entries, LARGEST_OFFICE if ending in OFFICE else LARGEST_ARCHIVE)
        start_of_directory = _check_overlap(stream, entries)
        if start_of_directory > stream.seek(0, 2):
            raise _Suspicious
        if ending in OFFICE or ending in OPEN_DOCUMENTS:
            _check_office(name, ending, [entry.filename for entry in entries])
        _check_truth(stream, entries)
    except _Suspicious:
        raise _refused(
            f"{name} cannot be attached: it is packed so that it would unpack to far more than it is. "
            "Save or pack it again, and attach the new file."
        ) from None
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, zlib.error, EOFError) as error:
        raise _refused(f"{name} is damaged, or is not what its name says. Save it again.") from error
    except struct.error as error:
        raise _refused(f"{name} is damaged, or is not what its name says. Save it again.") from error


class _Suspicious(Exception):
    """No honest program makes such a zip."""


def _entries(stream: BinaryIO) -> list[zipfile.ZipInfo]:
    """The table of contents, once its size is known to be bounded."""
    size = stream.seek(0, 2)
    stream.seek(max(0, size - END.size - 0xFFFF))
    tail = stream.read(END.size + 0xFFFF)
    at = len(tail) - END.size
    if not (tail[at:].startswith(END_MARK) and tail.endswith(b"\0\0")):
        at = tail.rfind(END_MARK)
    if at < 0 or len(tail) - at < END.size:
        raise zipfile.BadZipFile("no end")
    directory = END.unpack_from(tail, at)[5]
    directory = _directory64(stream, size - len(tail) + at - ZIP64_PLACE.size, directory)
    if directory > LARGEST_DIRECTORY:
        raise _Suspicious
    with zipfile.ZipFile(stream) as archive:
        entries = archive.infolist()
    if len(entries) > MOST_ENTRIES:
        raise _Suspicious
    return entries


def _directory64(stream: BinaryIO, at: int, otherwise: int) -> int:
    """The size of the table of contents of a zip that has room for large files, else `otherwise`.
    at: where it would say so. Some programs read its end where it says that it is, others (`zipfile` of this
    Python) right before: it has to be the same place."""
    if at < 0:
        return otherwise
    stream.seek(at)
    mark, _disk, told, _disks = ZIP64_PLACE.unpack(stream.read(ZIP64_PLACE.size))
    if mark != b"PK\x06\x07":
        return otherwise
    if told != at - ZIP64_END.size:
        raise _Suspicious
    stream.seek(told)
    record = stream.read(ZIP64_END.size)
    if not record.startswith(b"PK\x06\x06"):
        raise zipfile.BadZipFile("no end")
    return int(ZIP64_END.unpack(record)[8])


def _check_sizes(entries: list[zipfile.ZipInfo], most: int) -> None:
    """What the zip says that it unpacks to."""
    unpacked = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries)
    if unpacked > most or unpacked > FREELY + RATIO * packed:
        raise _Suspicious


def _check_overlap(stream: BinaryIO, entries: list[zipfile.ZipInfo]) -> int:
    """Entries that share bytes are how a small zip unpacks to terabytes. Returns where the last one ends."""
    reached = 0
    for entry in sorted(entries, key=lambda one: one.header_offset):
        if entry.header_offset < reached:
            raise _Suspicious
        stream.seek(entry.header_offset)
        *_, name_length, extra_length = LOCAL.unpack(stream.read(LOCAL.size))
        reached = entry.header_offset + LOCAL.size + name_length + extra_length + entry.compress_size
    return reached


def _check_office(name: str, ending: str, names: list[str]) -> None:
    if ending in OFFICE:
        is_one = "[Content_Types].xml" in names and any(one.startswith(OFFICE[ending]) for one in names)
    else:
        is_one = names[:1] == ["mimetype"] or "content.xml" in names
    if not is_one:
        raise _refused(
            f"{name} is not what its name says: it ends with .{ending}, and inside it is another kind of "
            "file. Save it again in the program it comes from, or give it its right ending."
        )
    if any(one.lower().endswith(MACROS[0]) or one.lower().startswith(MACROS[1]) for one in names):
        raise _refused(f"{name} holds macros, which can run programs. Save it without them, or as a PDF.")


def _check_truth(stream: BinaryIO, entries: list[zipfile.ZipInfo]) -> None:
    """Unpacks entries and throws the bytes away, up to a bound for all together: an entry that holds more
    than it says is no honest one. What is behind the bound cannot unpack to more than about a thousand times
    its packed bytes, by the way that packing works, and its declared size was looked at."""
    left = LOOKED_INTO
    with zipfile.ZipFile(stream) as archive:
        for entry in entries:
            if entry.flag_bits & ENCRYPTED or left <= 0:
                continue
            if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                continue  # newer ways of packing: only as declared
            left -= _unpacked(stream, archive, entry, left)


def _unpacked(stream: BinaryIO, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int) -> int:
    """How many bytes an entry unpacks to, as far as `most`. `zipfile` itself stops at the declared size, so
    what is behind it would not be seen: the packed bytes are read here."""
    archive.open(entry).close()  # it compares the two headers
    if entry.compress_type == zipfile.ZIP_STORED:
        if entry.file_size != entry.compress_size:
            raise _Suspicious
        return 0
    stream.seek(entry.header_offset)
    *_, name_length, extra_length = LOCAL.unpack(stream.read(LOCAL.size))
    stream.seek(name_length + extra_length, 1)
    unpacker, found, packed = zlib.decompressobj(-15), 0, entry.compress_size
    while packed > 0 and not unpacker.eof:
        chunk = stream.read(min(CHUNK, packed))
        if not chunk:
            raise zipfile.BadZipFile("cut off")
        packed -= len(chunk)
        while chunk and not unpacker.eof:
            found += len(unpacker.decompress(chunk, CHUNK))
            if found > entry.file_size:
                raise _Suspicious
            if found > most:
                return found
            chunk = unpacker.unconsumed_tail
    if not unpacker.eof or found != entry.file_size:
        raise zipfile.BadZipFile("cut off")
    return found


def _refused(message: str) -> Refused:
    return Refused(message, field="files")
