"""What a test sees of the probe, and how it makes the probe misbehave."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

called: list[str] = []
"""The names of the probe's hooks and tasks, in the order in which they were called."""
_instead: dict[str, Callable[..., Any]] = {}


def do(name: str, usual: Callable[..., Any], **arguments: Any) -> Any:
    """Notes the call, then does what the hook usually does, or what a test put in its place."""
    called.append(name)
    return _instead.get(name, usual)(**arguments)


@contextmanager
def instead(name: str, act: Callable[..., Any]) -> Iterator[None]:
    """While it lasts, the hook does this; `act` is called with the hook's arguments by name."""
    _instead[name] = act
    try:
        yield
    finally:
        del _instead[name]
