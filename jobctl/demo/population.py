"""The lifelike population that `jobctl demo` seeds: a web shop's Faktory after a bad night.

An accounting API timed out for most of an hour: its jobs fill the retries, mails are 40 minutes
late, somebody paused the webhooks, one worker never came back. Members are bytes as the Go server
and the Go, Ruby and Python clients write them; keys, scores and delays follow the server's rules.
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

from jobctl.demo import population_data as data
from jobctl.demo.population_data import DAY, EPOCH, HOUR, MINUTE, SECOND, Failing, Jobtype, Writer
from jobctl.systems.faktory.layout import FAKTORY

DEFAULT_RESERVE_FOR = 1800
PURGE_AFTER = FAKTORY.purge_after * SECOND
TRY = 95 * SECOND  # at most, from enqueued to failed
INCIDENT = data.INCIDENT.jobtype.name

Scored = tuple[tuple[bytes, float], ...]
Job = dict[str, object]


@dataclass(frozen=True, slots=True)
class Highlights:
    """What is worth a visit in the tour: JIDs, and three other words at the end."""

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
    """All that a Faktory server keeps in Redis, as raw members (docs/keys.md).

    A queue's jobs are in the order they run: LPUSH them one after the other. Scores are unix
    seconds: run time, next try, purge time (dead), expiry (working); lowest first.
    """

    queues: Mapping[str, tuple[bytes, ...]]
    empty_queues: tuple[str, ...]  # known to the server, but without a list
    paused: tuple[str, ...]
    scheduled: Scored
    retries: Scored
    dead: Scored
    working: Scored
    counters: Mapping[str, int]
    highlights: Highlights


def lifelike(now: datetime, seed: int = 7) -> Population:
    """Return the shop's jobs as they stand at `now` (aware); equal arguments, equal bytes."""
    rng = Random(seed)  # noqa: S311 (repeatable on purpose)
    shop = _Shop(rng, (now - EPOCH) // timedelta(microseconds=1) * 1000)
    queues, scheduled, retries = shop.queues(), shop.scheduled(), shop.retries()
    dead, working = shop.dead(), shop.working()
    queues["default"].insert(-data.BEHIND_DUPLICATE, min(retries[INCIDENT], key=BY_TIME))
    return Population(
        queues=MappingProxyType({name: tuple(m.raw for m in queues[name]) for name in queues}),
        empty_queues=data.EMPTY_QUEUES,
        paused=data.PAUSED,
        scheduled=_scored(scheduled),
        retries=_scored(retries),
        dead=_scored(dead),
        working=_scored(working),
        counters=MappingProxyType(_counters(rng, now.astimezone(UTC))),
        highlights=_highlights(queues, scheduled, retries, dead, working),
    )


@dataclass(frozen=True, slots=True)
class _Member:
    """A member as written, the jid inside it, and the time its score stands for."""

    jid: str  # empty: malformed
    raw: bytes
    at: int = 0


BY_TIME = attrgetter("at")
Named = dict[str, list[_Member]]  # by queue, or by what is remarkable about them


@dataclass(frozen=True, slots=True)
class _Try:
    """A failed try; nanoseconds, seen from the first failure."""

    retry_count: int
    created: int
    enqueued: int
    failed: int
    due: int | None  # the next_at before this try
    next: int


@dataclass(frozen=True, slots=True)
class _Shop:
    """Draws members; `now` is in nanoseconds."""

    rng: Random
    now: int

    def queues(self) -> Named:
        """Draw every queue, the job that runs next first."""
        queues: Named = {name: [] for name in data.OLDEST}
        odd = dict(data.QUEUE_ODDITIES.values())
        for name, size, oldest, jobtypes in data.QUEUES:
            ages = sorted((self.rng.randrange(oldest) for _ in range(size - 1)), reverse=True)
            for position, age in enumerate((oldest, *ages)):
                jobtype = odd.get((name, position)) or self.rng.choice(jobtypes)
                job = self._enqueued(jobtype, self.now - age)
                queues[name].append(_member(job, jobtype.writer))
        return queues

    def scheduled(self) -> Named:
        """Draw the scheduled jobs."""
        midnight = self.now - self.now % DAY + DAY
        soon = [
            self._scheduled(jobtype, self.now + self.rng.randrange(earliest, latest))
            for jobtype, size, earliest, latest in data.SCHEDULED
            for _ in range(size)
        ]
        tomorrow = [
            self._scheduled(jobtype, midnight + 7 * HOUR + self.rng.randrange(30) * MINUTE)
            for jobtype, size in data.TOMORROW
            for _ in range(size)
        ]
        return {
            "soon": soon,
            "tomorrow": tomorrow,
            "overdue": [self._scheduled(data.CART, self.now - 2 * MINUTE)],
            "month_end": [self._scheduled(data.MONTH_END, midnight + 6 * HOUR)],
            "malformed": [_Member("", data.NOT_AN_OBJECT, midnight + 8 * HOUR)],
        }

    def retries(self) -> Named:
        """Draw the retries."""
        rows = {row.jobtype.name: row for row in data.RETRYING} | data.RETRYING_ODDITIES
        retries = {
            word: [self._retrying(row) for _ in range(row.count)] for word, row in rows.items()
        }
        torn = self._retrying(data.INCIDENT)
        truncated = _Member("", torn.raw[: len(torn.raw) * 2 // 3], torn.at)
        return retries | {"malformed": [truncated]}

    def dead(self) -> Named:
        """Draw the dead; `at` is when each is purged."""
        dead = [self._dead(row) for row in data.DEAD for _ in range(row.count)]
        binary = _Member("", data.BINARY, self.now - 41 * DAY + PURGE_AFTER)
        return {"dead": dead, "malformed": [binary]}

    def working(self) -> Named:
        """Draw the reservations."""
        stuck, *busy = (self._reserved(jobtype, age, wid) for jobtype, age, wid in data.WORKING)
        return {"stuck": [stuck], "busy": busy}

    def _enqueued(self, jobtype: Jobtype, at: int) -> Job:
        """Draw a job enqueued at that time; the incident's have mostly failed before."""
        if jobtype is data.INCIDENT.jobtype and self.rng.random() < 0.6:
            tried = self._nth_try(self.rng.randrange(6))
            first = at - tried.next - self.rng.randrange(5 * SECOND)
            job = self._failed(data.INCIDENT, tried, first, tried.next)
        else:
            job = self._job(jobtype, at - self._moment())
        return job | {"enqueued_at": jobtype.writer.rfc3339(at)}

    def _scheduled(self, jobtype: Jobtype, at: int) -> _Member:
        job = self._job(jobtype, min(self.now, at) - self.rng.randrange(MINUTE, DAY))
        return _member(job | {"at": jobtype.writer.rfc3339(at)}, jobtype.writer, at)

    def _retrying(self, failing: Failing) -> _Member:
        """Draw a job whose next try lies ahead: one followed from its first failure until now."""
        jobtype = failing.jobtype
        paused = data.OLDEST[jobtype.queue] if jobtype.queue in data.PAUSED else 0  # no tries since
        while True:  # another one, if by now it would be dead or running
            first = self.now - self.rng.randrange(failing.oldest)
            for tried in islice(self._tries(), jobtype.limit):
                last, next_at = first + tried.failed, first + tried.next
                if last < self.now - paused and next_at > self.now + SECOND:
                    job = self._failed(failing, tried, first, tried.next)
                    return _member(job, jobtype.writer, next_at)

    def _dead(self, failing: Failing) -> _Member:
        """Draw a job that failed once too often; its next_at stays that of the last retry."""
        died_at = self.now - self.rng.randrange(failing.oldest)
        tried = self._nth_try(max(failing.jobtype.limit, 0))
        job = self._failed(failing, tried, died_at - tried.failed, tried.due)
        return _member(job, failing.jobtype.writer, died_at + PURGE_AFTER)

    def _reserved(self, jobtype: Jobtype, age: int, wid: str) -> _Member:
        """Draw a reservation; the server writes it, whoever wrote the job."""
        reserved_at = self.now - age
        job = self._enqueued(jobtype, reserved_at - data.OLDEST[jobtype.queue])
        expires_at = reserved_at + (jobtype.reserve_for or DEFAULT_RESERVE_FOR) * SECOND
        reservation = {
            "job": {key: job[key] for key in data.STRUCT if key in job},
            "reserved_at": data.SERVER.rfc3339(reserved_at),
            "expires_at": data.SERVER.rfc3339(expires_at),
            "wid": wid,
        }
        return _Member(str(job["jid"]), data.go_json(reservation).encode(), expires_at)

    def _job(self, jobtype: Jobtype, created_at: int) -> Job:
        args: object = jobtype.args(self.rng)
        if jobtype.writer.sorts_objects:
            args = json.loads(json.dumps(args, sort_keys=True))
        fields: Job = {
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
        return {name: value for name, value in fields.items() if value is not None}

    def _custom(self) -> Job:
        custom: Job = {"tenant": self.rng.choice(data.SHOPS)}
        if self.rng.random() < 0.5:
            ids = self.rng.randbytes(24).hex()
            custom["traceparent"] = f"00-{ids[:32]}-{ids[32:]}-01"
        return custom

    def _failed(self, failing: Failing, tried: _Try, first: int, next_at: int | None) -> Job:
        """Draw a job with its failure, in the server's key order; `next_at` counts from `first`."""
        jobtype, error = failing.jobtype, failing.error
        job = self._job(jobtype, first + tried.created)
        args = job["args"]
        subject = str(args[0]) if isinstance(args, list) else ""
        failure = {
            "retry_count": tried.retry_count,
            "remaining": jobtype.limit - tried.retry_count,
            "failed_at": jobtype.writer.rfc3339(first),
            "next_at": None if next_at is None else jobtype.writer.rfc3339(first + next_at),
            "message": error.message.replace("{id}", subject),
            "errtype": error.errtype,
            "backtrace": error.backtrace or None,
        }
        job["enqueued_at"] = jobtype.writer.rfc3339(first + tried.enqueued)
        job["failure"] = {name: value for name, value in failure.items() if value is not None}
        return job

    def _tries(self) -> Iterator[_Try]:
        """Follow a job that fails whenever it is tried, by the server's delays."""
        failed, due, enqueued = 0, None, -self.rng.randrange(SECOND, TRY)
        created = enqueued - self._moment()
        for retry_count in count():
            delay = retry_count**4 + 15 + self.rng.randrange(30) * (retry_count + 1)
            next_at = failed + delay * SECOND + self._moment()
            yield _Try(retry_count, created, enqueued, failed, due, next_at)
            due, enqueued = next_at, next_at + self.rng.randrange(5 * SECOND)  # polled every 5 s
            failed = enqueued + self.rng.randrange(SECOND, TRY)

    def _nth_try(self, retry_count: int) -> _Try:
        return next(islice(self._tries(), retry_count, None))

    def _moment(self) -> int:
        return self.rng.randrange(SECOND // 10_000, SECOND // 100)


def _member(job: Job, writer: Writer, at: int = 0) -> _Member:
    """Write the job; `at` is cut to the digits that the payload's times have."""
    ordered = {key: job[key] for key in writer.keys if key in job}
    step: int = 10 ** (9 - writer.digits)
    return _Member(str(job["jid"]), writer.json(ordered).encode(), at - at % step)


def _scored(members: Named) -> Scored:
    """Return (member, score), lowest score first; the score is summed as the server sums it."""
    return tuple(
        (member.raw, float(member.at // SECOND) + member.at % SECOND / SECOND)
        for member in sorted(chain.from_iterable(members.values()), key=BY_TIME)
    )


def _counters(rng: Random, now: datetime) -> dict[str, int]:
    """Draw the counters of 14 days; today is partial, and had the incident."""
    counters = dict(data.COUNTERS_BEFORE)
    for age in reversed(range(14)):
        day = (now - timedelta(days=age)).date()
        elapsed = 1.0 if age else (now.hour * 60 + now.minute) / (24 * 60)
        processed = int(data.WEEK[day.weekday()] * rng.uniform(0.95, 1.05) * elapsed)
        failures = int(processed * rng.uniform(0.012, 0.022) * (1 if age else 4))
        for name, amount in (("processed", processed), ("failures", failures)):
            counters[f"{name}:{day}"] = amount
            counters[name] += amount
    return counters


def _pasted(members: list[_Member]) -> str:
    """Return the first jid that a command line does not take for an option."""
    return next(member.jid for member in members if not member.jid.startswith("-"))


def _highlights(
    queues: Named, scheduled: Named, retries: Named, dead: Named, working: Named
) -> Highlights:
    odd = {word: queues[name][at].jid for word, ((name, at), _) in data.QUEUE_ODDITIES.items()}
    return Highlights(
        waiting=_pasted(queues["default"][117:]),
        paused=_pasted(queues[data.PAUSED[0]][5:]),
        retrying=max(retries[INCIDENT], key=BY_TIME).jid,
        scheduled=scheduled["tomorrow"][0].jid,
        overdue=scheduled["overdue"][0].jid,
        dead=dead["dead"][0].jid,
        working=working["busy"][0].jid,
        stuck=working["stuck"][0].jid,
        duplicate=min(retries[INCIDENT], key=BY_TIME).jid,
        huge_integer=retries["huge_integer"][0].jid,
        ansi=retries["ansi"][0].jid,
        markup=retries["markup"][0].jid,
        bidi=odd["bidi"],
        japanese=odd["japanese"],
        undated=odd["undated"],
        large=odd["large"],
        incident_jobtype=INCIDENT,
        incident_errtype=data.INCIDENT.error.errtype,
        malformed=str(sum(len(members["malformed"]) for members in (scheduled, retries, dead))),
    )
