"""The permission rules of USR-12, USR-09 and INC-07 once more, naively and in memory, written from the
words of the catalogue and not from the SQL."""

from __future__ import annotations

from collections.abc import Callable
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

    def edits(self, student: AStudent) -> bool:
        """STU-03: who opens the record and may edit what stands on it."""
        return self.opens(student) and self.has("incidents:edit")

    def keeps_matched_record(self, student: AStudent) -> bool:
        """INC-02: what was kept on it is the history of the child that it turned out to be."""
        return student.matched is not None and self.edits(student.matched)

    def chooses(self, student: AStudent) -> bool:
        there = not student.archived or self.lists(student)
        return self.has("incidents:add") and there and student.matched is None

    # --- incidents

    def rightful(self, incident: AnIncident) -> bool:
        """USR-12.3."""
        return not incident.deleted and self.would_see(incident)

    def would_see(self, incident: AnIncident) -> bool:
        """USR-12.3, whether or not it was deleted."""
        if not self.elevated or not self.has("students:details"):
            return False
        if not all(self.group.rights.get(c, (False,) * 3)[1] for c in incident.categories):
            return False
        if incident.student is None:
            return True
        return any(self.in_class(student) for student in [incident.student, *incident.linked])

    def sees(self, incident: AnIncident) -> bool:
        """USR-12.1, 3 and 4."""
        alerted = any(
            alert.recipient is self.user
            and alert.incident is incident
            and not alert.read
            and not (alert.action and alert.action.deleted)
            for alert in self.world.alerts
        )
        return self.rightful(incident) or (alerted and not incident.deleted)

    def sees_action(self, action: AnAction) -> bool:
        return not action.deleted and self.sees(action.incident)

    def sees_document(self, document: ADocument) -> bool:
        """USR-12.6, and USR-12.4 for a file."""
        alerted = any(
            alert.recipient is self.user and alert.document is document and not alert.read
            for alert in self.world.alerts
        )
        if document.removed or is_gone(document):
            return False
        return alerted or self._follows(document, self.sees)

    def sees_document_by_right(self, document: ADocument) -> bool:
        return not document.removed and self._follows(document, self.rightful)

    def keeps_document(self, document: ADocument) -> bool:
        """EDT-10: "admin key holders (who see it)", removed or not."""
        return self.has("admin") and self._follows(document, self.rightful)

    def _follows(self, document: ADocument, sees: Callable[[AnIncident], bool]) -> bool:
        if isinstance(document.on, AStudent):
            return self.opens(document.on)
        if isinstance(document.on, AnAction):
            return not document.on.deleted and sees(document.on.incident)
        return sees(document.on)

    # --- EDT

    def edits_incident(self, incident: AnIncident) -> bool:
        """EDT-01: whoever has "edit incidents", and sees it by right."""
        return self.has("incidents:edit") and self.rightful(incident)

    def keeps_incident(self, incident: AnIncident) -> bool:
        """EDT-02: deleted ones as well; one that was merged is part of another."""
        return self.has("incidents:edit") and self.would_see(incident) and incident.became is None

    def edits_action(self, action: AnAction) -> bool:
        return not action.deleted and self.edits_incident(action.incident)

    def keeps_action(self, action: AnAction) -> bool:
        return action.became is None and self.edits_incident(action.incident)

    def keeps_merged(self, incident: AnIncident) -> bool:
        """EDT-04: its history is the action's that it became."""
        return incident.became is not None and self.keeps_action(incident.became)

    def keeps_split(self, action: AnAction) -> bool:
        """EDT-05: its history is the incident's that it became."""
        became = action.became
        return became is not None and (self.keeps_incident(became) or self.keeps_merged(became))

    def knows(self, incident: AnIncident) -> bool:
        """USR-12.7: that it is there is told who sees it, could restore it, or sees the action that it is."""
        became = incident.became
        merged = became is not None and (self.sees_action(became) or self.keeps_action(became))
        return self.sees(incident) or self.keeps_incident(incident) or merged

    def is_told_names(self, incident: AnIncident) -> bool:
        """USR-12.4: the author, who is the first user of the world, and who was ever alerted to it, or to
        what it was merged into; who sees it by right has USR-12.3 instead."""
        places = [incident, *([incident.became.incident] if incident.became else [])]
        alerted = any(a.recipient is self.user and a.incident in places for a in self.world.alerts)
        return not self.rightful(incident) and (self.user is self.world.users[0] or alerted)

    # --- categories, alerts

    def adds(self, category: ACategory) -> bool:
        rights = self.group.rights.get(category, (False,) * 3)
        parent_disabled = category.parent is not None and category.parent.disabled
        return self.has("incidents:add") and rights[2] and not category.disabled and not parent_disabled

    def reads(self, category: ACategory) -> bool:
        """USR-12.3."""
        return self.group.rights.get(category, (False,) * 3)[1]

    def sees_monitored(self, category: ACategory) -> bool:
        """USR-12.5."""
        return self.elevated and self.group.rights.get(category, (False,) * 3)[0]

    def has_read(self, alert: AnAlert) -> bool:
        return alert.recipient is self.user and alert.read

    def is_alerted(self, alert: AnAlert) -> bool:
        if alert.recipient is not self.user or alert.read:
            return False
        if alert.incident is not None:
            return not alert.incident.deleted and not (alert.action and alert.action.deleted)
        return not alert.document.removed and not is_gone(alert.document)


def is_gone(document: ADocument) -> bool:
    """EDT-02: "for others it never existed"."""
    on = document.on
    if isinstance(on, AnAction):
        return on.deleted or on.incident.deleted
    return isinstance(on, AnIncident) and on.deleted


def who_opens(world: World, student: AStudent) -> list[AUser]:
    """Who could see a file put straight into the student's vault."""
    return [u for u in world.users if holds_key(u) and Oracle(world, u, elevated=True).opens(student)]


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
