"""Faktory as a job system: the lists it reads, the ways to pause, the facts of its server."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress

from jobctl.errors import ConnectionLost, JobctlError, Loading, Refused, Unreachable
from jobctl.model.entry import Entry
from jobctl.model.info import JobServerFacts
from jobctl.model.layout import Kind, QueueForm
from jobctl.model.queue import Queue, forms_seen
from jobctl.redis.scripts import Reply
from jobctl.systems.base import Counters, NewQueues, PauseRoute, Rooms
from jobctl.systems.faktory.go_json import lock_key
from jobctl.systems.faktory.introducing import introduce
from jobctl.systems.faktory.layout import FAKTORY
from jobctl.systems.faktory.server import check_sendable, form_of, is_sendable
from jobctl.systems.faktory.verify_server import compare_counters, contradictions, verify_server

_FILE = ("CONFIG", "GET", "dbfilename")
_DATABASE = b"faktory.rdb"
_LIBRARY = re.compile(rb"\blib-name=go-redis\b")
_FORMS = {
    "q": "q:NAME lists (Faktory 1.10 and later)",
    "bare": "NAME lists (Faktory 1.9 and before)",
    "both": "q:NAME and NAME lists both hold jobs: the old ones are orphans",
    None: "no list tells; --layout can",
}
_SAY = "say it: --layout q (Faktory 1.10 and later) or --layout bare (before)"


class FaktorySystem:
    """Faktory up to 1.10, with its plugins; `JobSystem` says what each method is for."""

    layout = FAKTORY

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
        """Prove it by a job of a random queue that only this Redis has."""
        if self._rooms.faktory is not None:
            verify_server(self._rooms)

    def compare_counters(self) -> list[str]:
        """Ask the server for its counters, and Redis before and after."""
        return compare_counters(self._rooms)

    def contradictions(self, before: Counters, facts: JobServerFacts) -> list[str]:
        """Compare the jobs processed and failed."""
        return contradictions(self._rooms, before, facts)

    def remember_server(self) -> None:
        """Note its version if it has told it; the form of lists follows from it."""
        facts = None if self._rooms.faktory is None else self._rooms.faktory.said
        if facts is not None and facts.form is not None and facts.version is not None:
            self._rooms.operations.note_server(facts.version)

    def is_sendable(self, name: str) -> bool:
        """Allow no blanks, stars and control characters."""
        return is_sendable(name)

    def check_sendable(self, names: Iterable[str]) -> None:
        """Check each of them."""
        check_sendable(names)

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
                warnings = compare_counters(self._rooms)
                if warnings:
                    return None, f"; {warnings[0]}", tuple(warnings)
            else:
                verify_server(self._rooms)
            return self._rooms.faktory.facts, "; the server does not say its version", ()
        except Unreachable as error:
            return None, f"; {error}", ()

    def describe_form(self, shown: str | None) -> str:
        """Tell it by the version that reads it."""
        return _FORMS[shown]

    def introduce(self, new: NewQueues) -> tuple[str, ...]:
        """Send one job of each queue by way of scheduled."""
        return introduce(self._rooms, new, self.server_runs)

    def lock_key(self, raw: bytes) -> str | None:
        """Hash its queue, type and arguments, as the plugin for unique jobs does."""
        return lock_key(raw)


def _by_set(warning: str) -> PauseRoute:
    return PauseRoute(by_server=False, warning=warning, pending=True)


def _is_own(reply: Reply) -> bool:
    """Tell whether a Redis is a Faktory server's own, by the name of its file."""
    return isinstance(reply, list) and list(reply[1:2]) == [_DATABASE]
