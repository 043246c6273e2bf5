"""Files on records, for the tests of their pages."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from cpoms_core.access.viewer import utc_now
from cpoms_core.database.types import new_id
from cpoms_core.documents.filing import file_in_vault
from cpoms_core.documents.services import Upload, taken_in
from cpoms_core.incidents.services import Linked, NewAction, NewIncident, record_action, record_incident
from cpoms_core.testing.schools import SchoolForTests

Files = Sequence[tuple[str, bytes]]


class Filed:
    """Puts files on records, as the services do."""

    def __init__(self, school: SchoolForTests) -> None:
        self.school = school

    def in_vault(
        self, *files: tuple[str, bytes], student: str = "aoife", by: str = "lead"
    ) -> list[uuid.UUID]:
        """Files straight in a student's vault; their ids."""

        def put(db: Any, viewer: Any, documents: Any) -> None:
            file_in_vault(db, viewer, self.school.students[student], documents)

        return self._with(files, by, put)[0]

    def on_incident(
        self,
        *files: tuple[str, bytes],
        category: str = "Behaviour",
        linked: Sequence[Linked] = (),
        **more: Any,
    ) -> tuple[uuid.UUID, list[uuid.UUID]]:
        """Files on a new incident about Aoife; its id and theirs."""

        def put(db: Any, viewer: Any, documents: Any) -> uuid.UUID:
            new = NewIncident(
                new_id(),
                self.school.students["aoife"],
                "A note.",
                [self.school.categories[category]],
                utc_now(),
                linked=list(linked),
                documents=documents,
                **more,
            )
            return record_incident(db, viewer, new).id

        ids, incident_id = self._with(files, "lead", put)
        return incident_id, ids

    def on_action(self, incident_id: uuid.UUID, *files: tuple[str, bytes], **more: Any) -> list[uuid.UUID]:
        """Files on a new action of an incident."""

        def put(db: Any, viewer: Any, documents: Any) -> None:
            new = NewAction(new_id(), incident_id, "Done.", utc_now(), documents=documents, **more)
            record_action(db, viewer, new)

        return self._with(files, "lead", put)[0]

    def _with(
        self, files: Files, by: str, put: Callable[[Any, Any, Any], Any]
    ) -> tuple[list[uuid.UUID], Any]:
        viewer = self.school.viewer(by)
        uploads = [Upload(name, io.BytesIO(content)) for name, content in files]
        app = self.school.app
        with taken_in(app, viewer, uploads) as documents, app.transaction(self.school.id) as db:
            answer = put(db, viewer, documents)
        return [one.id for one in documents], answer


@pytest.fixture
def filed(school: SchoolForTests) -> Filed:
    """Puts files on records of the school."""
    return Filed(school)
