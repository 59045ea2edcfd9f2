"""Check that a Faktory server uses this Redis before telling it to change anything."""

from __future__ import annotations

import secrets
import time
from contextlib import suppress

from jobctl.errors import (
    Loading,
    NotFaktory,
    Refused,
    RefusedByFaktory,
    RefusedByRedis,
)
from jobctl.model.info import JobServerFacts
from jobctl.model.jsontext import dumps
from jobctl.model.times import Instant
from jobctl.systems.base import Counters, Rooms
from jobctl.systems.faktory.layout import FAKTORY
from jobctl.systems.faktory.server import Faktory

_YEAR = 365 * 86400
_APART = 300.0  # seconds that the clocks of the two hosts may differ
_REPLICATION = 1.0  # seconds that a pushed job may take to a replica
_NAP = 0.05


def verify_server(rooms: Rooms) -> None:
    """Prove that the server uses the Redis, if both are known, before it changes anything.

    Put a job into a list of a random name in this Redis, enqueued at a random instant years ago,
    and ask the server how long it has waited. If nothing can be written here, push a job to a queue
    of a random name by the server, and look for it here. Both are removed at once. The proof holds
    for as long as the connection to the server is used.

    Raises:
        Refused: it uses another Redis, or there is no way to tell.
        Unreachable: one of the two cannot be reached.
    """
    faktory = rooms.faktory
    if faktory is None or not rooms.has_redis or faktory.verified_on == rooms.target:
        return
    faktory.open()  # if that fails there is no other way
    name = f"jobctl.verify.{secrets.token_hex(16)}"
    try:
        proven = _reads_our_list(rooms, faktory, name)
    except Loading:
        raise
    except (RefusedByRedis, RefusedByFaktory):  # read-only, or older than QUEUE LATENCY
        proven = _writes_our_list(rooms, faktory, name)
    if not proven:
        raise Refused(
            f"{faktory.address} does not use {rooms.target}, but another Redis; "
            "nothing was changed",
            hint="give the two that belong together: --url and --faktory-url",
        )
    faktory.verified_on = rooms.target


def _reads_our_list(rooms: Rooms, faktory: Faktory, name: str) -> bool:
    """Tell whether the server finds the age of a job that only this Redis has."""
    age = float(_YEAR + secrets.randbelow(20 * _YEAR))
    enqueued_at = Instant.of_epoch(rooms.server.now() - age)
    assert enqueued_at is not None  # noqa: S101 (a moment of the last decades)
    rooms.operations.put_private(name, _job(name, enqueued_at=enqueued_at.rfc3339()))
    try:
        told = faktory.latency([name]).get(name, 0.0)
    finally:
        rooms.operations.drop_private(name)
    if told and abs(told - age) > _APART:
        raise Refused(
            f"the clocks of {faktory.address} and {rooms.target} are {abs(told - age):,.0f} s "
            "apart, so that it cannot be verified that the one uses the other; nothing was changed",
            hint="set the clocks",
        )
    return told > 0


def _writes_our_list(rooms: Rooms, faktory: Faktory, name: str) -> bool:
    """Tell whether a job that is pushed by the server arrives in this Redis."""
    try:
        faktory.push(_job(name, retry=0))
        end = time.monotonic() + _REPLICATION
        while not (found := rooms.operations.has_private(name)) and time.monotonic() < end:
            time.sleep(_NAP)
        return found
    except (RefusedByRedis, RefusedByFaktory) as error:
        raise Refused(
            f"whether {faktory.address} uses {rooms.target} cannot be verified: {error}; "
            "nothing was changed",
            hint="it takes EVAL, EXPIRE and LPUSH in Redis, or LINDEX there and PUSH by the server",
        ) from error
    finally:
        with suppress(RefusedByFaktory):
            faktory.remove([name])


def _job(queue: str, **fields: object) -> bytes:
    jid = secrets.token_hex(12)
    return dumps({"jid": jid, "jobtype": "jobctl", "args": [], "queue": queue, **fields})


def compare_counters(rooms: Rooms) -> list[str]:
    """Return a warning if the server has counted other jobs than this Redis; it changes nothing.

    Equal counters prove nothing, and a server that does not tell contradicts nothing.
    """
    if rooms.faktory is None:
        return []
    before = rooms.server.counters(FAKTORY.counters)[0]
    facts: JobServerFacts | None = None
    with suppress(RefusedByFaktory, NotFaktory):
        facts = rooms.faktory.info()
    if facts is None:
        return []
    return contradictions(rooms, before, facts)


def contradictions(rooms: Rooms, before: Counters, facts: JobServerFacts) -> list[str]:
    """Return a warning if a server's facts contradict the counters read before and now."""
    address = "" if rooms.faktory is None else rooms.faktory.address
    ((processed, failures),) = rooms.server.counters(FAKTORY.counters)
    bounds = zip(before, (facts.processed, facts.failures), (processed, failures), strict=True)
    for low, told, high in bounds:
        if told is not None and not (low or 0) <= told <= (high or 0):
            return [
                f"{address} uses another Redis than {rooms.target}: it has counted "
                f"{told:,} jobs, this one {high or 0:,}"
            ]
    return []
