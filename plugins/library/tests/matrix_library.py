"""The permission matrix of the library (LIB-04). The lead views and adds files, and so do heads of year
whose user group may; nobody else of the matrix may view the library, and the school keeps it for those who
log in with a key."""

from __future__ import annotations

import io
import uuid

from cpoms_library import services
from cpoms_library.models import LibraryFile
from cpoms_library.sight import ADD
from matrix import ADMIN, SIGNED_IN, Row
from PIL import Image

from cpoms_core.documents.services import Upload, taken_in
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.testing.schools import SchoolForTests

VIEWING = "lead pastoral"
SIGHT = {
    "library file": {
        "in the library": VIEWING,
        "the head alerted": f"{VIEWING} head",
        "the teacher alerted, who has no key": VIEWING,
        "deleted, the head alerted": "",
        "of another school": "",
    },
    "library picture": {"in the library": VIEWING, "of another school": ""},
    "library file to delete": {"in the library": "lead", "deleted": "", "of another school": ""},
    "library file to restore": {"deleted": "lead", "of another school": ""},
    "alert to a library file": {"to the head": "head", "to the teacher, who has no key": ""},
}
TEXTS = [LibraryFile.name, LibraryFile.removed_reason]


def made(school: SchoolForTests, *alerted: str, deleted: bool = False, picture: bool = False) -> uuid.UUID:
    """A file that the lead put into the library."""
    lead = school.viewer("lead")
    content = io.BytesIO(b"Be kind.")
    if picture:
        content = io.BytesIO()
        Image.new("RGB", (30, 20), "teal").save(content, "PNG")
    upload = Upload("crest.png" if picture else "policy.txt", content)
    with (
        taken_in(school.app, lead, [upload], needs=ADD) as documents,
        school.app.transaction(school.id) as db,
    ):
        session = PluginSession(db)
        people = [school.users[who] for who in alerted]
        (file_id,) = services.add_files(session, lead, documents, people, requires_action=True)
        if deleted:
            services.delete(session, lead, file_id, "Out of date.")
    return file_id


OBJECTS = {
    "library file": {
        "in the library": made,
        "the head alerted": lambda school: made(school, "head"),
        "the teacher alerted, who has no key": lambda school: made(school, "teacher"),
        "deleted, the head alerted": lambda school: made(school, "head", deleted=True),
    },
    "library picture": {"in the library": lambda school: made(school, picture=True)},
    "library file to delete": {
        "in the library": made,
        "deleted": lambda school: made(school, deleted=True),
    },
    "library file to restore": {"deleted": lambda school: made(school, deleted=True)},
    "alert to a library file": {
        "to the head": lambda school: made(school, "head"),
        "to the teacher, who has no key": lambda school: made(school, "teacher"),
    },
}
ROWS = [
    Row("GET", "library.files", VIEWING),
    Row("POST", "library.files", VIEWING),
    Row("GET", "library.deleted", VIEWING),
    Row("GET", "library.add", VIEWING),
    Row("POST", "library.add", VIEWING),
    Row("GET", "library.file", SIGNED_IN, "library file"),
    Row("GET", "library.open", SIGNED_IN, "library file"),
    Row("GET", "library.download", SIGNED_IN, "library file"),
    Row("GET", "library.thumbnail", VIEWING, "library picture"),
    Row("GET", "library.readers", VIEWING, "library file"),
    Row("GET", "library.readers-picture", VIEWING, "library picture"),
    Row("GET", "library.readers-sheet", VIEWING, "library file"),
    Row("GET", "library.alert", VIEWING, "library file"),
    Row("POST", "library.alert", VIEWING, "library file"),
    Row("GET", "library.delete", SIGNED_IN, "library file to delete"),
    Row("POST", "library.delete", SIGNED_IN, "library file to delete"),
    Row("POST", "library.restore", SIGNED_IN, "library file to restore"),
    Row("POST", "library.understood", SIGNED_IN, "alert to a library file"),
    Row("POST", "library.logo", ADMIN, "library file to delete"),
    Row("GET", "library.static", "nobody stranger teacher lead_restricted lead head admin",
        fields={"subpath": ("css", "library.css")}),
]  # fmt: skip
