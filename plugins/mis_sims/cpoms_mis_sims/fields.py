"""The fields of the four kinds of report and the captions under which they are usually found.

Student fields are named as those of `StudentRecord`. A school's own captions use these names.
"""

from __future__ import annotations

from cpoms_mis_sims.captions import Field

PERSON_ID = ("primary_id", "Person ID", "ID", "multiple_id", "External ID", "GUID")

STUDENT_ID = Field("student_id", ("Student ID", "Pupil ID", "Student Person ID", *PERSON_ID), longest=80)

STUDENT = (
    STUDENT_ID,
    Field("legal_forename", ("Legal Forename", "Forename", "First name", "Given name", "Legal First name")),
    Field("legal_surname", ("Legal Surname", "Surname", "Last name", "Family name", "Legal Last name")),
    Field(
        "preferred_forename", ("Preferred Forename", "Chosen name", "Known as", "Preferred name", "Forename")
    ),
    Field("preferred_surname", ("Preferred Surname", "Chosen Surname", "Surname")),
    Field("middle_names", ("Middle name", "Middle names", "Middle name(s)"), longest=200),
    Field("upn", ("UPN", "Unique Pupil Number"), longest=40),
    Field("former_upn", ("Former UPN", "Previous UPN"), longest=40),
    Field("admission_number", ("Adno", "Admission number", "Admission no"), longest=20),
    Field("date_of_birth", ("DOB", "Date of birth", "Birth date"), longest=40),
    Field("gender", ("Gender", "Sex", "Legal sex"), longest=40),
    Field(
        "year_group",
        ("Year", "Year group", "NC Year", "Curriculum year", "Year taught in", "Year taught in code"),
        longest=40,
    ),
    Field(
        "tutor_group",
        ("Reg", "Reg group", "Registration group", "Tutor group", "Form", "Class/Main", "Class"),
        longest=40,
    ),
    Field("sen_status", ("SEN status", "SEN provision", "SEN status code", "SEN")),
    Field(
        "sen_needs",
        ("SEN need", "SEN needs", "SEN type", "SEN need type", "Need type", "SEN need code"),
        many=True,
        longest=200,
    ),
    Field(
        "medical_conditions",
        ("Medical condition", "Medical conditions", "Medical condition description"),
        many=True,
        longest=300,
    ),
    Field("pupil_premium", ("Pupil premium", "Pupil premium indicator", "Pupil premium eligible", "PP")),
    Field(
        "free_school_meals",
        ("Free school meals", "FSM", "FSM eligible", "Free meals", "Eligible for free meals"),
    ),
    Field("english_additional", ("EAL", "English as additional language", "English additional language")),
    Field("ethnicity", ("Ethnicity", "Ethnicity category", "Ethnicity code", "Ethnic origin"), longest=80),
    Field("religion", ("Religion", "Religious affiliation"), longest=80),
    Field("first_language", ("First language", "Home language", "Mother tongue", "Language"), longest=80),
    Field(
        "address",
        (
            *("Address", "Full address", "Home address", "Address block", "Apartment", "House name"),
            *("House number", "Street", "District", "Town", "Town/City", "County", "Postcode", "Post code"),
            *("Address line",),
        ),
        many=True,
        longest=500,
    ),
    Field(
        "admission_date", ("Admission date", "Date of admission", "Entry date", "Date of entry"), longest=40
    ),
    Field("leaving_date", ("Leaving date", "Date of leaving", "DOL"), longest=40),
    Field("siblings", ("Sibling ID", "Siblings", "Sibling IDs", "Sibling Person ID"), many=True, longest=500),
)

