"""The status records of the demo's jobs, as the Jobba gem would have written them.

Some are of jobs that wait, run, failed or died in population.py, the others of jobs that are over:
a record is all that is left of those.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from random import Random
from typing import Any

from jobctl.demo.population import Population
from jobctl.demo.shop import SHOP, TYPES, Jobtype, duration
from jobctl.model.entry import Entry, Place
from jobctl.model.jobba import RecordState
from jobctl.model.jsontext import text_of
from jobctl.model.layout import Kind
from jobctl.model.times import epoch
from jobctl.systems.faktory.layout import FAKTORY

SECOND = 1_000_000  # a record's times are microseconds
MINUTE, HOUR = 60 * SECOND, 3600 * SECOND
_IMPORT = TYPES["CatalogImportJob"]
_PYTHON = TYPES["reports.sales_summary"]  # its worker tracks a job by the job's own id
_KEPT = ("id", "recorded_at", "queued_at", "job_name", "job_args", "provider_job_id")


@dataclass(frozen=True, slots=True)
class DemoRecord:
    """A record: the fields of its hash, those of its archived attempts, and extra index entries.

    Attributes:
        also_in: another state whose set has its id; the gem leaves it there at a restart.
    """

    id: str
    fields: Mapping[str, object]
    attempts: tuple[Mapping[str, object], ...] = ()
    also_in: tuple[RecordState, ...] = ()

    @property
    def state(self) -> RecordState:
        """The state in its fields."""
        return RecordState(str(self.fields["state"]))


def status_records(population: Population, moment: float, seed: int = 7) -> list[DemoRecord]:
    """Return the records as they stand at `moment` (unix seconds); equal arguments, equal ones."""
    rng = Random(seed)  # noqa: S311 (repeatable on purpose)
    draw = _Drawing(rng, int(moment * SECOND))
    seen = population.highlights
    named = (seen.waiting, seen.retrying, seen.scheduled, seen.dead, seen.working, seen.stuck)
    found = {entry.jid: entry for entry in _entries(population)}
    jobs = [found[jid] for jid in named]
    jobs += [e for e in found.values() if _tracked(e) and e.jid not in named][:8]
    records = [draw.of(entry) for entry in jobs]
    records += [draw.over(row) for row in SHOP["records"]["over"] for _ in range(row["jobs"])]
    return [*records, draw.restarted(), draw.lost(), draw.fresh(), draw.unknown()]


def _entries(population: Population) -> Iterator[Entry]:
    scored = (
        Entry.scored(raw, score, kind, FAKTORY)
        for kind, members in population.sets.items()
        for raw, score in members
    )
    queued = (
        Entry.queued(raw, Place(Kind.QUEUE, name, position), FAKTORY)
        for name, jobs in population.queues.items()
        for position, raw in enumerate(jobs)
    )
    return (entry for entry in chain(scored, queued) if not entry.malformed)


def _tracked(entry: Entry) -> bool:
    tracked = SHOP["records"]["tracked"]
    return entry.kind in (Kind.RETRIES, Kind.WORKING) and entry.job.word("jobtype") in tracked


@dataclass(frozen=True, slots=True)
class _Drawing:
    """Draws records; `now` is in microseconds."""

    rng: Random
    now: int

    def of(self, entry: Entry) -> DemoRecord:
        """Draw the record of a job that is somewhere."""
        job, jid = entry.job, entry.jid or ""
        jobtype = TYPES[job.word("jobtype") or ""]
        draft = _Draft(jid if jobtype is _PYTHON else self._ident(), jobtype)
        draft.fields |= {} if jobtype is _PYTHON else {"provider_job_id": jid}
        args = job.get("args")
        draft.name_argument(args[0] if isinstance(args, list) and args else "")
        queued = _micro(job.get("enqueued_at")) or _micro(job.get("created_at")) or self.now
        created = _micro(job.get("created_at")) or queued
        draft.queue(created, queued if not job.failed else created + self._moment())
        if entry.kind is Kind.WORKING:
            reserved = _micro(entry.reservation.get("reserved_at")) or self.now
            draft.start(reserved + self._moment())
            draft.fields["progress"] = round(self.rng.uniform(0.1, 0.9), 3)
            if entry.expired(self.now / SECOND):
                draft.fields["kill_requested_at"] = self.now - 20 * MINUTE
        elif job.failed:
            self._tries(draft, entry, queued)
        return draft.record()

    def over(self, row: dict[str, Any]) -> DemoRecord:
        """Draw the record of a job that is over."""
        oldest, waited, ran = (duration(row[key]) // 1000 for key in ("oldest", "waited", "ran"))
        recorded = self.now - ran - waited - self.rng.randrange(SECOND, oldest)
        draft = self._recorded(TYPES[row["type"]], recorded)
        started = draft.queued + self.rng.randrange(SECOND // 10, waited)
        ended = started + self.rng.randrange(ran // 8, ran)
        draft.start(started)
        if row["state"] == RecordState.SUCCEEDED:
            rows = self.rng.randrange(80, 4000)
            draft.succeed(ended, {"rows": rows} if row.get("counted") else None)
        elif row["state"] == RecordState.FAILED:
            draft.fail(ended, *row["errors"])
        else:
            draft.fields["kill_requested_at"] = ended - 2 * SECOND
            draft.end(RecordState.KILLED, ended)
        return draft.record()

    def restarted(self) -> DemoRecord:
        """Draw an import that failed, and succeeded when it was tried again.

        The gem left its id in the set of those that failed.
        """
        draft = self._recorded(_IMPORT, self.now - 5 * HOUR)
        first = self.now - 5 * HOUR + MINUTE
        draft.start(first)
        draft.fail(first + 40 * SECOND, "supplier feed: connection reset by peer")
        draft.start(self.now - 4 * HOUR)
        draft.succeed(self.now - 4 * HOUR + 11 * MINUTE, {"rows": 1812, "skipped": 3})
        return draft.record(also_in=(RecordState.FAILED,))

    def lost(self) -> DemoRecord:
        """Draw an import whose worker was lost with it: nothing will end its record."""
        draft = self._recorded(_IMPORT, self.now - 3 * HOUR)
        draft.start(self.now - 3 * HOUR + 20 * SECOND)
        draft.fields["progress"] = 0.41
        return draft.record()

    def fresh(self) -> DemoRecord:
        """Draw one that was recorded just now."""
        return _Draft(self._ident(), _PYTHON, recorded=self.now - 3 * SECOND).record()

    def unknown(self) -> DemoRecord:
        """Draw one that the gem made because somebody asked for an id without a record."""
        ident = self._ident()
        return DemoRecord(
            ident,
            {"id": ident, "state": "unknown", "progress": 0, "errors": [], "attempt": 0}
            | {"recorded_at": self.now - 26 * HOUR},
        )

    def _recorded(self, jobtype: Jobtype, recorded: int) -> _Draft:
        draft = _Draft(self._ident(), jobtype)
        draft.fields["provider_job_id"] = jobtype.writer.jid(self.rng)
        draft.name_argument(self.rng.choice(SHOP["shops"]))
        draft.queue(recorded, recorded + self._moment())
        return draft

    def _tries(self, draft: _Draft, entry: Entry, last: int) -> None:
        """Follow a job through its tries: each but the first is a restart."""
        first = _micro(entry.job.get("failed_at")) or last
        message = f"{entry.job.text('errtype')}: {entry.job.text('message')}"
        again = entry.job.retries_used or 0
        if entry.kind is Kind.QUEUE:  # it waits for its next try: the last one is over
            last = max(first, last - 20 * SECOND)
        draft.start(first - 2 * SECOND)
        draft.fail(first, message)
        for number in range(1, again + 1):
            started = first + (last - first) * number // again + self._moment()
            draft.start(started)
            draft.fail(started + 1500 * (SECOND // 1000), message)

    def _ident(self) -> str:
        return str(uuid.UUID(bytes=self.rng.randbytes(16), version=4))

    def _moment(self) -> int:
        return self.rng.randrange(SECOND // 100, SECOND // 5)


@dataclass(slots=True)
class _Draft:
    """A record that goes through its life: each step writes what the gem writes."""

    ident: str
    jobtype: Jobtype
    recorded: int = 0
    fields: dict[str, object] = field(default_factory=dict)
    attempts: list[dict[str, object]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.fields |= {"id": self.ident, "state": "unqueued", "progress": 0, "errors": []}
        self.fields |= {"attempt": 0, "recorded_at": self.recorded, "job_name": self.jobtype.name}

    @property
    def queued(self) -> int:
        """When it was queued."""
        return int(str(self.fields["queued_at"]))

    def name_argument(self, value: object) -> None:
        self.fields["job_args"] = {self.jobtype.argument: text_of(value)}

    def queue(self, recorded: int, queued: int) -> None:
        self.fields |= {"recorded_at": recorded, "queued_at": queued, "state": "queued"}

    def start(self, at: int) -> None:
        if "started_at" in self.fields:
            number = len(self.attempts)
            self.attempts.append(self.fields | {"id": f"{self.ident}:{number}"})
            self.fields = {key: self.fields.get(key) for key in _KEPT}
            self.fields |= {"progress": 0, "errors": [], "attempt": number + 1}
        self.fields |= {"state": "started", "started_at": at}

    def fail(self, at: int, *errors: object) -> None:
        self.fields["errors"] = list(errors)
        self.end(RecordState.FAILED, at)

    def succeed(self, at: int, data: object) -> None:
        self.fields |= {"progress": 1.0} | ({} if data is None else {"data": data})
        self.end(RecordState.SUCCEEDED, at)

    def end(self, state: RecordState, at: int) -> None:
        self.fields |= {"state": state.value, state.moment: at}

    def record(self, also_in: tuple[RecordState, ...] = ()) -> DemoRecord:
        return DemoRecord(self.ident, self.fields, tuple(self.attempts), also_in)


def _micro(text: object) -> int | None:
    seconds = epoch(text)
    return None if seconds is None else int(seconds * SECOND)
