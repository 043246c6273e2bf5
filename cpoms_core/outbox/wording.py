"""The mails' words. A mail may be read by anyone who walks past the screen: it names no student and quotes
nothing of a record (INC-09)."""

from __future__ import annotations

from dataclasses import dataclass
from string import Formatter

from cpoms_core.hooks.types import MailSpec


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail's subject and text; `{names}` are filled in when it is sent. of_the_school: it is about a
    school's work and not about the account, so it goes to the address for that school's alerts (ACC-03)."""

    subject: str
    text: str
    of_the_school: bool = False


LETTERS = {
    "incident-alert": Letter(
        "You have been alerted to an incident",
        "{who} has alerted you to an incident{categories}.\n\nLog in to read it:\n{login}\n",
        of_the_school=True,
    ),
    "action-alert": Letter(
        "You have been alerted to an action",
        "{who} has alerted you to an action on an incident{categories}.\n\nLog in to read it:\n{login}\n",
        of_the_school=True,
    ),
    "file-alert": Letter(
        "You have been alerted to a file",
        "{who} has alerted you to a file.\n\nLog in to see it:\n{login}\n",
        of_the_school=True,
    ),
    "incident-passed-on": Letter(
        "An alert that was not read is passed on to you",
        "{who} alerted a colleague to an incident{categories}. The alert was not read in time, so it goes on "
        "to you.\n\nLog in to read it:\n{login}\n",
        of_the_school=True,
    ),
    "action-passed-on": Letter(
        "An alert that was not read is passed on to you",
        "{who} alerted a colleague to an action on an incident{categories}. The alert was not read in time, "
        "so it goes on to you.\n\nLog in to read it:\n{login}\n",
        of_the_school=True,
    ),
    "file-passed-on": Letter(
        "An alert that was not read is passed on to you",
        "{who} alerted a colleague to a file. The alert was not read in time, so it goes on to you.\n\n"
        "Log in to see it:\n{login}\n",
        of_the_school=True,
    ),
    "reset-link": Letter(
        "Set your password",
        "Somebody, most likely you, asked to set the password of your account at {school}.\n\n"
        "Choose your password here:\n{link}\n\n"
        "The link works once, and until midnight. If you did not ask for it, you need not do anything: your "
        "password stays as it is.\n",
    ),
    "email-changed": Letter(
        "Your e-mail address was changed",
        "{who} changed the e-mail address of your account at {school} on {when}. You log in with the new "
        "address from now on, and alerts are sent there. Links that were mailed here before have stopped "
        "working.\n\n"
        "If you did not expect that, tell your school's administrator at once.\n\n{login}\n",
    ),
    "email-new": Letter(
        "Your account has a new e-mail address",
        "{who} changed the e-mail address of your account at {school} on {when} to this one. Log in with it "
        "from now on; your password and your keys stay as they are.\n\n"
        "If you did not expect that, tell your school's administrator.\n\n{login}\n",
    ),
    "password-set": Letter(
        "Your password was set",
        "The password of your account at {school} was set on {when}. Wherever you were logged in, you are "
        "logged out.\n\n"
        "If that was not you, tell your school's administrator at once.\n\n{login}\n",
    ),
    "key-added": Letter(
        "A key was added to your account",
        "On {when} a key was added to your account at {school}. With it and your password you have full "
        "access.\n\n"
        "If that was not you, somebody else may be in your account: set another password, remove the key in "
        "your account settings, and tell your school's administrator at once.\n\n{login}\n",
    ),
    "key-removed": Letter(
        "A key was removed from your account",
        "On {when} a key was removed from your account at {school}. Whoever was logged in with it has "
        "restricted access now.\n\n"
        "If that was not you, set another password and tell your school's administrator at once.\n\n"
        "{login}\n",
    ),
    "keys-removed": Letter(
        "All keys were removed from your account",
        "On {when} an administrator removed all keys of your account at {school}. Your access is restricted "
        "until you add a new key in your account settings.\n\n"
        "If you did not ask for this, call your school's administrator.\n\n{login}\n",
    ),
    "key-cloned": Letter(
        "A key of your account may have been copied",
        "On {when} a security key of yours was not accepted at {school}: it counts its uses, and the count "
        "was one that we had seen before. There may be a copy of it.\n\n"
        "Remove this key in your account settings, add another, and tell your school's administrator at "
        "once.\n\n{login}\n",
    ),
    "locked-out": Letter(
        "Too many tries to log in to your account",
        "On {when} somebody tried several times to log in to your account at {school} and failed. For a "
        "while nobody can log in to it.\n\n"
        "If that was you, wait a little, or set a new password by the link below the log-in button. If it "
        "was not you, tell your school's administrator.\n\n{login}\n",
    ),
    "login-denied": Letter(
        "A log-in to your account was denied",
        "On {when} somebody tried to log in with your password at {school}, and your phone denied it.\n\n"
        "If that was you, you need not do anything: log in again. If it was not you, somebody knows your "
        "password. Set another one by the link below the log-in button, and tell your school's "
        "administrator.\n\n{login}\n",
    ),
}

SSO_LETTERS = {
    "reset-link": Letter(
        "Set the password of your SSO account",
        "Somebody, most likely you, asked to set the password of your SSO account, with which you log in to "
        "several schools.\n\n"
        "Choose your password here:\n{link}\n\n"
        "The link works once, and until midnight. If you did not ask for it, you need not do anything: your "
        "password stays as it is.\n",
    ),
    "password-set": Letter(
        "The password of your SSO account was set",
        "The password of your SSO account was set on {when}. Wherever you were logged in, at all of your "
        "schools, you are logged out.\n\n"
        "If that was not you, set another password at once, and tell your schools' administrators.\n\n"
        "{accounts}\n",
    ),
    "key-added": Letter(
        "A key was added to your SSO account",
        "On {when} a key was added to your SSO account. With it and your password you have full access at "
        "all of your schools.\n\n"
        "If that was not you, somebody else may be in your account: set another password, remove the key "
        "under Security keys, and tell your schools' administrators at once.\n\n{accounts}\n",
    ),
    "key-removed": Letter(
        "A key was removed from your SSO account",
        "On {when} a key was removed from your SSO account. Whoever was logged in with it has restricted "
        "access now.\n\n"
        "If that was not you, set another password and tell your schools' administrators at once.\n\n"
        "{accounts}\n",
    ),
    "keys-removed": Letter(
        "All keys were removed from your SSO account",
        "On {when} whoever runs this system removed all keys of your SSO account. Your access is restricted, "
        "at all of your schools, until you add a new key under Security keys.\n\n"
        "If you did not ask for this, call your school's administrator.\n\n{accounts}\n",
    ),
    "key-cloned": Letter(
        "A key of your SSO account may have been copied",
        "On {when} a security key of yours was not accepted: it counts its uses, and the count was one that "
        "we had seen before. There may be a copy of it.\n\n"
        "Remove this key under Security keys, add another, and tell your schools' administrators at once.\n\n"
        "{accounts}\n",
    ),
    "locked-out": Letter(
        "Too many tries to log in to your SSO account",
        "On {when} somebody tried several times to log in to your SSO account and failed. For a while nobody "
        "can log in to it.\n\n"
        "If that was you, wait a little, or set a new password by the link below the log-in button. If it "
        "was not you, tell your schools' administrators.\n\n{accounts}\n",
    ),
    "login-denied": Letter(
        "A log-in to your SSO account was denied",
        "On {when} somebody tried to log in with the password of your SSO account, and your phone denied "
        "it.\n\n"
        "If that was you, you need not do anything: log in again. If it was not you, somebody knows your "
        "password. Set another one by the link below the log-in button, and tell your schools' "
        "administrators.\n\n{accounts}\n",
    ),
    "sso-made": Letter(
        "You have an SSO account for your schools",
        "Your accounts at several schools were made into one SSO account. From now on you log in to all of "
        "them with this e-mail address, one password and one set of keys; the passwords and keys that you "
        "had at the schools have stopped working.\n\n"
        "Choose the password of your SSO account here:\n{link}\n\n"
        "The link works once, and until midnight. After that, ask for another one below the log-in button "
        "at\n"
        "{accounts}\n\n"
        "Then add your key there, under Security keys.\n",
    ),
    "sso-school-added": Letter(
        "Your SSO account opens another school",
        "Your SSO account now opens {school} as well. Log in to it with the same password and the same key; "
        "what you had for this school alone has stopped working.\n\n{login}\n",
    ),
    "confirm-email": Letter(
        "Is this your new e-mail address?",
        "Somebody, most likely you, wants to log in to an SSO account with this e-mail address from now on."
        "\n\nIf that is right, open this link and confirm it:\n{link}\n\n"
        "The link works once, and until midnight. If it is not right, you need not do anything.\n",
    ),
    "email-changed": Letter(
        "The e-mail address of your SSO account was changed",
        "On {when} the owner of your SSO account changed its e-mail address. You log in with the new address "
        "from now on. Links that were mailed here before have stopped working.\n\n"
        "If that was not you, tell your schools' administrators at once.\n\n{accounts}\n",
    ),
    "confirm-alerts": Letter(
        "Should your school's mails be sent here?",
        "Somebody, most likely you, wants the mails of {school} to be sent to this address.\n\n"
        "If that is right, open this link and confirm it:\n{link}\n\n"
        "The link works once, and until midnight. If it is not right, you need not do anything.\n",
    ),
    "alerts-changed": Letter(
        "Your school's mails go to another address",
        "On {when} the owner of your SSO account had the mails of {school} sent to another address.\n\n"
        "If that was not you, tell the school's administrator at once.\n\n{accounts}\n",
    ),
}
"""What is said otherwise, or only, to the owner of an SSO account, which serves several schools (ACC-03)."""

IN_TRAINING = "\nYour school is in training mode: it may be an exercise. Log in and read it all the same.\n"
"""Under an alert to what was recorded in training mode (TRN-01). It is not said for certain: a real concern
that was recorded meanwhile must be read at once, too."""


MODULES_FACTS = frozenset({"who", "school", "login", "when"})
"""What the text of a module's mail may have filled in."""


