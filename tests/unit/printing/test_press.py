"""The press: PDFs that are really opened and read, and nothing that gets out or in."""

from __future__ import annotations

import base64
import os
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from paper import facts_of, opened, pages_of, pictures_in, text_of

from cpoms_core.printing.pdf import PrintFailed, TookTooLong, Whole, make_pdf
from cpoms_core.printing.press import DataOnly, FetchRefused

FOOT = '<p class="foot">Printed by Lena Lead</p>'


def pdf_of(*bodies: str, password: str = "", seconds: float = 60) -> bytes:
    """A PDF of HTML bodies, each a part."""
    parts = [
        f'<!DOCTYPE html><html lang="en-GB"><body><header class="head"><p class="head-what">Head</p></header>'
        f"{body}</body></html>"
        for body in bodies
    ]
    return make_pdf(parts, Whole("A title", FOOT, password), seconds=seconds)


def test_pages_are_numbered_over_all_parts() -> None:
    """STU-07: "3 of 12" counts the whole print, whatever it was laid out in."""
    pdf = pdf_of("<p>one</p>", "<p>two</p>" * 90, "<p>three</p>")
    pages = pages_of(pdf)
    assert len(pages) >= 4
    for number, page in enumerate(pages, 1):
        assert f"{number} of {len(pages)}" in page
        assert "Printed by Lena Lead" in page
        assert "Head" in page
    assert "one" in pages[0] and "three" in pages[-1]
    assert facts_of(pdf)["Title"] == "A title"


def test_a_password_seals_all_of_it() -> None:
    """STU-07: AES-256, revision 6; without the password neither text nor title is read."""
    pdf = pdf_of("<p>Nobody else reads this.</p>", password="Grünkohl 7 ")
    with pytest.raises(pikepdf.PasswordError):
        opened(pdf)
    with pytest.raises(pikepdf.PasswordError):
        opened(pdf, "grünkohl 7")
    with opened(pdf, "Grünkohl 7 ") as read:
        assert (read.encryption.R, read.encryption.bits) == (6, 256)
        assert str(read.encryption.stream_method).endswith("aesv3")
    assert "Nobody else reads this." in text_of(pdf, password="Grünkohl 7 ")
    assert b"A title" not in pdf


@pytest.fixture
def listening() -> Iterator[tuple[str, list[str]]]:
    """A server that nothing should ask, and what it was asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_arguments: Any) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()


def test_nothing_is_fetched(listening: tuple[str, list[str]], tmp_path: Path) -> None:
    """Trap 3: no file of this machine and nothing of a network gets into a PDF, in any of the ways in which a
    document can ask for it. This is what stands behind the templates, which let no element through."""
    address, asked = listening
    secret = tmp_path / "secret.txt"
    secret.write_text("the secret of the machine")
    picture = tmp_path / "picture.svg"
    picture.write_text(
        '<svg xmlns="http://www.w3.org/2000/svg"><text y="20">the secret of the machine</text></svg>'
    )
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="50" '
        f'height="50"><image href="{address}/svg" width="9" height="9"/>'
        f'<image xlink:href="{picture.as_uri()}" '
        f'width="9" height="9"/><use href="{address}/use#a"/></svg>'
    )
    inside = base64.b64encode(svg.encode()).decode()
    pdf = pdf_of(
        f'<link rel="attachment" href="{secret.as_uri()}"><link rel="attachment" href="{address}/attached">'
        f'<a rel="attachment" href="{secret.as_uri()}">here</a>'
        f'<link rel="stylesheet" href="{address}/style.css">'
        f'<style>@import url("{address}/import.css"); @import url("{secret.as_uri()}");'
        f'@font-face {{ font-family: x; src: url("{address}/font.woff2") }}'
        f'body {{ background: url("{address}/background"); font-family: x }}'
        f'p::before {{ content: url("{picture.as_uri()}") }}</style>'
        f'<img src="{address}/img"><img src="{picture.as_uri()}"><img src="{picture}">'
        f'<img src="//127.0.0.1/x">'
        f'<object data="{picture.as_uri()}"></object><embed src="{picture.as_uri()}">{svg}'
        f'<img src="data:image/svg+xml;base64,{inside}"><p>The rest is printed.</p>'
    )
    assert asked == []
    assert "The rest is printed." in text_of(pdf)
    assert "secret" not in text_of(pdf)
    with opened(pdf) as read:
        assert dict(read.attachments) == {}
        assert b"secret of the machine" not in b"".join(
            one.read_bytes() for one in read.objects if isinstance(one, pikepdf.Stream)
        )


@pytest.mark.parametrize("address", ["file:///etc/passwd", "http://localhost/", "ftp://x/", "DATA", "fıle:x"])
def test_the_fetcher_lets_data_through_and_nothing_else(address: str) -> None:
    """Hostile input 4."""
    with pytest.raises(FetchRefused):
        DataOnly().fetch(address)
    assert DataOnly().fetch("data:text/plain,hello").read() == b"hello"


def test_a_picture_that_comes_along_is_drawn() -> None:
    """EDT-07: the logo is a picture in the document."""
    from PIL import Image

    file = __import__("io").BytesIO()
    Image.new("RGB", (40, 20), "#a8221b").save(file, "PNG")
    coded = base64.b64encode(file.getvalue()).decode()
    assert len(pictures_in(pdf_of(f'<img src="data:image/png;base64,{coded}">'))) == 1


def test_what_takes_too_long_is_stopped() -> None:
    """A print that nobody thought of ends, and its process with it."""
    began = time.monotonic()
    with pytest.raises(TookTooLong):
        pdf_of(f"<p>{'x' * 200_000}</p>", seconds=2)
    assert time.monotonic() - began < 60


def test_an_error_of_the_press_says_no_word_of_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """OPS-05: what failed is named by its type. A part that cannot be read fails the press."""
    from cpoms_core.printing import pdf

    real = pdf.write_frame
    monkeypatch.setattr(pdf, "write_frame", lambda sink, kind, _payload: real(sink, kind, b"Aoife \xff"))
    with pytest.raises(PrintFailed) as failed:
        pdf_of("<p>x</p>")
    assert str(failed.value) == "UnicodeDecodeError"


def test_the_press_gets_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """The press needs none of the deployment's environment."""
    import subprocess

    from cpoms_core.printing import pdf

    given: dict[str, Any] = {}
    real = subprocess.Popen

    def noting(*arguments: Any, **options: Any) -> Any:
        given.update(options)
        return real(*arguments, **options)

    monkeypatch.setenv("CPOMS_DATABASE_URL", "postgresql://u:secret@host/db")
    monkeypatch.setattr(pdf.subprocess, "Popen", noting)
    pdf_of("<p>x</p>")
    assert "CPOMS_DATABASE_URL" in os.environ
    assert set(given["env"]) <= set(pdf.PASSED_ON)
