"""Where a call goes: to the component's imports in Wasm, to a scene of ``mpy6a_handler.testing`` elsewhere.

``guest`` has the one side, ``testing`` the other; nothing else in this package knows which of them it speaks to.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from .http import Request, Response
    from .log import Level


class Host(Protocol):
    """What a handler can reach. Arguments are already in the contract's units."""

    def session_id(self) -> str: ...

    def fence(self) -> str: ...

    def append(self, record: bytes) -> None:
        """Raises a ``SessionError``, as the next three do."""

    def replace(self, record: bytes) -> None: ...

    def delete(self) -> None: ...

    def store(self, timeout_s: int | None) -> None: ...

    def send(self, request: Request) -> Response:
        """Raises an ``http.Error`` that does not know its request yet."""

    def log(self, level: Level, message: str) -> None: ...

    def setting(self, key: str) -> str | None:
        """Raises a ``Retry``, as the next one does."""

    def settings(self) -> dict[str, str]: ...


_current: ContextVar[Host] = ContextVar("mpy6a_handler.host")

# For whoever runs a handler: `set` before, `reset` after.
enter = _current.set
leave = _current.reset


def current() -> Host:
    """The host of this run."""
    try:
        return _current.get()
    except LookupError:
        raise RuntimeError("there is no host here: run the handler with mpy6a_handler.testing.Scene") from None
