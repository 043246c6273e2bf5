"""The forms: an event, Remind me, and the fields of the incident and action forms."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar

from wtforms import (
    BooleanField,
    DateField,
    DateTimeLocalField,
    IntegerField,
    SelectField,
    StringField,
    TimeField,
)
from wtforms import ValidationError as Invalid
from wtforms.validators import DataRequired, InputRequired, Length, Optional

from cpoms_core.access.viewer import Viewer
from cpoms_core.hooks.types import FormField
from cpoms_core.incidents.forms import FORMAT, Ids, in_utc
from cpoms_core.web.form_words import Form
from cpoms_core.web.forms import attribute
from cpoms_planner.models import LONGEST_TITLE
from cpoms_planner.moments import MOMENT, NONE, REMINDERS, due_before
from cpoms_planner.recurrence import LONGEST, NEVER, REPEATS, STEPS, times_at_most
from cpoms_planner.services import Typed
from cpoms_planner.sight import USE

MOST_DAYS = 31
EARLIEST, LATEST = dt.date(2000, 1, 1), dt.date(2099, 12, 31)
TITLE_FIELD, MOMENT_FIELD = "planner-title", "planner-moment"
FOLD = "Add to planner"
MOMENT_FORMATS = [FORMAT, "%Y-%m-%dT%H:%M:%S"]
TOO_LONG = f"Use at most {LONGEST_TITLE} characters."
TIMES = ["%H:%M", "%H:%M:%S"]


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split())


class EventForm(Form):
    """New event, and changing one (PLN-02)."""

    title = StringField(
        "Title", [DataRequired("Say what it is."), Length(max=LONGEST_TITLE, message=TOO_LONG)], [_one_line]
    )
    students = Ids("Students", description="Whom it is about. From the event you open their reports.")
    day = DateField("Date", [InputRequired("Give the date.")])
    all_day = BooleanField("All day", description="Then the times below do not count.")
    begins = TimeField("Begins", [Optional()], format=TIMES)
    ends = TimeField("Ends", [Optional()], format=TIMES, description="May be left empty.")
    ends_day = DateField("Last day", [Optional()], description="Only where it goes on for several days.")
    repeats = SelectField("Repeats", choices=list(REPEATS.items()), default=NEVER)
    until = DateField("Until", [Optional()], description="If it repeats: the last day of the series,")
    times = IntegerField("Times", [Optional()], description="or how many times it takes place.")
    public = BooleanField(
        "Public", description="Everybody with a key and a planner sees it. Otherwise it is private."
    )
    share = Ids("Share with", description="They see the event, and get its reminders.")
    reminder = SelectField(
        "Reminder",
        choices=list(REMINDERS.items()),
        default=NONE,
        description="On the dashboard and by e-mail. A day without a time begins at 08:00 for this.",
    )
    remind_at = DateTimeLocalField(
        "Remind on",
        [Optional()],
        format=MOMENT_FORMATS,
        description="Only for a reminder at a date and time that you choose.",
    )

    def read(self, viewer: Viewer, *, known_due: dt.datetime | None = None) -> Typed | None:
        """What was typed, or None with errors beside the fields. A reminder that has passed is refused:
        nobody would get it. `known_due`: that of the event as it was (UTC), which may have passed."""
        if not self.validate():
            return None
        self._check_days()
        self._check_series()
        if self.errors:
            return None
        remind_at = self._remind_at(viewer)
        typed = self._typed(remind_at)
        if not self.errors:
            self._check_reminder(viewer, typed, known_due)
        return None if self.errors else typed

    def _typed(self, remind_at: dt.datetime | None) -> Typed:
        day = self.day.data
        assert day is not None
        whole = bool(self.all_day.data)
        repeating = self.repeats.data != NEVER
        return Typed(
            title=self.title.data or "",
            first_day=day,
            begins=None if whole else self.begins.data,
            days=((self.ends_day.data or day) - day).days,
            ends=None if whole else self.ends.data,
            public=bool(self.public.data),
            repeats=self.repeats.data,
            until=self.until.data if repeating else None,
            times=self.times.data if repeating else None,
            reminder=self.reminder.data,
            remind_at=remind_at,
            student_ids=self.students.data or (),
            share_ids=self.share.data or (),
        )

    def _check_days(self) -> None:
        day, last = self.day.data, self.ends_day.data or self.day.data
        assert day is not None and last is not None
        if not EARLIEST <= day <= LATEST:
            _object(self.day, f"Give a date from {EARLIEST.year} to {LATEST.year}.")
        if not 0 <= (last - day).days <= MOST_DAYS:
            _object(self.ends_day, f"Give the date itself, or one of the {MOST_DAYS} days after it.")
        if self.all_day.data:
            return
        begins, ends = self.begins.data, self.ends.data
        if begins is None:
            _object(self.begins, "Give the time when it begins, or tick All day.")
        elif ends is None and last > day:
            _object(self.ends, "Give the time when it ends on its last day, or tick All day.")
        elif ends is not None and last == day and ends < begins:
            _object(self.ends, "This is before it begins. Put the time or the last day right.")

    def _check_series(self) -> None:
        repeats, day = self.repeats.data, self.day.data
        if repeats == NEVER or day is None:
            return
        until, times = self.until.data, self.times.data
        if until is None and times is None:
            _object(self.until, "Say until which day it repeats, or how many times.")
        elif until is not None and times is not None:
            _object(self.times, "Give either the last day or how many times, and leave the other empty.")
        elif until is not None and not 0 <= (until - day).days <= LONGEST:
            _object(self.until, "Give a day within five years after the first one.")
        elif times is not None and not 1 <= times <= (most := times_at_most(repeats, day)):
            _object(self.times, f"Give a number from 1 to {most}: it can go on for five years.")
        if repeats == "weekdays" and day.weekday() > 4:
            _object(self.day, "This is at a weekend. Choose a day from Monday to Friday.")
        last = self.ends_day.data or day
        if (last - day).days >= STEPS.get(repeats, MOST_DAYS):
            _object(self.repeats, "It would begin again before it is over. Let it repeat less often.")
        if self.reminder.data == MOMENT:
            _object(self.reminder, "It repeats: choose how long before each one you want to be reminded.")

    def _remind_at(self, viewer: Viewer) -> dt.datetime | None:
        if self.reminder.data != MOMENT:
            return None
        typed = self.remind_at.data
        if typed is None:
            _object(self.remind_at, "Give the date and time of the reminder.")
            return None
        if not EARLIEST <= typed.date() <= LATEST:
            _object(self.remind_at, f"Give a date from {EARLIEST.year} to {LATEST.year}.")
            return None
        return in_utc(typed, viewer)

    def _check_reminder(self, viewer: Viewer, typed: Typed, known_due: dt.datetime | None) -> None:
        if typed.reminder == NONE or typed.repeats != NEVER:
            return
        chosen = typed.reminder == MOMENT
        zone = viewer.school.time_zone
        due = typed.remind_at if chosen else due_before(typed.reminder, typed.first_day, typed.begins, zone)
        if due is not None and due != known_due and due <= viewer.now():
            field = self.remind_at if chosen else self.reminder
            _object(field, "This moment has passed. Choose another reminder, or none.")


def _object(field: Any, message: str) -> None:
    field.errors = [*field.errors, message]


def to_come(viewer: Viewer) -> Any:
    """A validator: the moment on the school's clock is still to come."""

    def check(_form: Any, field: Any) -> None:
        if field.data is None:
            return
        if not EARLIEST <= field.data.date() <= LATEST or in_utc(field.data, viewer) <= viewer.now():
            raise Invalid("This has passed. Give a date and time that is still to come.")

    return check


