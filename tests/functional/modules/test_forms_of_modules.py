"""What a module can do with the three forms: fields for some categories, fields of its own drawing, folds,
and their order. Shown with the tests' own module on the real pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from browsing import form_with
from sqlalchemy import select
from wtforms import StringField
from wtforms.validators import DataRequired

from cpoms_core.database.types import new_id
from cpoms_core.hooks.types import FormField, Placing
from cpoms_core.incidents.models import Action, Incident, IncidentPart
from cpoms_core.testing.browsing import Browser, typed_incident
from cpoms_core.testing.probe import behaviour
from cpoms_core.testing.schools import SchoolForTests

DRAWN = "cpoms_core.testing.probe:templates/field.pt"


@contextmanager
def with_fields(*fields: FormField, hook: str = "incident_form_fields") -> Iterator[None]:
    """While it lasts the probe adds these fields, and nothing else."""
    with behaviour.instead(hook, lambda **_: list(fields)):
        yield


def typed(school: SchoolForTests, *categories: str, **changes: Any) -> list[tuple[str, str]]:
    sent = typed_incident(school, **changes)
    del sent["categories"]  # there may be none, or several
    return [*sent.items(), *(("categories", str(school.categories[one])) for one in categories)]


def told(hook: str) -> tuple[list[dict[str, Any]], Any]:
    found: list[dict[str, Any]] = []
    return found, behaviour.instead(hook, lambda **arguments: found.append(dict(arguments["values"])))


def limited(school: SchoolForTests, *names: str, **more: Any) -> FormField:
    ids = frozenset(school.categories[one] for one in names)
    field = StringField("Where it was", [DataRequired("Say where it was.")])
    return FormField("probe-where", field, 45, categories=ids, **more)


def newest(school: SchoolForTests, model: Any = Incident) -> Any:
    with school.app.session(school.id, writes=False) as db:
        return db.scalars(select(model).order_by(model.created_at.desc())).first()


def names_of(page: Any, form: str) -> list[str]:
    return list(dict.fromkeys(part["name"] for part in page.html.select(f"{form} [name]")))


def sent_to(lead: Browser, path: str, pairs: Sequence[tuple[str, str]], status: int) -> Any:
    return lead.post(path, [("csrf_token", lead.csrf()), *pairs], status=status)


def test_a_field_is_for_some_categories(school: SchoolForTests, lead: Browser) -> None:
    """FRM-02, INC-01: in the page with the categories it is for; the server asks for it with one of those (a
    sub-category brings its parent), and without one lets it pass and drops what was typed."""
    found, telling = told("incident_saved")
    with with_fields(limited(school, "Behaviour", "Medical")), telling:
        part = lead.get("/incidents/add").html.select_one("[data-only-for]")
        ids = {str(school.categories[one]) for one in ("Behaviour", "Medical")}
        assert set(part["data-only-for"].split()) == ids
        assert part.get("hidden") is None  # without scripts it is there
        assert "For Behaviour, Medical." in part.get_text()
        for chosen in ("Behaviour", "Bullying"):
            refused = sent_to(lead, "/incidents/add", typed(school, chosen), 422)
            assert "Say where it was." in refused.html.select_one("#probe-where-error").get_text()
        assert newest(school) is None
        sent_to(lead, "/incidents/add", typed(school, "Medical", **{"probe-where": "Gate"}), 302)
        sent_to(lead, "/incidents/add", typed(school, "Attendance", **{"probe-where": "Gate"}), 302)
    assert found == [{"probe-where": "Gate"}, {"probe-where": None}]


def test_a_field_for_a_category_that_is_not_offered_is_not_there(
    school: SchoolForTests, lead: Browser
) -> None:
    """FRM-02, USR-05: its name would tell of a category that this person does not know."""
    category = frozenset({new_id()})
    with with_fields(FormField("probe-where", StringField("Where it was"), 45, categories=category)):
        assert "probe-where" not in lead.get("/incidents/add").text


def test_an_actions_field_counts_the_incidents_categories(school: SchoolForTests, lead: Browser) -> None:
    """FRM-02, ACT-01, EDT-01: those that the incident has and those that the action adds; on both forms."""
    sent_to(lead, "/incidents/add", typed(school, "Behaviour"), 302)
    path = f"/incidents/{newest(school).id}/actions/add"
    action = [("text", "Rang home."), ("occurred", "2026-01-05T10:00")]
    medical = ("categories", str(school.categories["Medical"]))
    found, telling = told("action_saved")
    with telling:
        with with_fields(limited(school, "Behaviour"), hook="action_form_fields"):
            page = lead.get(path)
            assert page.html.select_one("#probe-where") and not page.html.select("[data-only-for]")
            sent_to(lead, path, action, 422)
            sent_to(lead, path, [*action, ("probe-where", "Gate")], 302)
        with with_fields(limited(school, "Medical"), hook="action_form_fields"):
            assert lead.get(path).html.select("[data-only-for]")
            sent_to(lead, path, [*action, medical], 422)
            sent_to(lead, path, [*action, ("probe-where", "Hall")], 302)
        with with_fields(limited(school, "Behaviour"), hook="action_edit_fields"):
            form = form_with(lead.get(f"/actions/{newest(school, Action).id}/edit"), "probe-where")
            form["probe-where"] = "Yard"
            assert form.submit().status_int == 302
    assert [one["probe-where"] for one in found] == ["Gate", None, "Yard"]


def test_an_edited_incident_counts_what_its_form_says(school: SchoolForTests, lead: Browser) -> None:
    """FRM-02, EDT-01: a category that is taken off takes the field's value with it."""
    sent_to(lead, "/incidents/add", typed(school, "Behaviour", "Medical"), 302)
    found, telling = told("incident_saved")
    with with_fields(limited(school, "Medical"), hook="incident_edit_fields"), telling:
        form = form_with(lead.get(f"/incidents/{newest(school).id}/edit"), "probe-where")
        form["probe-where"] = "Gate"
        ticks = {one.id: one for one in form.fields["categories"]}
        ticks[f"categories-{school.categories['Medical']}"].checked = False
        assert form.submit().status_int == 302
    assert found == [{"probe-where": None}]


