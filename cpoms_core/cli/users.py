"""`cpoms user`: the users of a school, as the administration makes and changes them."""

from __future__ import annotations

from dataclasses import replace

import click
from sqlalchemy import select

from cpoms_core.access import policy
from cpoms_core.access.models import Account, User, UserGroup
from cpoms_core.admin.guards import mark_of
from cpoms_core.admin.services import user_permissions, users
from cpoms_core.cli.answering import (
    Answer,
    answering,
    group_called,
    operating,
    school_called,
    school_option,
    user_called,
)
from cpoms_core.cli.setup import Setup
from cpoms_core.keys.services import remove_all_keys
from cpoms_core.portal.services import make_sso

WORKER = "It goes out as soon as a worker runs (`cpoms serve`, or `cpoms worker`)."


@click.group()
def user() -> None:
    """The users of a school."""


@user.command("list")
@school_option
@answering
def list_users(setup: Setup, slug: str, answer: Answer) -> None:
    """List the users of a school by name, those whose account is deactivated too."""
    with operating(setup.app, slug) as (db, _viewer):
        found = db.execute(
            select(
                User,
                Account.email,
                Account.home_school_id,
                UserGroup.name.label("group"),
                policy.key_holders().label("keyed"),
            )
            .join(Account, Account.id == User.account_id)
            .join(UserGroup, UserGroup.id == User.group_id)
            .order_by(User.surname, User.forename, User.id)
        )
        rows = [
            {
                "email": row.email,
                "name": row.User.name,
                "group": row.group,
                "with_key": bool(row.keyed),
                "sso": row.home_school_id is None,
                "active": row.User.deactivated_at is None,
            }
            for row in found
        ]
    answer.listed("users", rows, f"No users yet. Make one: cpoms user create --school {slug} ...")


@user.command("create")
@school_option
@click.option("--email", required=True, help="Where they get mail, and what they log in with.")
@click.option("--forename", required=True)
@click.option("--surname", required=True)
@click.option("--group", "group_name", required=True, help="Their user group; `cpoms group list` names them.")
@click.option("--no-mail", is_flag=True, help="Do not mail the link by which they set their password.")
@answering
def create(
    setup: Setup,
    slug: str,
    email: str,
    forename: str,
    surname: str,
    group_name: str,
    no_mail: bool,
    answer: Answer,
) -> None:
    """Make a user, and mail them a link to set their password."""
    with operating(setup.app, slug) as (db, viewer):
        group = group_called(db, group_name)
        new = users.NewUser(email, group.id, forename=forename, surname=surname, send_link=not no_mail)
        user_id = users.add_user(db, viewer, new)
        made, account = db.get_one(User, (db.school_id, user_id)), user_called(db, email)[1]
    address = setup.deployment.school_address(slug)
    mailed = f"A link to set a password is on its way to {account.email}. {WORKER}"
    unmailed = f"No link was mailed: cpoms user reset-link {account.email} --school {slug}"
    answer.done(
        f"{made.name} ({group.name}) is a user of {address}.\n{unmailed if no_mail else mailed}",
        school=slug,
        user=str(user_id),
        email=account.email,
        name=made.name,
        group=group.name,
        address=address,
        link_mailed=not no_mail,
    )


@user.command("set-group")
@click.argument("email")
@school_option
@click.option("--group", "group_name", required=True, help="The user group; `cpoms group list` names them.")
@answering
def set_group(setup: Setup, email: str, slug: str, group_name: str, answer: Answer) -> None:
    """Put the user with the address EMAIL into another user group; their next request feels it."""
    with operating(setup.app, slug) as (db, viewer):
        person, account = user_called(db, email)
        group = group_called(db, group_name)
        stored = user_permissions.permission_state(db, person.id)
        seen = mark_of(*user_permissions.permissions_shown(db, stored))
        wanted = replace(stored, group_id=group.id)
        user_permissions.change_permissions(db, viewer, person.id, wanted, seen)
    changed = stored.group_id != group.id
    said = f"{person.name} is in the user group {group.name}" + ("." if changed else " already.")
    answer.done(
        said, school=slug, user=str(person.id), email=account.email, group=group.name, changed=changed
    )


