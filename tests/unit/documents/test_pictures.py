"""INC-06: pictures are shown drawn anew, within bounds, and never as they came."""

from __future__ import annotations

import io
import struct
import threading
import zlib
from collections.abc import Iterator

import pytest
from PIL import Image, PngImagePlugin

from cpoms_core.documents import pictures
from cpoms_core.documents.jpeg import MOST_SCANS
from cpoms_core.documents.pictures import LARGE, SMALL, NoPicture, TooManyPictures, drawn


def made(kind: str, mode: str = "RGB", size: tuple[int, int] = (3000, 2000), **how: object) -> bytes:
    content = io.BytesIO()
    Image.new(mode, size, 128 if mode in ("L", "P") else "teal").save(content, kind, **how)
    return content.getvalue()


def read(content: bytes, longest: int = LARGE) -> tuple[Image.Image, str]:
    fresh, media_type = drawn(_chunks(content), longest)
    return Image.open(io.BytesIO(fresh)), media_type


def _chunks(content: bytes) -> Iterator[bytes]:
    for at in range(0, len(content), 65536):
        yield content[at : at + 65536]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "TIFF", "WEBP", "BMP"])
@pytest.mark.parametrize("longest", [SMALL, LARGE])
def test_each_kind_is_drawn_anew(kind: str, longest: int) -> None:
    """INC-06: as a JPEG of a bounded size, in its own proportions."""
    picture, media_type = read(made(kind), longest)
    assert (picture.format, media_type) == ("JPEG", "image/jpeg")
    assert picture.size == (longest, round(longest * 2 / 3))


def test_a_small_one_is_not_blown_up() -> None:
    assert read(made("PNG", size=(30, 20)))[0].size == (30, 20)


def test_transparent_parts_stay() -> None:
    """INC-06: as a PNG."""
    picture, media_type = read(made("PNG", "RGBA"))
    assert (picture.mode, media_type) == ("RGBA", "image/png")


@pytest.mark.parametrize("mode", ["1", "L", "P", "CMYK", "I;16", "LA"])
def test_every_mode_of_colours(mode: str) -> None:
    kind = "JPEG" if mode == "CMYK" else "PNG"
    content = io.BytesIO()
    Image.new(mode, (40, 40)).save(content, kind)
    assert read(content.getvalue())[0].size == (40, 40)


def test_nothing_but_the_points_goes_along() -> None:
    """INC-06: where a photo was taken, by what, its comments and its profile stay in the original."""
    exif = Image.Exif()
    exif[0x010E], exif[0x0110] = "SECRET place", "SECRET camera"
    exif.get_ifd(0x8825)[1] = "N"
    jpeg = made("JPEG", exif=exif, comment=b"SECRET", icc_profile=b"SECRET profile", quality=90)
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", "SECRET")
    png = made("PNG", "RGBA", pnginfo=text, icc_profile=b"SECRET profile")
    for content in (jpeg, png):
        assert b"SECRET" in content
        fresh = drawn(_chunks(content + b"SECRET at the end"), LARGE)[0]
        assert b"SECRET" not in fresh
        assert not Image.open(io.BytesIO(fresh)).getexif()
        assert "icc_profile" not in Image.open(io.BytesIO(fresh)).info


def test_a_turned_photo_is_shown_upright() -> None:
    """INC-06: the camera's note is followed before it is thrown away."""
    exif = Image.Exif()
    exif[0x0112] = 6
    assert read(made("JPEG", size=(300, 200), exif=exif))[0].size == (200, 300)


def _png_that_claims(width: int, height: int) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">L", len(content)) + kind + content + struct.pack(">L", zlib.crc32(kind + content))
        )

    head = struct.pack(">LLBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\0"))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no picture",
        made("PNG")[:200],
        made("PNG").replace(b"IDAT", b"XDAT"),
        _png_that_claims(50_000, 50_000),
        _png_that_claims(2**31 - 1, 2**31 - 1),
        _png_that_claims(6_000, 7_000),
        b'<svg xmlns="http://www.w3.org/2000/svg"/>',
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n",
    ],
    ids=["empty", "text", "cut", "broken", "bomb", "larger bomb", "just too large", "svg", "eps"],
)
def test_what_cannot_be_shown(content: bytes) -> None:
    """Bad input: decompression bombs by what they claim, broken ones, and formats that run programs."""
    with pytest.raises(NoPicture):
        drawn(_chunks(content), LARGE)


