"""What `templates/macros/dual_list.pt` draws: users to choose from, by their user groups."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable
from typing import Any

from cpoms_core.admin.queries.alert_groups import UserChoice


def people_sections(users: Iterable[UserChoice], chosen: Collection[uuid.UUID]) -> list[dict[str, Any]]:
    """A section for each user group with its users in their order."""
    sections: dict[str, list[dict[str, Any]]] = {}
    for user in users:
        sections.setdefault(user.group, []).append(
            {
                "value": str(user.id),
                "text": user.name,
                "group": user.group,
                "whole": False,
                "checked": user.id in chosen,
            }
        )
    return [
        {"title": title, "choices": choices}
        for title, choices in sorted(sections.items(), key=lambda item: item[0].casefold())
    ]


def group_section(
    groups: Iterable[tuple[uuid.UUID, str, int]], chosen: Collection[uuid.UUID]
) -> dict[str, Any]:
    """A section of user groups as such: id, name, and how many are in each now."""
    return {
        "title": "Whole user groups, with everyone who joins them later",
        "choices": [
            {
                "value": str(group_id),
                "text": f"All of {name} ({'1 user' if users == 1 else f'{users} users'} now)",
                "group": name,
                "whole": True,
                "checked": group_id in chosen,
            }
            for group_id, name, users in groups
        ],
    }
