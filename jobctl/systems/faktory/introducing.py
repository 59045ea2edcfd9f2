"""Make queues known to a running server that were created without it.

Its INFO, its web page, pause and remove ignore them, and no command just registers a queue. But
a server learns of the queues that it moves jobs to itself: one job of each such queue is put into
scheduled, due now, and the server's own poller moves it back into its queue within seconds.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing, suppress

from jobctl.errors import JobctlError, NoPermission, Refused, Unreachable, WrongType
from jobctl.model.entry import Entry, name_queue
from jobctl.model.layout import Kind, QueueForm
from jobctl.model.queue import shown_queues
from jobctl.redis.operations import Call, Requeued, Stretch
from jobctl.systems.base import JobSystem, NewQueues, Rooms
from jobctl.systems.faktory.go_json import survives_recoding
from jobctl.systems.faktory.layout import FAKTORY
from jobctl.systems.faktory.server import Faktory

_PATIENCE = 7.0  # seconds; the poller looks every five
_NAP = 0.1
_CANDIDATES = 100  # jobs of a queue that are looked at
_LEARNS = "it does when a worker asks for jobs of it, or one is pushed there by wire"


def introduce(rooms: Rooms, system: JobSystem, new: NewQueues) -> tuple[str, ...]:
    """Make queues known to the server that it does not know; return sentences on it."""
    faktory = _verified(rooms, system)
    known = _known(faktory)
    left = [name for name in new.forms if name not in (new.known if known is None else known)]
    if not left:
        return ()
    answers = faktory is not None and faktory.said is not None
    running = answers or system.server_runs()
    if running is False:
        return ()
    sent = [name for name in left if running and _send(rooms, new, name)]
    notes = list(_told(faktory if known is not None else None, sent, new.stopping))
    rest = [name for name in left if name not in sent]
    if rest:
        who = "the server does not know" if running else "a server that runs there does not know"
        notes.append(f"{who} {shown_queues(rest)} yet, to pause or remove: {_LEARNS}")
    return tuple(notes)


def _verified(rooms: Rooms, system: JobSystem) -> Faktory | None:
    """Return the server if it is known and proven to use this Redis."""
    with suppress(Refused, Unreachable):
        if rooms.faktory is not None:
            system.verify_server()
            return rooms.faktory
    return None


def _known(faktory: Faktory | None) -> Collection[str] | None:
    """Return the queues that the server knows; None if it cannot be asked, or does not say."""
    if faktory is None:
        return None
    try:
        return faktory.info().queues
    except Unreachable:
        return None


def _send(rooms: Rooms, new: NewQueues, name: str) -> bool:
    """Put one job of a queue into scheduled; return False if none can be."""
    entry, form = None, new.forms[name]
    with suppress(NoPermission, WrongType):
        entry = _candidate(rooms, name, form) if FAKTORY.is_queue_name(name) else None
    if entry is None or entry.jid is None:
        return False
    new.note({"introducing": {"queue": name, "jid": entry.jid}})
    call = Call(FAKTORY, new.operation, f"i:{name}")
    taken = Requeued([name_queue(entry.raw, name, FAKTORY)], [entry.raw], [rooms.server.now()])
    reply = rooms.operations.one(
        call.unqueue(Kind.SCHEDULED, Stretch(name, form, 0, 2 * _CANDIDATES), taken)
    )
    return not isinstance(reply, JobctlError) and reply.startswith(b"d")


def _candidate(rooms: Rooms, name: str, form: QueueForm) -> Entry | None:
    """Return the last job to run among those whose bytes would survive."""
    found = None
    for queue in rooms.queues.at(name, form):
        line = rooms.queues.jobs(queue)
        with closing(line.walk(descending=True, limit=_CANDIDATES)) as entries:
            sound = (e for e in entries if survives_recoding(name_queue(e.raw, name, FAKTORY)))
            found = next(sound, None)
    if found is None or rooms.operations.present(
        Kind.SCHEDULED, [name_queue(found.raw, name, FAKTORY)]
    ) != [None]:
        return None
    return found


def _told(
    faktory: Faktory | None, names: Sequence[str], stopping: Callable[[], bool]
) -> Iterator[str]:
    """Tell what was sent; if the server is known, wait until it has taken note."""
    if not names:
        return
    shown = shown_queues(names)
    way = "one job each" if len(names) > 1 else "one of its jobs"
    if faktory is None:
        yield f"the server did not know {shown}: {way} goes by scheduled, and within 6 s it does"
        return
    left, end = set(names), time.monotonic() + _PATIENCE
    while left and time.monotonic() < end and not stopping():
        left -= set(_known(faktory) or ())
        if left:
            time.sleep(_NAP)
    if left:
        yield (
            f"{faktory.address} does not know {shown_queues(sorted(left))} yet: "
            f"{way} is in scheduled, due now, and it has not moved it"
        )
    else:
        yield f"{faktory.address} did not know {shown}: {way} went by scheduled, and now it does"
