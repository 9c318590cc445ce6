"""A request as it leaves: everything in the units and shapes of the contract."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import quote

from .. import jsons
from ..failure import describe
from ..span import Span, whole_milliseconds
from .error import Invalid

Query: TypeAlias = Mapping[str, str | int] | Iterable[tuple[str, str | int]]
Headers: TypeAlias = Mapping[str, str] | Iterable[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Request:
    """A request. The calls of this package make and send it; a test's fake service gets it."""

    method: str
    """In capitals."""
    url: str
    """Absolute, with the query."""
    headers: tuple[tuple[str, str], ...] = ()
    """Names and values, in the order given."""
    body: bytes | None = None
    """``None`` sends no body."""
    timeout_ms: int | None = None
    """When to give up."""
    step: str | None = None
    """The name of what the request does."""

    def line(self) -> str:
        """Method and URL, for error messages. Without the query: it may hold what must not be kept in a log."""
        return line(self.method, self.url)


def line(method: str, url: str) -> str:
    """Method and URL, without the query."""
    return f"{method} {url.partition('?')[0].partition('#')[0]}"


def build(
    method: str,
    url: str,
    query: Query,
    headers: Headers,
    body: bytes | str | None,
    json: Any,
    step: str | None,
    timeout: Span | None,
) -> Request:
    """A request of what a handler gave. What cannot be sent is ``Invalid``."""
    pairs = list(_pairs(headers))
    try:
        if json is not None:
            if body is not None:
                raise Invalid("it has both a body and json: give one")
            pairs.append(("content-type", "application/json"))
            data: bytes | None = _json(json)
        else:
            data = body.encode("utf-8") if isinstance(body, str) else body
        request = Request(
            method=method,
            url=_with_query(url, query),
            headers=tuple(pairs),
            body=data,
            timeout_ms=None if timeout is None else whole_milliseconds(timeout),
            step=step,
        )
        _check_text(request)
    except UnicodeEncodeError as why:
        raise Invalid(f"a text in it is no Unicode: {why.reason}") from why
    return request


def _with_query(url: str, query: Query) -> str:
    """The URL with these pairs. Only the unreserved characters of RFC 3986, section 2.3, stay as they are."""
    for name, value in _pairs(query):
        separator = "&" if "?" in url else "?"
        url = f"{url}{separator}{quote(name, safe='')}={quote(str(value), safe='')}"
    return url


def _json(value: Any) -> bytes:
    try:
        return jsons.to_bytes(value)
    except (TypeError, ValueError, RecursionError) as why:
        raise Invalid(f"the body is not JSON: {describe(why)}") from why


def _check_text(request: Request) -> None:
    """Python's texts may have lone surrogates, which UTF-8 and so the contract have not."""
    for text in (request.method, request.url, request.step or "", *(part for pair in request.headers for part in pair)):
        text.encode("utf-8")


def _pairs(of: Mapping[str, Any] | Iterable[tuple[str, Any]]) -> Iterable[tuple[str, Any]]:
    return of.items() if isinstance(of, Mapping) else of