def test_a_field_of_the_modules_own_drawing(school: SchoolForTests, lead: Browser) -> None:
    """MAP-01, MOD-04: drawn by its template with its context; where that is broken the form is there without
    it, administrators are told, and saving does not empty what is kept."""
    sent_to(lead, "/incidents/add", typed(school, "Behaviour"), 302)
    path = f"/incidents/{newest(school).id}/edit"
    kept = StringField("Where it was", [DataRequired()], default="Gate")

    def field(**context: Any) -> FormField:
        return FormField("probe-where", kept, 45, template=DRAWN, context=context)

    found, telling = told("incident_saved")
    with telling:
        with with_fields(field(word="drawn here"), hook="incident_edit_fields"):
            page = lead.get(path)
            assert page.html.select_one(".probe-drawn").get_text() == "drawn here"
            form = form_with(page, "probe-where")
            form["probe-where"] = ""
            assert form.submit(status=422).html.select_one("#probe-where")["value"] == ""
            form["probe-where"] = "Hall"
            assert form.submit().status_int == 302
        with with_fields(field(), hook="incident_edit_fields"):  # its word is missing
            page = lead.get(path)
            assert "A part of the module probe could not be shown" in page.text
            form = form_with(page, "text")
            form["text"] = "Another word."
            assert form.submit().status_int == 302
    assert found == [{"probe-where": "Hall"}, {}]


def test_fields_fold_together(school: SchoolForTests, lead: Browser) -> None:
    """PLN-01: neighbours of one fold stand behind its word, which is open where something is in it."""
    fields = [
        FormField("probe-one", StringField("One"), 110, fold="Planner"),
        FormField("probe-two", StringField("Two"), 111, fold="Planner", advice="Say when."),
        FormField("probe-three", StringField("Three"), 112),
    ]
    with with_fields(*fields):
        (fold,) = lead.get("/incidents/add").html.select(".field-fold")
        assert fold.summary.get_text() == "Planner" and fold.get("open") is None
        assert [one["name"] for one in fold.select("input")] == ["probe-one", "probe-two"]
        assert fold.select_one("#probe-two-advice").get_text() == "Say when."
        page = sent_to(lead, "/incidents/add", typed(school, **{"probe-two": "noon"}), 422)
        assert page.html.select_one(".field-fold").get("open") is not None


