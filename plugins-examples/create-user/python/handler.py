"""The repeat handler of the worked example: finish the creation of a user, or forget it.

Service A keeps users, service B indexes them for search. A client that creates a user records first what it wants
(``{"step":"create","user":{"nick","name","mail"}}``), asks A, records the id that A gave (``{"step":"created","id"}``),
asks B, and deletes the session. It may fail after any of these. This handler then does, step by step:

1. Take what the session recorded.
2. If it has no id, look the user up in A by nick; else fetch it by id.
3. No such user: delete the session and leave. A never created it, and there is nothing to undo.
4. Index the user that was found in B, by its attributes.
5. Delete the session and leave.

On any error it leaves at once, to be repeated. Only a record that it cannot read is permanent.

Why it is right:

* *Repeating is harmless*: a look-up changes nothing, and indexing the same user again changes nothing.
* *A late creation cannot slip in after step 3*: both look-ups name a step, so they carry the fence, and A refuses a call of
  an earlier holder of the session from then on.
* *Only A may say that there is no such user*: a 404 that is not in A's words (a wrong path, a proxy) is an error.
* *A nick is not a proof*. Lists have duplicates: when A refused to create this user because another has the nick, and the
  client died before it could delete the session, the look-up finds the *other* user. It is indexed all the same (it should
  be, its attributes may have been changed since this session asked for it, and it does no harm), but unless it is what this
  session asked for, it does not count as this one rolled forward.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from mpy6a_handler import Repeat, handler, http, log, or_retry, settings

# How long to wait for A, and again for B, in seconds. Both together stay under the run's own limit (10 s by default), so
# that a service that hangs ends the run with a reason that names it.
CALL_TIMEOUT = 3


@dataclass(frozen=True)
class Wanted:
    """The user as the client wants it."""

    nick: str
    name: str
    mail: str


@dataclass(frozen=True)
class User:
    """The user as A keeps it and B indexes it."""

    id: int
    nick: str
    name: str
    mail: str

    def is_what(self, wanted: Wanted) -> bool:
        return (self.nick, self.name, self.mail) == (wanted.nick, wanted.name, wanted.mail)


@dataclass
class Progress:
    """How far the client came."""

    wanted: Wanted | None = None
    id: int | None = None

    def apply(self, record: Any) -> None:
        match record:
            case {"step": "create", "user": {"nick": str(nick), "name": str(name), "mail": str(mail)}}:
                self.wanted = Wanted(nick, name, mail)
            case {"step": "created", "id": int(id)}:
                self.id = id
            case _:
                raise ValueError("it is neither a `create` with its user nor a `created` with its id")

    def asked_for(self, user: User) -> bool:
        """Whether this is the user of this session: A gave it this id, or it is what the session asked for."""
        if self.id is not None:
            return self.id == user.id
        return self.wanted is not None and user.is_what(self.wanted)


@handler
def handle(repeat: Repeat) -> None:
    progress = Progress()
    repeat.replay(progress.apply)
    with or_retry():
        finish(repeat, progress)


def finish(repeat: Repeat, progress: Progress) -> None:
    user = look_up(progress)
    if user is None:
        repeat.delete()
        log.info("rolled back: no such user")
        return
    index(user)
    repeat.delete()
    if progress.asked_for(user):
        log.info(f"rolled forward user {user.id}")
    else:
        log.info(f"rolled back: no such user; user {user.id} has the nick")


def look_up(progress: Progress) -> User | None:
    """Ask A for the user, by id if it is known."""
    users = f"{settings.require('service_a')}/users"
    if progress.id is not None:
        response = http.get(f"{users}/{progress.id}", step="find", timeout=CALL_TIMEOUT)
    elif progress.wanted is not None:
        response = http.get(users, query={"nick": progress.wanted.nick}, step="find", timeout=CALL_TIMEOUT)
    else:
        # The client died before its first record, so it never asked A for anything.
        return None
    if response.status == 404:
        return response.json(read_refusal)
    return response.expect_success().json(read_user)


def index(user: User) -> None:
    """Have B index the user."""
    url = f"{settings.require('service_b')}/index/{user.id}"
    http.put(url, json=asdict(user), step="index", timeout=CALL_TIMEOUT).expect_success()


def read_user(answer: Any) -> User:
    match answer:
        case {"id": int(id), "nick": str(nick), "name": str(name), "mail": str(mail)}:
            return User(id, nick, name, mail)
    raise ValueError("it is not a user")


def read_refusal(answer: Any) -> None:
    """A's words for "no": an object that has the field ``error``."""
    match answer:
        case {"error": str()}:
            return
    raise ValueError("it is not a refusal in A's words")
