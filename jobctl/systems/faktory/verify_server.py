"""Check that a Faktory server uses this Redis before telling it to change anything."""

from __future__ import annotations

import secrets
import time
from contextlib import suppress

from jobctl.errors import Loading, NotFaktory, Refused, RefusedByFaktory, RefusedByRedis
from jobctl.model.jsontext import dumps
from jobctl.model.overview import JobServerFacts
from jobctl.model.times import Instant
from jobctl.redis.opening import Store
from jobctl.systems.faktory.server import Faktory

Counters = tuple[int | None, int | None]

_YEAR = 365 * 86400
_APART = 300.0  # seconds that the clocks of the two hosts may differ
_REPLICATION = 1.0  # seconds that a pushed job may take to a replica
_NAP = 0.05


def verify_server(store: Store, faktory: Faktory) -> None:
    """Prove that a server uses this Redis, by something that only this Redis can show.

    A job in a list of a random name, enqueued at a random instant years ago, is put into this
    Redis; the server is asked how long it has waited. Where nothing can be written here, the
    server is given a job of a queue of a random name, and it is looked for here. Both are taken
    away again at once. The proof holds for as long as `faktory` is used.

    Raises:
        Refused: it uses another Redis, or there is no way to tell.
        Unreachable: one of the two cannot be reached.
    """
    if faktory.verified_on == store.target:
        return
    faktory.open()  # where that fails, no other way is looked for
    name = f"jobctl.verify.{secrets.token_hex(16)}"
    try:
        proven = _reads_our_list(store, faktory, name)
    except Loading:
        raise
    except (RefusedByRedis, RefusedByFaktory):  # read-only, or older than QUEUE LATENCY
        proven = _writes_our_list(store, faktory, name)
    if not proven:
        raise Refused(
            f"{faktory.address} does not use {store.target}, but another Redis; "
            "nothing was changed",
            hint="give the two that belong together: --url and --faktory-url",
        )
    faktory.verified_on = store.target


def _reads_our_list(store: Store, faktory: Faktory, name: str) -> bool:
    """Tell whether the server finds the age of a job that only this Redis has."""
    age = float(_YEAR + secrets.randbelow(20 * _YEAR))
    enqueued_at = Instant.of_epoch(store.server.now() - age)
    assert enqueued_at is not None  # noqa: S101 (a moment of the last decades)
    store.operations.put_private(name, _job(name, enqueued_at=enqueued_at.rfc3339()))
    try:
        told = faktory.latency([name]).get(name, 0.0)
    finally:
        store.operations.drop_private(name)
    if told and abs(told - age) > _APART:
        raise Refused(
            f"the clocks of {faktory.address} and {store.target} are {abs(told - age):,.0f} s "
            "apart, so that it cannot be verified that the one uses the other; nothing was changed",
            hint="set the clocks",
        )
    return told > 0


def _writes_our_list(store: Store, faktory: Faktory, name: str) -> bool:
    """Tell whether a job that the server is given comes into this Redis."""
    try:
        faktory.push(_job(name, retry=0))
        end = time.monotonic() + _REPLICATION
        while not (found := store.operations.has_private(name)) and time.monotonic() < end:
            time.sleep(_NAP)
        return found
    except (RefusedByRedis, RefusedByFaktory) as error:
        raise Refused(
            f"whether {faktory.address} uses {store.target} cannot be verified: {error}; "
            "nothing was changed",
            hint="it takes EVAL, EXPIRE and LPUSH in Redis, or LINDEX there and PUSH by the server",
        ) from error
    finally:
        with suppress(RefusedByFaktory):
            faktory.remove([name])


def _job(queue: str, **fields: object) -> bytes:
    jid = secrets.token_hex(12)
    return dumps({"jid": jid, "jobtype": "jobctl", "args": [], "queue": queue, **fields})


def compare_counters(store: Store, faktory: Faktory) -> list[str]:
    """Return a warning where a server has counted other jobs than this Redis: for who only looks.

    That they agree proves nothing, and a server that does not tell contradicts nothing.
    """
    before = store.server.counters(())[0]
    facts: JobServerFacts | None = None
    with suppress(RefusedByFaktory, NotFaktory):
        facts = faktory.info()
    if facts is None:
        return []
    return contradictions(store, faktory, before, facts)


def contradictions(
    store: Store, faktory: Faktory, before: Counters, facts: JobServerFacts
) -> list[str]:
    """Return a warning where what a server said contradicts the counters read before and now."""
    ((processed, failures),) = store.server.counters(())
    bounds = zip(before, (facts.processed, facts.failures), (processed, failures), strict=True)
    for low, told, high in bounds:
        if told is not None and not (low or 0) <= told <= (high or 0):
            return [
                f"{faktory.address} uses another Redis than {store.target}: it has counted "
                f"{told:,} jobs, this one {high or 0:,}"
            ]
    return []
