"""What a task raises when it neither succeeded nor failed."""


class NotNow(Exception):
    """The task cannot be done yet and waits, without counting as a failure: its module is off."""


class NotOwed(Exception):
    """What the task was for is gone, so that it is over without having been done. The name of the subclass
    is kept with the item and says why."""


class RecordGone(NotOwed):
    """The incident or action that it is about was deleted or removed since: it never existed (EDT-02). Where
    it is restored, the mail is owed again."""
