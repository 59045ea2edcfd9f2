"""What a table becomes when Go marshals it to JSON, and JSON into Faktory's own Job.

Its fields are those of Faktory's ``client.Job``. Go matches keys to them in any case, reads keys in
order of their bytes, so that the last one counts, and drops what it does not know.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum

from jobctl.cron.scanning import Path

_INT64 = range(-(2**63), 2**63)


class Shape(StrEnum):
    """What a field takes, as people say it."""

    STRING = "a string"
    INTEGER = "an integer"
    ARRAY = "an array"
    STRINGS = "an array of strings"
    TABLE = "a table"
    FAILURE = "a table of a failure"


JOB_FIELDS: dict[str, Shape] = {
    "jid": Shape.STRING,
    "queue": Shape.STRING,
    "jobtype": Shape.STRING,
    "args": Shape.ARRAY,
    "created_at": Shape.STRING,
    "enqueued_at": Shape.STRING,
    "at": Shape.STRING,
    "reserve_for": Shape.INTEGER,
    "retry": Shape.INTEGER,
    "backtrace": Shape.INTEGER,
    "failure": Shape.FAILURE,
    "custom": Shape.TABLE,
}
_FAILURE_FIELDS: dict[str, Shape] = {
    "retry_count": Shape.INTEGER,
    "remaining": Shape.INTEGER,
    "failed_at": Shape.STRING,
    "next_at": Shape.STRING,
    "message": Shape.STRING,
    "errtype": Shape.STRING,
    "backtrace": Shape.STRINGS,
}


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A value of another type than its field takes."""

    path: Path
    shape: Shape
    value: object


def field_of(key: str) -> str:
    """Return the name that a key has for Go, whatever its case."""
    # Unicode folds more than A-Z to ASCII: the long s, and (by lower) the Kelvin sign.
    return key.replace("\u017f", "s").lower()


def mismatches(table: Mapping[str, object]) -> Iterator[Mismatch]:
    """Yield what of a job's table does not go into Faktory's Job."""
    kind = table.get("type", "")
    if not _fits(kind, Shape.STRING):
        yield Mismatch(("type",), Shape.STRING, kind)
    yield from _mismatches((), _kept(table), JOB_FIELDS)


def not_numbers(table: Mapping[str, object]) -> Iterator[Path]:
    """Yield where in a job a NaN or an infinity stands, which JSON does not have."""
    for path, value in _leaves((), _kept(table)):
        if isinstance(value, float) and not math.isfinite(value):
            yield path


def changed_numbers(table: Mapping[str, object]) -> Iterator[tuple[Path, int, int]]:
    """Yield where integers stand that arrive as others, and both: to Go all of these are floats."""
    for path, value in _leaves((), _kept(table)):
        if field_of(str(path[0])) not in ("args", "custom") or type(value) is not int:
            continue
        arrives = _digits(float(value))
        if arrives != value:
            yield path, value, arrives


def server_job(table: Mapping[str, object]) -> dict[str, object]:
    """Return the job that the server makes of a table.

    Its keys are Faktory's; what it does not know, or overwrites at each run, is not in it, and
    neither is what has the wrong type.
    """
    whole = {"args": [], **table, "jobtype": table.get("type", "")}
    job: dict[str, object] = {}
    for key in sorted(whole, key=str.encode):
        name = field_of(key)
        shape = JOB_FIELDS.get(name)
        if shape is None or name in ("jid", "created_at") or not _fits(whole[key], shape):
            continue
        value, held = as_json(whole[key]), job.get(name)
        if isinstance(value, float):
            value = _digits(value)
        # Go decodes a second object into the first one.
        job[name] = (
            {**held, **value} if isinstance(held, dict) and isinstance(value, dict) else value
        )
    return job


def as_json(value: object) -> object:
    """Return a TOML value as it stands in JSON: times as text."""
    if isinstance(value, dict):
        return {key: as_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_json(item) for item in value]
    if isinstance(value, datetime):
        zone = value.isoformat()[-6:] if value.tzinfo else "Z"
        return f"{value.date()}T{_clock(value)}{'Z' if zone == '+00:00' else zone}"
    if isinstance(value, date):
        return f"{value}T00:00:00Z"
    return f"0000-01-01T{_clock(value)}Z" if isinstance(value, time) else value


def _clock(value: datetime | time) -> str:
    """Return hours to seconds, and what there is of a fraction, as Go writes them."""
    fraction = f".{value.microsecond:06}".rstrip("0").rstrip(".")
    return f"{value:%H:%M:%S}{fraction}"


def _kept(table: Mapping[str, object]) -> dict[str, object]:
    """Return a job without its jobtype: the plugin sets that to the type, whatever was there."""
    return {key: value for key, value in table.items() if key != "jobtype"}


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


def _mismatches(
    path: Path, table: Mapping[str, object], fields: Mapping[str, Shape]
) -> Iterator[Mismatch]:
    for key, value in table.items():
        shape = fields.get(field_of(key))
        if shape is None:
            continue
        here = (*path, key)
        if not _fits(value, shape):
            yield Mismatch(here, shape, value)
        elif shape is Shape.FAILURE and isinstance(value, dict):
            yield from _mismatches(here, value, _FAILURE_FIELDS)


def _fits(value: object, shape: Shape) -> bool:
    if shape is Shape.STRING:
        return isinstance(value, str | date | time)
    if shape is Shape.INTEGER:
        return _is_whole(value)
    if shape is Shape.ARRAY:
        return isinstance(value, list)
    if shape is Shape.STRINGS:
        return isinstance(value, list) and all(isinstance(v, str | date | time) for v in value)
    return isinstance(value, dict)


def _is_whole(value: object) -> bool:
    """Tell whether a number comes out of Go's JSON as digits alone, and fits into 64 bits."""
    if isinstance(value, float):
        return value.is_integer() and _digits(value) in _INT64
    return isinstance(value, int) and not isinstance(value, bool)


def _digits(value: float) -> int:
    """Return a whole float as Go writes it: its shortest digits, and zeros behind them."""
    return int(Decimal(repr(value)))
