"""The jobs of the demo at a moment: drawn from population.toml as Faktory's rules have them.

Members are bytes as the Go server and the Go, Ruby and Python clients write them; keys, scores and
delays follow the server's rules.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain, count, islice
from operator import attrgetter
from random import Random
from types import MappingProxyType
from typing import Any

from jobctl.demo.shop import (
    DAY,
    EPOCH,
    HOUR,
    MINUTE,
    OLDEST,
    SECOND,
    SERVER,
    SHOP,
    TYPES,
    Jobtype,
    Writer,
    duration,
    fill,
)
from jobctl.model.layout import Kind
from jobctl.systems.faktory.layout import FAKTORY

DEFAULT_RESERVE_FOR = 1800
PURGE_AFTER = FAKTORY.purge_after * SECOND
_RUN = 95 * SECOND  # at most, from enqueued to failed
_INCIDENT: dict[str, Any] = SHOP["failing"]["retries"][0]

Scored = tuple[tuple[bytes, float], ...]
Payload = dict[str, object]


@dataclass(frozen=True, slots=True)
class Highlights:
    """The jobs that the tour visits: JIDs, and three other words at the end."""

    waiting: str  # deep in the default queue
    paused: str  # waits in the paused queue
    retrying: str  # the incident's job that waits longest
    scheduled: str  # runs tomorrow morning
    overdue: str  # should have run two minutes ago
    dead: str
    working: str
    stuck: str  # its reservation expired hours ago
    duplicate: str  # in retries and in a queue
    huge_integer: str  # above 64 bits, in args
    ansi: str  # escape codes in the message
    markup: str  # rich markup and a newline in the message
    bidi: str  # right-to-left override in args
    japanese: str  # and an emoji, in args
    undated: str  # has no created_at
    large: str  # 30 kB
    incident_jobtype: str
    incident_errtype: str
    malformed: str  # how many members are no job, over all sets


@dataclass(frozen=True, slots=True)
class Population:
    """Everything that a Faktory server keeps in Redis, as raw members (docs/keys.md).

    A queue's jobs are in the order they run: LPUSH them one after the other. Scores are unix
    seconds: run time, next try, purge time (dead), expiry (working); lowest first.
    """

    queues: Mapping[str, tuple[bytes, ...]]
    empty_queues: tuple[str, ...]  # known to the server, but without a list
    paused: tuple[str, ...]
    sets: Mapping[Kind, Scored]
    counters: Mapping[str, int]
    highlights: Highlights


def lifelike(now: datetime, seed: int = 7) -> Population:
    """Return the shop's jobs as they stand at `now` (aware); equal arguments, equal bytes."""
    rng = Random(seed)  # noqa: S311 (repeatable on purpose)
    draw = _Drawing(rng, (now - EPOCH) // timedelta(microseconds=1) * 1000)
    queues, scheduled, retries = draw.queues(), draw.scheduled(), draw.retries()
    dead, working = draw.dead(), draw.working()
    queues["default"].insert(-SHOP["behind_duplicate"], min(retries[_INCIDENT["type"]], key=_AT))
    return Population(
        queues=MappingProxyType({name: tuple(m.raw for m in queues[name]) for name in queues}),
        empty_queues=tuple(SHOP["empty_queues"]),
        paused=tuple(SHOP["paused"]),
        sets=MappingProxyType(
            {
                Kind.RETRIES: _scored(retries),
                Kind.WORKING: _scored(working),
                Kind.SCHEDULED: _scored(scheduled),
                Kind.DEAD: _scored(dead),
            }
        ),
        counters=MappingProxyType(_counters(rng, now.astimezone(UTC))),
        highlights=_highlights(queues, scheduled, retries, dead, working),
    )


@dataclass(frozen=True, slots=True)
class _Member:
    """A member as written, the jid inside it, and the time its score stands for."""

    jid: str  # empty: malformed
    raw: bytes
    at: int = 0


_AT = attrgetter("at")
Named = dict[str, list[_Member]]  # by queue, type of job or highlight


@dataclass(frozen=True, slots=True)
class _Try:
    """A failed try; nanoseconds since the first failure."""

    retry_count: int
    created: int
    enqueued: int
    failed: int
    due: int | None  # the next_at before this try
    next: int


@dataclass(frozen=True, slots=True)
class _Drawing:
    """Draws members; `now` is in nanoseconds."""

    rng: Random
    now: int

    def queues(self) -> Named:
        """Draw every queue, the job that runs next first."""
        queues: Named = {}
        for queue in SHOP["queues"]:
            oldest = OLDEST[queue["name"]]
            odd = {each["position"]: each["type"] for each in queue.get("odd", {}).values()}
            ages = sorted(
                (self.rng.randrange(oldest) for _ in range(queue["jobs"] - 1)), reverse=True
            )
            queues[queue["name"]] = members = []
            for position, age in enumerate((oldest, *ages)):
                jobtype = TYPES[odd.get(position) or self.rng.choice(queue["types"])]
                members.append(_member(self._enqueued(jobtype, self.now - age), jobtype.writer))
        return queues

    def scheduled(self) -> Named:
        """Draw the scheduled jobs."""
        midnight = self.now - self.now % DAY + DAY
        soon = []
        for row in SHOP["scheduled"]["soon"]:
            first, last = duration(row["first"]), duration(row["last"])
            for _ in range(row["jobs"]):
                at = self.now + self.rng.randrange(first, last)
                soon.append(self._scheduled(TYPES[row["type"]], at))
        tomorrow = [
            self._scheduled(
                TYPES[row["type"]], midnight + 7 * HOUR + self.rng.randrange(30) * MINUTE
            )
            for row in SHOP["scheduled"]["tomorrow"]
            for _ in range(row["jobs"])
        ]
        overdue = self._scheduled(TYPES[SHOP["overdue"]], self.now - 2 * MINUTE)
        month_end = self._scheduled(TYPES[SHOP["month_end"]], midnight + 6 * HOUR)
        malformed = _Member("", SHOP["not_an_object"].encode(), midnight + 8 * HOUR)
        return {
            "soon": soon,
            "tomorrow": tomorrow,
            "overdue": [overdue],
            "month_end": [month_end],
            "malformed": [malformed],
        }

    def retries(self) -> Named:
        """Draw the retries."""
        retries: Named = {}
        for row in SHOP["failing"]["retries"]:
            members = [self._retrying(row) for _ in range(row["jobs"])]
            retries[row.get("highlight", row["type"])] = members
        torn = self._retrying(_INCIDENT)
        retries["malformed"] = [_Member("", torn.raw[: len(torn.raw) * 2 // 3], torn.at)]
        return retries

    def dead(self) -> Named:
        """Draw the dead jobs; `at` is when each is purged."""
        dead = [self._dead(row) for row in SHOP["failing"]["dead"] for _ in range(row["jobs"])]
        binary = bytes.fromhex(SHOP["binary"])
        return {
            "dead": dead,
            "malformed": [_Member("", binary, self.now - 41 * DAY + PURGE_AFTER)],
        }

    def working(self) -> Named:
        """Draw the reservations."""
        stuck, *busy = (
            self._reserved(TYPES[row["type"]], duration(row["age"]), row["wid"])
            for row in SHOP["working"]["reservations"]
        )
        return {"stuck": [stuck], "busy": busy}

    def _enqueued(self, jobtype: Jobtype, at: int) -> Payload:
        """Draw a job enqueued at that time; the incident's have mostly failed before."""
        if jobtype.name == _INCIDENT["type"] and self.rng.random() < 0.6:
            tried = self._nth_try(self.rng.randrange(6))
            first = at - tried.next - self.rng.randrange(5 * SECOND)
            job = self._failed(_INCIDENT, tried, first, tried.next)
        else:
            job = self._job(jobtype, at - self._moment())
        return job | {"enqueued_at": jobtype.writer.rfc3339(at)}

    def _scheduled(self, jobtype: Jobtype, at: int) -> _Member:
        job = self._job(jobtype, min(self.now, at) - self.rng.randrange(MINUTE, DAY))
        return _member(job | {"at": jobtype.writer.rfc3339(at)}, jobtype.writer, at)

    def _retrying(self, row: dict[str, Any]) -> _Member:
        """Draw a job whose next try lies ahead, followed from its first failure until now."""
        jobtype, oldest = TYPES[row["type"]], duration(row["oldest"])
        paused = OLDEST[jobtype.queue] if jobtype.queue in SHOP["paused"] else 0  # no tries since
        while True:  # another one, if by now it would be dead or running
            first = self.now - self.rng.randrange(oldest)
            for tried in islice(self._tries(), jobtype.limit):
                last, next_at = first + tried.failed, first + tried.next
                if last < self.now - paused and next_at > self.now + SECOND:
                    job = self._failed(row, tried, first, tried.next)
                    return _member(job, jobtype.writer, next_at)

    def _dead(self, row: dict[str, Any]) -> _Member:
        """Draw a job that failed once too often; its next_at stays that of the last retry."""
        jobtype = TYPES[row["type"]]
        died_at = self.now - self.rng.randrange(duration(row["oldest"]))
        tried = self._nth_try(max(jobtype.limit, 0))
        job = self._failed(row, tried, died_at - tried.failed, tried.due)
        return _member(job, jobtype.writer, died_at + PURGE_AFTER)

    def _reserved(self, jobtype: Jobtype, age: int, wid: str) -> _Member:
        """Draw a reservation; the server writes it, whichever program wrote the job."""
        reserved_at = self.now - age
        job = self._enqueued(jobtype, reserved_at - OLDEST[jobtype.queue])
        expires_at = reserved_at + (jobtype.reserve_for or DEFAULT_RESERVE_FOR) * SECOND
        reservation = {
            "job": {key: job[key] for key in SERVER.keys if key in job},
            "reserved_at": SERVER.rfc3339(reserved_at),
            "expires_at": SERVER.rfc3339(expires_at),
            "wid": wid,
        }
        return _Member(str(job["jid"]), SERVER.json(reservation).encode(), expires_at)

    def _job(self, jobtype: Jobtype, created_at: int) -> Payload:
        args = fill(jobtype.args, self.rng)
        if jobtype.writer.sorts_objects:
            args = json.loads(json.dumps(args, sort_keys=True))
        fields: Payload = {
            "jid": jobtype.writer.jid(self.rng),
            "queue": jobtype.queue,
            "jobtype": jobtype.name,
            "args": args,
            "retry": jobtype.retry,
            "reserve_for": jobtype.reserve_for,
            "backtrace": jobtype.backtrace,
            "created_at": jobtype.writer.rfc3339(created_at) if jobtype.dated else None,
            "custom": self._custom() if self.rng.random() < 0.6 else None,
        }
        return _without_none(fields)

    def _custom(self) -> Payload:
        custom: Payload = {"tenant": self.rng.choice(SHOP["shops"])}
        if self.rng.random() < 0.5:
            ids = self.rng.randbytes(24).hex()
            custom["traceparent"] = f"00-{ids[:32]}-{ids[32:]}-01"
        return custom

    def _failed(self, row: dict[str, Any], tried: _Try, first: int, next_at: int | None) -> Payload:
        """Draw a job with its failure, in the server's key order; `next_at` counts from `first`."""
        jobtype, error = TYPES[row["type"]], SHOP["errors"][row["error"]]
        stamp = jobtype.writer.rfc3339
        job = self._job(jobtype, first + tried.created)
        args = job["args"]
        failure = {
            "retry_count": tried.retry_count,
            "remaining": jobtype.limit - tried.retry_count,
            "failed_at": stamp(first),
            "next_at": None if next_at is None else stamp(first + next_at),
            "message": error["message"].replace(
                "{arg}", str(args[0]) if isinstance(args, list) else ""
            ),
            "errtype": error["errtype"],
            "backtrace": error.get("backtrace"),
        }
        job["enqueued_at"] = stamp(first + tried.enqueued)
        job["failure"] = _without_none(failure)
        return job

    def _tries(self) -> Iterator[_Try]:
        """Follow a job that fails whenever it is tried, by the server's delays."""
        failed, due, enqueued = 0, None, -self.rng.randrange(SECOND, _RUN)
        created = enqueued - self._moment()
        for retry_count in count():
            delay = retry_count**4 + 15 + self.rng.randrange(30) * (retry_count + 1)
            next_at = failed + delay * SECOND + self._moment()
            yield _Try(retry_count, created, enqueued, failed, due, next_at)
            due, enqueued = next_at, next_at + self.rng.randrange(5 * SECOND)  # polled every 5 s
            failed = enqueued + self.rng.randrange(SECOND, _RUN)

    def _nth_try(self, retry_count: int) -> _Try:
        return next(islice(self._tries(), retry_count, None))

    def _moment(self) -> int:
        return self.rng.randrange(SECOND // 10_000, SECOND // 100)


def _without_none(fields: Payload) -> Payload:
    return {name: value for name, value in fields.items() if value is not None}


def _member(job: Payload, writer: Writer, at: int = 0) -> _Member:
    """Write the job; `at` is cut to the digits that the payload's times have."""
    ordered = {key: job[key] for key in writer.keys if key in job}
    step: int = 10 ** (9 - writer.digits)
    return _Member(str(job["jid"]), writer.json(ordered).encode(), at - at % step)


def _scored(members: Named) -> Scored:
    """Return (member, score), lowest score first; the score is summed as the server sums it."""
    return tuple(
        (member.raw, float(member.at // SECOND) + member.at % SECOND / SECOND)
        for member in sorted(chain.from_iterable(members.values()), key=_AT)
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


def _highlights(
    queues: Named, scheduled: Named, retries: Named, dead: Named, working: Named
) -> Highlights:
    odd = {
        word: queues[queue["name"]][each["position"]].jid
        for queue in SHOP["queues"]
        for word, each in queue.get("odd", {}).items()
    }
    marked = [row["highlight"] for row in SHOP["failing"]["retries"] if "highlight" in row]
    incident = retries[_INCIDENT["type"]]
    return Highlights(
        waiting=_pasted(queues["default"][117:]),
        paused=_pasted(queues[SHOP["paused"][0]][5:]),
        retrying=max(incident, key=_AT).jid,
        scheduled=scheduled["tomorrow"][0].jid,
        overdue=scheduled["overdue"][0].jid,
        dead=dead["dead"][0].jid,
        working=working["busy"][0].jid,
        stuck=working["stuck"][0].jid,
        duplicate=min(incident, key=_AT).jid,
        incident_jobtype=_INCIDENT["type"],
        incident_errtype=SHOP["errors"][_INCIDENT["error"]]["errtype"],
        malformed=str(sum(len(members["malformed"]) for members in (scheduled, retries, dead))),
        **{word: retries[word][0].jid for word in marked},
        **odd,
    )


def _pasted(members: list[_Member]) -> str:
    """Return the first jid that a command line does not take for an option."""
    return next(member.jid for member in members if not member.jid.startswith("-"))
