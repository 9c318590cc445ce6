"""Reading a response."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, overload

from .. import jsons
from ..failure import Failure, Permanent, Retry, describe

T = TypeVar("T")

# How much of a body is quoted in a failure's reason, in bytes: a line of a service's error message.
_QUOTED_BYTES_MAX = 200

# Statuses outside 5xx after which the same request may succeed later: 408 Request Timeout, 409 Conflict,
# 412 Precondition Failed (a stale fence, above all), 423 Locked, 425 Too Early, 429 Too Many Requests
# (RFC 9110, section 15; RFC 4918, section 11.3; RFC 8470, section 5.2; RFC 6585, section 4).
_RETRIED = frozenset({408, 409, 412, 423, 425, 429})


@dataclass(frozen=True, slots=True)
class Response:
    """A whole response."""

    status: int
    """The status code."""
    body: bytes = b""
    """The body as it is."""
    headers: tuple[tuple[str, str], ...] = ()
    """All headers, names in lower case."""
    request: str = ""
    """What it answers, for error messages: method and URL without the query."""

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300

    @property
    def text(self) -> str:
        """The body as text; what is not UTF-8 is replaced character by character."""
        return self.body.decode("utf-8", "replace")

    def header(self, name: str) -> str | None:
        """The first header of this name, in whatever case."""
        wanted = name.lower()
        return next((value for given, value in self.headers if given.lower() == wanted), None)

    def expect_success(self) -> Response:
        """Itself if the status is 2xx.

        Else a ``Retry`` for 5xx, 408, 409, 412, 423, 425 and 429, a ``Permanent`` for any other status. The reason quotes
        the beginning of the body.
        """
        if self.is_success:
            return self
        reason = f"{self.request} answered {self.status}: {self._quote()}"
        raise Retry(reason) if self.status >= 500 or self.status in _RETRIED else Permanent(reason)

    @overload
    def json(self) -> Any: ...
    @overload
    def json(self, read: Callable[[Any], T]) -> T: ...
    def json(self, read: Callable[[Any], Any] | None = None) -> Any:
        """The body read as JSON, as ``read`` makes it.

        One that is not JSON, or that ``read`` raises anything for, is a ``Retry``: what answered may have been a proxy's
        error page, or a service half-way through a deployment.
        """
        try:
            return jsons.parse(self.body, read)
        except Failure:
            raise
        except Exception as why:
            raise Retry(f"{self.request} answered {self.status} with what does not read: {describe(why)}") from why

    def _quote(self) -> str:
        more = "…" if len(self.body) > _QUOTED_BYTES_MAX else ""
        return self.body[:_QUOTED_BYTES_MAX].decode("utf-8", "replace").strip() + more
