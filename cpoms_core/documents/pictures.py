"""Pictures are shown as we draw them anew, never as they came: nothing hides in them, and what a camera wrote
about place and time stays in the original."""

from __future__ import annotations

import io
import tempfile
import warnings
from collections.abc import Iterator
from threading import BoundedSemaphore
from typing import Any, BinaryIO, cast

from cpoms_core.documents.jpeg import MOST_SCANS, scans_of
from cpoms_core.documents.kinds import LARGEST_PICTURE
from cpoms_core.errors import Refused

SMALL, LARGE = 160, 1600  # pixels of the longer side
FORMATS = ("JPEG", "PNG", "GIF", "TIFF", "WEBP", "BMP")
MOST_PIXELS = 40_000_000  # of the original: 160 MB when decoded, at most
MOST_PIXELS_OF_JPEG = 120_000_000  # it is decoded at a fraction of its size,
MOST_PIXELS_AS_A_WHOLE = (
    25_000_000  # unless it is of several scans: two bytes for each number, 200 MB at most
)
IN_MEMORY = 8 * 1024 * 1024  # bytes, beyond which the file waits on disk (encrypted disks: docs/operating.md)
AT_ONCE = BoundedSemaphore(2)  # so that many pictures on a page cannot fill the memory
PATIENCE = 5  # seconds that one waits for its turn, with a thread of the web server
QUALITY = 82


class NoPicture(ValueError):
    """It cannot be shown: no picture that we know, too large, or broken."""


class TooManyPictures(Refused):
    """As many pictures are being drawn as may be."""

    def __init__(self) -> None:
        super().__init__("Several pictures are being drawn just now. Try again in a minute.", field="file")


def drawn(chunks: Iterator[bytes], longest: int) -> tuple[bytes, str]:
    """A picture drawn anew, at most `longest` pixels wide and high, with its media type: a PNG where it has
    transparent parts, else a JPEG. Only the first of several frames or pages. Raises NoPicture and
    TooManyPictures."""
    with tempfile.SpooledTemporaryFile(IN_MEMORY) as file:  # no turn is taken while it comes, maybe slowly
        size = 0
        for chunk in chunks:
            size += len(chunk)
            if size > LARGEST_PICTURE:
                raise NoPicture
            file.write(chunk)
        if not AT_ONCE.acquire(timeout=PATIENCE):
            raise TooManyPictures
        try:
            return _drawn(cast(BinaryIO, file), longest)
        finally:
            AT_ONCE.release()


def _drawn(file: BinaryIO, longest: int) -> tuple[bytes, str]:
    from PIL import Image, ImageFile, ImageOps

    ImageFile.LOAD_TRUNCATED_IMAGES = False  # WeasyPrint switches it on in every process that imports it
    most = _most_pixels_of_jpeg(file)
    file.seek(0)
    try:
        with warnings.catch_warnings():
            # of broken metadata, which goes anyway; our own bounds are stricter
            warnings.simplefilter("ignore")
            with Image.open(file, formats=FORMATS) as opened:
                _check_size(opened, most)
                if opened.format == "JPEG":
                    opened.draft("RGB", (2 * longest, 2 * longest))
                turned: Any = ImageOps.exif_transpose(opened)
                has_parts = turned.mode in ("RGBA", "LA", "PA") or "transparency" in turned.info
                turned.thumbnail((longest, longest))
                plain = turned.convert("RGBA" if has_parts else "RGB")
    except NoPicture:
        raise
    except Exception as error:  # decoders raise whatever they come across in a broken file
        raise NoPicture from error
    fresh = Image.new(plain.mode, plain.size)
    fresh.paste(plain)  # of the original only its points: no profile, comment or place goes along
    made = io.BytesIO()
    if has_parts:
        fresh.save(made, "PNG")
        return made.getvalue(), "image/png"
    fresh.save(made, "JPEG", quality=QUALITY)
    return made.getvalue(), "image/jpeg"


def _most_pixels_of_jpeg(file: BinaryIO) -> int:
    """How many points it may have if it is a JPEG. Raises NoPicture where decoding it would take too long."""
    file.seek(0)
    if file.read(2) != b"\xff\xd8":
        return MOST_PIXELS
    file.seek(0)
    scans, as_a_whole = scans_of(file.read())
    if scans > MOST_SCANS:
        raise NoPicture
    return MOST_PIXELS_AS_A_WHOLE if as_a_whole else MOST_PIXELS_OF_JPEG


def _check_size(opened: Any, most_of_jpeg: int) -> None:
    width, height = opened.size
    most = most_of_jpeg if opened.format == "JPEG" else min(MOST_PIXELS, most_of_jpeg)
    if width * height > most or not width or not height:
        raise NoPicture
