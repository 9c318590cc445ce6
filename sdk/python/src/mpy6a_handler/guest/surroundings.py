"""What a Python program expects around it, as far as a sandbox has it.

The component's WASI calls are stubs that trap (see ``componentize.py``), so nothing here may reach them:

* ``print`` and ``sys.stderr``, and the standard ``logging``, write to the host's log.
* Tracebacks quote source lines that were read when the component was built.
* ``random`` starts each run anew, from what is unique to the run: the interpreter's memory is the same in every run.
* Clocks, the system's randomness, files and further imports are not there. The usual ways to them say so, in place of a
  bare trap.
"""

from __future__ import annotations

import ast
import builtins
import io
import linecache
import logging
import os
import re
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import BuiltinImporter, FrozenImporter
from types import ModuleType
from typing import Any, NoReturn

from ..log import Level
from ..logs import LogHandler, Lines

# How much of a traceback is logged, in lines from its end: where it happened stands last.
_TRACEBACK_LINES_MAX = 60

# Where `componentize-py` mounts the folders of the author's and of this package's modules: noise in a traceback.
_MOUNT = re.compile(r'^(  File ")/\d+/')

_NO_CLOCK = "a handler has no clock: repeat.due_ms says when this run fell due, repeat.store(seconds) is how it waits"
_NO_RANDOMNESS = (
    "a handler has no system randomness: repeat.idempotency_key is unique to the session and the same in every repeat, "
    "and the module random is seeded anew for each run"
)
_NO_FILES = "a handler has no files: read what it needs at the module's top level, when the component is built"

# Whether a run has begun. Before, on the machine that builds, everything is there.
_running = False
_stdout = Lines(Level.INFO)
_stderr = Lines(Level.WARN)


def _without(module: ModuleType, name: str, reason: str) -> None:
    """Have a function of a module say that it cannot be had, once a run has begun."""
    original: Callable[..., Any] = getattr(module, name)

    def refuse(*args: Any, **kwargs: Any) -> Any:
        if _running:
            raise RuntimeError(f"{module.__name__}.{name}: {reason}")
        return original(*args, **kwargs)

    setattr(module, name, refuse)


for _name in ("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "sleep"):
    _without(time, _name, _NO_CLOCK)
_without(os, "urandom", _NO_RANDOMNESS)
for _module in (builtins, io):
    _without(_module, "open", _NO_FILES)


class _NoImports(MetaPathFinder):
    """Where Python would look for a module among files."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> NoReturn:
        raise ModuleNotFoundError(
            f"{name} is not in the component, and a handler has no files to import it from: "
            "import it at the top level of your module, even if it is another module that needs it",
            name=name,
        )


_FINDERS: list[Any] = [BuiltinImporter, FrozenImporter, _NoImports()]


class _DueTime:
    """The clock of ``logging``, which stamps each record: the time at which this run fell due."""

    ns = 0

    def time_ns(self) -> int:
        return self.ns

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)


_due_time = _DueTime()

# The module `random`, where the author's program has it. Seeding takes as long as half a run.
_random: ModuleType | None = None


def prepare() -> None:
    """On the machine that builds, when all is imported."""
    global _random
    _random = sys.modules.get("random")
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if file and not file.startswith(sys.prefix):
            linecache.getlines(file)
    logging.root.addHandler(LogHandler())
    logging.root.setLevel(logging.NOTSET)
    logging.time = _due_time  # type: ignore[attr-defined]


def begin(seed: str, due_ms: int) -> None:
    """A run begins. ``seed`` is unique to it."""
    global _running
    _running = True
    _due_time.ns = due_ms * 1_000_000
    if _random:
        _random.seed(seed)
    sys.meta_path = _FINDERS
    sys.stdout, sys.stderr = _stdout, _stderr
    linecache.checkcache = _keep
    linecache.updatecache = _no_lines
    ast.parse = _no_syntax


def end() -> None:
    """A run ends: no line that was begun is lost."""
    _stdout.close_line()
    _stderr.close_line()


def traceback_lines(error: BaseException) -> list[str]:
    """The traceback of what left a handler, without the frames of this package around it."""
    trace = error.__traceback__
    while trace and trace.tb_next and trace.tb_frame.f_globals.get("__package__", "").startswith("mpy6a_handler"):
        trace = trace.tb_next
    text = "".join(traceback.format_exception(type(error), error, trace))
    return [_MOUNT.sub(r"\1", line) for line in text.splitlines()[-_TRACEBACK_LINES_MAX:]]


def _keep(filename: str | None = None) -> None:
    """In place of ``linecache.checkcache``, which looks whether files changed."""


def _no_lines(filename: str, module_globals: dict[str, Any] | None = None) -> list[str]:
    """In place of ``linecache.updatecache``, which reads files: what was not read before has no lines."""
    return []


def _no_syntax(*_args: Any, **_kwargs: Any) -> NoReturn:
    """In place of ``ast.parse``, by which tracebacks find what to underline.

    Where there is an error of syntax, and tracebacks take that chance, CPython looks for the source file: that would trap.
    """
    raise SyntaxError("a handler has no parser for Python")
