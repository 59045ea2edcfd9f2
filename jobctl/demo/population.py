"""The demo's jobs and status records at a moment: drawn from the rows of population.toml.

Members are bytes as the Go server and the Go, Ruby and Python clients write them; scores and delays
follow the server's rules.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count, islice
from random import Random
from typing import NamedTuple

from jobctl.demo.templates import SECOND, SHOP, WRITERS, Row, Sampler
from jobctl.model.jobba import KILL_REQUESTED, RecordState
from jobctl.model.jsontext import text_of
from jobctl.model.layout import SETS, Kind
from jobctl.model.times import DAY
from jobctl.systems.faktory.layout import DEFAULT_RETRY, FAKTORY

RESERVE_FOR = 1800  # seconds, of a job that does not say
_SOON = SECOND // 1000


@dataclass(frozen=True, slots=True)
class DemoRecord:
    """A status record: its fields, those of its archived attempts, the sets that have its id."""

    id: str
    fields: Row
    attempts: tuple[Row, ...]
    states: tuple[RecordState, ...]


@dataclass(frozen=True, slots=True)
class Population:
    """Everything that a Faktory server and Jobba keep in Redis for the shop.

    A queue's jobs are in the order they run: LPUSH them one after the other. Sets are members with
    their scores (unix seconds), lowest first. Highlights are the jids of rows that have a name.
    """

    moment: float
    queues: Mapping[str, tuple[bytes, ...]]
    sets: Mapping[Kind, tuple[tuple[bytes, float], ...]]
    counters: Mapping[str, int]
    records: tuple[DemoRecord, ...]
    highlights: Mapping[str, str]

    def tour(self) -> list[tuple[str, str]]:
        """Return the commands to try, without the program's name, and what each is about."""
        return [(line.format_map(self.highlights), about) for line, about in SHOP["tour"]]


def lifelike(moment: float, seed: int = 7) -> Population:
    """Return the shop as it stands at `moment` (unix seconds); equal arguments, equal bytes."""
    rng = Random(seed)  # noqa: S311 (repeatable on purpose)
    drawing = _Drawing(Sampler(rng), int(moment * 1_000_000) * 1000)
    for place, rows in SHOP["jobs"].items():
        for row in rows:
            drawing.add_jobs(place, row)
    for row in SHOP["records"]:
        drawing.add_records(row)
    members = {
        place: sorted(drawing.members[place], key=lambda member: member[0])
        for place in (*SHOP["queues"], *SETS)
    }
    return Population(
        moment=moment,
        queues={name: tuple(raw for _, raw in members[name]) for name in SHOP["queues"]},
        sets={kind: tuple((raw, at / SECOND) for at, raw in members[kind]) for kind in SETS},
        counters=_counters(rng, datetime.fromtimestamp(moment, UTC)),
        records=tuple(drawing.records),
        highlights=drawing.highlights,
    )


def _counters(rng: Random, now: datetime) -> dict[str, int]:
    """Draw the counters of 14 days; today is partial, and had the incident."""
    counters: dict[str, int] = dict(SHOP["counters_before"])
    for age in reversed(range(14)):
        day = (now - timedelta(days=age)).date()
        elapsed = 1.0 if age else (now.hour * 60 + now.minute) / (24 * 60)
        processed = int(SHOP["processed"][day.weekday()] * rng.uniform(0.95, 1.05) * elapsed)
        failures = int(processed * rng.uniform(0.012, 0.022) * (1 if age else 4))
        for name, amount in (("processed", processed), ("failures", failures)):
            counters[f"{name}:{day}"] = amount
            counters[name] += amount
    return counters


class _Try(NamedTuple):
    """A try that fails; nanoseconds since the job was created."""

    enqueued: int
    failed: int
    due: int  # when it is to be tried again


@dataclass(frozen=True, slots=True)
class _Life:
    """The history of a job until it came to where it is."""

    created: int
    failed: list[_Try]
    current: _Try  # the one that has not failed yet
    at: int  # its score there; in a queue, when it was pushed


