"""Cancel the order that the session names, and forget the session."""

from typing import Any

from mpy6a_handler import Repeat, handler, http, log, settings


@handler
def cancel_order(repeat: Repeat) -> None:
    order = repeat.record(0, read_order)
    shop = settings.require("shop")
    # The step makes the request safe to repeat: it carries the same Idempotency-Key every time.
    http.post(f"{shop}/orders/{order}/cancel", step="cancel").expect_success()
    log.info(f"cancelled order {order}")
    repeat.delete()


def read_order(record: Any) -> int:
    """The order's number. Whatever this raises parks the session: no repeat would read the record better."""
    match record:
        case {"order": int(number)}:
            return number
    raise ValueError('it is not {"order":N}')
