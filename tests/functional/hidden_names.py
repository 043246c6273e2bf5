"""A school whose students' names stand in everything that people can write (DSH-08)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select, update

from cpoms_core.database.types import new_id
from cpoms_core.documents.models import Document, PreparedFile
from cpoms_core.imports.models import ImportRun
from cpoms_core.incidents.models import Action, Draft, Incident
from cpoms_core.students import versions
from cpoms_core.students.models import Contact, Student, StudentLink
from cpoms_core.testing.schools import SchoolForTests, add_student

CHILDREN = (
    ("May", "Okonkwo", "7A"),
    ("Mark", "Ransome", "7A"),
    ("Rose", "Adeyemi", "8B"),
    ("Will", "Pemberton-Hayes", "8B"),
    ("Zoë", "O’Shaughnessy", "7A"),
    ("Iestyn", "van der Velde", ""),
)
STAFF = "Lena Lead"
SENTENCE = (
    "Rose and May saw Mark RANSOME with iestyn Van Der Velde; Zoe O'Shaughnessy's mother rang, and "
    f"{STAFF} noted it. Will Pemberton-Hayes will mark the rose in may. OKONKWO, May. Her aunt says "
    "Philomena, on the form it is Rose Gwendolen Adeyemi."
)
"""Names in every way, and the same words as no names."""
FILE_NAME = "Letter_Rose_Adeyemi-about Zoë.docx"
PHONES = {"phones": ["0161 1 (Rose)"], "email": "rose.adeyemi@mail.example", "address": "at Okonkwo's"}
TEXTS: tuple[tuple[Any, str], ...] = (
    (Incident.text, SENTENCE),
    (Action.text, SENTENCE),
    (Document.name, FILE_NAME),
    (Document.removed_reason, SENTENCE),
    (ImportRun.file_name, FILE_NAME),
    (Student.summary, SENTENCE),
    (Contact.name, "Mrs Adeyemi"),
    (Contact.relationship_to_student, "Rose's aunt"),
    (Document.destroyed_reason, SENTENCE),
    (PreparedFile.name, FILE_NAME),
)
"""What people write that is no version, and what is written there."""


def fill(school: SchoolForTests) -> None:
    """Adds the children; `poison` writes their names everywhere."""
    with school.app.transaction(school.id) as db:
        for forename, surname, tutor in CHILDREN:
            school.students[forename] = add_student(db, forename, surname, tutor=tutor, archived=not tutor)
        db.get_one(Student, (school.id, school.students["Will"])).legal_forename = "Wilberforce"
        db.get_one(Student, (school.id, school.students["Will"])).preferred_forename = "Will"
        db.get_one(Student, (school.id, school.students["Rose"])).middle_names = "Gwendolen Philomena"


def keep_versions(school: SchoolForTests) -> None:
    """Two versions of what the school itself keeps on a child, with contacts and a link."""
    rose = school.students["Rose"]
    with school.app.transaction(school.id) as db:
        db.add(Contact(school_id=school.id, id=new_id(), student_id=rose, name="Mrs Adeyemi", details=PHONES))
        link = {"other_id": school.students["May"], "kind": "cousin", "from_mis": False}
        db.add(StudentLink(school_id=school.id, student_id=rose, **link))
        for _ in range(2):
            (student,) = versions.bump(db, [rose])
            student.summary = f"{SENTENCE} Version {student.version}."
            student.keywords = [FILE_NAME, str(student.version)]
            versions.keep(db, school.viewer("lead"), student)


def poison(school: SchoolForTests, of_modules: Sequence[Any] = ()) -> None:
    """Writes the children's names into every text of the school, and about them whatever is about a child.
    `of_modules`: columns of modules' tables with what people write."""
    with school.app.transaction(school.id) as db:
        for column, text in (*TEXTS, *((one, SENTENCE) for one in of_modules)):
            model, room = column.class_, column.type.length
            kept = update(model).values({column: text[:room]})
            db.execute(kept.execution_options(synchronize_session=False))
        health = {"address": "c/o Okonkwo", "medical_conditions": [SENTENCE]}
        for column, value in (
            (Student.keywords, ["Rose Adeyemi"]),
            (Student.details, health),
            (Contact.details, PHONES),
        ):
            model = column.class_
            db.execute(update(model).values({column: value}).execution_options(synchronize_session=False))
        for run in db.scalars(select(ImportRun)):
            run.problems = [{"message": f"The name {SENTENCE}", "error": False}]
        for draft in db.scalars(select(Draft)):
            draft.fields = {**draft.fields, "fields": [["text", SENTENCE]]}
