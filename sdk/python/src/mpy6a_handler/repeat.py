"""What a handler gets: the session that it is to finish, and what the host knows about this repeat."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, overload

from . import host, jsons
from .failure import Failure, Permanent, describe
from .span import Span, whole_seconds

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Repeat:
    """One run over an unfinished session.

    Operations are kept by the host and committed together with the end of the run, or earlier: all that was asked before
    an HTTP request is durable before the request leaves. A run that traps or meets a limit loses what was not yet
    committed.

    A run that returns without ``delete`` or ``store`` is repeated after the kind's backoff.
    """

    records: tuple[bytes, ...]
    """What the session recorded before this run, oldest first. Operations of this run do not show here."""
    kind: int
    """The client kind's number in the host's config."""
    kind_name: str
    """The client kind's name in the host's config."""
    repeat: int
    """Which repeat this is, from 1, since the session was last stored by an operator."""
    max_repeats: int
    """After this many repeats that finished nothing the session is parked."""
    created_ms: int
    """When the session was created, in Unix milliseconds."""
    stored_ms: int
    """When the session was last stored, in Unix milliseconds."""
    due_ms: int
    """When this repeat fell due, in Unix milliseconds."""
    deadline_ms: int
    """When the host will end this run, in Unix milliseconds."""
    idempotency_key: str
    """The same in every repeat of the session, and unique to it."""
    traceparent: str | None
    """The W3C traceparent given when the session was created."""

    @property
    def session_id(self) -> str:
        """The session's id, ``term-index``."""
        return host.current().session_id()

    @property
    def fence(self) -> str:
        """The index at which this run got the session, ``term-index``.

        It grows with every change of hands, so that an outside system can refuse a stale holder; a request with a step
        carries it by itself.
        """
        return host.current().fence()

    @property
    def is_last_repeat(self) -> bool:
        """Whether the session is parked if this run does not finish it."""
        return self.repeat >= self.max_repeats

    @overload
    def record(self, index: int) -> Any: ...
    @overload
    def record(self, index: int, read: Callable[[Any], T]) -> T: ...
    def record(self, index: int, read: Callable[[Any], Any] | None = None) -> Any:
        """The record at ``index``, from 0, read as JSON, as ``read`` makes it.

        One that is not there, is not JSON, or that ``read`` raises anything for, is a ``Permanent`` that says which and
        why: ``record 0: …``. Its content is not quoted by this package, for reasons are kept and logged.
        """
        if not 0 <= index < len(self.records):
            raise Permanent(f"record {index}: it is not there, the session has {len(self.records)}")
        return self._parse(index, read)

    @overload
    def records_as(self) -> list[Any]: ...
    @overload
    def records_as(self, read: Callable[[Any], T]) -> list[T]: ...
    def records_as(self, read: Callable[[Any], Any] | None = None) -> list[Any]:
        """All records, each as ``record`` gives it."""
        return [self._parse(index, read) for index in range(len(self.records))]

    def replay(self, apply: Callable[[Any], object]) -> None:
        """Call ``apply`` with every record, read as JSON, in order: how far the work had come.

        ``apply`` should raise for a value that is no record of this work; that is a ``Permanent``, as in ``record``::

            @dataclass
            class Progress:
                id: int | None = None

                def apply(self, record: Any) -> None:
                    match record:
                        case {"step": "created", "id": int(id)}:
                            self.id = id
                        case _:
                            raise ValueError("not a step of this work")

            progress = Progress()
            repeat.replay(progress.apply)
        """
        for index in range(len(self.records)):
            self._parse(index, apply)

    def append(self, record: bytes | bytearray | str) -> None:
        """Append a record. A text is recorded in UTF-8. Refusals are ``SessionError``, here and below."""
        host.current().append(_bytes(record))

    def append_json(self, value: Any) -> None:
        """Append a value as JSON, without spaces. One that has no JSON is a ``Permanent``."""
        self.append(_json(value))

    def replace(self, record: bytes | bytearray | str) -> None:
        """Drop all records and keep this one. A text is recorded in UTF-8."""
        host.current().replace(_bytes(record))

    def replace_json(self, value: Any) -> None:
        """Drop all records and keep this value, as JSON without spaces. One that has no JSON is a ``Permanent``."""
        self.replace(_json(value))

    def delete(self) -> None:
        """The work is finished: forget the session. After this it takes no more operations, and no HTTP leaves."""
        host.current().delete()

    def store(self, timeout: Span | None = None) -> None:
        """Repeat the session after this time, in seconds or as a ``timedelta``; with none, after the kind's own delay.

        Rounded up to whole seconds. After this the session takes no more operations, and no HTTP leaves.
        """
        host.current().store(None if timeout is None else whole_seconds(timeout))

    def _parse(self, index: int, read: Callable[[Any], Any] | None) -> Any:
        try:
            return jsons.parse(self.records[index], read)
        except Failure:
            raise
        except Exception as why:
            # Whatever `read` trips over, it would trip over again: it is a function of a record that never changes.
            raise Permanent(f"record {index}: {describe(why)}") from why


def _bytes(record: bytes | bytearray | str) -> bytes:
    if isinstance(record, str):
        return record.encode("utf-8")
    if not isinstance(record, (bytes, bytearray)):
        raise TypeError(f"a record is bytes or a text, not {type(record).__name__}: the calls with _json take any value")
    return bytes(record)


def _json(value: Any) -> bytes:
    try:
        return jsons.to_bytes(value)
    except (TypeError, ValueError, RecursionError) as why:
        raise Permanent(f"the record to write is not JSON: {describe(why)}") from why
