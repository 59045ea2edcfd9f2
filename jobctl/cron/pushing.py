"""What Faktory, and what is plugged into it, says of a job each time that its entry fires."""

from __future__ import annotations

import re
from calendar import isleap
from collections.abc import Mapping

from jobctl.cron.durations import go_nanoseconds
from jobctl.cron.entry import Flavour, Server
from jobctl.cron.finding import Code, Stage
from jobctl.cron.job import field_of
from jobctl.cron.notes import Notes
from jobctl.cron.scanning import Path
from jobctl.errors import BadSchedule
from jobctl.model.queue import is_queue_name
from jobctl.model.times import Instant

_SHORTEST, _LONGEST = 60, 86400  # seconds that a job can be reserved for
# What Go's time.Parse takes for RFC 3339: capitals only, also a comma, also one digit of the hour.
_TIME = re.compile(
    r"(\d{4}-\d\d-\d\dT)(\d{1,2})(:\d\d:\d\d)(?:[.,]\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII
)
_REFUSED = "each firing is refused"
_FIELDS = ("queue", "retry", "reserve_for", "at", "backtrace")
_IN = {Flavour.PLUGIN: 'expires_in = "1h30m"', Flavour.ENTERPRISE: "expires_in = 5400"}


def check_push(
    notes: Notes,
    path: Path,
    table: Mapping[str, object],
    job: Mapping[str, object],
    server: Server,
) -> None:
    """Note what Faktory refuses, or does otherwise than one may think, at each firing.

    Args:
        notes: where findings go.
        path: of the job's table.
        table: the table.
        job: what the server makes of it.
        server: the one that is pushed to.
    """
    where = {field_of(key): (*path, key) for key in sorted(table, key=str.encode)}
    if table.get("type") == "":
        message = f"type is empty: {_REFUSED}"
        notes.error((*path, "type"), Code.EMPTY_TYPE, message, stage=Stage.NOTHING)
    queue, at = job.get("queue"), job.get("at")
    if isinstance(queue, str) and queue and not is_queue_name(queue):
        hint = "letters, digits, dot, dash and underscore: a-zA-Z0-9._-"
        message = f"{queue!r} is no name of a queue: {_REFUSED}"
        notes.error(where["queue"], Code.BAD_QUEUE, message, stage=Stage.NOTHING, hint=hint)
    if isinstance(at, str) and at:
        _check_at(notes, where["at"], at)
    reserve, retry = job.get("reserve_for"), job.get("retry")
    if isinstance(reserve, int):
        _check_reserve(notes, where.get("reserve_for", path), reserve)
    if isinstance(retry, int) and retry < -1:
        hint = "-1: never, and gone; 0: dead after the first failure; 25 is usual"
        notes.warning(where["retry"], Code.ODD_RETRY, f"retry is {retry:,}", hint=hint)
    custom = job.get("custom")
    if isinstance(custom, dict):
        paths = _custom_paths(path, table)
        _check_unique(notes, paths, custom, server)
        _check_expiry(notes, paths, custom, server)
        _check_misplaced(notes, paths, custom)


def _custom_paths(path: Path, table: Mapping[str, object]) -> dict[str, Path]:
    """Return where each key of a job's custom data stands: of two alike the last counts."""
    paths: dict[str, Path] = {}
    for key in sorted(table, key=str.encode):
        within = table[key]
        if field_of(key) == "custom" and isinstance(within, dict):
            paths |= {name: (*path, key, name) for name in within}
    return paths


def _check_unique(
    notes: Notes, paths: Mapping[str, Path], custom: Mapping[str, object], server: Server
) -> None:
    """Note what is wrong with ``unique_for`` and ``unique_until``; no lock, no look at them."""
    if "unique_for" not in custom:
        if "unique_until" in custom:
            message = "unique_until has no effect without unique_for"
            notes.warning(paths["unique_until"], Code.NO_EFFECT, message, hint="unique_for = 600")
        return
    if not server.uniq:
        message = "unique_for has no effect: [uniq] is not enabled in these files"
        hint = "[uniq] with enabled = true"
        if server.uniq is None:
            hint += "; where it stands in another file, validate their directory"
        notes.warning(paths["unique_for"], Code.NO_EFFECT, message, hint=hint)
    if server.uniq is False:
        return
    seconds, until = custom["unique_for"], custom.get("unique_until", "success")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds < 1:
        message = f"unique_for is no number of seconds from 1 on: {_REFUSED}"
        _refused(notes, paths["unique_for"], Code.BAD_UNIQUE, message, "unique_for = 600")
    if until not in ("start", "success"):
        message = f"unique_until is neither start nor success: {_REFUSED}"
        _refused(notes, paths["unique_until"], Code.BAD_UNIQUE, message, 'unique_until = "start"')


