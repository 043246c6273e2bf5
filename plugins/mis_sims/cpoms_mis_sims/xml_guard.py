"""The only place that hands bytes to an XML parser; it is written for files that mean harm.

No DTD at all, so no entities of the file's own; no network; libxml2's own limits stay on; depth, elements,
columns, the length of a tag or text and the total size are bounded; each element is dropped after use.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

from lxml import etree

from cpoms_core.imports.records import Where
from cpoms_mis_sims.captions import decode_name
from cpoms_mis_sims.limits import MAX_ATTRIBUTES, MAX_COLUMNS, MAX_DEPTH, MAX_PROLOGUE, MAX_SCHEMA
from cpoms_mis_sims.problems import Refused
from cpoms_mis_sims.streams import Opener, XmlStream

SCHEMA = "{http://www.w3.org/2001/XMLSchema}"
ENCODINGS = {b"utf-8", b"utf-16", b"us-ascii", b"iso-8859-1", b"iso-8859-15", b"windows-1252"}
DECLARED = re.compile(rb"""^<\?xml[^>]*?\sencoding\s*=\s*["']([^"']*)""")
ORDER_MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

DOCTYPE = (
    "The file holds a document type definition (DOCTYPE), which SIMS does not write and which can be used"
    " for an attack. Do not edit the report; run it again and upload what SIMS writes."
)
NOT_XML = "This is not an XML file. Run the report with Command Reporter and upload the file that it writes."
CUT_OFF = "The file ends too early: it was cut off while it was written or copied. Run the report again."
ENCODING = (
    "The file is not in the encoding that it declares. It was probably opened and saved with another program:"
    " run the report again and upload the file as SIMS writes it."
)
UNUSUAL = "The file declares an encoding that SIMS does not use. Run the report again and upload it as it is."
FORBIDDEN = "The file holds a character that XML does not allow (often a NUL). Run the report again."
NESTED = "The elements are nested in a way that SIMS does not write. Run the report again."
CROWDED = f"A record has more than {MAX_COLUMNS} columns. Make the report with fewer."
TOO_MUCH = "The file goes past a limit that no report of SIMS reaches. Run the report again."
MALFORMED = "The file is not well-formed XML here. Run the report again and upload it as SIMS writes it."

MESSAGES = {
    etree.ErrorTypes.ERR_TAG_NOT_FINISHED: CUT_OFF,
    etree.ErrorTypes.ERR_DOCUMENT_EMPTY: NOT_XML,
    etree.ErrorTypes.ERR_DOCUMENT_END: CUT_OFF,
    etree.ErrorTypes.ERR_INVALID_ENCODING: ENCODING,
    etree.ErrorTypes.ERR_INVALID_CHAR: FORBIDDEN,
    etree.ErrorTypes.ERR_INVALID_CHARREF: FORBIDDEN,
    etree.ErrorTypes.ERR_UNSUPPORTED_ENCODING: UNUSUAL,
    etree.ErrorTypes.ERR_UNKNOWN_ENCODING: UNUSUAL,
    114: TOO_MUCH,  # XML_ERR_RESOURCE_LIMIT, which lxml has no name for
}
# The parser stopped inside the root and does not say why: an entity that nobody declared.
WITHOUT_PLACE = {etree.ErrorTypes.ERR_INTERNAL_ERROR, etree.ErrorTypes.ERR_DOCUMENT_EMPTY}


class _Prologue:
    """A parser target that sees what comes before the first element and builds nothing."""

    started = False
    doctype_found = False

    def doctype(self, name: str, public: str | None, system: str | None) -> None:
        self.doctype_found = True

    def start(self, tag: str, attributes: object) -> None:
        self.started = True

    def end(self, tag: str) -> None: ...

    def data(self, text: str) -> None: ...

    def close(self) -> None: ...


def parts(open_report: Opener, name: str) -> Iterator[tuple[str, etree._Element]]:
    """Yields ("start", root), ("child", element) as each child is complete, and at last ("end", root).

    A child and all before it are gone from memory once the next one is asked for. Raises Refused.
    """
    _check_prologue(XmlStream(open_report(), name), name)
    place = _Place(name)
    stream = XmlStream(open_report(), name)
    try:
        yield from _walk(stream, place)
    except Refused as refusal:
        raise refusal if refusal.problem.where.line else place.refuse(refusal.problem.message) from None
    except etree.XMLSyntaxError as error:
        if error.code in WITHOUT_PLACE:
            raise place.refuse(MALFORMED) from None
        message = MESSAGES.get(error.code or 0, CUT_OFF if stream.ended else MALFORMED)
        raise Refused(message, Where(error.lineno or place.line, decode_name(place.tag), name)) from None


def _check_prologue(stream: XmlStream, name: str) -> None:
    """Reads up to the first element with a parser that builds nothing, so that a DOCTYPE is refused before
    anything that it declares is looked at."""
    target = _Prologue()
    parser = etree.XMLParser(target=target, resolve_entities=False, no_network=True, huge_tree=False)
    head = b""
    try:
        while not target.started and not target.doctype_found and len(head) < MAX_PROLOGUE:
            data = stream.read(1024)
            if not data:
                break
            head += data
            _check_encoding(head, name)
            parser.feed(data)
    except etree.XMLSyntaxError as error:
        if not target.doctype_found and not target.started:
            message = MESSAGES.get(error.code or 0, NOT_XML)
            raise Refused(message, Where(error.lineno or 0, "", name)) from None
    before, doctype, _ = head.replace(b"\0", b"").partition(b"<!DOCTYPE")
    if target.doctype_found or (doctype and not target.started):  # a long one is not told before it ends
        line = before.count(b"\n") + 1
        raise Refused(DOCTYPE, Where(line, "DOCTYPE", name))
    if not target.started:
        raise Refused(NOT_XML, Where(1, "", name))


def _check_encoding(head: bytes, name: str) -> None:
    """Lets through the encodings of Windows and nothing that hides its tags from a look at the bytes."""
    for mark in ORDER_MARKS:
        head = head.removeprefix(mark)
    plain = head.replace(b"\0", b"").lstrip()
    if not plain.startswith(b"<"):
        raise Refused(NOT_XML, Where(1, "", name))
    declared = DECLARED.match(plain)
    if declared and declared.group(1).lower() not in ENCODINGS:
        raise Refused(UNUSUAL, Where(1, "", name))


class _Place:
    """Where in the file the parser is: for the message when it stops."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.line = 0
        self.tag = ""

    def refuse(self, message: str) -> Refused:
        return Refused(message, Where(self.line or 1, decode_name(self.tag), self.name))


def _walk(stream: XmlStream, place: _Place) -> Iterator[tuple[str, etree._Element]]:
    attributes: set[str] = set()
    depth = cells = schema = 0
    in_schema = False
    parser = etree.iterparse(
        stream,
        events=("start", "end"),
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    for event, element in parser:
        stream.progress()
        if event == "start":
            place.line, place.tag = element.sourceline or 0, element.tag
            if depth == 0:
                yield "start", element
            elif depth == 1:
                cells, in_schema = 0, element.tag.startswith(SCHEMA)
            elif in_schema:
                schema += 1
            else:
                cells += 1
            depth += 1
            if depth > (MAX_DEPTH if in_schema else 3):
                raise place.refuse(NESTED)
            if cells > MAX_COLUMNS:
                raise place.refuse(CROWDED)
            attributes.update(element.keys())
            if schema > MAX_SCHEMA or len(attributes) > MAX_ATTRIBUTES:
                raise place.refuse(TOO_MUCH)
            continue
        depth -= 1
        if depth == 1:
            yield "child", element
            _drop(element)
    yield "end", element


def _drop(element: etree._Element) -> None:
    element.clear()
    root = element.getparent()
    while root is not None and root[0] is not element:
        del root[0]
