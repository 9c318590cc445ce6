"""JSON as it is recorded and sent: strict when read, compact when written, the same bytes from every language's SDK."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NoReturn


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


# Made once, when the component is built. Python's own default lets NaN and Infinity through, which RFC 8259 (section 6)
# does not have, and no other language would read.
_decoder = json.JSONDecoder(parse_constant=_refuse)
_encoder = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def parse(data: bytes, read: Callable[[Any], Any] | None) -> Any:
    """The value that ``data`` says in JSON, as ``read`` makes it.

    Raises whatever is wrong: ``UnicodeDecodeError``, ``JSONDecodeError``, ``RecursionError``, or what ``read`` raises.
    """
    value = _decoder.decode(data.decode("utf-8"))
    return value if read is None else read(value)


def to_bytes(value: Any) -> bytes:
    """JSON in UTF-8, without spaces. Raises ``TypeError``, ``ValueError`` or ``RecursionError`` for what has none."""
    return _encoder.encode(value).encode("utf-8")
