"""How a handler says that it failed, and which errors mean what when nobody catches them.

The question is always the same: *can running the same handler over the same records once more end differently?*

======================================================  =========  ==================================================
what failed                                             is         because
======================================================  =========  ==================================================
a record is missing or does not parse                   permanent  records never change
a session operation was refused (``SessionError``)      permanent  the same handler asks the same again
a setting is missing                                    permanent  the config must change
HTTP: ``Denied``, ``Invalid``, ``ResponseTooLarge``     permanent  the config, the handler or the service must change
HTTP: ``Unreachable``, ``Timeout``, ``Broken``          retry      the outside may be well again later
status 5xx, 408, 409, 412, 423, 425, 429                retry      the service asks for patience, or may change
any other status that is not 2xx                        permanent  the service understood and refused
the body of a response does not parse                   retry      what answers may be a proxy, or half deployed
======================================================  =========  ==================================================

A wrong *retry* costs a few runs, for the host parks the session after its last repeat anyway. A wrong *permanent*
parks work that would have healed. So what is in doubt is *retry*.

Every error that this package raises is a ``Retry`` or a ``Permanent`` by this table, so a handler that catches nothing
does the right thing. Any other exception that leaves a handler is a bug: the run traps, see the README.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class Failure(Exception):
    """The run failed. Raise one of its two kinds, ``Retry`` or ``Permanent``.

    What the run did to the session is committed all the same. The reason is kept with the session and logged, so it
    should hold no secrets.
    """

    @property
    def reason(self) -> str:
        """Why, in words."""
        return str(self)


class Retry(Failure):
    """Try again after the kind's backoff, or park the session if this was the last repeat."""


class Permanent(Failure):
    """No repeat can help: park the session now, whole, until a person decides."""


@contextmanager
def or_retry(doing: str = "", *errors: type[Exception]) -> Iterator[None]:
    """Turn what is raised inside into a ``Retry``, with words for what was being done::

        with or_retry():                              # "any failure: leave, and repeat"
            finish(repeat)
        with or_retry("reading the queue", OSError):
            ...

    ``errors`` are the exceptions meant, any ``Failure`` if none is given. Others pass: they are bugs.
    """
    try:
        yield
    except errors or Failure as why:
        raise Retry(_in_words(doing, why)) from why


@contextmanager
def or_permanent(doing: str = "", *errors: type[Exception]) -> Iterator[None]:
    """Turn what is raised inside into a ``Permanent``, with words for what was being done::

        with or_permanent("reading the tariff", ValueError):
            tariff = Decimal(text)

    ``errors`` are the exceptions meant, any ``Failure`` if none is given. Others pass: they are bugs.
    """
    try:
        yield
    except errors or Failure as why:
        raise Permanent(_in_words(doing, why)) from why


def _in_words(doing: str, why: Exception) -> str:
    text = why.reason if isinstance(why, Failure) else describe(why)
    return f"{doing}: {text}" if doing else text


def describe(error: Exception) -> str:
    """An exception in one line. The type is named, for ``KeyError: 'id'`` says more than ``'id'``."""
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