def letter_of_module(mail: MailSpec) -> Letter:
    """The words of a module's mail. It is about the school's work, so it goes where alerts go. Raises
    ValueError where it could not be sent as it is declared."""
    try:
        holds = {name for _text, name, _format, _kind in Formatter().parse(mail.text) if name is not None}
    except ValueError as error:
        raise ValueError(f"the text of the mail {mail.name!r} cannot be read: {error}") from None
    if not holds <= MODULES_FACTS:
        unknown = sorted(holds - MODULES_FACTS)
        raise ValueError(f"the mail {mail.name!r} asks for {unknown}, which is not told")
    if not mail.subject.strip() or len(mail.subject.splitlines()) != 1:
        raise ValueError(f"the mail {mail.name!r} needs a subject of one line")
    return Letter(mail.subject, mail.text, of_the_school=True)


def letter_of(template: str, *, sso: bool) -> Letter:
    """The words of a mail for an account of one school, or (`sso`) of several."""
    return (SSO_LETTERS.get(template) if sso else None) or LETTERS[template]


def categories_phrase(names: list[str]) -> str:
    """` in the category Behaviour`, ` in the categories Behaviour, Bullying`, or nothing for none."""
    if not names:
        return ""
    return f" in the {'category' if len(names) == 1 else 'categories'} {', '.join(names)}"