CONTACT = (
    Field("contact_id", ("Contact ID", "Contact Person ID", "Contact External ID"), longest=80),
    Field("contact_name", ("Contact name", "Contact full name", "Contact"), longest=200),
    Field("contact_title", ("Contact title",), longest=40),
    Field("contact_forename", ("Contact forename", "Contact first name")),
    Field("contact_surname", ("Contact surname", "Contact last name")),
    Field(
        "contact_relationship",
        (
            "Contact relationship",
            "Relationship",
            "Relationship to student",
            "Relation type",
            "Relationship type",
        ),
        longest=80,
    ),
    Field("contact_priority", ("Contact priority", "Priority", "Contact order"), longest=20),
    Field(
        "contact_parental_responsibility",
        ("Contact parental responsibility", "Parental responsibility", "Responsibility"),
    ),
    Field(
        "contact_phone",
        (
            *("Contact telephone", "Contact telephone number", "Contact phone", "Contact mobile"),
            *("Contact home telephone", "Contact work telephone", "Contact home phone", "Contact work phone"),
            *("Contact mobile telephone", "Contact mobile phone", "Contact day telephone"),
        ),
        many=True,
        longest=40,
    ),
    Field("contact_email", ("Contact email", "Contact e-mail address", "Contact primary email"), longest=254),
    Field(
        "contact_address",
        (
            *("Contact address", "Contact full address", "Contact address block", "Contact apartment"),
            *("Contact house name", "Contact house number", "Contact street", "Contact district"),
            *(
                "Contact town",
                "Contact county",
                "Contact postcode",
                "Contact post code",
                "Contact address line",
            ),
        ),
        many=True,
        longest=500,
    ),
)

CONTACT_REPORT = (STUDENT_ID, *CONTACT)

STAFF = (
    Field("staff_id", ("Staff ID", "Staff Person ID", "Employee ID", *PERSON_ID), longest=80),
    Field(
        "staff_forename", ("Legal Forename", "Forename", "First name", "Staff forename", "Preferred Forename")
    ),
    Field("staff_surname", ("Legal Surname", "Surname", "Last name", "Staff surname", "Preferred Surname")),
    Field("staff_preferred_forename", ("Preferred Forename", "Chosen name", "Known as", "Forename")),
    Field("staff_preferred_surname", ("Preferred Surname", "Chosen Surname", "Surname")),
    Field("staff_title", ("Title", "Staff title"), longest=40),
    Field(
        "staff_email", ("Work email", "Primary email", "Email", "E-mail address", "Staff email"), longest=254
    ),
    Field(
        "staff_start_date",
        ("Employment start", "Employment start date", "Start date", "Date of arrival", "Contract start date"),
        longest=40,
    ),
    Field(
        "staff_end_date",
        ("Employment end", "Employment end date", "End date", "Leaving date", "Date of leaving"),
        longest=40,
    ),
    Field("staff_full_time", ("Full time", "Full/part time", "Full-time", "FTE", "Hours")),
)

MARK = (
    STUDENT_ID,
    Field("attendance_date", ("Mark date", "Attendance date", "Session date", "Date"), longest=40),
    Field(
        "attendance_session",
        ("Session", "AM/PM", "Session name", "Attendance session", "Session type"),
        longest=40,
    ),
    Field(
        "attendance_code",
        ("Mark", "Attendance mark", "Mark code", "Attendance code", "Session mark"),
        longest=40,
    ),
)

# Columns that only one kind of report has. `NI number` and the like are never kept, they only tell who it is.
STUDENT_SIGNS = (
    *("UPN", "Unique Pupil Number", "Adno", "Admission number", "Admission no", "Year", "Year group"),
    *("NC Year", "Curriculum year", "Year taught in", "Year taught in code", "Reg", "Reg group"),
    *("Registration group", "Tutor group", "Class/Main", "Pupil ID", "Student ID", "Year of entry"),
    *("Pupil premium", "Free school meals", "FSM", "SEN status", "Sibling ID", "Form"),
)
STAFF_SIGNS = (
    *("Staff code", "Staff ID", "Staff Person ID", "Employee ID", "Employee number", "NI number", "NINumber"),
    *("Clearance date", "Clearance level", "Employment start", "Employment start date", "Work email"),
    *("Contract start date", "Staff type", "Teaching staff", "Full/part time", "Full time", "FTE", "QTS"),
    "Staff surname",
)