def test_a_file_that_is_too_large_is_not_read_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bad input: in bounded room."""
    monkeypatch.setattr(pictures, "LARGEST_PICTURE", 100_000)
    taken = 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        while True:
            taken += 1
            yield bytes(50_000)

    with pytest.raises(NoPicture):
        drawn(endless(), LARGE)
    assert taken == 3


def test_a_large_jpeg_is_decoded_at_a_fraction() -> None:
    """INC-06: 48 megapixels of a phone in little memory: never more points than a few of its screen's."""
    import resource

    content = made("JPEG", size=(8000, 6000), quality=30)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert read(content, SMALL)[0].size == (160, 120)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 60_000  # KiB; decoded it has 144 MB


def _with_scans(more: int) -> bytes:
    """A JPEG whose last scan comes so many times more; each makes the decoder walk the whole picture."""
    content = made("JPEG", "L", (64, 64), progressive=True)
    last = content.rfind(b"\xff\xda")
    return content[:-2] + content[last:-2] * more + content[-2:]


def test_a_jpeg_of_many_scans_is_refused() -> None:
    """Bad input: a few bytes for each walk over all points. What lies inside of a segment, such as a camera's
    own small picture, is no scan."""
    assert read(_with_scans(2))[0].size == (64, 64)
    with pytest.raises(NoPicture):
        drawn(_chunks(_with_scans(MOST_SCANS)), LARGE)
    assert read(made("JPEG", size=(64, 64), comment=b"\xff\xda" * MOST_SCANS * 2))[0].size == (64, 64)
    assert read(made("JPEG", size=(64, 64)) + b"\xff\xda\0\x02" * MOST_SCANS * 2)[0].size == (64, 64)


def _of_three_scans(size: tuple[int, int]) -> bytes:
    """A JPEG that is not progressive, and comes colour by colour, so that it is decoded as a whole."""
    content = made("JPEG", size=size, subsampling=0)
    begins = content.find(b"\xff\xda")
    head = struct.pack(">BBHB", 0xFF, 0xDA, 8, 1)
    return (
        content[:begins]
        + b"".join(head + bytes([one, 0, 0, 63, 0]) + bytes(9) for one in (1, 2, 3))
        + b"\xff\xd9"
    )


@pytest.mark.parametrize("side", [5000, 5001])
@pytest.mark.parametrize("kind", ["progressive", "colour by colour"])
def test_a_jpeg_that_is_held_as_a_whole_has_fewer_points(side: int, kind: str) -> None:
    """Bad input: no fraction of its size helps there: every number of every point is in memory at once."""
    small = {
        "progressive": made("JPEG", "L", (16, 16), progressive=True),
        "colour by colour": _of_three_scans((16, 16)),
    }
    claims = small[kind].replace(struct.pack(">HH", 16, 16), struct.pack(">HH", side, 5000), 1)
    with pytest.MonkeyPatch.context() as patch:
        asked: list[tuple[int, int]] = []
        patch.setattr(Image.Image, "thumbnail", lambda self, size, *_a, **_k: asked.append(size) or 1 / 0)
        with pytest.raises(NoPicture):
            drawn(_chunks(claims), SMALL)
    assert len(asked) == (1 if side == 5000 else 0)


def test_who_finds_both_places_taken_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """OPS: nobody waits without end for other pictures, and a file that comes slowly holds no place."""
    monkeypatch.setattr(pictures, "PATIENCE", 0.01)
    content = made("JPEG", size=(30, 20))

    def slow() -> Iterator[bytes]:
        yield content
        assert read(content)[0].size == (30, 20), "drawn while two others are still being read"

    monkeypatch.setattr(pictures, "AT_ONCE", threading.BoundedSemaphore(1))
    assert drawn(slow(), SMALL)[1] == "image/jpeg"
    with pictures.AT_ONCE, pytest.raises(TooManyPictures, match="Try again"):
        drawn(_chunks(content), SMALL)
