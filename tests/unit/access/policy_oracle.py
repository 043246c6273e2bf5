"""The permission rules of USR-12, USR-09 and INC-07 once more, naively and in memory, written from the
words of the catalogue and not from the SQL."""

from __future__ import annotations

from dataclasses import dataclass

from policy_worlds import (
    ACategory,
    ADocument,
    AGroup,
    AnAction,
    AnAlert,
    AnIncident,
    AStudent,
    AUser,
    World,
)

WITHOUT_A_KEY = {"incidents:add", "files:attach"}
"""USR-12.1: what counts in a restricted session, of what the user group has."""


@dataclass
class Oracle:
    """What one user sees in a session that is elevated or not."""

    world: World
    user: AUser
    elevated: bool

    @property
    def group(self) -> AGroup:
        return self.user.group

    def has(self, permission: str) -> bool:
        """USR-12.1 and 2: an elevated session has its group's permissions, a restricted one a few."""
        return permission in self.group.permissions and (self.elevated or permission in WITHOUT_A_KEY)

    # --- USR-09

    def in_class(self, student: AStudent) -> bool:
        """USR-09, and USR-03's "can view students who have no group"."""
        restricted = self.world.restricted
        # a child whom no list could name is without a group: else nobody at all would see them
        classes = [one for one in student.classes if not restricted or one.kind in restricted]
        if not classes:
            return self.user.sees_ungrouped or (student.typed_in and not student.archived)
        if not restricted:
            return True
        # "the listed users only, admins too": the listing binds administrators as well
        return any(self.user in one.holders or self.group in one.holders for one in classes)

    # --- students

    def lists(self, student: AStudent) -> bool:
        return self.elevated and self.has("students:list") and self.in_class(student)

    def opens(self, student: AStudent) -> bool:
        return self.lists(student) and self.has("students:details")

    def chooses(self, student: AStudent) -> bool:
        return self.has("incidents:add") and (not student.archived or self.lists(student))

    # --- incidents

    def rightful(self, incident: AnIncident) -> bool:
        """USR-12.3."""
        if not self.elevated or incident.deleted or not self.has("students:details"):
            return False
        if not all(self.group.rights.get(c, (False,) * 3)[1] for c in incident.categories):
            return False
        if incident.student is None:
            return True
        return any(self.in_class(student) for student in [incident.student, *incident.linked])

    def sees(self, incident: AnIncident) -> bool:
        """USR-12.1, 3 and 4."""
        alerted = any(
            alert.recipient is self.user and alert.incident is incident and not alert.read
            for alert in self.world.alerts
        )
        return self.rightful(incident) or (alerted and not incident.deleted)

    def sees_action(self, action: AnAction) -> bool:
        return not action.deleted and self.sees(action.incident)

    def sees_document(self, document: ADocument) -> bool:
        """USR-12.6."""
        if document.removed:
            return False
        if isinstance(document.on, AnIncident):
            return self.sees(document.on)
        if isinstance(document.on, AnAction):
            return self.sees_action(document.on)
        return self.opens(document.on)

    # --- categories, alerts

    def adds(self, category: ACategory) -> bool:
        rights = self.group.rights.get(category, (False,) * 3)
        return self.has("incidents:add") and rights[2] and not category.disabled

    def sees_monitored(self, category: ACategory) -> bool:
        """USR-12.5."""
        return self.elevated and self.group.rights.get(category, (False,) * 3)[0]

    def is_alerted(self, alert: AnAlert) -> bool:
        return alert.recipient is self.user and not alert.read and not alert.incident.deleted


def holds_key(user: AUser) -> bool:
    return not user.deactivated and not all(user.keys)


def who_sees(world: World, incident: AnIncident) -> list[AUser]:
    """Who could be assigned, and who is not red: key holders, in the elevated session they could have."""
    return [u for u in world.users if holds_key(u) and Oracle(world, u, elevated=True).rightful(incident)]


def who_would_see(world: World, incident: AnIncident) -> list[AUser]:
    """INC-07: as `who_sees`, for an incident that is only being typed and so is not deleted."""
    typed = AnIncident(incident.student, incident.linked, incident.categories, deleted=False)
    return who_sees(world, typed)


def told_automatically(world: World, incident: AnIncident) -> list[AUser]:
    """USR-07: whom automatic alerts reach: "users whose group has View students and View incidents on all
    categories of that incident, as USR-12.3". It speaks of groups, so a key is not asked for."""
    typed = AnIncident(incident.student, incident.linked, incident.categories, deleted=False)
    return [
        user
        for user in world.users
        if not user.deactivated
        and Oracle(world, user, elevated=True).rightful(typed)
        and all(user.group.rights.get(c, (False,) * 3)[0] for c in typed.categories)
    ]
