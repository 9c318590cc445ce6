"""Run a handler natively, without a host, and look at what it did::

    from mpy6a_handler import Retry, http
    from mpy6a_handler.testing import Delete, Scene

    ended = Scene(records=['{"order":7}'], settings={"shop": "http://shop"}, http=lambda _: http.Response(204)).run(handle)
    assert ended.failure is None
    assert ended.operations == [Delete()]
    assert ended.requests[0].url == "http://shop/orders/7/cancel"

It needs no test runner of its own: pytest and unittest will do.

This tests a handler's decisions. What only a host can do, it does not do: limits, the allow-list, commits. The one rule
kept is that a deleted or stored session takes no more operations and sends no HTTP, because handlers get it wrong.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

from . import host
from .failure import Failure, Permanent, Retry
from .handling import Handler, run
from .http import Denied, Invalid, Request, Response
from .log import Level
from .logs import LogHandler
from .repeat import Repeat
from .session import Finished

__all__ = ["Answer", "Append", "Delete", "Ended", "Operation", "Replace", "Scene", "Store"]


@dataclass(frozen=True)
class Append:
    """A record was appended."""

    record: bytes


@dataclass(frozen=True)
class Replace:
    """All records were replaced by this one."""

    record: bytes


@dataclass(frozen=True)
class Delete:
    """The session was deleted."""


@dataclass(frozen=True)
class Store:
    """The session was stored, for so many seconds or for the kind's own delay."""

    timeout_s: int | None = None


Operation: TypeAlias = Append | Replace | Delete | Store

Answer: TypeAlias = Callable[[Request], Response]
"""How the outside answers: with a response, or by raising an ``http.Error``."""


@dataclass
class Ended:
    """What a run did."""

    failure: Retry | Permanent | None = None
    """What the handler raised. Any other exception leaves ``Scene.run``, where the test runner shows it."""
    operations: list[Operation] = field(default_factory=list)
    """What it did to the session, in order, as far as the host would have allowed it."""
    requests: list[Request] = field(default_factory=list)
    """The requests that left."""
    lines: list[tuple[Level, str]] = field(default_factory=list)
    """The lines logged, those of the standard ``logging`` included."""

    @property
    def is_finished(self) -> bool:
        """Whether the session was deleted or stored."""
        return bool(self.operations) and isinstance(self.operations[-1], (Delete, Store))

    def logged(self, text: str) -> bool:
        """Whether a line of this text was logged, at whatever level."""
        return any(line == text for _, line in self.lines)


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What a handler is to find."""

    records: Iterable[bytes | str] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    http: Answer | None = None
    """How the outside answers. ``None``: no HTTP is granted."""
    repeat: int = 1
    """Which run this is, from 1."""
    max_repeats: int = 10

    def run(self, handle: Handler) -> Ended:
        """Run the handler."""
        ended = Ended()
        with _as_host(_Stage(self, ended)):
            try:
                run(handle, self._repeat())
            except (Retry, Permanent) as failure:
                ended.failure = failure
            except Failure as failure:
                failure.add_note("raise one of its two kinds: Retry or Permanent")
                raise
        return ended

    def _repeat(self) -> Repeat:
        return Repeat(
            records=tuple(record.encode() if isinstance(record, str) else record for record in self.records),
            kind=1,
            kind_name="scene",
            repeat=self.repeat,
            max_repeats=self.max_repeats,
            created_ms=1_000,
            stored_ms=2_000,
            due_ms=3_000,
            deadline_ms=13_000,
            idempotency_key="1-1",
            traceparent=None,
        )


class _Stage:
    """What there is instead of a host, for one run."""

    def __init__(self, scene: Scene, ended: Ended) -> None:
        self._scene = scene
        self._ended = ended

    def session_id(self) -> str:
        return "1-1"

    def fence(self) -> str:
        return "1-2"

    def append(self, record: bytes) -> None:
        self._operate(Append(record))

    def replace(self, record: bytes) -> None:
        self._operate(Replace(record))

    def delete(self) -> None:
        self._operate(Delete())

    def store(self, timeout_s: int | None) -> None:
        self._operate(Store(timeout_s))

    def _operate(self, operation: Operation) -> None:
        if self._ended.is_finished:
            raise Finished()
        self._ended.operations.append(operation)

    def send(self, request: Request) -> Response:
        if self._ended.is_finished:
            raise Invalid("the session is finished: send before delete or store")
        if self._scene.http is None:
            raise Denied("the scene grants no HTTP: give it `http`")
        self._ended.requests.append(request)
        return self._scene.http(request)

    def log(self, level: Level, message: str) -> None:
        self._ended.lines.append((level, message))

    def setting(self, key: str) -> str | None:
        return self._scene.settings.get(key)

    def settings(self) -> dict[str, str]:
        return dict(self._scene.settings)


@contextmanager
def _as_host(stage: _Stage) -> Iterator[None]:
    """Have the stage be the host, and get the lines of the standard ``logging``, as a run's host does."""
    entered = host.enter(stage)
    root, handler, level = logging.root, LogHandler(), logging.root.level
    root.addHandler(handler)
    root.setLevel(logging.NOTSET)
    try:
        yield
    finally:
        root.setLevel(level)
        root.removeHandler(handler)
        host.leave(entered)
