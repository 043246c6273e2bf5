"""What we and the press say to each other: frames of a kind and a length."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO

FRAME = struct.Struct(">cI")
PART, END, DONE, PDF, FAILED = b"P", b"E", b"D", b"F", b"X"
"""Kinds of frames. In come parts (HTML) and the end (what is said of the whole, JSON); out go, for each part,
its pages, then the PDF, or the type of what went wrong: never its text, which may hold a person's words."""


def frames(source: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    """The frames that come in, until there are no more."""
    while head := source.read(FRAME.size):
        kind, size = FRAME.unpack(head)
        yield kind, source.read(size)


def write_frame(sink: BinaryIO, kind: bytes, payload: bytes) -> None:
    """Sends a frame."""
    sink.write(FRAME.pack(kind, len(payload)) + payload)
    sink.flush()