@user.command("remove-keys")
@click.argument("email")
@school_option
@answering
def remove_keys(setup: Setup, email: str, slug: str, answer: Answer) -> None:
    """Remove every key of the user with the address EMAIL, who then logs in with the password only and can
    add a new key. They are told by mail. Of an SSO account, the keys go for all of its schools."""
    with operating(setup.app, slug) as (db, viewer):
        person, account = user_called(db, email)
        # past the guard of the last administrator: it is that one, with a lost phone, who needs this most
        removed = remove_all_keys(db, viewer, account.id)
    said = f"{person.name} had no keys." if not removed else f"{removed} keys of {person.name} are removed."
    answer.done(said, school=slug, user=str(person.id), email=account.email, removed=removed)


@user.command("reset-link")
@click.argument("email")
@school_option
@answering
def reset_link(setup: Setup, email: str, slug: str, answer: Answer) -> None:
    """Mail the user with the address EMAIL a link to set their password. It is shown to nobody else."""
    with operating(setup.app, slug) as (db, viewer):
        person, account = user_called(db, email)
        users.send_link(db, viewer, person.id)
    said = f"A link to set a password is on its way to {account.email}. {WORKER}"
    answer.done(said, school=slug, user=str(person.id), email=account.email, link_mailed=True)


@user.command("deactivate")
@click.argument("email")
@school_option
@answering
def deactivate(setup: Setup, email: str, slug: str, answer: Answer) -> None:
    """Deactivate the user with the address EMAIL: every session of theirs ends at once. What they wrote
    stays."""
    with operating(setup.app, slug) as (db, viewer):
        person, account = user_called(db, email)
        users.deactivate_user(db, viewer, person.id)
    said = f"{person.name} is deactivated."
    answer.done(said, school=slug, user=str(person.id), email=account.email, active=False)


@user.command("reactivate")
@click.argument("email")
@school_option
@click.option("--group", "group_name", help="Their user group from now on; left out: the one they had.")
@click.option("--no-mail", is_flag=True, help="Do not mail a link to set a password.")
@answering
def reactivate(
    setup: Setup, email: str, slug: str, group_name: str | None, no_mail: bool, answer: Answer
) -> None:
    """Take the deactivated user with the address EMAIL back."""
    with operating(setup.app, slug) as (db, viewer):
        person, account = user_called(db, email)
        group_id = group_called(db, group_name).id if group_name else person.group_id
        mailed = not no_mail and account.home_school_id is not None
        users.reactivate_user(db, viewer, person.id, account.email, group_id, send_link=mailed)
    answer.done(
        f"{person.name} is a user again." + (f" {WORKER}" if mailed else ""),
        school=slug,
        user=str(person.id),
        email=account.email,
        active=True,
        link_mailed=mailed,
    )


@user.command("sso")
@click.argument("email")
@click.option(
    "--school",
    "slugs",
    multiple=True,
    required=True,
    metavar="SLUG",
    help="A school where the address is a user's; give it once for each.",
)
@answering
def sso(setup: Setup, email: str, slugs: tuple[str, ...], answer: Answer) -> None:
    """Make one account of those that the person with the address EMAIL has at several schools, or add
    schools to the one that they have. They are mailed a link to set its password."""
    school_ids = [school_called(setup.app, slug) for slug in dict.fromkeys(slugs)]
    account_id = make_sso(setup.app, email, school_ids)
    accounts = setup.deployment.accounts_address
    answer.done(
        f"{email} has one account for {', '.join(dict.fromkeys(slugs))}, at {accounts}. Passwords and keys "
        f"of the schools no longer work; a link is mailed. {WORKER}",
        account=str(account_id),
        email=email,
        schools=list(dict.fromkeys(slugs)),
        address=accounts,
    )
