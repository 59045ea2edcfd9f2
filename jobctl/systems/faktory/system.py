"""Faktory as a job system: the lists it reads, the ways to pause, the facts of its server."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress

from jobctl.errors import (
    ConnectionLost,
    JobctlError,
    Loading,
    NotFaktory,
    Refused,
    RefusedByFaktory,
    RefusedByRedis,
    Unreachable,
)
from jobctl.model.entry import Entry
from jobctl.model.info import JobServerFacts
from jobctl.model.jsontext import dumps
from jobctl.model.layout import Kind, QueueForm
from jobctl.model.queue import Queue, forms_seen
from jobctl.model.times import Instant
from jobctl.redis.scripts import Reply
from jobctl.systems.base import Counters, NewQueues, PauseRoute, Rooms
from jobctl.systems.faktory.go_json import lock_key
from jobctl.systems.faktory.introducing import introduce
from jobctl.systems.faktory.layout import FAKTORY
from jobctl.systems.faktory.server import Faktory, check_sendable, form_of, is_sendable

_FILE = ("CONFIG", "GET", "dbfilename")
_DATABASE = b"faktory.rdb"
_LIBRARY = re.compile(rb"\blib-name=go-redis\b")
_FORMS = {
    "q": "q:NAME lists (Faktory 1.10 and later)",
    "bare": "NAME lists (Faktory 1.9 and before)",
    "both": "q:NAME and NAME lists both hold jobs: the old ones are orphans",
    None: "no list tells; --layout can",
}
_YEAR = 365 * 86400
_APART = 300.0  # seconds that the clocks of the two hosts may differ
_REPLICATION = 1.0  # seconds that a pushed job may take to a replica
_NAP = 0.05  # seconds between two looks
_SAY = "say it: --layout q (Faktory 1.10 and later) or --layout bare (before)"


class FaktorySystem:
    """Faktory up to 1.10, with its plugins; `JobSystem` says what each method is for."""

    layout = FAKTORY
    is_sendable = staticmethod(is_sendable)
    check_sendable = staticmethod(check_sendable)
    lock_key = staticmethod(lock_key)

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms

    def running(self) -> Iterator[Entry]:
        """Walk the reservations."""
        yield from self._rooms.set(Kind.WORKING).walk()

    def server_facts(self) -> JobServerFacts | None:
        """Ask the server once; later it is what it said first."""
        if self._rooms.faktory is not None:
            with suppress(Unreachable):
                return self._rooms.faktory.facts
        return None

    def server_runs(self) -> bool | None:
        """Look at the name of the Redis' file and at its clients.

        Open-source Faktory starts its own Redis (``dbfilename faktory.rdb``), and stops it with
        itself; on any other Redis its client library shows (CLIENT LIST, Redis 7.2 on).
        """
        named, clients = self._rooms.server.ask(_FILE, ("CLIENT", "LIST"))
        for reply in (named, clients):
            if isinstance(reply, ConnectionLost | Loading):
                raise reply
        if _is_own(named) or (isinstance(clients, bytes) and _LIBRARY.search(clients) is not None):
            return True
        return None if isinstance(named, JobctlError) else False

    def server_started(self, facts: JobServerFacts | None) -> float | None:
        """Go by what the server says; else by the Redis that it started with itself."""
        rooms = self._rooms
        if rooms.faktory is not None:
            with suppress(Unreachable):
                facts = facts or rooms.faktory.info()
                return None if facts.uptime is None else rooms.server.now() - facts.uptime
        (named,) = rooms.server.ask(_FILE)
        return rooms.server.started() if _is_own(named) else None

    def verify_server(self) -> None:
        """Prove that the server uses the Redis, if both are known, before it changes anything.

        Put a job into a list of a random name in this Redis, enqueued at a random instant years
        ago, and ask the server how long it has waited. If nothing can be written here, push a job
        to a queue of a random name by the server, and look for it here. Both are removed at once.
        The proof holds for as long as the connection to the server is used.

        Raises:
            Refused: it uses another Redis, or there is no way to tell.
            Unreachable: one of the two cannot be reached.
        """
        rooms, faktory = self._rooms, self._rooms.faktory
        if faktory is None or not rooms.has_redis or faktory.verified_on == rooms.target:
            return
        faktory.open()  # if that fails there is no other way
        name = f"jobctl.verify.{secrets.token_hex(16)}"
        try:
            proven = self._reads_our_list(faktory, name)
        except Loading:
            raise
        except (RefusedByRedis, RefusedByFaktory):  # read-only, or older than QUEUE LATENCY
            proven = self._writes_our_list(faktory, name)
        if not proven:
            raise Refused(
                f"{faktory.address} does not use {rooms.target}, but another Redis; "
                "nothing was changed",
                hint="give the two that belong together: --url and --faktory-url",
            )
        faktory.verified_on = rooms.target

    def _reads_our_list(self, faktory: Faktory, name: str) -> bool:
        """Tell whether the server finds the age of a job that only this Redis has."""
        rooms, age = self._rooms, float(_YEAR + secrets.randbelow(20 * _YEAR))
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
                "apart, so that it cannot be verified that the one uses the other; nothing was "
                "changed",
                hint="set the clocks",
            )
        return told > 0

    def _writes_our_list(self, faktory: Faktory, name: str) -> bool:
        """Tell whether a job that is pushed by the server arrives in this Redis."""
        rooms = self._rooms
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
                hint="it takes EVAL, EXPIRE and LPUSH in Redis, or LINDEX there and PUSH by the "
                "server",
            ) from error
        finally:
            with suppress(RefusedByFaktory):
                faktory.remove([name])

    def compare_counters(self) -> list[str]:
        """Return a warning if the server has counted other jobs than this Redis; change nothing.

        Equal counters prove nothing, and a server that does not tell contradicts nothing.
        """
        if self._rooms.faktory is None:
            return []
        before = self._rooms.server.counters(FAKTORY.counters)[0]
        with suppress(RefusedByFaktory, NotFaktory):
            return self.contradictions(before, self._rooms.faktory.info())
        return []

    def contradictions(self, before: Counters, facts: JobServerFacts) -> list[str]:
        """Return a warning if a server's facts contradict the counters read before and now."""
        address = "" if self._rooms.faktory is None else self._rooms.faktory.address
        ((processed, failures),) = self._rooms.server.counters(FAKTORY.counters)
        bounds = zip(before, (facts.processed, facts.failures), (processed, failures), strict=True)
        for low, told, high in bounds:
            if told is not None and not (low or 0) <= told <= (high or 0):
                return [
                    f"{address} uses another Redis than {self._rooms.target}: it has counted "
                    f"{told:,} jobs, this one {high or 0:,}"
                ]
        return []

    def remember_server(self) -> None:
        """Note its version if it has told it; the form of lists follows from it."""
        facts = None if self._rooms.faktory is None else self._rooms.faktory.said
        if facts is not None and facts.form is not None and facts.version is not None:
            self._rooms.operations.note_server(facts.version)

    def pause_route(self, *, at_restart: bool, offered: bool = True) -> PauseRoute:
        """Go by the server if it is known, by the set if none runs.

        A server holds its pauses in memory, and reads the set at its start only.
        """
        if self._rooms.faktory is not None and not at_restart:
            return PauseRoute(by_server=True)
        self._rooms.require_redis("--at-restart")
        if self._rooms.faktory is not None:
            return _by_set(f"{self._rooms.faktory.address} takes notice at its next start")
        runs = self.server_runs()
        if runs is None:
            warning = (
                "whether a Faktory server runs on this Redis cannot be told (CONFIG is denied): "
                "one that does will notice at its restart only; --faktory-url tells it"
            )
            return PauseRoute(by_server=False, warning=warning, pending=at_restart)
        if not runs:
            return PauseRoute(by_server=False)
        if at_restart:
            return _by_set("the server that runs there takes notice at its next start")
        way_out = ", or --at-restart to have it read then" if offered else ""
        raise Refused(
            f"a Faktory server runs on {self._rooms.target} and would not notice before its "
            "restart",
            hint=f"name it: --faktory-url tcp://[:password@]host[:7419]{way_out}",
        )

    def form_known(self, queues: Sequence[Queue], facts: JobServerFacts | None) -> QueueForm | None:
        """Go by what the server says, else by the version that an earlier change noted.

        That may be outdated: lists of the newer form contradict an older version.
        """
        if facts is not None and facts.form is not None:
            return facts.form
        noted = form_of(self._rooms.operations.server_version())
        outdated = noted is QueueForm.BARE and QueueForm.Q in forms_seen(queues)
        return None if outdated else noted

    def form_read(self, queues: Sequence[Queue], facts: JobServerFacts | None) -> QueueForm | None:
        """Return the known form, or the newer one if nothing is known and both are there."""
        known = self.form_known(queues, facts)
        return QueueForm.Q if known is None and len(forms_seen(queues)) == 2 else known

    def form_to_write(self, *, rehearsed: bool = False) -> tuple[QueueForm, tuple[str, ...]]:
        """Go by the server, then by the lists there are, then by ``--layout``."""
        facts, why, warnings = self._verified_facts(rehearsed=rehearsed)
        queues = self._rooms.queues.named()
        known = self.form_known(queues, facts)
        if known is not None:
            return known, warnings
        forms, noted = forms_seen(queues), self._rooms.operations.server_version()
        if QueueForm.Q in forms and noted is None:
            return QueueForm.Q, warnings
        if self._rooms.form is not None:
            return self._rooms.form, warnings
        if QueueForm.Q in forms:
            raise Refused(
                f"Faktory {noted} was seen here and reads NAME, but lists q:NAME are there, "
                f"too{why}",
                hint=f"give the server: --faktory-url; or {_SAY}",
            )
        if forms:
            return QueueForm.BARE, warnings
        raise Refused(
            f"no list tells in which form this server keeps its queues, q:NAME or NAME{why}",
            hint=_SAY,
        )

    def check_form(self, planned: QueueForm | None, *, rehearsed: bool) -> tuple[str, ...]:
        """Compare it with the form that the server is known to read."""
        facts, _, warnings = self._verified_facts(rehearsed=rehearsed)
        known = self.form_known(self._rooms.queues.named(), facts)
        if known not in (None, planned):
            reads, instead = map(FAKTORY.lists_pattern, (planned, known))
            raise Refused(
                f"the plan is for a server that reads the lists {reads}, and this one "
                f"reads {instead}; nothing was changed",
                hint="make a new plan",
            )
        return warnings

    def _verified_facts(
        self, *, rehearsed: bool
    ) -> tuple[JobServerFacts | None, str, tuple[str, ...]]:
        """Return the facts of the server on this Redis, or why there are none; and warnings."""
        if self._rooms.faktory is None:
            return None, "", ()
        try:
            if rehearsed:
                warnings = self.compare_counters()
                if warnings:
                    return None, f"; {warnings[0]}", tuple(warnings)
            else:
                self.verify_server()
            return self._rooms.faktory.facts, "; the server does not say its version", ()
        except Unreachable as error:
            return None, f"; {error}", ()

    def describe_form(self, shown: str | None) -> str:
        """Tell it by the version that reads it."""
        return _FORMS[shown]

    def introduce(self, new: NewQueues) -> tuple[str, ...]:
        """Send one job of each queue by way of scheduled."""
        return introduce(self._rooms, self, new)


def _by_set(warning: str) -> PauseRoute:
    return PauseRoute(by_server=False, warning=warning, pending=True)


def _is_own(reply: Reply) -> bool:
    """Tell whether a Redis is a Faktory server's own, by the name of its file."""
    return isinstance(reply, list) and list(reply[1:2]) == [_DATABASE]


def _job(queue: str, **fields: object) -> bytes:
    jid = secrets.token_hex(12)
    return dumps({"jid": jid, "jobtype": "jobctl", "args": [], "queue": queue, **fields})
