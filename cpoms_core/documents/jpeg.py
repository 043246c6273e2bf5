"""How a JPEG has to be decoded, by its markers (ITU-T T.81, annex B), before any of it is."""

from __future__ import annotations

import re

MOST_SCANS = 30  # programs write ten or so; each lets the decoder walk over every point
MARKER = re.compile(
    rb"\xff([^\x00\x01\xff\xd0-\xd7])"
)  # neither filling, nor a byte of points, nor a restart
STARTS_SCAN, ENDS = 0xDA, 0xD9
PROGRESSIVE = (0xC2, 0xC6, 0xCA, 0xCE)


def scans_of(content: bytes) -> tuple[int, bool]:
    """How many scans a JPEG has, counted as far as one more than MOST_SCANS, and whether all of its numbers
    have to be in memory at once: it is progressive, or its colours come one by one.

    What is inside a segment (a camera's own small picture) or behind the end is not looked at, as no decoder
    does."""
    scans, progressive, at = 0, False, 2
    while scans <= MOST_SCANS and (found := MARKER.search(content, at)):
        marker, at = found[1][0], found.end()
        if marker == ENDS:
            break
        progressive = progressive or marker in PROGRESSIVE
        scans += marker == STARTS_SCAN
        at += int.from_bytes(content[at : at + 2], "big")
    return scans, progressive or scans > 1
