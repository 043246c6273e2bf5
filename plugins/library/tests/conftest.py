"""Files in the library, and people with and without a key who may see it."""

from __future__ import annotations

import io
import uuid
from collections.abc import Sequence
from typing import Any

import pytest
from cpoms_library import services
from cpoms_library.models import LibraryAlert, LibraryFile
from cpoms_library.sight import ADD, VIEW, WITHOUT_KEY
from sqlalchemy import select

from cpoms_core.access.models import GroupPermission
from cpoms_core.audit.models import AuditEntry
from cpoms_core.documents.services import Upload, taken_in
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.outbox.models import OutboxItem
from cpoms_core.tenancy.services import change_setting
from cpoms_core.testing.schools import SchoolForTests

POLICY = ("policy.txt", b"Be kind.")


def grant(school: SchoolForTests, group: str, *permissions: str) -> None:
    """Gives a user group permissions."""
    with school.app.transaction(school.id) as db:
        db.add_all(
            GroupPermission(school_id=school.id, group_id=school.groups[group], permission=one)
            for one in permissions
        )


@pytest.fixture
def school(school: SchoolForTests) -> SchoolForTests:
    """A school whose lead may add files, and whose heads of year and teachers may view them; the
    administrators may not."""
    grant(school, "Safeguarding", VIEW, ADD)
    grant(school, "Heads of year", VIEW)
    grant(school, "Teachers", VIEW)
    return school


class Shelf:
    """What is in a school's library, and who does what with it."""

    def __init__(self, school: SchoolForTests) -> None:
        self.school = school

    def put(
        self,
        *files: tuple[str, bytes],
        by: str = "lead",
        alert: Sequence[str] = (),
        requires_action: bool = False,
    ) -> list[uuid.UUID]:
        """Puts files into the library, and alerts users to them; answers their ids."""
        school, viewer = self.school, self.school.viewer(by)
        uploads = [Upload(name, io.BytesIO(content)) for name, content in files or (POLICY,)]
        with (
            taken_in(school.app, viewer, uploads, needs=ADD) as documents,
            school.app.transaction(school.id) as db,
        ):
            people = [school.users[who] for who in alert]
            return services.add_files(
                PluginSession(db), viewer, documents, people, requires_action=requires_action
            )

    def rows(self, entity: Any = LibraryFile) -> list[Any]:
        """The rows of one kind, in the order in which they were made."""
        with self.school.app.session(self.school.id, writes=False) as db:
            return list(db.scalars(select(entity).order_by(entity.id)))

    def alerts(self) -> dict[str, LibraryAlert]:
        """The alerts by their recipients' part in the school; of several the newest."""
        who = {user_id: name for name, user_id in self.school.users.items()}
        return {who[one.recipient_id]: one for one in self.rows(LibraryAlert)}

    def mails(self) -> list[str]:
        """Whom mails of the library are owed to, by their part in the school."""
        who = {str(user_id): name for name, user_id in self.school.users.items()}
        return [who[one.payload["to_user"]] for one in self.rows(OutboxItem) if one.kind == "mail"]

    def audited(self) -> list[str]:
        """The library's audit events so far, in their order."""
        entries = self.rows(AuditEntry)
        return [one.event for one in entries if one.event.startswith(("library.", "logo."))]

    def grant(self, group: str, *permissions: str) -> None:
        grant(self.school, group, *permissions)

    def allow_without_key(self) -> None:
        """Turns "Non key access to the library" on."""
        with self.school.app.transaction(self.school.id) as db:
            change_setting(db, WITHOUT_KEY, "y")


@pytest.fixture
def shelf(school: SchoolForTests) -> Shelf:
    return Shelf(school)
