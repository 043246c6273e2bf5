"""The process that makes a PDF, and knows nothing else: HTML comes in by its standard input, part by part,
and the PDF goes out by its standard output. It is a process of its own because layout holds Python's lock for
seconds, because what it took of memory is given back when it ends, and because a text that nobody thought of
can be stopped by a limit. It reaches no file of the school, no database and no network.

Each part is laid out once and begins on a page of its own. How many pages there are is known only at the end,
so the foot with "3 of 12" is one more, empty document of as many pages, laid over them: one pass over the
texts, whatever their length.
"""

from __future__ import annotations

import base64
import io
import json
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import pikepdf
from weasyprint import CSS, HTML, Document
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher, URLFetcherResponse

from cpoms_core.printing.frames import DONE, END, FAILED, PART, PDF, frames, write_frame

STATIC = Path(__file__).parent.parent / "static"
FONTS = (
    # a family for each file: glyphs of two files of one family were mixed up when it was tried
    ("Inter", "vendor/inter/inter-latin-wght-normal.woff2"),
    ("Inter Ext", "vendor/inter/inter-latin-ext-wght-normal.woff2"),
)
STYLES = ("css/printed.css",)
MOST_MEMORY = 2_000_000_000  # bytes of address space; a part of usual size takes a tenth
MOST_SECONDS = 1_800  # of processor time


class FetchRefused(ValueError):
    """A document asked for something that it does not bring along itself."""


class DataOnly(URLFetcher):  # type: ignore[misc]
    """Lets a document have what stands in it (`data:`), and nothing of this machine or of a network."""

    def __init__(self) -> None:
        super().__init__(allowed_protocols=["data"], allow_redirects=False)

    def fetch(self, url: str, headers: Any = None) -> URLFetcherResponse:
        if not url[:5].lower() == "data:":
            raise FetchRefused("only what stands in the document itself is printed")
        return super().fetch(url, headers)


class Sheets:
    """The style sheets of every print, read once."""

    def __init__(self) -> None:
        self._fonts = FontConfiguration()
        faces = "".join(_face(family, STATIC / path) for family, path in FONTS)
        texts = [faces, *((STATIC / path).read_text(encoding="utf-8") for path in STYLES)]
        self._sheets = [self._sheet(text) for text in texts]

    def render(self, html: str) -> Document:
        """Lays a document out. What it refers to beyond itself is left out."""
        return HTML(string=html, url_fetcher=DataOnly(), base_url="data:,").render(
            stylesheets=self._sheets, font_config=self._fonts
        )

    def _sheet(self, text: str) -> CSS:
        return CSS(string=text, url_fetcher=DataOnly(), font_config=self._fonts, base_url="data:,")


def _face(family: str, path: Path) -> str:
    """A font as a rule that brings it along: sheets, too, have no file but themselves."""
    font = base64.b64encode(path.read_bytes()).decode()
    return (
        f'@font-face {{ font-family: "{family}"; font-weight: 100 900; '
        f'src: url("data:font/woff2;base64,{font}") format("woff2") }}\n'
    )


class Job:
    """One PDF in the making: finished parts are kept as PDFs, a few kilobytes for each page."""

    def __init__(self) -> None:
        self._sheets = Sheets()
        self._parts: list[bytes] = []
        self._marks: list[tuple[str, int]] = []  # what the outline says, and of which page
        self._pages = 0

    def add(self, html: str) -> int:
        """Lays a part out. Returns its number of pages."""
        document = self._sheets.render(html)
        for label, (page, _x, _y), _children, _state in document.make_bookmark_tree():
            self._marks.append((label, self._pages + page))
        self._parts.append(document.write_pdf())
        self._pages += len(document.pages)
        return len(document.pages)

    def finish(self, whole: dict[str, Any]) -> bytes:
        """The whole PDF. `whole`: `title`; `feet`, the HTML of one page's foot; `password` or none."""
        with pikepdf.new() as pdf:
            for part in self._parts:
                with pikepdf.open(io.BytesIO(part)) as made:
                    pdf.pages.extend(made.pages)
            self._parts.clear()
            self._number(pdf, whole["foot"])
            with pdf.open_outline() as outline:
                outline.root.extend(pikepdf.OutlineItem(label, page) for label, page in self._marks)
            self._describe(pdf, whole["title"])
            return _saved(pdf, whole.get("password"))

    def _number(self, pdf: pikepdf.Pdf, foot: str) -> None:
        """Lays a foot over every page: whose print it is, and which page of how many."""
        sheet = self._sheets.render(_empty_pages(foot, self._pages))
        with pikepdf.open(io.BytesIO(sheet.write_pdf())) as feet:
            for page, over in zip(pdf.pages, feet.pages, strict=True):
                page.add_overlay(over, pikepdf.Rectangle(page.mediabox))

    @staticmethod
    def _describe(pdf: pikepdf.Pdf, title: str) -> None:
        pdf.Root.Lang = pikepdf.String("en-GB")
        pdf.Root.ViewerPreferences = pikepdf.Dictionary(DisplayDocTitle=True)
        with pdf.open_metadata(set_pikepdf_as_editor=False) as facts:
            facts["dc:title"] = title
        pdf.docinfo["/Title"] = title


def _empty_pages(foot: str, pages: int) -> str:
    return (
        '<!DOCTYPE html><html lang="en-GB"><body class="feet">'
        f"{foot}{'<div class=page></div>' * pages}</body></html>"
    )


def _saved(pdf: pikepdf.Pdf, password: str | None) -> bytes:
    """The file's bytes; with a password by AES-256 (revision 6), its title and outline sealed too."""
    sealed = pikepdf.Encryption(user=password, owner=password, R=6) if password else False
    file = io.BytesIO()
    pdf.save(
        file,
        encryption=sealed,
        compress_streams=True,
        object_stream_mode=pikepdf.ObjectStreamMode.generate,
        deterministic_id=not password,
    )
    return file.getvalue()


def work(source: BinaryIO, answer: Callable[[bytes, bytes], None]) -> None:
    """Makes one PDF of what comes in."""
    job = Job()
    for kind, payload in frames(source):
        if kind == PART:
            answer(DONE, str(job.add(payload.decode())).encode())
        elif kind == END:
            answer(PDF, job.finish(json.loads(payload)))
            return


def main() -> None:
    """What the process runs. Its errors have no words: they could be a child's."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    def answer(kind: bytes, payload: bytes) -> None:
        write_frame(sys.stdout.buffer, kind, payload)

    try:
        work(sys.stdin.buffer, answer)
    except BaseException as error:  # a fetch that fails for good derives from it
        answer(FAILED, type(error).__name__.encode())


if __name__ == "__main__":
    main()
