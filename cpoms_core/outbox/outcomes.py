"""What a task raises when it neither succeeded nor failed."""


class NotNow(Exception):
    """The task cannot be done yet and waits, without counting as a failure: its module is off."""


class NotOwed(Exception):
    """What the task was for is gone, so that it is over without having been done. The name of the subclass
    is kept with the item and says why."""
