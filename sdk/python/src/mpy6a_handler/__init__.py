"""Write a repeat handler for mpy6a in Python.

A service records in a session what it is about to do. When it fails half-way, the session stays, and mpy6a calls the
*repeat handler* of that kind of work with everything recorded. The handler finishes the work or undoes it::

    from mpy6a_handler import Repeat, handler, http, log, settings

    @handler
    def cancel_order(repeat: Repeat) -> None:
        number = repeat.record(0, lambda record: int(record["order"]))
        http.post(f"{settings.require('shop')}/orders/{number}/cancel", step="cancel").expect_success()
        log.info(f"cancelled order {number}")
        repeat.delete()

Parts:

* ``handler`` makes a function the component's export ``handle``, as ``wit/handler.wit`` describes it.
* ``Repeat`` is what the function gets: the records, the session's operations, and what the host knows.
* ``Retry`` and ``Permanent`` are how it says that it failed: try again, or give up until a person has looked.
* ``http``, ``settings`` and ``log`` are what it may do outside.
* ``testing`` runs a handler natively, without a host.

Invariants:

* Only ``guest`` knows the bindings that ``componentize-py`` generates from the contract, so that a minor version of the
  contract, which only adds, breaks no handler's source. It is imported in Wasm only; all the rest is plain Python and is
  tested natively.
* Every exception that this package raises on a handler's behalf is a ``Retry`` or a ``Permanent``.
* Nothing is imported while a handler runs: there are no files in the sandbox. What a run needs is in the component.
"""

import sys

from . import http, log, settings
from .failure import Failure, Permanent, Retry, or_permanent, or_retry
from .handling import Handler, handler
from .repeat import Repeat
from .session import Finished, RecordTooLarge, SessionError, SessionTooLarge, TimeoutTooLong, TooManyRecords

if sys.platform == "wasi":
    # Early, so that the author's own imports find what it prepares.
    from . import guest as guest

__all__ = [
    "Failure",
    "Finished",
    "Handler",
    "Permanent",
    "RecordTooLarge",
    "Repeat",
    "Retry",
    "SessionError",
    "SessionTooLarge",
    "TimeoutTooLong",
    "TooManyRecords",
    "handler",
    "http",
    "log",
    "or_permanent",
    "or_retry",
    "settings",
]
