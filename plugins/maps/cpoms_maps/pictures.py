"""Pictures of maps: drawn anew when they come in, kept encrypted, made small for prints."""

from __future__ import annotations

import io
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

from PIL import Image

from cpoms_core.access.viewer import Viewer
from cpoms_core.application import Application
from cpoms_core.documents.kept_picture import kept_picture
from cpoms_core.documents.pictures import NoPicture, drawn
from cpoms_core.errors import Refused

LONGEST = 1400  # pixels of the longer side
PRINTED = 800  # pixels of the longer side on paper, some 190 to the inch
LARGEST = 15 * 1024 * 1024  # bytes, as it comes in
LARGEST_KEPT = 4 * 1024 * 1024  # bytes, as it is kept: far more than such a picture needs
NARROWEST = 8  # times: what is longer than that cannot be looked at beside a text
CHUNK = 256 * 1024  # bytes
QUALITY = 85
MEDIA_TYPE = "image/jpeg"
FIELD = "file"
STARTS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")
NONE = "This is no picture that can be used. Choose a JPEG or PNG file of at most 15 MB."


@dataclass(frozen=True, slots=True)
class KeptPicture:
    """A picture in the storage, which no row names yet. width, height: pixels."""

    id: uuid.UUID
    width: int
    height: int


@contextmanager
def taken_in(app: Application, viewer: Viewer, stream: BinaryIO) -> Iterator[KeptPicture]:
    """Draws a picture anew and puts it into the storage before the transaction that will name it begins; if
    that one fails, it is forgotten again. Raises Refused."""
    content, size = redrawn(stream)
    unstored = Refused("The map could not be stored just now. Try again, and tell support.", FIELD)
    with kept_picture(app, viewer, content, limit=LARGEST_KEPT, unstored=unstored) as picture_id:
        yield KeptPicture(picture_id, *size)


def redrawn(stream: BinaryIO) -> tuple[bytes, tuple[int, int]]:
    """A JPEG or PNG picture as it is kept: a JPEG on white, with nothing else of its file. Raises Refused."""
    try:
        content, _media_type = drawn(_chunks(stream), LONGEST)
    except NoPicture:
        raise Refused(NONE, FIELD) from None
    with Image.open(io.BytesIO(content)) as ours:  # what `drawn` made is no stranger's any more
        width, height = ours.size
        if max(width, height) > NARROWEST * min(width, height):
            raise Refused("This picture is too long and narrow for a map. Cut it first.", FIELD)
        return _on_white(ours, LONGEST), (width, height)


def for_print(content: bytes) -> bytes:
    """A kept picture as a print has it."""
    with Image.open(io.BytesIO(content)) as ours:
        return _on_white(ours, PRINTED)


def _on_white(picture: Image.Image, longest: int) -> bytes:
    paper = Image.new("RGB", picture.size, "white")
    paper.paste(picture, mask=picture.getchannel("A") if picture.mode == "RGBA" else None)
    paper.thumbnail((longest, longest))
    made = io.BytesIO()
    paper.save(made, "JPEG", quality=QUALITY)
    return made.getvalue()


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    """What comes in, if it begins as a picture that is taken. Raises Refused."""
    size = 0
    while chunk := stream.read(CHUNK):
        if not size and not chunk.startswith(STARTS):
            raise Refused(NONE, FIELD)
        size += len(chunk)
        if size > LARGEST:
            raise Refused("The picture is larger than 15 MB. Choose a smaller one.", FIELD)
        yield chunk
