"""Why the host refuses an operation on the session.

Nothing of a refused operation was applied, and the handler may go on. Each of these is a ``Permanent``: the same handler
would ask for the same in every repeat.
"""

from __future__ import annotations

from .failure import Permanent


class SessionError(Permanent):
    """An operation was refused."""


class Finished(SessionError):
    """The session was already deleted or stored in this run: it takes no more operations."""

    def __init__(self) -> None:
        super().__init__("the session was already deleted or stored in this run: do that last")


class RecordTooLarge(SessionError):
    """The record is longer than the host's limit."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"the record is over the host's limit of {limit} bytes: keep large data elsewhere")
        self.limit = limit
        """In bytes."""


class SessionTooLarge(SessionError):
    """With this record the session would outgrow the host's limit."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"the session would outgrow the host's limit of {limit} bytes: replace records, do not append")
        self.limit = limit
        """In bytes."""


class TooManyRecords(SessionError):
    """The session has as many records as the host allows."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"the session has {limit} records, the host's limit: replace records, do not append")
        self.limit = limit
        """A count."""


class TimeoutTooLong(SessionError):
    """The timeout is longer than the host's limit."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"the timeout is over the host's limit of {limit} s: store for less, and again")
        self.limit = limit
        """In seconds."""
