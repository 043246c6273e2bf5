"""A form whose files are too large together: its text is read and its files are read past, so that the page
can show again what was typed (INC-10). The scripts of our pages keep a draft; a browser without them has
only what it sends."""

from __future__ import annotations

from typing import BinaryIO

from multipart import PushMultipartParser, parse_options_header
from webob.multidict import MultiDict

MOST_TEXT = 1024 * 1024  # bytes of all text fields together, with their names
CHUNK = 64 * 1024  # bytes: of a file no more than this is ever in memory


class TooMuchText(ValueError):
    """The text alone is more than any of our forms holds."""


def text_fields(stream: BinaryIO, content_type: str, length: int, *, most: int) -> MultiDict[str, str]:
    """The text fields of a form as it came in, in their order, without its files.

    content_type: the header's value. length: bytes of the body, and no more are read. most: the largest
    number of fields and files. Raises TooMuchText, and ValueError for what is no such form or has too many
    fields.
    """
    _, options = parse_options_header(content_type)
    parser = PushMultipartParser(
        options.get("boundary", ""), content_length=length, max_segment_count=most, strict=True
    )
    found: list[tuple[str, bytearray]] = []
    taken, is_file = 0, False
    for event in parser.parse_blocking(stream.read, CHUNK):
        if event is None:
            continue
        if not isinstance(event, bytes | bytearray):  # a field or a file begins
            is_file = event.filename is not None  # an empty file field has an empty name
            taken += len(event.name)
            if not is_file:
                found.append((event.name, bytearray()))
        elif not is_file:
            taken += len(event)
            found[-1][1].extend(event)
        if taken > MOST_TEXT:
            raise TooMuchText
    return MultiDict((name, value.decode("utf-8")) for name, value in found)