@dataclass(frozen=True, slots=True)
class _Drawing:
    """Draws rows of population.toml, and collects the results."""

    sample: Sampler
    now: int
    members: dict[str, list[tuple[int, bytes]]] = field(default_factory=lambda: defaultdict(list))
    records: list[DemoRecord] = field(default_factory=list)
    highlights: dict[str, str] = field(default_factory=dict)

    def add_jobs(self, place: str, row: Row) -> None:
        """Draw the jobs of a row; what it does not say, its type does."""
        if "raw" in row:
            self.members[place].append((self._due(row), row["raw"].encode("latin-1")))
            return
        row = SHOP["types"][row["type"]] | row | {"place": place}
        for number in range(row.get("jobs", 1)):
            life = self._life(row)
            job = self._payload(row, life)
            raw = _written(row, life, job)
            self.members[row["queue"] if place == Kind.QUEUE else place].append((life.at, raw))
            if "also_pushed" in row:
                pushed = self.now - self.sample.span(row["also_pushed"])
                self.members[row["queue"]].append((pushed, raw))
            if number == 0 and "highlight" in row:
                self.highlights[row["highlight"]] = job["jid"]
            if number < row.get("records", 0):
                self.records.append(self._record_of(row, life, job))

    def add_records(self, row: Row) -> None:
        """Draw the records of a row: of jobs that are over, and odd ones."""
        row = SHOP["types"].get(row.get("type"), {}) | row
        for _ in range(row.get("jobs", 1)):
            recorded, job = self.now - self.sample.span(row["age"]), None
            if "type" in row:
                jid = self.sample.fill(WRITERS[row["writer"]].jid)
                job = {"jid": jid, "args": self.sample.fill(row["args"])}
            attempts = self._attempts(row.get("attempts", []), recorded + _SOON)
            self.records.append(self._record(row, job, recorded, attempts))

    def _life(self, row: Row) -> _Life:
        dead = row["place"] == Kind.DEAD
        tries = max(_retries(row), 0) + 1 if dead else self.sample.fill(row.get("tries", 0))
        *failed, current = islice(self._tries(), tries + 1)
        match row["place"]:
            case Kind.SCHEDULED:
                at = self._due(row)
                created = min(self.now, at) - self.sample.span("1m..1d")
            case Kind.RETRIES:
                _, last, due = failed[-1]
                since = self.sample.rng.randrange(
                    self.sample.span(row.get("quiet", "0s")), due - last - SECOND
                )
                created = self.now - since - last
                at = created + due
            case Kind.DEAD:
                died = self.now - self.sample.span(row["age"])
                created = died - failed[-1].failed
                at = died + FAKTORY.purge_after * SECOND
            case _:  # it waits in a queue, or runs
                at = self.now - self.sample.span(row["age"])
                created = at - self.sample.span(row.get("waited", "0s")) - current.enqueued
                at += _reserved_for(row) if row["place"] == Kind.WORKING else 0
        return _Life(created, failed, current, WRITERS[row["writer"]].cut(at))

    def _due(self, row: Row) -> int:
        if "ago" in row:
            return self.now - self.sample.span(row["ago"])
        if "tomorrow" in row:
            day = DAY * SECOND
            return self.now - self.now % day + day + self.sample.span(row["tomorrow"])
        return self.now + self.sample.span(row["in"])

    def _tries(self) -> Iterator[_Try]:
        """Follow a job that fails whenever it is tried, by the server's delays."""
        enqueued = self.sample.rng.randrange(_SOON, 10 * _SOON)
        for number in count():
            failed = enqueued + self.sample.span("1s..95s")
            delay = number**4 + 15 + self.sample.rng.randrange(30) * (number + 1)
            due = failed + delay * SECOND + self.sample.rng.randrange(_SOON)
            yield _Try(enqueued, failed, due)
            enqueued = due + self.sample.span("0s..5s")  # the server polls every 5 s

    def _payload(self, row: Row, life: _Life) -> Row:
        writer = WRITERS[row["writer"]]
        job = row | {
            "jid": self.sample.fill(writer.jid),
            "jobtype": row["type"],
            "args": self.sample.fill(row["args"]),
            "created_at": writer.rfc3339(life.created),
            "custom": self.sample.fill(self.sample.rng.choice(SHOP["custom"])),
        }
        if row["place"] == Kind.SCHEDULED:
            job["at"] = writer.rfc3339(life.at)
        else:
            last = life.failed[-1] if row["place"] in (Kind.RETRIES, Kind.DEAD) else life.current
            job["enqueued_at"] = writer.rfc3339(life.created + last.enqueued)
        if life.failed:
            job["failure"] = _failure(row, life, str(job["args"][0]))
        return {key: job[key] for key in writer.keys if job.get(key)}

    def _record_of(self, row: Row, life: _Life, job: Row) -> DemoRecord:
        """Draw the record of a job that is somewhere: each of its tries is an attempt."""
        if row["place"] == Kind.WORKING:
            attempts = self._attempts(row["attempts"], life.at - _reserved_for(row))
        else:
            attempts = [
                {
                    "state": RecordState.FAILED.value,
                    "started_at": (life.created + tried.enqueued) // 1000,
                    "failed_at": (life.created + tried.failed) // 1000,
                    "errors": ["{errtype}: {message}".format_map(job["failure"])],
                }
                for tried in life.failed
            ]
        return self._record(row, job, life.created, attempts)

    def _attempts(self, rows: list[Row], at: int) -> list[Row]:
        """Draw attempts at a job, one after the other; `at` is when the first began to wait."""
        attempts = []
        for row in rows:
            started = at + self.sample.span(row["waited"])
            fields = {"state": row["state"], "started_at": started // 1000}
            if "kill_requested" in row:
                fields[KILL_REQUESTED] = (started + self.sample.span(row["kill_requested"])) // 1000
            if "ran" in row:
                at = started + self.sample.span(row["ran"])
                fields[RecordState(row["state"]).moment] = at // 1000
            attempts.append(fields | self.sample.fill(row.get("fields", {})))
        return attempts

    def _record(self, row: Row, job: Row | None, recorded: int, attempts: list[Row]) -> DemoRecord:
        """Write a record as the gem does: a restart archives the attempt before it."""
        by_jid = row.get("tracked_by") == "jid"
        ident = job["jid"] if job and by_jid else self.sample.fill(SHOP["record_id"])
        base = {"id": ident, "state": row.get("state", "queued"), "recorded_at": recorded // 1000}
        if job:
            named = {row.get("argument", "subject"): text_of(job["args"][0])}
            base |= {"job_name": row["type"], "job_args": named}
            base |= {} if by_jid else {"provider_job_id": job["jid"]}
        if base["state"] == RecordState.QUEUED:
            base["queued_at"] = (recorded + _SOON) // 1000
        *archived, fields = (
            base | {"progress": 0, "errors": [], "attempt": number} | attempt
            for number, attempt in enumerate(attempts or [{}])
        )
        return DemoRecord(
            id=ident,
            fields=fields,
            attempts=tuple(old | {"id": f"{ident}:{old['attempt']}"} for old in archived),
            states=tuple(RecordState(s) for s in (fields["state"], *row.get("also_in", ()))),
        )


def _retries(row: Row) -> int:
    return int(row.get("retry", DEFAULT_RETRY))


def _reserved_for(row: Row) -> int:
    return int(row.get("reserve_for", RESERVE_FOR)) * SECOND


def _failure(row: Row, life: _Life, argument: str) -> Row:
    """Return a job's failure; the next_at of a dead one stays that of its last retry."""
    error: Row = SHOP["errors"][row["error"]]
    stamp = WRITERS[row["writer"]].rfc3339
    retries = len(life.failed) - 1
    failure: Row = {
        "retry_count": retries,
        "remaining": _retries(row) - retries,
        "failed_at": stamp(life.created + life.failed[0].failed),
    }
    planned = life.failed[:-1] if row["place"] == Kind.DEAD else life.failed
    if planned:
        failure["next_at"] = stamp(life.created + planned[-1].due)
    return failure | error | {"message": error["message"].replace("{arg}", argument)}


def _written(row: Row, life: _Life, job: Row) -> bytes:
    """Return the member: the job as its program writes it, or the server's reservation."""
    if row["place"] == Kind.WORKING:
        server = WRITERS["server"]
        reservation = {
            "job": {key: job[key] for key in server.keys if key in job},
            "reserved_at": server.rfc3339(life.at - _reserved_for(row)),
            "expires_at": server.rfc3339(life.at),
            "wid": row["wid"],
        }
        return server.json(reservation)
    raw = WRITERS[row["writer"]].json(job)
    return raw[: len(raw) * 2 // 3] if row.get("torn") else raw
