"""Check what Faktory, and what is plugged into it, says of a job each time that its entry fires.

A new check is a row of `PUSH_CHECKS` and a function.
"""

from __future__ import annotations

import re
from calendar import isleap
from collections.abc import Iterator
from typing import TypeGuard

from jobctl.cron.crontab import Flavour
from jobctl.cron.durations import go_nanoseconds
from jobctl.cron.entry_job import JobCheck, JobRemark, JobTable
from jobctl.cron.finding import Level
from jobctl.errors import BadSchedule
from jobctl.model.times import Instant

_SHORTEST, _LONGEST = 60, 86400  # seconds that a job can be reserved for
_RESERVE = f"from {_SHORTEST} to {_LONGEST} seconds"
# What Go's time.Parse takes for RFC 3339: capitals only, also a comma, also one digit of the hour.
_TIME = re.compile(
    r"(\d{4}-\d\d-\d\dT)(\d{1,2})(:\d\d:\d\d)(?:[.,]\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII
)
_QUEUE_NAME = re.compile(r"[a-zA-Z0-9._-]+", re.ASCII)
_REFUSED = "each firing is refused"
_FIELDS = ("queue", "retry", "reserve_for", "at", "backtrace")
_IN = {Flavour.PLUGIN: 'expires_in = "1h30m"', Flavour.ENTERPRISE: "expires_in = 5400"}


def empty_type(job: JobTable) -> Iterator[JobRemark]:
    """Yield a type without a letter."""
    if job.table.get("type") == "":
        yield ("type",), f"type is empty: {_REFUSED}", None


def bad_queue(job: JobTable) -> Iterator[JobRemark]:
    """Yield a queue whose name Faktory does not take."""
    queue = job.made.get("queue")
    if isinstance(queue, str) and queue and _QUEUE_NAME.fullmatch(queue) is None:
        hint = "letters, digits, dot, dash and underscore: a-zA-Z0-9._-"
        yield job.path("queue"), f"{queue!r} is no name of a queue: {_REFUSED}", hint


def bad_at(job: JobTable) -> Iterator[JobRemark]:
    """Yield a time that Go does not read."""
    at = job.made.get("at")
    if isinstance(at, str) and at and not _is_go_time(at):
        hint = "leave it out: each job then runs when the schedule says"
        yield job.path("at"), f"at is not RFC 3339: {_REFUSED}", hint


def fixed_at(job: JobTable) -> Iterator[JobRemark]:
    """Yield a time that is the same one each time."""
    at = job.made.get("at")
    if isinstance(at, str) and _is_go_time(at):
        message = "at is the same moment at each firing; once it has passed, jobs run at once"
        yield job.path("at"), message, "leave it out"


def bad_reserve(job: JobTable) -> Iterator[JobRemark]:
    """Yield a reservation that is too long."""
    seconds = job.made.get("reserve_for")
    if isinstance(seconds, int) and seconds > _LONGEST:
        message = f"reserve_for is {seconds:,} seconds: {_REFUSED}"
        yield job.path("reserve_for"), message, _RESERVE


def odd_reserve(job: JobTable) -> Iterator[JobRemark]:
    """Yield a reservation that is too short."""
    seconds = job.made.get("reserve_for")
    if isinstance(seconds, int) and seconds < _SHORTEST and seconds != 0:
        message = f"reserve_for is {seconds:,} seconds: less than Faktory allows"
        yield job.path("reserve_for"), message, f"{_RESERVE}; 1,800 where it is left out"


def odd_retry(job: JobTable) -> Iterator[JobRemark]:
    """Yield a number of retries that Faktory has no meaning for."""
    retry = job.made.get("retry")
    if isinstance(retry, int) and retry < -1:
        hint = "-1: never, and gone; 0: dead after the first failure; 25 is usual"
        yield job.path("retry"), f"retry is {retry:,}", hint


def no_lock(job: JobTable) -> Iterator[JobRemark]:
    """Yield what asks for a unique job and does not get one."""
    custom = job.custom
    if "unique_for" not in custom:
        if "unique_until" in custom:
            message = "unique_until has no effect without unique_for"
            yield custom["unique_until"][0], message, "unique_for = 600"
    elif not job.server.uniq:
        hint = "[uniq] with enabled = true"
        if job.server.uniq is None:
            hint += "; where it stands in another file, validate their directory"
        message = "unique_for has no effect: [uniq] is not enabled in these files"
        yield custom["unique_for"][0], message, hint


