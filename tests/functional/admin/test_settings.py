"""ADM-02: the school's settings."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from cpoms_core.tenancy.models import Setting
from cpoms_core.testing.schools import SchoolForTests


def stored(school: SchoolForTests) -> dict[str, Any]:
    with school.app.session(school.id, writes=False) as db:
        return {row.name: row.value for row in db.scalars(select(Setting))}


def test_each_setting_has_help_its_default_and_a_fitting_input(school: SchoolForTests, web: Any) -> None:
    """ADM-02: yes or no is a tick, a number a number field, one of a few a choice, else a line of text."""
    page = web(school, "lead").get("/admin/settings").html
    for name, spec in school.app.settings.items():
        if "." in name:
            continue
        assert page.select_one(f'label[for="{name}"]').get_text(strip=True) == spec.title
        help_text = page.find(id=f"{name}-help").get_text()
        assert spec.help in help_text and "Default: " in help_text
    kinds = {
        "enforce_alert": ("input", "checkbox"), "idle_minutes": ("input", "number"),
        "security_message": ("input", "text"), "dashboard_group_kind": ("select", None),
    }  # fmt: skip
    for name, kind in kinds.items():
        assert (page.find(id=name).name, page.find(id=name).get("type")) == kind
    assert page.find(id="idle_minutes")["value"] == "15"
    assert "Default: no." in page.find(id="enforce_alert-help").get_text()
    assert "Default: Tutor group." in page.find(id="dashboard_group_kind-help").get_text()
    assert [o.get_text() for o in page.select("#dashboard_group_kind option")] == [
        "Tutor group",
        "Year group",
    ]


def test_settings_are_saved_together_and_count_at_once(
    school: SchoolForTests, web: Any, pages: Any, audited: Any
) -> None:
    """ADM-02: the next page of anybody has the new values; the audit names what changed, not the values."""
    lead = web(school, "lead")
    form = pages.form(lead.get("/admin/settings"))
    form["security_message"] = "  Lock your screen.  "
    form["idle_minutes"] = " 30 "
    form["enforce_alert"] = True
    form["student_search_on_form"] = False
    form["dashboard_group_kind"] = "year"
    page = form.submit(status=303).follow()
    assert "Saved." in page.text and "Lock your screen." in page.text
    teacher = web(school, "teacher").get("/")
    assert "Lock your screen." in teacher.text and teacher.html.body["data-idle-minutes"] == "30"
    assert stored(school) == {
        "security_message": "Lock your screen.", "idle_minutes": 30, "enforce_alert": True,
        "student_search_on_form": False, "dashboard_group_kind": "year",
    }  # fmt: skip
    (entry,) = audited(school, "settings.changed")
    assert entry.details == {"names": sorted(stored(school))}

    again = pages.form(lead.get("/admin/settings"))
    assert again["enforce_alert"].checked and not again["student_search_on_form"].checked
    again["enforce_alert"] = False
    again.submit(status=303)
    assert stored(school)["enforce_alert"] is False
    pages.form(lead.get("/admin/settings")).submit(status=303)
    assert len(audited(school, "settings.changed")) == 2, "what is saved unchanged is not written down"


def test_what_cannot_be_is_said_beside_its_field(
    school: SchoolForTests, web: Any, pages: Any, audited: Any
) -> None:
    """ADM-02: every error at once, each beside its field; what was typed is kept; nothing is saved."""
    lead = web(school, "lead")
    form = pages.form(lead.get("/admin/settings"))
    form["security_message"] = "x" * 501
    form["idle_minutes"] = "0"
    form["max_file_megabytes"] = "a lot"
    form["enforce_alert"] = True
    form["dashboard_group_kind"].force_value("house")
    page = form.submit(status=422).html
    assert "from 1 to 120" in page.find(id="idle_minutes-error").get_text()
    assert "whole number" in page.find(id="max_file_megabytes-error").get_text()
    assert page.find(id="dashboard_group_kind-error") and page.find(id="security_message-error")
    assert page.find(id="max_file_megabytes")["value"] == "a lot"
    assert page.find(id="enforce_alert").has_attr("checked")
    assert stored(school) == {} and audited(school, "settings.changed") == []


def test_a_colleagues_settings_are_not_overwritten(school: SchoolForTests, web: Any, pages: Any) -> None:
    """ADM-02: who saves a page that was changed meanwhile is told, and sees what is stored now."""
    mine = pages.form(web(school, "lead").get("/admin/settings"))
    theirs = pages.form(web(school, "admin").get("/admin/settings"))
    theirs["idle_minutes"] = "5"
    theirs.submit(status=303)
    mine["security_message"] = "Mine"
    refused = mine.submit(status=422)
    assert "Somebody else changed the settings" in pages.errors(refused)
    assert refused.html.find(id="idle_minutes")["value"] == "5"
    assert stored(school) == {"idle_minutes": 5}


def test_a_modules_setting(school: SchoolForTests, notes_web: Any, pages: Any) -> None:
    """ADM-02: settings of a module that is on are on the same page, and are kept while it is off."""
    lead = notes_web(school, "lead")
    lead.submit("/admin/modules/notes", {"enabled": "yes"})
    form = pages.form(lead.get("/admin/settings"))
    assert form["notes.colour"].value == "yellow"
    form["notes.colour"] = "green"
    form.submit(status=303)
    lead.submit("/admin/modules/notes", {"enabled": "no"})
    form = pages.form(lead.get("/admin/settings"))
    assert "notes.colour" not in form.fields
    form["idle_minutes"] = "20"
    form.submit(status=303)
    assert stored(school) == {"notes.colour": "green", "idle_minutes": 20}
