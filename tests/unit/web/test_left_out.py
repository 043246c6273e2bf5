"""Reading the text of a form past files that are too large (INC-10)."""

from __future__ import annotations

import io
import tracemalloc

import pytest

from cpoms_core.web.left_out import CHUNK, MOST_TEXT, TooMuchText, text_fields

KIND = 'multipart/form-data; boundary="a b"'
MEGABYTE = 1024 * 1024
END = b"--a b--\r\n"


def part(name: str, value: bytes, file: str | None = None) -> bytes:
    named = f'; filename="{file}"\r\nContent-Type: text/plain' if file is not None else ""
    return f'--a b\r\nContent-Disposition: form-data; name="{name}"{named}\r\n\r\n'.encode() + value + b"\r\n"


class Body:
    """A body of pieces, handed out in what is asked for."""

    def __init__(self, *pieces: bytes) -> None:
        self.length = sum(map(len, pieces))
        self.longest_read = 0
        self._pieces = iter(pieces)
        self._rest = b""

    def read(self, size: int) -> bytes:
        self.longest_read = max(self.longest_read, size)
        while len(self._rest) < size and (more := next(self._pieces, b"")):
            self._rest += more
        answer, self._rest = self._rest[:size], self._rest[size:]
        return answer


def read(body: Body, most: int = 2000) -> list[tuple[str, str]]:
    return list(text_fields(body, KIND, body.length, most=most).items())  # type: ignore[arg-type]


@pytest.mark.parametrize("size", [0, 1, CHUNK - 100, 3 * MEGABYTE])
def test_text_before_and_behind_the_files_is_kept(size: int) -> None:
    """INC-10: in the order of the form, several of one name, letters of every script, empty fields."""
    file = part("files", b"", "letter.pdf")[:-2]
    body = Body(
        part("text", "Sie hat\r\nÅngst 😟".encode()),
        file,
        b"y" * size,
        b"\r\n",
        part("files", b"", ""),
        part("alerts", b"one"),
        part("alerts", b"two"),
        part("cases-status", b""),
        END,
    )
    assert read(body) == [
        ("text", "Sie hat\r\nÅngst 😟"),
        ("alerts", "one"),
        ("alerts", "two"),
        ("cases-status", ""),
    ]


def test_a_huge_file_is_never_in_memory() -> None:
    """INC-10, hostile input 11: 64 MB pass, and never one of them is in memory."""
    block = b"r\n" * (CHUNK // 2)
    file = part("files", b"", "video.mp4")[:-2]
    body = Body(part("text", b"kept"), file, *[block] * 1024, b"\r\n", part("last", b"too"), END)
    assert body.length > 64 * MEGABYTE
    tracemalloc.start()
    try:
        assert read(body) == [("text", "kept"), ("last", "too")]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < MEGABYTE
    assert body.longest_read <= CHUNK


def test_more_text_than_any_form_holds_is_refused() -> None:
    """INC-10, hostile input 7: counted over all fields, their names included."""
    half = b"t" * (MOST_TEXT // 2 - 10)
    assert len(read(Body(part("a", half), part("b", half), END))) == 2
    for parts in ([part("a", half), part("b", half), part("c", b"t" * 30)], [part("n" * 4000, b"")] * 300):
        with pytest.raises(TooMuchText):
            read(Body(*parts, END))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"text=kept",
        part("text", b"the end is missing"),
        b"--a b\r\nContent-Type: text/plain\r\n\r\nno name\r\n" + END,
        part("text", b"\xff\xfe") + END,
        part("text", b"one") * 11 + END,
        part("files", b"one", "name.txt") * 11 + END,
    ],
)
def test_what_is_no_form_is_refused(body: bytes) -> None:
    """Hostile input 7: cut short, without a name, no characters, too many fields or files."""
    with pytest.raises(ValueError):
        read(Body(body), most=10)


def test_no_more_is_read_than_the_body_has() -> None:
    """Hostile input 7: what stands behind the body is another request's."""
    body = part("text", b"kept") + END
    stream = io.BytesIO(body + part("text", b"another") + END)
    assert list(text_fields(stream, KIND, len(body), most=10).items()) == [("text", "kept")]
    assert stream.tell() == len(body)
