"""The third wall: PostgreSQL's row-level security beneath every table of a school.

The application's role owns nothing and may not bypass it; the school is set at the start of each
transaction. A transaction without a school raises on the first such table, rather than showing nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import MetaData

from cpoms_core.database.base import is_school_table

# After a SET LOCAL the setting is '' and not NULL, so both mean "no school".
SCHOOL_FUNCTION = """
CREATE OR REPLACE FUNCTION app_school() RETURNS integer LANGUAGE plpgsql STABLE AS $$
DECLARE
  chosen text := current_setting('app.school', true);
BEGIN
  IF chosen IS NULL OR chosen = '' THEN
    RAISE EXCEPTION 'no school is set for this transaction';
  END IF;
  RETURN chosen::integer;
END $$
"""


def protect(table: str) -> Iterator[str]:
    """The statements that put one table behind the wall; safe to run again.

    The sub-select makes PostgreSQL ask for the school once a statement and not once a row.
    """
    name = f'"{table}"'
    yield f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY"
    yield f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY"
    yield f"DROP POLICY IF EXISTS own_school ON {name}"
    yield (
        f"CREATE POLICY own_school ON {name} USING (school_id = (SELECT app_school()))"
        " WITH CHECK (school_id = (SELECT app_school()))"
    )


def school_tables(metadata: MetaData) -> list[str]:
    """The names of all tables that belong to schools, plugins' too."""
    return [table.name for table in metadata.sorted_tables if is_school_table(table)]
