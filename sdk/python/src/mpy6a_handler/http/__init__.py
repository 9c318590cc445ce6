"""Outbound HTTP, where the kind's config grants it::

    found = http.get(f"{users}/users", query={"nick": "ёж & co"}, step="find", timeout=2).expect_success().json()
    http.put(f"{index}/index/{found['id']}", json=found, step="index").expect_success()

Name a *step* in every request that has an effect, and in every look-up that the handler decides by. The request then
carries ``Idempotency-Key: <session id>/<step>``, the same in every repeat, and ``Mpy6a-Fence: <fence>``, which grows with
every change of hands: a service that keeps them carries out nothing twice, and nothing late.

A call waits for the whole response, whatever its status. Redirects are the handler's to follow. All calls take the
same options:

* ``query``: pairs to add to the URL, percent-encoded.
* ``headers``: names and values, in the order given.
* ``body``: bytes, or a text to send in UTF-8. Or ``json``: a value to send as JSON, with its ``Content-Type``; ``None``
  sends nothing.
* ``step``: what the request does; unique within the handler, and the same for ever.
* ``timeout``: seconds, or a ``timedelta``, until ``Timeout``; the run's own deadline holds in any case.
"""

from .calls import delete, get, patch, post, put, request
from .error import Broken, Denied, Error, Invalid, ResponseTooLarge, Timeout, Unreachable
from .request import Request
from .response import Response

__all__ = [
    "Broken",
    "Denied",
    "Error",
    "Invalid",
    "Request",
    "Response",
    "ResponseTooLarge",
    "Timeout",
    "Unreachable",
    "delete",
    "get",
    "patch",
    "post",
    "put",
    "request",
]
