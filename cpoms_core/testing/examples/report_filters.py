"""A question that lists of incidents are narrowed by: a condition that only leaves out."""

from sqlalchemy import ColumnElement
from wtforms import IntegerField
from wtforms.validators import Optional

from cpoms_core.hooks import hookimpl
from cpoms_core.hooks.types import Filter
from cpoms_core.incidents.models import Incident


@hookimpl
def report_filters() -> list[Filter]:
    return [Filter("example-above", IntegerField("Number above", [Optional()]), 50, _above)]


def _above(number: int) -> ColumnElement[bool]:
    return Incident.number > number
