"""The mails' words. A mail may be read by anyone who walks past the screen: it names no student and quotes
nothing of a record (INC-09)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail's subject and text; `{names}` are filled in when it is sent."""

    subject: str
    text: str


LETTERS = {
    "incident-alert": Letter(
        "You have been alerted to an incident",
        "{who} has alerted you to an incident in the {categories}.\n\nLog in to read it:\n{login}\n",
    ),
    "action-alert": Letter(
        "You have been alerted to an action",
        "{who} has alerted you to an action on an incident in the {categories}.\n\n"
        "Log in to read it:\n{login}\n",
    ),
    "assigned": Letter(
        "You have been assigned an incident",
        "{who} has assigned you an incident.\n\nLog in to read it:\n{login}\n",
    ),
    "reset-link": Letter(
        "Set your password",
        "Somebody, most likely you, asked to set the password of your account at {school}.\n\n"
        "Choose your password here:\n{link}\n\n"
        "The link works once, and until midnight. If you did not ask for it, you need not do anything: your "
        "password stays as it is.\n",
    ),
    "password-set": Letter(
        "Your password was set",
        "The password of your account at {school} was set on {when}. Wherever you were logged in, you are "
        "logged out.\n\n"
        "If that was not you, tell your school's administrator at once.\n\n{login}\n",
    ),
    "locked-out": Letter(
        "Too many tries to log in to your account",
        "On {when} somebody tried several times to log in to your account at {school} and failed. For a "
        "while nobody can log in to it.\n\n"
        "If that was you, wait a little, or set a new password by the link below the log-in button. If it "
        "was not you, tell your school's administrator.\n\n{login}\n",
    ),
}


def categories_phrase(names: list[str]) -> str:
    """`category Behaviour`, or `categories Behaviour, Bullying`."""
    return f"{'category' if len(names) == 1 else 'categories'} {', '.join(names)}"
