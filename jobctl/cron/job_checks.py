"""Check the job of an entry: the server refuses some at its start, and some each time they fire.

A new check is a function in `START_CHECKS` or `PUSH_CHECKS`.
"""

from __future__ import annotations

import math
import re
from calendar import isleap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeGuard

from jobctl.cron.crontab import Flavour
from jobctl.cron.entry_job import (
    JOB_FIELDS,
    JOB_KEYS,
    JobTable,
    digits,
    field_of,
    kind_of,
    mismatches,
    near_key,
)
from jobctl.cron.fields import go_nanoseconds
from jobctl.cron.finding import Level
from jobctl.cron.toml import Path
from jobctl.errors import BadSchedule
from jobctl.model.times import Instant
from jobctl.model.words import near_name


@dataclass(frozen=True, slots=True)
class JobRemark:
    """What is wrong with a job, or may not be meant.

    Attributes:
        level: an error, or a warning.
        code: of the finding.
        path: where in the job's table.
        message: for people.
        hint: what to do about it.
    """

    level: Level
    code: str
    path: Path
    message: str
    hint: str | None = None


JobCheck = Callable[[JobTable], Iterator[JobRemark]]

# What Faktory and the plugins look for in the job's custom table.
_CUSTOM_KEYS = ("expires_at", "expires_in", "unique_for", "unique_until", "track", "bid", "locale")
_IN_JOB = ("queue", "retry", "reserve_for", "at", "backtrace")
_SET = ("jid", "created_at")
_SHORTEST, _LONGEST = 60, 86400  # seconds that a job can be reserved for
_RESERVE = f"from {_SHORTEST} to {_LONGEST} seconds"
# What Go's time.Parse takes for RFC 3339: capitals only, also a comma, also one digit of the hour.
_TIME = re.compile(
    r"(\d{4}-\d\d-\d\dT)(\d{1,2})(:\d\d:\d\d)(?:[.,]\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII
)
_QUEUE_NAME = re.compile(r"[a-zA-Z0-9._-]+", re.ASCII)
_REFUSED = "each firing is refused"
_IN = {Flavour.PLUGIN: 'expires_in = "1h30m"', Flavour.ENTERPRISE: "expires_in = 5400"}


def check_type(job: JobTable) -> Iterator[JobRemark]:
    """Yield a job without a type."""
    if "type" not in job.table:
        near = near_key("type", job.table)
        hint = f"is {near} meant to be type?" if near else "type = 'SendEmail'"
        yield _error("missing-type", (), "the job has no type", hint)


def check_shapes(job: JobTable) -> Iterator[JobRemark]:
    """Yield values of another type than their fields take."""
    # The plugin sets jobtype to the type, whatever was there.
    table = {key: value for key, value in job.table.items() if key != "jobtype"}
    kind = {"jobtype": job.table.get("type", "")}
    for path, shape, value in (*mismatches((), kind), *mismatches((), table)):
        name = "type" if path == ("jobtype",) else path[-1]
        where = ("type",) if path == ("jobtype",) else path
        yield _error("wrong-type", where, f"{name} must be {shape}, not {kind_of(value)}")


def check_numbers(job: JobTable) -> Iterator[JobRemark]:
    """Yield numbers that JSON does not have, and integers that are others as Go's floats."""
    for path, value in _leaves((), job.table):
        if path[0] == "jobtype":
            continue
        if isinstance(value, float) and not math.isfinite(value):
            yield _error("not-a-number", path, "nan and inf cannot be written as JSON")
        elif type(value) is int and field_of(str(path[0])) in ("args", "custom"):
            arrives = digits(float(value))
            if arrives != value:
                said = f"{value} arrives as {arrives}: to the server all numbers here are floats"
                yield _warning("changed-number", path, said, "write it as a string")