def moment_field(viewer: Viewer, label: str, *checks: Any, **more: Any) -> Any:
    """A field for the moment of a reminder."""
    return DateTimeLocalField(label, [*checks, to_come(viewer)], format=MOMENT_FORMATS, **more)


def remind_form(viewer: Viewer, posted: Any, *, title: str = "") -> Any:
    """Remind me (PLN-05): what, and when."""

    class RemindForm(Form):
        what = StringField(
            "What",
            [
                DataRequired("Say what you want to be reminded of."),
                Length(max=LONGEST_TITLE, message=TOO_LONG),
            ],
            [_one_line],
            description="Only you see it. The e-mail says only that there is a reminder.",
            default=title,
        )
        when = moment_field(
            viewer, "When", InputRequired("Give the date and time."), description="On your school's clock."
        )

    return RemindForm(posted)


class _NeedsMoment:
    """A title alone says nothing of when: it is not left out without a word."""

    field_flags: ClassVar[dict[str, Any]] = {}

    def __call__(self, form: Any, field: Any) -> None:
        moment = form[attribute(MOMENT_FIELD)]
        if field.data and moment.data is None and not any(moment.raw_data or ()):
            raise Invalid("Give the date and time of the reminder as well, or leave both empty.")


def fields_to_add(viewer: Viewer) -> list[FormField]:
    """Add to planner, on the forms that add or edit an incident or action (PLN-05)."""
    return [
        FormField(
            MOMENT_FIELD,
            moment_field(
                viewer,
                "Remind me on",
                Optional(),
                description="Makes a reminder in your own planner. Leave it empty for none.",
            ),
            110,
            needs=USE,
            fold=FOLD,
        ),
        FormField(
            TITLE_FIELD,
            StringField(
                "What for",
                [Length(max=LONGEST_TITLE, message=TOO_LONG), _NeedsMoment()],
                [_one_line],
                description="Its number, if you leave this empty.",
            ),
            111,
            needs=USE,
            fold=FOLD,
        ),
    ]
