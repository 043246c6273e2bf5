"""Draws one picture, in a process of its own: `python -m cpoms_core.charts.drawing png|svg` reads a
specification on its input and writes the picture on its output. See `pictures`."""

from __future__ import annotations

import json
import resource
import sys

SECONDS = 20  # of processor time
MOST_MEMORY = 2_000_000_000  # bytes that are written to; a picture of usual size takes under half of it
NOWHERE = ["https://nowhere.invalid/"]
"""The only addresses that a specification might load from: none."""
SCALE = 2.0  # pixels of a PNG for each unit, so that it is sharp on paper


def bound() -> None:
    """Gives this process its limits. Its address space has none: the renderer reserves a thousand times of
    what it uses."""
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_DATA, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main(kind: str) -> int:
    """Answers 0, or what the library failed with goes to the error output."""
    bound()
    import vl_convert  # slow to import: only in this process

    spec = json.loads(sys.stdin.buffer.read())
    if kind == "png":
        picture = vl_convert.vegalite_to_png(spec, scale=SCALE, allowed_base_urls=NOWHERE)
    else:
        picture = vl_convert.vegalite_to_svg(spec, allowed_base_urls=NOWHERE).encode()
    sys.stdout.buffer.write(picture)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
