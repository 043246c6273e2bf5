"""What a statement really became: which of a school's tables it names, and what bounds each of them.

The ORM adds the school where it finds an entity, but it does not find every one (a table that only the
WHERE names, the second entity inside a function, a Core table beside an entity). So the compiler notes, for
each table that is written into a statement, the parameters that it is compared with; before the statement
runs, the guard in `scope.py` asks that one of them is the session's school. A statement is compiled once and
its notes are kept with it, so a second run costs a look at its parameters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Dialect, Join
from sqlalchemy.sql import operators
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import BinaryExpression, BooleanClauseList, ColumnClause, False_, Grouping
from sqlalchemy.sql.lambdas import LambdaElement
from sqlalchemy.sql.selectable import AliasedReturnsRows, FromGrouping, TableClause

from cpoms_core.database.base import Base, is_school_table

SCHOOL = "school_id"
PLAIN_WORD = re.compile(r"\w+|\*|'%'")  # '%' is what SQLAlchemy's own contains() and startswith() put in

Term = tuple[Any, Any]
"""A table (or alias of one) and the parameter that its `school_id` is compared with."""


class BoundsCompiler(SQLCompiler):
    """Put before a dialect's compiler: statements are written as before, and their bounds noted."""

    @property
    def bounds(self) -> list[list[Any]]:
        """For each mention of a school's table: the parameters of which one must be the school."""
        return self.__dict__.setdefault("_bounds", [])  # the compiler works inside its own __init__

    @property
    def faults(self) -> list[str]:
        """What can never be bounded, whatever the parameters."""
        return self.__dict__.setdefault("_faults", [])

    def is_bounded(self, parameters: Sequence[Mapping[str, Any]], school_id: int) -> bool:
        """Whether every set of parameters keeps every mentioned table within the school."""
        for row in parameters:
            for names in self._needed:
                # most often one comparison: the ORM's own condition
                if not any(row.get(name) == school_id for name in names):
                    return False
        return True

    @cached_property
    def _needed(self) -> set[tuple[str, ...]]:
        """The bounds as names of parameters, once they all have names."""
        return {tuple(self.bind_names.get(bind, bind) for bind in needed) for needed in self.bounds}

    # --- reading ---------------------------------------------------------------------------------------

    def _compose_select_body(
        self, text: str, select: Any, compile_state: Any, inner_columns: Any, froms: Any, *rest: Any
    ) -> str:
        self._bound_froms(froms, select._where_criteria)
        return super()._compose_select_body(  # type: ignore[misc,no-any-return]
            text, select, compile_state, inner_columns, froms, *rest
        )

    def visit_textclause(self, textclause: Any, *args: Any, **kw: Any) -> str:
        self.faults.append("text() cannot be bounded by a school")
        return super().visit_textclause(textclause, *args, **kw)  # type: ignore[no-untyped-call,no-any-return]

    def visit_tstring(self, tstring: Any, *args: Any, **kw: Any) -> str:
        self.faults.append("tstring() cannot be bounded by a school")
        return super().visit_tstring(tstring, *args, **kw)  # type: ignore[no-untyped-call,no-any-return]

    def visit_column(self, column: Any, *args: Any, **kw: Any) -> str:
        if column.is_literal and not PLAIN_WORD.fullmatch(column.name):
            self.faults.append("literal_column() takes a word here, not SQL")
        return super().visit_column(column, *args, **kw)

    def visit_function(self, func: Any, *args: Any, **kw: Any) -> str:
        if func.name.lower() == "set_config":
            self.faults.append("a transaction's school is set once, by its session")
        return super().visit_function(func, *args, **kw)

    # --- writing ---------------------------------------------------------------------------------------

    def update_tables_clause(self, update_stmt: Any, from_table: Any, extra_froms: Any, **kw: Any) -> str:
        self._bound_froms([from_table, *extra_froms], update_stmt._where_criteria)
        if self._is_school(from_table) and SCHOOL in {*_columns_set(update_stmt), *(self.column_keys or ())}:
            self.faults.append(f"a row of {from_table.name} cannot change its school")
        return super().update_tables_clause(  # type: ignore[no-untyped-call,no-any-return]
            update_stmt, from_table, extra_froms, **kw
        )

    def delete_table_clause(self, delete_stmt: Any, from_table: Any, extra_froms: Any, **kw: Any) -> str:
        self._bound_froms([from_table, *extra_froms], delete_stmt._where_criteria)
        return super().delete_table_clause(  # type: ignore[no-untyped-call,no-any-return]
            delete_stmt, from_table, extra_froms, **kw
        )

    def visit_insert(self, insert_stmt: Any, *args: Any, **kw: Any) -> str:
        if self._is_school(insert_stmt.table):
            if insert_stmt.select is not None:
                self.faults.append("INSERT ... SELECT: read the rows, then insert them")
            elif insert_stmt._multi_values or kw.get("visiting_cte") is not None:
                self.faults.append("give the rows of an insert as a list of parameters, not to values()")
            # "school_id" is the name of that column's parameter; as an expression it would have none
            self.bounds.append([SCHOOL])
        return super().visit_insert(insert_stmt, *args, **kw)  # type: ignore[no-untyped-call,no-any-return]

    def visit_on_conflict_do_update(self, on_conflict: Any, **kw: Any) -> str:
        changed = {getattr(column, "key", column) for column in dict(on_conflict.update_values_to_set)}
        if SCHOOL in changed:
            self.faults.append("a row that is there already cannot change its school")
        return super().visit_on_conflict_do_update(on_conflict, **kw)  # type: ignore[misc,no-any-return]

    # --- both ------------------------------------------------------------------------------------------

    def _bound_froms(self, froms: Iterable[Any], where: Iterable[Any]) -> None:
        where = list(where)
        if any(isinstance(part, False_) for condition in where for part in _conjuncts(condition)):
            return  # SQLAlchemy drops whatever stands beside `false()`, the school too: there are no rows
        terms = list(_terms(where))
        for source in froms:
            self._bound_from(source, terms)

    def _bound_from(self, source: Any, terms: list[Term]) -> None:
        if isinstance(source, Join):
            here = [*terms, *_terms([source.onclause])]
            # an outer join shows rows of the left side whatever its ON says, a full one rows of both
            self._bound_from(source.left, terms if source.isouter or source.full else here)
            self._bound_from(source.right, terms if source.full else here)
        elif isinstance(source, FromGrouping):
            self._bound_from(source.element, terms)
        elif self._is_school(source):
            self.bounds.append([bind for table, bind in terms if table == source])

    def _is_school(self, source: Any) -> bool:
        """Whether rows of a school are read or written there. By name: a table can be spelt in many ways."""
        while isinstance(source, AliasedReturnsRows):
            source = source.element
        if not isinstance(source, TableClause):
            return False  # a SELECT is noted where it is itself written
        table = _tables_by_name().get(source.name.lower())
        if table is None:
            self.faults.append(f"there is no table {source.name!r} in the product")
            return False
        return is_school_table(table)