def check_keys(job: JobTable) -> Iterator[JobRemark]:
    """Yield keys that the server sets itself, does not read, or reads in another case."""
    for key in job.table:
        name = field_of(key)
        if key == "type" or (near_key("type", [key]) and "type" not in job.table):
            continue
        if key == "jobtype":
            yield _warning("overwritten", (key,), "jobtype is set to type", "leave it out")
        elif name in _SET:
            yield _warning("overwritten", (key,), f"{key} is not kept: each job gets its own")
        elif name not in JOB_FIELDS:
            message = f"{key} is not read, and dropped"
            yield _warning("unknown-key", (key,), message, _near_field(key, job))
        elif key != name:
            counts = "type" if name == "jobtype" else name
            lost = counts in job.table or name in ("args", "jobtype")
            message = f"{key} is lost: {counts} counts" if lost else f"{key} is taken for {name}"
            yield _warning("other-case", (key,), message, f"write {counts}")


def _near_field(key: str, job: JobTable) -> str:
    if key in _CUSTOM_KEYS:
        return "it is looked for in [cron.job.custom]"
    near = near_name(key.lower(), [known for known in JOB_KEYS if known not in job.table])
    return f"did you mean {near}?" if near else f"one of: {', '.join(JOB_KEYS)}"


def check_names(job: JobTable) -> Iterator[JobRemark]:
    """Yield a type or a queue whose name Faktory does not take."""
    if job.table.get("type") == "":
        yield _error("empty-type", ("type",), f"type is empty: {_REFUSED}")
    queue = job.made.get("queue")
    if isinstance(queue, str) and queue and _QUEUE_NAME.fullmatch(queue) is None:
        message = f"{queue!r} is no name of a queue: {_REFUSED}"
        hint = "letters, digits, dot, dash and underscore: a-zA-Z0-9._-"
        yield _error("bad-queue", job.path("queue"), message, hint)


def check_at(job: JobTable) -> Iterator[JobRemark]:
    """Yield a time that Go does not read, or that is the same one each time."""
    at, path = job.made.get("at"), job.path("at")
    if not isinstance(at, str) or not at:
        return
    if _is_go_time(at):
        message = "at is the same moment at each firing; once it has passed, jobs run at once"
        yield _warning("fixed-at", path, message, "leave it out")
    else:
        hint = "leave it out: each job then runs when the schedule says"
        yield _error("bad-at", path, f"at is not RFC 3339: {_REFUSED}", hint)


def check_counts(job: JobTable) -> Iterator[JobRemark]:
    """Yield a reservation or a number of retries outside of what Faktory takes."""
    seconds, path = job.made.get("reserve_for"), job.path("reserve_for")
    if isinstance(seconds, int) and seconds > _LONGEST:
        message = f"reserve_for is {seconds:,} seconds: {_REFUSED}"
        yield _error("bad-reserve", path, message, _RESERVE)
    elif isinstance(seconds, int) and seconds < _SHORTEST and seconds != 0:
        message = f"reserve_for is {seconds:,} seconds: less than Faktory allows"
        yield _warning("odd-reserve", path, message, f"{_RESERVE}; 1,800 where it is left out")
    retry = job.made.get("retry")
    if isinstance(retry, int) and retry < -1:
        hint = "-1: never, and gone; 0: dead after the first failure; 25 is usual"
        yield _warning("odd-retry", job.path("retry"), f"retry is {retry:,}", hint)


def check_unique(job: JobTable) -> Iterator[JobRemark]:
    """Yield what asks for a unique job and gets none, or what the plugin for them refuses."""
    custom, uniq, example = job.custom, job.server.uniq, "unique_for = 600"
    until_path, until = custom.get("unique_until", ((), "success"))
    if "unique_for" not in custom:
        if "unique_until" in custom:
            message = "unique_until has no effect without unique_for"
            yield _warning("no-effect", until_path, message, example)
        return
    path, seconds = custom["unique_for"]
    if not uniq:
        hint = "[uniq] with enabled = true"
        if uniq is None:
            hint += "; where it stands in another file, validate their directory"
        message = "unique_for has no effect: [uniq] is not enabled in these files"
        yield _warning("no-effect", path, message, hint)
    if uniq is False:
        return
    if not _is_number(seconds) or seconds < 1:
        message = f"unique_for is no number of seconds from 1 on: {_REFUSED}"
        yield _error("bad-unique", path, message, example)
    if until not in ("start", "success"):
        message = f"unique_until is neither start nor success: {_REFUSED}"
        yield _error("bad-unique", until_path, message, 'unique_until = "start"')