def bad_unique(job: JobTable) -> Iterator[JobRemark]:
    """Yield what the plugin for unique jobs refuses; where it is off it looks at nothing."""
    custom = job.custom
    if "unique_for" not in custom or job.server.uniq is False:
        return
    path, seconds = custom["unique_for"]
    if not _is_number(seconds) or seconds < 1:
        message = f"unique_for is no number of seconds from 1 on: {_REFUSED}"
        yield path, message, "unique_for = 600"
    path, until = custom.get("unique_until", ((), "success"))
    if until not in ("start", "success"):
        message = f"unique_until is neither start nor success: {_REFUSED}"
        yield path, message, 'unique_until = "start"'


def bad_expiry(job: JobTable) -> Iterator[JobRemark]:
    """Yield what the plugin for expiry refuses of ``expires_at`` and ``expires_in``."""
    custom = job.custom
    if "expires_at" in custom:
        path, at = custom["expires_at"]
        if not (isinstance(at, str) and _is_go_time(at)):
            yield path, f"expires_at is not RFC 3339: {_REFUSED}", "2026-09-21T14:00:00Z"
    if "expires_in" not in custom:
        return
    path, span = custom["expires_in"]
    if "expires_at" in custom:
        yield path, f"expires_in beside expires_at: {_REFUSED}", "keep one of them"
    elif job.server.flavour is Flavour.PLUGIN:
        nanoseconds, hint = _duration(span)
        if nanoseconds is None:
            yield path, f"expires_in is no text of a duration: {_REFUSED}", hint


def fixed_expiry(job: JobTable) -> Iterator[JobRemark]:
    """Yield an expiry that is the same moment each time."""
    path, at = job.custom.get("expires_at", ((), None))
    if isinstance(at, str) and _is_go_time(at):
        message = "expires_at is the same moment at each firing; once it has passed, no job runs"
        yield path, message, _IN[job.server.flavour]


def odd_expiry(job: JobTable) -> Iterator[JobRemark]:
    """Yield an expiry at which no job runs, or that Enterprise does not document."""
    custom = job.custom
    if "expires_in" not in custom or "expires_at" in custom:
        return
    path, span = custom["expires_in"]
    hint = _IN[job.server.flavour]
    if job.server.flavour is Flavour.PLUGIN:
        nanoseconds, _ = _duration(span)
        if nanoseconds is not None and nanoseconds <= 0:
            yield path, "expires_in is not after the push: no job runs", hint
    elif not _is_number(span) or span <= 0:
        yield path, "expires_in is no number of seconds, which Faktory Enterprise takes", hint


def misplaced(job: JobTable) -> Iterator[JobRemark]:
    """Yield fields of a job that have no effect in its custom data."""
    for key, (path, _) in job.custom.items():
        if key in _FIELDS:
            message = f"{key} has no effect in custom: Faktory reads it in [cron.job]"
            yield path, message, "move it above, to [cron.job]"


def odd_batch(job: JobTable) -> Iterator[JobRemark]:
    """Yield a batch: it ends, and entries go on."""
    if "bid" in job.custom:
        message = "bid is of one batch: once that is done, or where there is none, firings fail"
        yield job.custom["bid"][0], message, "leave it out"


PUSH_CHECKS: tuple[tuple[str, Level, JobCheck], ...] = (
    ("empty-type", Level.ERROR, empty_type),
    ("bad-queue", Level.ERROR, bad_queue),
    ("bad-at", Level.ERROR, bad_at),
    ("fixed-at", Level.WARNING, fixed_at),
    ("bad-reserve", Level.ERROR, bad_reserve),
    ("odd-reserve", Level.WARNING, odd_reserve),
    ("odd-retry", Level.WARNING, odd_retry),
    ("no-effect", Level.WARNING, no_lock),
    ("bad-unique", Level.ERROR, bad_unique),
    ("bad-expiry", Level.ERROR, bad_expiry),
    ("fixed-at", Level.WARNING, fixed_expiry),
    ("odd-expiry", Level.WARNING, odd_expiry),
    ("no-effect", Level.WARNING, misplaced),
    ("odd-batch", Level.WARNING, odd_batch),
)


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _duration(span: object) -> tuple[int | None, str]:
    """Return the nanoseconds of a text, None where it is no duration, and a hint for that."""
    hint = _IN[Flavour.PLUGIN]
    try:
        return go_nanoseconds(span) if isinstance(span, str) else None, hint
    except BadSchedule as error:
        return None, error.hint or hint


def _is_go_time(text: str) -> bool:
    found = _TIME.fullmatch(text)
    if found is None:
        return False
    day, hour, rest, zone = found.groups()
    # Any year will do for Go, in any zone: another one with the same days tells of the rest.
    day = f"{2000 if isleap(int(day[:4])) else 2001}{day[4:]}"
    return Instant.parse(f"{day}{hour:0>2}{rest}{zone}") is not None
