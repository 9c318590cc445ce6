"""The contract's imports as a ``host.Host``, and the conversions between their generated types and this package's own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import assert_never

from componentize_py_types import Err
from wit_world.imports import http as wire
from wit_world.imports import log as lines
from wit_world.imports import store, types

from .. import http, session
from ..failure import Retry
from ..log import Level

_LEVELS = {
    Level.TRACE: lines.Level.TRACE,
    Level.DEBUG: lines.Level.DEBUG,
    Level.INFO: lines.Level.INFO,
    Level.WARN: lines.Level.WARN,
    Level.ERROR: lines.Level.ERROR,
}


class Imports:
    """The host, by way of the component's imports."""

    def __init__(self, of: types.Session) -> None:
        self._session = of

    def session_id(self) -> str:
        return self._session.id()

    def fence(self) -> str:
        return self._session.fence()

    def append(self, record: bytes) -> None:
        with _refusals():
            self._session.append(record)

    def replace(self, record: bytes) -> None:
        with _refusals():
            self._session.replace(record)

    def delete(self) -> None:
        with _refusals():
            self._session.delete()

    def store(self, timeout_s: int | None) -> None:
        with _refusals():
            self._session.store(timeout_s)

    def send(self, request: http.Request) -> http.Response:
        try:
            response = wire.send(
                wire.Request(
                    method=request.method,
                    url=request.url,
                    headers=list(request.headers),
                    body=request.body,
                    timeout_ms=request.timeout_ms,
                    step=request.step,
                )
            )
        except Err as error:
            raise _no_response(error.value) from None
        return http.Response(response.status, response.body, tuple(response.headers))

    def log(self, level: Level, message: str) -> None:
        lines.write(_LEVELS[level], encodable(message))

    def error(self, message: str) -> None:
        self.log(Level.ERROR, message)

    def setting(self, key: str) -> str | None:
        try:
            return store.get(encodable(key))
        except Err as error:
            raise Retry(f"reading the setting `{key}`: {error.value.value}") from None

    def settings(self) -> dict[str, str]:
        try:
            return dict(store.get_all())
        except Err as error:
            raise Retry(f"reading the settings: {error.value.value}") from None


def encodable(text: str) -> str:
    """The text with its lone surrogates escaped: the contract's texts are UTF-8, which has none."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except Err as error:
        raise _refused(error.value) from None


def _refused(error: types.SessionError) -> session.SessionError:
    match error:
        case types.SessionError_Finished():
            return session.Finished()
        case types.SessionError_RecordTooLarge(limit):
            return session.RecordTooLarge(limit)
        case types.SessionError_SessionTooLarge(limit):
            return session.SessionTooLarge(limit)
        case types.SessionError_TooManyRecords(limit):
            return session.TooManyRecords(limit)
        case types.SessionError_TimeoutTooLong(limit):
            return session.TimeoutTooLong(limit)
        case _:
            assert_never(error)


def _no_response(error: wire.HttpError) -> http.Error:
    match error:
        case wire.HttpError_Denied(why):
            return http.Denied(why)
        case wire.HttpError_Invalid(why):
            return http.Invalid(why)
        case wire.HttpError_Unreachable(why):
            return http.Unreachable(why)
        case wire.HttpError_Timeout():
            return http.Timeout()
        case wire.HttpError_Broken(why):
            return http.Broken(why)
        case wire.HttpError_ResponseTooLarge(limit):
            return http.ResponseTooLarge(limit)
        case _:
            assert_never(error)
