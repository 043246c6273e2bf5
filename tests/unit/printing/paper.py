"""Reading PDFs as their readers do: with poppler's programs and with pikepdf."""

from __future__ import annotations

import io
import subprocess
from typing import Any

import pikepdf


def text_of(pdf: bytes, *options: str, password: str = "") -> str:
    """What a person can select in it, page after page."""
    given = ["-upw", password] if password else []
    return _run("pdftotext", *given, *options, "-", "-", pdf=pdf)


def pages_of(pdf: bytes, password: str = "") -> list[str]:
    """The text of each page."""
    return text_of(pdf, "-layout", password=password).split("\f")[:-1]


def facts_of(pdf: bytes, password: str = "") -> dict[str, str]:
    """What `pdfinfo` says of it, by name."""
    given = ["-upw", password] if password else []
    lines = _run("pdfinfo", *given, "-", pdf=pdf).splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def pictures_in(pdf: bytes) -> list[str]:
    """Its pictures, a line each."""
    return _run("pdfimages", "-list", "-", pdf=pdf).splitlines()[2:]


def opened(pdf: bytes, password: str = "") -> Any:
    """It, by pikepdf."""
    return pikepdf.open(io.BytesIO(pdf), password=password)


def _run(*command: str, pdf: bytes) -> str:
    done = subprocess.run(command, input=pdf, capture_output=True, check=True)
    return done.stdout.decode()
