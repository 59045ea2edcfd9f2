"""What Faktory says of a job each time that its entry fires."""

from __future__ import annotations

import re
from calendar import isleap
from collections.abc import Mapping

from jobctl.model.crontab.finding import Code, Stage
from jobctl.model.crontab.job import field_of
from jobctl.model.crontab.notes import Notes
from jobctl.model.crontab.scanning import Path
from jobctl.model.queue import is_queue_name
from jobctl.model.times import Instant

_SHORTEST, _LONGEST = 60, 86400  # seconds that a job can be reserved for
# What Go's time.Parse takes for RFC 3339: capitals only, also a comma, also one digit of the hour.
_TIME = re.compile(
    r"(\d{4}-\d\d-\d\dT)(\d{1,2})(:\d\d:\d\d)(?:[.,]\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII
)
_REFUSED = "each firing is refused"


def check_push(
    notes: Notes, path: Path, table: Mapping[str, object], job: Mapping[str, object]
) -> None:
    """Note what Faktory refuses, or does otherwise than one may think, at each firing.

    Args:
        notes: where findings go.
        path: of the job's table.
        table: the table.
        job: what the server makes of it.
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
