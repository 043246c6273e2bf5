"""What forms say where a field gives no words of its own, instead of what WTForms says. Forms derive from
`Form` of this module, so that nobody reads "Not a valid datetime value."."""

from __future__ import annotations

from typing import Any

import wtforms

WORDS = {
    # fields
    "Not a valid choice.": "This cannot be chosen. Choose one of those that are offered.",
    "Invalid Choice: could not coerce.": "This cannot be chosen. Choose one of those that are offered.",
    "Invalid choice(s): one or more data inputs could not be coerced.":
        "One of these cannot be chosen. Choose from those that are offered.",
    "'%(value)s' is not a valid choice for this field.":
        "One of these cannot be chosen. Choose from those that are offered.",
    "'%(value)s' are not valid choices for this field.":
        "Some of these cannot be chosen. Choose from those that are offered.",
    "Not a valid datetime value.": "Give both, a whole date and a time of day.",
    "Not a valid date value.": "Give a whole date: day, month and year.",
    "Not a valid time value.": "Give a time of day, such as 08:35.",
    "Not a valid week value.": "Give a week of a year.",
    "Not a valid integer value.": "Give a whole number.",
    "Not a valid decimal value.": "Give a number.",
    "Not a valid float value.": "Give a number.",
    # validators
    "This field is required.": "Please fill this in.",
    "Field must be equal to %(other_name)s.": "The two are not the same. Type the same in both.",
    "Field must be at least %(min)d character long.": "Use at least %(min)d character.",
    "Field must be at least %(min)d characters long.": "Use at least %(min)d characters.",
    "Field cannot be longer than %(max)d character.": "Use at most %(max)d character.",
    "Field cannot be longer than %(max)d characters.": "Use at most %(max)d characters.",
    "Field must be exactly %(max)d character long.": "Use exactly %(max)d character.",
    "Field must be exactly %(max)d characters long.": "Use exactly %(max)d characters.",
    "Field must be between %(min)d and %(max)d characters long.": "Use %(min)d to %(max)d characters.",
    "Number must be at least %(min)s.": "Give a number of at least %(min)s.",
    "Number must be at most %(max)s.": "Give a number of at most %(max)s.",
    "Number must be between %(min)s and %(max)s.": "Give a number from %(min)s to %(max)s.",
    "Date must be at least %(min)s.": "Give %(min)s or a later date.",
    "Date must be at most %(max)s.": "Give %(max)s or an earlier date.",
    "Date must be between %(min)s and %(max)s.": "Give a date from %(min)s to %(max)s.",
    "Invalid input.": "This is not written as it must be.",
    "Invalid email address.": "This is not an e-mail address. It looks like name@school.example.",
    "Invalid IP address.": "This is not an IP address.",
    "Invalid Mac address.": "This is not a MAC address.",
    "Invalid URL.": "This is not a web address. It begins with https://.",
    "Invalid UUID.": "This is not an identifier.",
    "Invalid value, must be one of: %(values)s.": "Use one of these: %(values)s.",
    "Invalid value, can't be any of: %(values)s.": "This cannot be used. None of these can: %(values)s.",
    "This field cannot be edited.": "This cannot be changed.",
    "This field is disabled and cannot have a value.": "This cannot be filled in.",
}  # fmt: skip
"""What WTForms says -> what we say. An identifier that a browser sent is never shown to a person."""


class OurWords:
    """Stands where WTForms looks for a translation."""

    def gettext(self, said: str) -> str:
        """Our words for what WTForms says; its own where there are none, such as a programmer's error."""
        return WORDS.get(said, said)

    def ngettext(self, one: str, many: str, count: int) -> str:
        """As `gettext`, of one or of `count`."""
        return self.gettext(one if count == 1 else many)


_OURS = OurWords()


class Form(wtforms.Form):
    """A form of the product."""

    class Meta:
        """What WTForms asks for."""

        def get_translations(self, form: Any) -> OurWords:
            return _OURS
