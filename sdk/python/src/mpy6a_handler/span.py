"""Time spans: Python's seconds and ``timedelta`` into the whole units that the contract counts in.

Never early: a part of a unit counts as one. What the contract's 32 bits cannot hold (136 years in seconds, 49 days in
milliseconds) is that much, and left to the host to refuse.
"""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TypeAlias

Span: TypeAlias = float | timedelta
"""A time span: seconds, or a ``timedelta``."""

_U32_MAX = 2**32 - 1


def whole_seconds(span: Span) -> int:
    """Seconds, rounded up."""
    return _whole(span, timedelta(seconds=1))


def whole_milliseconds(span: Span) -> int:
    """Milliseconds, rounded up."""
    return _whole(span, timedelta(milliseconds=1))


def _whole(span: Span, unit: timedelta) -> int:
    if isinstance(span, timedelta):
        whole, rest = divmod(span, unit)
        whole += bool(rest)
    elif math.isnan(span):
        raise ValueError("a time span is not a number: give seconds")
    else:
        whole = math.ceil(min(span, _U32_MAX) / unit.total_seconds())
    if whole < 0:
        raise ValueError(f"a time span of {span} is negative: give 0 for at once")
    return min(whole, _U32_MAX)
