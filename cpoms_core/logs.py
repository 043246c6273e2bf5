"""Structured logs without personal data (OPS-05)."""

from __future__ import annotations

import logging
import sys
import traceback

import structlog


def place_of(error: BaseException) -> list[str]:
    """Where an error was raised: its last frames, without its text, which may hold what a person typed."""
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{frame.filename.rpartition('/')[2]}:{frame.name}:{frame.lineno}" for frame in frames[-5:]]


def set_up(*, as_json: bool) -> None:
    """Sends logs to standard error: a line of JSON each, or coloured for a person at a terminal."""
    renderer = structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.basicConfig(handlers=[_OfLibraries()], level=logging.WARNING, force=True)


class _OfLibraries(logging.Handler):
    """Passes on what libraries log, without what they would fill in, which may be what a person typed."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        facts = {"error": type(error).__name__, "at": place_of(error)} if error else {}
        text = record.msg if isinstance(record.msg, str) else type(record.msg).__name__
        structlog.get_logger().log(record.levelno, text, logger=record.name, **facts)
