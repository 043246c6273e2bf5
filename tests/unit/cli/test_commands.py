"""The command line's frame."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner
from sqlalchemy import create_engine, inspect

from cpoms_core.cli import COMMANDS, main
from cpoms_core.outbox.running import MOST_ATTEMPTS


def test_every_command_has_a_line_of_help() -> None:
    said = CliRunner().invoke(main, ["--help"])
    assert said.exit_code == 0
    for name in COMMANDS:
        help_of_one = CliRunner().invoke(main, [name, "--help"])
        assert help_of_one.exit_code == 0, name
        assert f"  {name} " in said.output


def test_an_unknown_command_is_refused() -> None:
    assert CliRunner().invoke(main, ["teleport"]).exit_code == 2


def test_a_missing_configuration_is_said_in_one_line(tmp_path: Path) -> None:
    for command in ("migrate", "web", "worker"):
        said = CliRunner().invoke(main, ["--config", str(tmp_path / "none.toml"), command])
        assert (said.exit_code, said.output.count("\n")) == (1, 1), said.output
        assert "none.toml cannot be read" in said.output


def test_a_worker_does_not_start_with_a_mail_address_that_is_none(tmp_path: Path) -> None:
    config = tmp_path / "deployment.toml"
    config.write_text('mail = "carrier-pigeon"\n')
    said = CliRunner().invoke(main, ["--config", str(config), "worker"])
    assert (said.exit_code, "mail must be one of" in said.output) == (1, True)


def test_ops_03_migrate_makes_the_tables_and_may_be_run_again(tmp_path: Path) -> None:
    config = tmp_path / "deployment.toml"
    config.write_text('folder = "data"\n')
    for _ in range(2):
        said = CliRunner().invoke(main, ["--config", str(config), "migrate"])
        assert said.exit_code == 0, said.output
    engine = create_engine(f"sqlite:///{tmp_path / 'data' / 'cpoms.sqlite'}")
    assert {"incident", "outbox_item", "audit_seal"} <= set(inspect(engine).get_table_names())
    engine.dispose()


def test_the_outbox_commands_show_what_was_given_up_and_take_it_up_again(tmp_path: Path) -> None:
    from cpoms_core.access.viewer import utc_now
    from cpoms_core.application import Application
    from cpoms_core.deployment import load
    from cpoms_core.outbox.models import OutboxItem
    from cpoms_core.outbox.services import queue
    from cpoms_core.tenancy.services import create_school

    config = tmp_path / "deployment.toml"
    config.write_text("")
    CliRunner().invoke(main, ["--config", str(config), "migrate"])
    app = Application(load(config))
    school_id = create_school(app, "hillside", "Hillside", now=utc_now())
    assert "Nothing is owed" in CliRunner().invoke(main, ["--config", str(config), "outbox", "status"]).output
    with app.transaction(school_id) as db:
        item_id = queue(db, "mail", {}, now=utc_now())
        db.flush()
        item = db.get_one(OutboxItem, (school_id, item_id))
        item.gave_up_at, item.attempts, item.last_error = utc_now(), MOST_ATTEMPTS, "SMTPDataError"
    said = CliRunner().invoke(main, ["--config", str(config), "outbox", "status"]).output
    assert f"hillside: mail {item_id}: SMTPDataError" in said
    again = CliRunner().invoke(main, ["--config", str(config), "outbox", "retry"])
    assert again.output == "1 items will be tried again.\n"
    with app.session(school_id, writes=False) as db:
        assert db.get_one(OutboxItem, (school_id, item_id)).gave_up_at is None
    app.engines.dispose()
