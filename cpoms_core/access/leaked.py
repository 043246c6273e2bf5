"""Whether a password is one that leaked somewhere (ASVS V6.2.12), by a list that the operator keeps beside
the application. Nothing leaves the machine, and nothing of the list is held in memory.

The file is what "Have I been Pwned" publishes as a whole: a line `SHA-1:COUNT` for each password, in the
order of the hashes.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import BinaryIO

DIGITS = 40  # of a SHA-1 in hex
LONGEST_LINE = 64  # bytes: the hash, a colon, a count, the end of the line


def is_leaked(password: str, file: Path) -> bool:
    """Looks a password up in some 40 short reads, whatever the size of the list. Raises OSError where the
    list cannot be read: then no password is taken, rather than one that nobody checked."""
    # the hash is the list's; what we keep of a password is argon2id's
    wanted = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper().encode()
    with file.open("rb") as lines:
        low, high = 0, lines.seek(0, 2)
        while low < high:
            middle = (low + high) // 2
            start, found = _line_at(lines, middle)
            if found == wanted:
                return True
            if found and found < wanted:
                low = max(middle + 1, start + DIGITS)
            else:
                high = middle
    return False


def _line_at(lines: BinaryIO, offset: int) -> tuple[int, bytes]:
    """Where the line that a byte belongs to begins, and its hash in capitals."""
    begin = max(0, offset - LONGEST_LINE)
    lines.seek(begin)
    before = lines.read(offset - begin)
    start = begin + before.rfind(b"\n") + 1
    lines.seek(start)
    return start, lines.read(DIGITS).upper()
