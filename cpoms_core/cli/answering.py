"""What the commands for operators share: how they find a school, act there, answer and refuse."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from sqlalchemy import select
from sqlalchemy.exc import OperationalError, ProgrammingError

from cpoms_core.access.accounts import email_key
from cpoms_core.access.identity import operator_viewer
from cpoms_core.access.models import Account, User, UserGroup
from cpoms_core.access.viewer import Viewer
from cpoms_core.application import Application
from cpoms_core.errors import NothingThere, Refused
from cpoms_core.tenancy.models import School
from cpoms_core.tenancy.scope import SchoolSession

school_option = click.option(
    "--school", "slug", required=True, metavar="SLUG", help="The school, by the first label of its address."
)


class Answer:
    """A command's answer: a sentence for a person, or one JSON object for a program."""

    def __init__(self, as_json: bool) -> None:
        self._as_json = as_json

    def done(self, sentence: str, **facts: Any) -> None:
        """Says what was done."""
        if self._as_json:
            self._print({"ok": True, **facts})
        else:
            Console().print(sentence, highlight=False, soft_wrap=True, markup=False)

    def listed(self, key: str, rows: list[dict[str, Any]], nothing: str) -> None:
        """Lists rows that have the same keys."""
        if self._as_json:
            self._print({"ok": True, key: rows})
        elif not rows:
            click.echo(nothing)
        else:
            table = Table(*(name.replace("_", " ") for name in rows[0]))
            for row in rows:
                table.add_row(*(_words(value) for value in row.values()))
            Console().print(table)

    def refused(self, message: str) -> None:
        """Says why nothing was done."""
        if self._as_json:
            self._print({"ok": False, "error": message})
        else:
            click.echo(f"Error: {message}", err=True)

    @staticmethod
    def _print(facts: dict[str, Any]) -> None:
        click.echo(json.dumps(facts, ensure_ascii=False, default=str))


def _words(value: Any) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def answering(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command `--json` and the parameter `answer`; a refusal is its answer, with the exit code 1."""

    @click.option("--json", "as_json", is_flag=True, help="Answer with one JSON object.")
    @click.pass_context
    @wraps(command)
    def run(context: click.Context, /, *arguments: Any, as_json: bool, **options: Any) -> None:
        answer = Answer(as_json)
        try:
            command(context.obj, *arguments, answer=answer, **options)
            return
        except Refused as refusal:
            answer.refused(refusal.message)
        except (OperationalError, ProgrammingError) as trouble:
            kind = type(getattr(trouble, "orig", trouble)).__name__
            answer.refused(
                f"The database does not answer as it should ({kind}). Is it running, and was `cpoms migrate` "
                "called after the last update?"
            )
        context.exit(1)

    return run


@contextmanager
def operating(app: Application, slug: str) -> Iterator[tuple[SchoolSession, Viewer]]:
    """A transaction at a school, named by its slug, as the operator. Raises Refused."""
    with app.transaction(school_called(app, slug)) as db:
        try:
            yield db, operator_viewer(db)
        except NothingThere:
            raise Refused("That is not there any more. Nothing was changed.") from None


def school_called(app: Application, slug: str) -> int:
    """The id of a school. Raises Refused, and says which schools there are."""
    with app.session(None, writes=False) as db:
        rows = db.execute(select(School.id, School.slug).order_by(School.slug)).all()
    ids = {row.slug: row.id for row in rows}
    if slug not in ids:
        raise Refused(
            f"There is no school {slug!r}. {_there_is('schools', list(ids), 'cpoms school create')}"
        )
    return int(ids[slug])


def group_called(db: SchoolSession, name: str) -> UserGroup:
    """A user group of the session's school by its name. Raises Refused, and says which there are."""
    groups = db.scalars(select(UserGroup).order_by(UserGroup.name)).all()
    wanted = " ".join(name.split()).casefold()
    found = [group for group in groups if group.name.casefold() == wanted]
    exactly = [group for group in found if group.name == name]
    if len(exactly or found) == 1:
        return (exactly or found)[0]
    names = [group.name for group in groups]
    raise Refused(
        f"There is no user group {name!r}. {_there_is('user groups', names, 'Admin > User groups')}"
    )


def user_called(db: SchoolSession, email: str) -> tuple[User, Account]:
    """A user of the session's school by their e-mail, deactivated or not. Raises Refused."""
    row = db.execute(
        select(User, Account)
        .join(Account, Account.id == User.account_id)
        .where(Account.email_key == email_key(email))
    ).first()
    if row is None:
        raise Refused(
            f"No user of this school has the e-mail address {email!r}. `cpoms user list` names them."
        )
    return row[0], row[1]


def _there_is(what: str, names: list[str], otherwise: str) -> str:
    if not names:
        return f"There are no {what} yet: see {otherwise}."
    shown = ", ".join(names[:20])
    return f"The {what} are: {shown}{', ...' if len(names) > 20 else ''}."
