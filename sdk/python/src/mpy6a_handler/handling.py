"""The one handler of a component."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from typing import TypeAlias

from .failure import Failure
from .repeat import Repeat

Handler: TypeAlias = Callable[[Repeat], None]
"""What a handler is: it returns nothing, and raises a ``Failure`` where it failed."""


def handler(handle: Handler) -> Handler:
    """Make a function the handler of this component. The function stays as it is, for tests to call::

        @handler
        def cancel_order(repeat: Repeat) -> None:
            ...

    Use it once, in the module that the component is built of.
    """
    if inspect.iscoroutinefunction(handle):
        raise TypeError(f"{handle.__qualname__} is an `async def`: handlers are synchronous, write `def`")
    if sys.platform == "wasi":
        from . import guest

        guest.export(handle)
    return handle


def run(handle: Handler, repeat: Repeat) -> None:
    """Call a handler, and catch the mistake of returning a failure where it is to be raised."""
    result: object = handle(repeat)  # type: ignore[func-returns-value]
    if isinstance(result, Failure) or inspect.isawaitable(result):
        raise TypeError(f"the handler returned {result!r}: raise a failure, and return nothing")
