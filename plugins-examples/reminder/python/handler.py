"""Remind somebody of something three times, then forget it.

The session's first record says of what: ``{"text": "…"}``. Each reminder that was given is one more record,
``{"reminded": n}``, so that a run after a crash goes on where the last one came to. The reminder itself is a line in the
log; nothing leaves the host.
"""

import re
from typing import Any

from mpy6a_handler import Permanent, Repeat, handler, log, settings

REMINDERS = 3

# How long to wait between reminders where the setting `every_s` does not say, in seconds.
EVERY_S = 60


@handler
def remind(repeat: Repeat) -> None:
    text = repeat.record(0, read_text)
    given = [repeat.record(index, read_reminded) for index in range(1, len(repeat.records))]
    number = len(given) + 1
    log.info(f"reminder {number} of {REMINDERS}: {text}")
    repeat.append_json({"reminded": number})
    if number < REMINDERS:
        repeat.store(every_s())
    else:
        repeat.delete()


def every_s() -> int:
    """The setting, in whole seconds."""
    value = settings.get("every_s")
    if value is None:
        return EVERY_S
    if not re.fullmatch("[0-9]{1,10}", value):
        raise Permanent(f"the setting `every_s` is not a number of seconds: {value}")
    return int(value)


def read_text(record: Any) -> str:
    match record:
        case {"text": str(text)}:
            return text
    raise ValueError('it is not {"text":"…"}')


def read_reminded(record: Any) -> int:
    match record:
        # JSON's `true` is an int to Python.
        case {"reminded": int(number)} if type(number) is int and number >= 0:
            return number
    raise ValueError('it is not {"reminded":N}')
