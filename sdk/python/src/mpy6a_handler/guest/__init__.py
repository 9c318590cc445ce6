"""Inside the component: what ``componentize-py`` calls, and what runs the author's handler.

A component is made in two steps. First the author's module is imported on the machine that builds, and the interpreter's
memory is kept: imports, decorators and module constants cost a run nothing. Then, on the host, each run starts from that
memory and calls ``World.handle``.

* ``imports``: the contract's imports as a ``host.Host``.
* ``surroundings``: what a Python program expects around it: ``print``, ``logging``, tracebacks, clocks.
"""

from __future__ import annotations

import os
import sys
from typing import NoReturn

from componentize_py_types import Err
from wit_world.imports import types

from .. import host
from ..failure import Failure, Permanent, Retry
from ..handling import Handler, run
from ..repeat import Repeat
from . import surroundings
from .imports import Imports, encodable

# The name under which `componentize-py` looks for the world's exports in the author's module.
_WORLD = "WitWorld"


def export(handle: Handler) -> None:
    """Make ``handle`` the export of the module that it is defined in."""
    module = sys.modules[handle.__module__]
    if hasattr(module, _WORLD):
        raise TypeError(f"{handle.__qualname__} is the second @handler of {handle.__module__}: a component has one")

    class World(_World):
        handler = staticmethod(handle)

    setattr(module, _WORLD, World)


class _World:
    handler: Handler

    def __init__(self) -> None:
        """The last step on the machine that builds: all imports are done."""
        surroundings.prepare()

    def handle(self, data: types.RepeatData) -> None:
        """One run."""
        imports = Imports(data.session)
        host.enter(imports)
        surroundings.begin(f"{data.idempotency_key}/{data.repeat}/{data.due_ms}", data.due_ms)
        try:
            run(self.handler, _repeat(data))
        except Retry as failure:
            raise Err(types.Failure_Retry(encodable(failure.reason))) from None
        except Permanent as failure:
            raise Err(types.Failure_Permanent(encodable(failure.reason))) from None
        except BaseException as error:
            _trap(imports, error)
        finally:
            surroundings.end()


def _trap(imports: Imports, error: BaseException) -> NoReturn:
    """End the run as one that the host throws away, after saying why."""
    surroundings.end()
    if type(error) is Failure:
        error.add_note("raise one of its two kinds: Retry or Permanent")
    for line in surroundings.traceback_lines(error):
        imports.error(line)
    os.abort()


def _repeat(data: types.RepeatData) -> Repeat:
    return Repeat(
        records=tuple(data.records),
        kind=data.kind,
        kind_name=data.kind_name,
        repeat=data.repeat,
        max_repeats=data.max_repeats,
        created_ms=data.created_ms,
        stored_ms=data.stored_ms,
        due_ms=data.due_ms,
        deadline_ms=data.deadline_ms,
        idempotency_key=data.idempotency_key,
        traceparent=data.traceparent,
    )
