"""Logs hold no personal data, the libraries' included (OPS-05)."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from cpoms_core import logs


@pytest.fixture
def _as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


@pytest.mark.usefixtures("_as_before")
def test_ops_05_what_libraries_log_is_json_without_what_they_fill_in(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.set_up(as_json=True)
    try:
        raise ValueError("Aoife's words")
    except ValueError:
        logging.getLogger("waitress").exception("Exception while serving %s", "/students/aoife")
    said = capsys.readouterr().err
    line = json.loads(said)
    assert line["event"] == "Exception while serving %s"
    assert (line["logger"], line["level"], line["error"]) == ("waitress", "error", "ValueError")
    assert line["at"][-1].startswith("test_logs.py:")
    assert "oife" not in said