def _tables_by_name() -> dict[str, Any]:
    return {name.lower(): table for name, table in Base.metadata.tables.items()}


def _columns_set(update_stmt: Any) -> Iterator[str]:
    for column in update_stmt._values or ():
        yield getattr(column, "key", column)


def _terms(conditions: Iterable[Any]) -> Iterator[Term]:
    """Every `table.school_id = :parameter` that must hold for a row."""
    for condition in conditions:
        for part in _conjuncts(condition):
            if isinstance(part, BinaryExpression) and part.operator is operators.eq:
                for column, value in ((part.left, part.right), (part.right, part.left)):
                    if _is_school_column(column) and isinstance(value, BindParameter):
                        yield column.table, value


def _conjuncts(condition: Any) -> Iterator[Any]:
    if isinstance(condition, LambdaElement):
        yield from _conjuncts(condition._resolved)
    elif isinstance(condition, Grouping):
        yield from _conjuncts(condition.element)
    elif isinstance(condition, BooleanClauseList) and condition.operator is operators.and_:
        for part in condition.clauses:
            yield from _conjuncts(part)
    elif condition is not None:
        yield condition


def _is_school_column(column: ColumnElement[Any]) -> bool:
    return isinstance(column, ColumnClause) and column.name == SCHOOL and column.table is not None


def take_notes(dialect: Dialect) -> None:
    """Makes the dialect's compiler one that takes note of bounds."""
    plain = dialect.statement_compiler
    if not issubclass(plain, BoundsCompiler):
        dialect.statement_compiler = type(f"Bounds{plain.__name__}", (BoundsCompiler, plain), {})
