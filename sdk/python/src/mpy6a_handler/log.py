"""Lines into the host's log, and the last of them into the session's history::

    log.info(f"indexed user {user.id}")

The host escapes control characters, cuts long lines, and drops lines after the run's limit. There is no level filter
here: the level is the host's to choose. What goes through the standard ``logging``, and what is printed, gets there too.
"""

from __future__ import annotations

import enum

from . import host


class Level(enum.IntEnum):
    """How much a line matters. The numbers are those of the standard ``logging``; it has no ``TRACE``."""

    TRACE = 5
    """Every step."""
    DEBUG = 10
    """For who looks for a bug."""
    INFO = 20
    """What happened."""
    WARN = 30
    """What should not happen often."""
    ERROR = 40
    """What should not happen."""


def write(level: Level, message: str) -> None:
    """Write one line."""
    host.current().log(level, message)


def trace(message: str) -> None:
    """Write a line at trace."""
    write(Level.TRACE, message)


def debug(message: str) -> None:
    """Write a line at debug."""
    write(Level.DEBUG, message)


def info(message: str) -> None:
    """Write a line at info."""
    write(Level.INFO, message)


def warn(message: str) -> None:
    """Write a line at warn."""
    write(Level.WARN, message)


def error(message: str) -> None:
    """Write a line at error."""
    write(Level.ERROR, message)
