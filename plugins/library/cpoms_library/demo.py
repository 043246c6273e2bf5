"""What the demonstration school has in its library: invented files, and a policy that some understood."""

from __future__ import annotations

import io
from dataclasses import replace

from PIL import Image, ImageDraw, ImageFont
from sqlalchemy import select

from cpoms_core.access.models import User
from cpoms_core.access.viewer import Viewer
from cpoms_core.application import Application
from cpoms_core.documents.kinds import can_tell_kinds
from cpoms_core.documents.services import Upload, taken_in
from cpoms_core.hooks.relay import PluginSession
from cpoms_library import services
from cpoms_library.models import OPENED
from cpoms_library.sight import ADD

POLICY = (
    "Safeguarding policy",
    "",
    "1. Every child has the right to be safe.",
    "2. Whoever is worried about a child records it on the same day.",
    "3. Whoever is told of a danger tells a safeguarding lead at once.",
    "",
    "An invented policy of an invented school.",
)
LETTER = "Dear [name],\n\nPlease come to school on [day] at [time].\n\nYours sincerely,\n[name]\n"
DATES = "what,when\nTraining for all staff,first day of each term\nReview of this policy,every June\n"
ALERTED, UNDERSTOOD = 8, 3  # users


def fill(db: PluginSession, viewer: Viewer, app: Application) -> None:
    """Puts a few files into the library, as the lead would, and alerts some users to the first. Where this
    machine can take no files, the library stays empty."""
    if not can_tell_kinds():
        return
    uploads = [
        Upload("Letter to parents (template).txt", io.BytesIO(LETTER.encode())),
        Upload("Dates of the year.csv", io.BytesIO(DATES.encode())),
        Upload("School crest.png", io.BytesIO(_crest())),
    ]
    with taken_in(app, viewer, uploads, needs=ADD) as documents:
        services.add_files(db, viewer, documents)
    others = select(User.id).where(User.deactivated_at.is_(None), User.id != viewer.user_id)
    people = list(db.scalars(others.order_by(User.surname, User.forename, User.id).limit(ALERTED)))
    policy = Upload("Safeguarding policy.pdf", io.BytesIO(_policy()))
    with taken_in(app, viewer, [policy], needs=ADD) as documents:
        (file_id,) = services.add_files(db, viewer, documents, people, requires_action=True)
    for user_id in people[:UNDERSTOOD]:
        reader = replace(viewer, user_id=user_id)
        services.note_view(db, reader, file_id, OPENED)
        services.mark_understood(db, reader, file_id)


def _policy() -> bytes:
    """A PDF of one page."""
    page = Image.new("L", (1240, 1754), 255)
    pen = ImageDraw.Draw(page)
    for line, text in enumerate(POLICY):
        pen.text((120, 140 + 60 * line), text, fill=0, font=ImageFont.load_default(52 if line == 0 else 32))
    made = io.BytesIO()
    page.save(made, "PDF", resolution=150)
    return made.getvalue()


def _crest() -> bytes:
    crest = Image.new("RGBA", (480, 160), (0, 0, 0, 0))
    pen = ImageDraw.Draw(crest)
    pen.polygon([(20, 20), (140, 20), (140, 90), (80, 145), (20, 90)], fill="#0b5c7a")
    pen.text((170, 52), "Hillside", fill="#0b5c7a", font=ImageFont.load_default(56))
    made = io.BytesIO()
    crest.save(made, "PNG")
    return made.getvalue()