def check_expires_at(job: JobTable) -> Iterator[JobRemark]:
    """Yield a time of expiry that is none, or the same one each time."""
    path, at = job.custom.get("expires_at", ((), None))
    if isinstance(at, str) and _is_go_time(at):
        message = "expires_at is the same moment at each firing; once it has passed, no job runs"
        yield _warning("fixed-at", path, message, _IN[job.server.flavour])
    elif "expires_at" in job.custom:
        message = f"expires_at is not RFC 3339: {_REFUSED}"
        yield _error("bad-expiry", path, message, "2026-09-21T14:00:00Z")


def check_expires_in(job: JobTable) -> Iterator[JobRemark]:
    """Yield a span until expiry that is none, or after which no job runs."""
    if "expires_in" not in job.custom:
        return
    (path, span), hint = job.custom["expires_in"], _IN[job.server.flavour]
    if "expires_at" in job.custom:
        message = f"expires_in beside expires_at: {_REFUSED}"
        yield _error("bad-expiry", path, message, "keep one of them")
    elif job.server.flavour is Flavour.ENTERPRISE:
        if not _is_number(span) or span <= 0:
            message = "expires_in is no number of seconds, which Faktory Enterprise takes"
            yield _warning("odd-expiry", path, message, hint)
    else:
        try:
            ahead = go_nanoseconds(span) if isinstance(span, str) else None
        except BadSchedule as error:
            ahead, hint = None, error.hint or hint
        if ahead is None:
            message = f"expires_in is no text of a duration: {_REFUSED}"
            yield _error("bad-expiry", path, message, hint)
        elif ahead <= 0:
            message = "expires_in is not after the push: no job runs"
            yield _warning("odd-expiry", path, message, hint)


def check_custom(job: JobTable) -> Iterator[JobRemark]:
    """Yield what does not belong into custom data: a job's own fields, a batch."""
    for key, (path, _) in job.custom.items():
        if key in _IN_JOB:
            message = f"{key} has no effect in custom: Faktory reads it in [cron.job]"
            yield _warning("no-effect", path, message, "move it above, to [cron.job]")
        elif key == "bid":
            message = "bid is of one batch: once that is done, or where there is none, firings fail"
            yield _warning("odd-batch", path, message, "leave it out")


START_CHECKS: tuple[JobCheck, ...] = (check_type, check_shapes, check_numbers, check_keys)
PUSH_CHECKS: tuple[JobCheck, ...] = (
    check_names,
    check_at,
    check_counts,
    check_unique,
    check_expires_at,
    check_expires_in,
    check_custom,
)


def _error(code: str, path: Path, message: str, hint: str | None = None) -> JobRemark:
    return JobRemark(Level.ERROR, code, path, message, hint)


def _warning(code: str, path: Path, message: str, hint: str | None = None) -> JobRemark:
    return JobRemark(Level.WARNING, code, path, message, hint)


def _leaves(path: Path, value: object) -> Iterator[tuple[Path, object]]:
    """Yield every value that holds no others, and where it stands."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves((*path, key), item)
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from _leaves((*path, i), item)
    else:
        yield path, value


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_go_time(text: str) -> bool:
    found = _TIME.fullmatch(text)
    if found is None:
        return False
    day, hour, rest, zone = found.groups()
    # Any year will do for Go, in any zone: another one with the same days tells of the rest.
    day = f"{2000 if isleap(int(day[:4])) else 2001}{day[4:]}"
    return Instant.parse(f"{day}{hour:0>2}{rest}{zone}") is not None