def _check_expiry(
    notes: Notes, paths: Mapping[str, Path], custom: Mapping[str, object], server: Server
) -> None:
    """Note what is wrong with ``expires_at`` and ``expires_in``, which exclude each other."""
    if "expires_at" in custom:
        at = custom["expires_at"]
        if isinstance(at, str) and _is_go_time(at):
            message = (
                "expires_at is the same moment at each firing; once it has passed, no job runs"
            )
            notes.warning(paths["expires_at"], Code.FIXED_AT, message, hint=_IN[server.flavour])
        else:
            message, hint = f"expires_at is not RFC 3339: {_REFUSED}", "2026-09-21T14:00:00Z"
            _refused(notes, paths["expires_at"], Code.BAD_EXPIRY, message, hint)
    if "expires_in" not in custom:
        return
    here, span = paths["expires_in"], custom["expires_in"]
    if "expires_at" in custom:
        message = f"expires_in beside expires_at: {_REFUSED}"
        _refused(notes, here, Code.BAD_EXPIRY, message, "keep one of them")
    elif server.flavour is Flavour.ENTERPRISE:
        if isinstance(span, bool) or not isinstance(span, int | float) or span <= 0:
            message = "expires_in is no number of seconds, which Faktory Enterprise takes"
            notes.warning(here, Code.ODD_EXPIRY, message, hint=_IN[server.flavour])
    else:
        _check_duration(notes, here, span)


def _check_duration(notes: Notes, path: Path, span: object) -> None:
    """Note what is wrong with the duration that the plugin takes for ``expires_in``."""
    hint = _IN[Flavour.PLUGIN]
    try:
        seconds = go_nanoseconds(span) if isinstance(span, str) else None
    except BadSchedule as error:
        seconds, hint = None, error.hint or hint
    if seconds is None:
        message = f"expires_in is no text of a duration: {_REFUSED}"
        _refused(notes, path, Code.BAD_EXPIRY, message, hint)
    elif seconds <= 0:
        message = "expires_in is not after the push: no job runs"
        notes.warning(path, Code.ODD_EXPIRY, message, hint=hint)


def _check_misplaced(notes: Notes, paths: Mapping[str, Path], custom: Mapping[str, object]) -> None:
    """Note the fields of a job that have no effect in its custom data, and a batch that ends."""
    for key in custom:
        if key in _FIELDS:
            message = f"{key} has no effect in custom: Faktory reads it in [cron.job]"
            notes.warning(paths[key], Code.NO_EFFECT, message, hint="move it above, to [cron.job]")
    if "bid" in custom:
        message = "bid is of one batch: once that is done, or where there is none, firings fail"
        notes.warning(paths["bid"], Code.ODD_BATCH, message, hint="leave it out")


def _refused(notes: Notes, path: Path, code: Code, message: str, hint: str) -> None:
    notes.error(path, code, message, stage=Stage.NOTHING, hint=hint)


def _check_at(notes: Notes, path: Path, at: str) -> None:
    if not _is_go_time(at):
        message = f"at is not RFC 3339: {_REFUSED}"
        hint = "leave it out: each job then runs when the schedule says"
        notes.error(path, Code.BAD_AT, message, stage=Stage.NOTHING, hint=hint)
        return
    message = "at is the same moment at each firing; once it has passed, jobs run at once"
    notes.warning(path, Code.FIXED_AT, message, hint="leave it out")


def _check_reserve(notes: Notes, path: Path, seconds: int) -> None:
    span = f"{_SHORTEST} to {_LONGEST} seconds"
    if seconds > _LONGEST:
        message = f"reserve_for is {seconds:,} seconds: {_REFUSED}"
        notes.error(path, Code.BAD_RESERVE, message, stage=Stage.NOTHING, hint=f"from {span}")
    elif seconds < _SHORTEST and seconds != 0:
        message = f"reserve_for is {seconds:,} seconds: less than Faktory allows"
        notes.warning(
            path, Code.ODD_RESERVE, message, hint=f"from {span}; 1,800 where it is left out"
        )


def _is_go_time(text: str) -> bool:
    found = _TIME.fullmatch(text)
    if found is None:
        return False
    day, hour, rest, zone = found.groups()
    # Any year will do for Go, in any zone: another one with the same days tells of the rest.
    day = f"{2000 if isleap(int(day[:4])) else 2001}{day[4:]}"
    return Instant.parse(f"{day}{hour:0>2}{rest}{zone}") is not None
