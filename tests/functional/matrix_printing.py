"""The permission matrix of prints, of files that the worker makes, and of the school's logo (EDT-07, INC-14,
STU-07, ADM-02)."""

from __future__ import annotations

import datetime as dt
import io
import uuid

from matrix import ADMIN, DETAILS, EVERYONE, SIGNED_IN, Row
from PIL import Image

from cpoms_core.access.viewer import utc_now
from cpoms_core.database.types import new_id
from cpoms_core.documents.logo_change import change_logo, logo_taken_in
from cpoms_core.documents.models import PreparedFile
from cpoms_core.documents.services import file_key
from cpoms_core.testing.schools import SchoolForTests

REPORTS = "lead head"  # reports:run


def prepared_file(school: SchoolForTests, who: str = "lead", *, expired: bool = False) -> uuid.UUID:
    """A finished print of nothing, with bytes."""
    made, now = new_id(), utc_now()
    school.app.storage.write(file_key(school.app, school.id), school.id, made, io.BytesIO(b"x"), limit=9)
    with school.app.transaction(school.id) as db:
        db.add(
            PreparedFile(
                school_id=school.id, id=made, asked_by=school.users[who], kind="record print",
                wanted={"subjects": [], "names_hidden": True, "needs": "", "again": None},
                asked_at=now, state="ready", name="print.pdf",
                media_type="application/pdf", size=1,
                expires_at=now + dt.timedelta(hours=-1 if expired else 1),
            )
        )  # fmt: skip
    return made


def logo(school: SchoolForTests) -> uuid.UUID:
    """The school's logo, made if there is none: it is on every page, so that a new one would change the page
    that says that there is nothing, too."""
    viewer = school.viewer("admin")
    if viewer.school.logo is not None:
        return viewer.school.logo
    file = io.BytesIO()
    Image.new("RGB", (4, 4)).save(file, "PNG")
    file.seek(0)
    with logo_taken_in(school.app, viewer, file) as made, school.app.transaction(school.id) as db:
        change_logo(db, viewer, made)
    return made


SIGHT = {
    "prepared file": {
        "of the lead": "lead",
        "of the head": "head",
        "of the lead, expired": "",
        "of another school": "",
    },
    "logo": {"of another school": "", "ours": EVERYONE},  # in this order: see `logo`
}
OBJECTS = {
    "prepared file": {
        "of the lead": prepared_file,
        "of the head": lambda school: prepared_file(school, "head"),
        "of the lead, expired": lambda school: prepared_file(school, expired=True),
    },
    "logo": {"ours": logo},
}
ROWS = [
    Row("GET", "incident-print", DETAILS, "incident"),
    Row("POST", "student-incidents-print", DETAILS, "student"),
    Row("POST", "whole-school-print", DETAILS),
    Row("GET", "student-report", REPORTS, "student"),
    Row("POST", "student-report", REPORTS, "student"),
    Row("GET", "prepared-files", SIGNED_IN),
    Row("GET", "prepared-file", SIGNED_IN, "prepared file"),
    Row("GET", "prepared-file-fetch", SIGNED_IN, "prepared file"),
    Row("GET", "school-logo", EVERYONE, "logo"),
    Row("GET", "admin-logo", ADMIN),
    Row("POST", "admin-logo", ADMIN),
    Row("POST", "admin-logo-remove", ADMIN),
]
