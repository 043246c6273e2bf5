"""What services raise for every caller: a page, a command, a task."""


class NothingThere(Exception):
    """What was asked for does not exist, or may not be seen: nobody is told which (USR-12.7)."""


class Refused(Exception):
    """What was asked for cannot be done. `message` tells a person why and what to do; `field` names the
    field of the form that it belongs to, where there is one."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.field = field