def placed(**weights: int) -> Any:
    names = {name.replace("__", "-"): weight for name, weight in weights.items()}
    return behaviour.instead(
        "arrange_form", lambda **_: [Placing(name, one, f"About {name}.") for name, one in names.items()]
    )


PLACES: list[tuple[str, str, dict[str, int], str]] = [
    ("/incidents/add", "#incident-form", {"text": 5, "student": 45, "nobody": 1}, "text categories linked student student_part"),  # noqa: E501
    ("{incident}/edit", "#edit-form", {"text": 99, "probe__note": 1}, "probe-note categories student_part text"),  # noqa: E501
    ("{incident}/actions/add", "#action-form", {"probe__note": 1, "files": 2}, "probe-note files text categories"),  # noqa: E501
    ("{action}/edit", "#edit-form", {"categories": 200, "text": 201}, "probe-note categories text"),
    ("{student}/edit", "form.form", {"keywords": 1, "file": 2, "link_students": 900}, "keywords file summary link_students link_kind"),  # noqa: E501
]  # fmt: skip


@pytest.mark.parametrize(("path", "form", "weights", "wanted"), PLACES, ids=lambda one: str(one)[:20])
def test_a_module_arranges_the_forms(
    school: SchoolForTests, lead: Browser, path: str, form: str, weights: dict[str, int], wanted: str
) -> None:
    """FRM-01: `arrange_form` orders the core's and the modules' fields on all three forms, and on those that
    edit; what stands beside a field goes with it; the advice stands under it."""
    order = wanted.split()
    with school.app.transaction(school.id) as db:
        db.add(IncidentPart(school_id=school.id, id=new_id(), name="Witness", weight=1))
    sent_to(lead, "/incidents/add", typed(school, "Behaviour"), 302)
    incident = newest(school)
    action = [("text", "Rang home."), ("occurred", "2026-01-05T10:00")]
    sent_to(lead, f"/incidents/{incident.id}/actions/add", action, 302)
    address = path.format(
        incident=f"/incidents/{incident.id}",
        action=f"/actions/{newest(school, Action).id}",
        student=f"/students/{school.students['aoife']}",
    )
    before = names_of(lead.get(address), form)
    assert [one for one in before if one in order] != order
    with placed(**weights):
        page = lead.get(address)
    names = names_of(page, form)
    assert [one for one in names if one in order] == order
    assert sorted(names) == sorted(before)
    first = next(iter(weights)).replace("__", "-")
    advice = page.html.select_one(f"#{first}-advice")
    assert advice.get_text() == f"About {first}."


def test_the_first_module_by_name_places_a_field(school: SchoolForTests, lead: Browser) -> None:
    """FRM-01: of two places for one field the first counts, not the lighter."""
    twice = [Placing("text", 200, "first"), Placing("text", 1, "second")]
    with behaviour.instead("arrange_form", lambda **_: twice):
        page = lead.get("/incidents/add")
    assert page.html.select_one("#text-advice").get_text() == "first"
    names = names_of(page, "#incident-form")
    assert names.index("text") > names.index("categories")


def test_a_module_that_arranges_badly_costs_its_order_only(school: SchoolForTests, lead: Browser) -> None:
    """MOD-04, FRM-01: the form is there, in the order of the core."""

    def fails(**_: Any) -> list[Placing]:
        raise RuntimeError("a module broke")

    answers: list[Callable[..., Any]] = [fails, lambda **_: ["text"], lambda **_: [Placing("text", "x")]]  # type: ignore[arg-type]
    usual = names_of(lead.get("/incidents/add"), "#incident-form")
    for answer in answers:
        with behaviour.instead("arrange_form", answer):
            assert names_of(lead.get("/incidents/add"), "#incident-form") == usual
