"""What a report is about, told from its columns: students, contacts, staff or session marks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from cpoms_core.imports.captions import Captions
from cpoms_mis_sims.captions import Binding, Field, bind, normal
from cpoms_mis_sims.fields import CONTACT, CONTACT_REPORT, MARK, STAFF, STAFF_SIGNS, STUDENT, STUDENT_SIGNS
from cpoms_mis_sims.problems import Refused
from cpoms_mis_sims.reports import Report, Survey


class Kind(StrEnum):
    """The kinds of report; the value is the word for messages."""

    STUDENTS = "students"
    CONTACTS = "contacts"
    STAFF = "staff"
    MARKS = "marks"


FIELDS: Mapping[Kind, tuple[Field, ...]] = {
    Kind.STUDENTS: (*STUDENT, *CONTACT),
    Kind.CONTACTS: CONTACT_REPORT,
    Kind.STAFF: STAFF,
    Kind.MARKS: MARK,
}
IDS = {
    Kind.STUDENTS: "student_id",
    Kind.CONTACTS: "student_id",
    Kind.STAFF: "staff_id",
    Kind.MARKS: "student_id",
}
NEEDED = {
    Kind.STUDENTS: {"legal_forename": "Legal Forename", "legal_surname": "Legal Surname"},
    Kind.CONTACTS: {},
    Kind.STAFF: {"staff_forename": "Forename", "staff_surname": "Surname"},
    Kind.MARKS: {"attendance_session": "Session"},
}
CAPTIONS_PAGE = "Admin > Imports > Captions of SIMS"
UNKNOWN = (
    "It cannot be told what this report is about. A students report has Legal Forename, Legal Surname and"
    " UPN, Year or Reg; a contacts report Contact Surname; a staff report Forename, Surname and Staff Code; a"
    " marks report Date, Session and Mark. Check the captions (the first row of a CSV file), or name the"
    f" school's own under {CAPTIONS_PAGE}."
)
MIXED = (
    "This report has columns of students (such as UPN, Year or Reg) and of staff (such as Staff Code). Make"
    " one report for the students and one for the staff."
)
NO_IDS = (
    "The {kind} report has no {who} ids. SIMS leaves the id columns blank unless the account that runs the"
    " report is in the “Third Party Reporter” group: ask your SIMS administrator to add it, check that the"
    " report has the column “primary_id”, and run it again. If it is there under another caption, name that"
    f" under {CAPTIONS_PAGE}."
)
EMPTY = (
    "The report has no records and no columns, so nothing was changed. Check the report's filter and run it"
    " again."
)
NO_COLUMN = (
    "The {kind} report has no column “{caption}”. Add it to the report and run it again, or name the school's"
    f" own caption for it under {CAPTIONS_PAGE}."
)


@dataclass(frozen=True, slots=True)
class Recognised:
    """A report whose kind and columns are known."""

    report: Report
    kind: Kind
    binding: Binding
    survey: Survey


def recognise(report: Report, own: Captions) -> Recognised:
    """Surveys a report and finds its kind and columns. own: the school's own captions. Raises Refused."""
    survey = report.survey()
    if not survey.filled and not survey.rows:
        raise Refused(EMPTY, report.where())
    kind = _kind(report, survey, own)
    binding = bind(FIELDS[kind], survey.filled, own)
    _check_ids(report, kind, binding, survey)
    for field, caption in NEEDED[kind].items():
        if not binding.has(field):
            raise Refused(NO_COLUMN.format(kind=kind, caption=caption), report.where())
    return Recognised(report, kind, binding, survey)


def _kind(report: Report, survey: Survey, own: Captions) -> Kind:
    columns = {normal(caption) for caption in survey.filled}
    marks = bind(MARK, survey.filled, own)
    if marks.has("attendance_code") and marks.has("attendance_date"):
        return Kind.MARKS
    people = bind(FIELDS[Kind.STUDENTS], survey.filled, own)
    if any(people.has(f"contact_{part}") for part in ("name", "surname", "forename")):
        grouped = people.has("year_group") or people.has("tutor_group")
        named = people.has("legal_surname") and people.has("legal_forename")
        whole = named and grouped and people.has("date_of_birth")
        return Kind.STUDENTS if whole else Kind.CONTACTS
    of_students = columns & _telling(own, STUDENT_SIGNS, STUDENT[1:], STAFF)
    of_staff = columns & _telling(own, STAFF_SIGNS, STAFF, STUDENT)
    if of_students and of_staff:
        raise Refused(MIXED, report.where())
    if of_students or of_staff:
        return Kind.STUDENTS if of_students else Kind.STAFF
    raise Refused(UNKNOWN, report.where())


def _telling(
    own: Captions, signs: tuple[str, ...], fields: Sequence[Field], others: Sequence[Field]
) -> set[str]:
    """What tells a kind of report by its columns: its signs, and the school's own captions of its fields;
    without those under which fields of the other kind are found."""
    named, theirs = _named(own, fields), _named(own, others)
    usual = {normal(caption) for field in others for caption in field.captions}
    return (_normal(signs) - theirs) | (named - theirs - usual)


def _named(own: Captions, fields: Sequence[Field]) -> set[str]:
    return {normal(caption) for field in fields for caption in own.get(field.name, ())}


def _normal(captions: tuple[str, ...]) -> set[str]:
    return {normal(caption) for caption in captions}


def _check_ids(report: Report, kind: Kind, binding: Binding, survey: Survey) -> None:
    caption = binding.caption(IDS[kind])
    if not caption or (survey.rows and not survey.filled[caption]):
        who = "staff" if kind is Kind.STAFF else "student"
        raise Refused(NO_IDS.format(kind=kind, who=who), report.where(1, caption))
