"""What the config gives to this kind: ``[kind.plugin.settings]``. A change of the config reaches the next run."""

from __future__ import annotations

from . import host
from .failure import Permanent


def get(key: str) -> str | None:
    """The value of a setting; ``None`` where the config does not give it. A store that cannot be read is a ``Retry``."""
    return host.current().setting(key)


def require(key: str) -> str:
    """The value of a setting that must be there: without it the failure is a ``Permanent`` that names the remedy."""
    value = get(key)
    if value is None:
        raise Permanent(f"the setting `{key}` is missing: add it to [kind.plugin.settings] of this kind")
    return value


def all() -> dict[str, str]:  # noqa: A001 - reads as settings.all()
    """Every setting with its value."""
    return host.current().settings()
