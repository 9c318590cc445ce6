"""Why a request brought no response.

Each is a ``Retry`` where the same request may succeed in a later repeat with the same handler and the same config, and a
``Permanent`` where it cannot.
"""

from __future__ import annotations

from typing import ClassVar

from ..failure import Failure, Permanent, Retry


class Error(Failure):
    """A request brought no response."""

    may_have_happened: ClassVar[bool] = False
    """Whether the service may have carried the request out."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.request = ""
        """Method and URL, without the query: it may hold what must not be kept in a log."""

    def __str__(self) -> str:
        what = super().__str__()
        return f"{self.request}: {what}" if self.request else what


class Denied(Error, Permanent):
    """The allow-list does not name this target, or its address is one that was not meant. Nothing left the host."""

    def __init__(self, why: str) -> None:
        super().__init__(f"denied, see the kind's [[kind.plugin.http]]: {why}")


class Invalid(Error, Permanent):
    """The request itself is malformed, or the session is finished. Nothing left the host."""

    def __init__(self, why: str) -> None:
        super().__init__(f"not a valid request: {why}")


class Unreachable(Error, Retry):
    """No connection could be made. Nothing was sent."""

    def __init__(self, why: str) -> None:
        super().__init__(f"unreachable: {why}")


class Timeout(Error, Retry):
    """The time was up. The request may have been carried out."""

    may_have_happened = True

    def __init__(self) -> None:
        super().__init__("no response in time")


class Broken(Error, Retry):
    """The connection broke after the request was sent. The request may have been carried out."""

    may_have_happened = True

    def __init__(self, why: str) -> None:
        super().__init__(f"the connection broke: {why}")


class ResponseTooLarge(Error, Permanent):
    """The response is longer than the host's limit. The request was carried out."""

    may_have_happened = True

    def __init__(self, limit: int) -> None:
        super().__init__(f"the response is over the host's limit of {limit} bytes")
        self.limit = limit
        """In bytes."""
