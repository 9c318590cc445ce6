"""The standard library's two ways to say something, ``logging`` and ``print``, into the host's log."""

from __future__ import annotations

import io
import logging

from . import log
from .log import Level

# How long a line may become before it is written without its end, in characters. The host cuts lines at some 4 KiB; this
# only keeps a program that never ends a line from filling the memory.
_LINE_CHARS_MAX = 8192


class LogHandler(logging.Handler):
    """A handler of the standard ``logging`` that writes to the host's log."""

    def emit(self, record: logging.LogRecord) -> None:
        level = _level(record.levelno)
        for line in self.format(record).splitlines():
            log.write(level, line)


class Lines(io.TextIOBase):
    """A text stream whose lines go to the host's log."""

    def __init__(self, level: Level) -> None:
        self._level = level
        self._begun = ""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        *whole, self._begun = (self._begun + text).split("\n")
        for line in whole:
            log.write(self._level, line)
        if len(self._begun) > _LINE_CHARS_MAX:
            self.close_line()
        return len(text)

    def close_line(self) -> None:
        """Write what was begun and not ended."""
        if self._begun:
            log.write(self._level, self._begun)
            self._begun = ""


def _level(number: int) -> Level:
    """The highest level that is not above a ``logging`` level number."""
    return next((level for level in reversed(Level) if level <= number), Level.TRACE)
