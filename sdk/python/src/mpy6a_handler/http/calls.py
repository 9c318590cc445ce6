"""One call for each method. The options are described in the package."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .. import host
from ..span import Span
from .error import Error
from .request import Headers, Query, build, line
from .response import Response


def request(
    method: str,
    url: str,
    *,
    query: Query = (),
    headers: Headers = (),
    body: bytes | str | None = None,
    json: Any = None,
    step: str | None = None,
    timeout: Span | None = None,
) -> Response:
    """Send a request with this method, in capitals, to an absolute ``http`` or ``https`` URL.

    Every operation asked of the session before is durable before the request leaves.
    """
    try:
        response = host.current().send(build(method, url, query, headers, body, json, step, timeout))
    except Error as error:
        error.request = line(method, url)
        raise
    return replace(response, request=line(method, url))


def get(
    url: str,
    *,
    query: Query = (),
    headers: Headers = (),
    step: str | None = None,
    timeout: Span | None = None,
) -> Response:
    """Send a GET request."""
    return request("GET", url, query=query, headers=headers, step=step, timeout=timeout)


def delete(
    url: str,
    *,
    query: Query = (),
    headers: Headers = (),
    body: bytes | str | None = None,
    json: Any = None,
    step: str | None = None,
    timeout: Span | None = None,
) -> Response:
    """Send a DELETE request."""
    return request("DELETE", url, query=query, headers=headers, body=body, json=json, step=step, timeout=timeout)


def post(
    url: str,
    *,
    query: Query = (),
    headers: Headers = (),
    body: bytes | str | None = None,
    json: Any = None,
    step: str | None = None,
    timeout: Span | None = None,
) -> Response:
    """Send a POST request."""
    return request("POST", url, query=query, headers=headers, body=body, json=json, step=step, timeout=timeout)


def put(
    url: str,
    *,
    query: Query = (),
    headers: Headers = (),
    body: bytes | str | None = None,
    json: Any = None,
    step: str | None = None,
    timeout: Span | None = None,
) -> Response:
    """Send a PUT request."""
    return request("PUT", url, query=query, headers=headers, body=body, json=json, step=step, timeout=timeout)


def patch(
    url: str,
    *,
    query: Query = (),
    headers: Headers = (),
    body: bytes | str | None = None,
    json: Any = None,
    step: str | None = None,
    timeout: Span | None = None,
) -> Response:
    """Send a PATCH request."""
    return request("PATCH", url, query=query, headers=headers, body=body, json=json, step=step, timeout=timeout)
