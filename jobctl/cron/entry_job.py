"""Make a job of an entry's table as the server does, and check the table.

Go marshals the table to JSON, and that into Faktory's ``client.Job``: it matches keys to fields in
any case, reads keys in order of their bytes, so that the last one counts, and drops what it does
not know. A new check is a row of `JOB_CHECKS` and a function.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum

from jobctl.cron.crontab import CronServer
from jobctl.cron.finding import Level
from jobctl.cron.toml import Path
from jobctl.model.words import near_name

_INT64 = range(-(2**63), 2**63)


class Shape(StrEnum):
    """The type that a field takes, in words."""

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


# What is written into an entry; and into a job: Faktory's fields, but jobtype is called type.
ENTRY_KEYS = ("schedule", "job")
JOB_KEYS = ("type", *(name for name in JOB_FIELDS if name != "jobtype"))
# What Faktory and the plugins look for in the job's custom table.
_CUSTOM_KEYS = ("expires_at", "expires_in", "unique_for", "unique_until", "track", "bid", "locale")
_SET = {"jid": "each job gets its own", "created_at": "each job gets its own"}

# Where in the job's table, what is wrong, what to do about it.
JobRemark = tuple[Path, str, str | None]


@dataclass(frozen=True, slots=True)
class JobTable:
    """The table of an entry's job.

    Attributes:
        table: as it was written.
        made: what the server makes of it.
        server: the server that reads it, and that jobs are pushed to.
    """

    table: Mapping[str, object]
    made: Mapping[str, object]
    server: CronServer

    def path(self, field: str) -> Path:
        """Return where a field of the job stands: of two keys for it the last one counts."""
        keys = [key for key in sorted(self.table, key=str.encode) if field_of(key) == field]
        return (keys[-1],) if keys else ()

    @property
    def custom(self) -> dict[str, tuple[Path, object]]:
        """Where each key of the custom data stands, and what the server makes of its value."""
        made = self.made.get("custom")
        if not isinstance(made, dict):
            return {}
        paths: dict[str, Path] = {}
        for key in sorted(self.table, key=str.encode):
            within = self.table[key]
            if field_of(key) == "custom" and isinstance(within, dict):
                paths |= {name: (key, name) for name in within}
        return {name: (paths[name], value) for name, value in made.items()}


JobCheck = Callable[[JobTable], Iterator[JobRemark]]


def field_of(key: str) -> str:
    """Return the name that a key has for Go, whatever its case."""
    # Unicode folds more than A-Z to ASCII: the long s, and (by lower) the Kelvin sign.
    return key.replace("\u017f", "s").lower()


def near_key(wanted: str, keys: Iterable[str]) -> str | None:
    """Return the key that may have been meant for another one."""
    unknown = {key.lower(): key for key in keys if key not in (*ENTRY_KEYS, *JOB_KEYS)}
    near = near_name(wanted, unknown)
    return None if near is None else unknown[near]


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


def missing_type(job: JobTable) -> Iterator[JobRemark]:
    """Yield a job without a type."""
    if "type" not in job.table:
        near = near_key("type", job.table)
        hint = f"is {near} meant to be type?" if near else "type = 'SendEmail'"
        yield (), "the job has no type", hint


def wrong_types(job: JobTable) -> Iterator[JobRemark]:
    """Yield values of another type than their fields take."""
    kind = job.table.get("type", "")
    if not _fits(kind, Shape.STRING):
        yield ("type",), f"type must be {Shape.STRING}, not {kind_of(kind)}", None
    for path, shape, value in _mismatches((), _kept(job.table), JOB_FIELDS):
        yield path, f"{path[-1]} must be {shape}, not {kind_of(value)}", None


def not_numbers(job: JobTable) -> Iterator[JobRemark]:
    """Yield NaN and infinity, which JSON does not have."""
    for path, value in _leaves((), _kept(job.table)):
        if isinstance(value, float) and not math.isfinite(value):
            yield path, "nan and inf cannot be written as JSON", None


def changed_numbers(job: JobTable) -> Iterator[JobRemark]:
    """Yield integers that arrive as others: in args and custom all numbers are floats to Go."""
    for path, value in _leaves((), _kept(job.table)):
        if field_of(str(path[0])) not in ("args", "custom") or type(value) is not int:
            continue
        arrives = _digits(float(value))
        if arrives != value:
            message = f"{value} arrives as {arrives}: to the server all numbers here are floats"
            yield path, message, "write it as a string"


def overwritten(job: JobTable) -> Iterator[JobRemark]:
    """Yield keys that the server sets itself."""
    for key, name in _read_keys(job):
        if key == "jobtype":
            yield (key,), "jobtype is set to type", "leave it out"
        elif name in _SET:
            yield (key,), f"{key} is not kept: {_SET[name]}", None


def unknown_keys(job: JobTable) -> Iterator[JobRemark]:
    """Yield keys that Faktory does not read."""
    for key, name in _read_keys(job):
        if name in JOB_FIELDS:
            continue
        hint = "it is looked for in [cron.job.custom]"
        if key not in _CUSTOM_KEYS:
            near = near_name(key.lower(), [known for known in JOB_KEYS if known not in job.table])
            hint = f"did you mean {near}?" if near else f"one of: {', '.join(JOB_KEYS)}"
        yield (key,), f"{key} is not read, and dropped", hint


def other_case(job: JobTable) -> Iterator[JobRemark]:
    """Yield keys of another case: they are read all the same, or lose against the right one."""
    for key, name in _read_keys(job):
        if key == name or name in _SET or name not in JOB_FIELDS:
            continue
        counts = (
            name if name in job.table else {"args": "an empty one", "jobtype": "type"}.get(name)
        )
        message = f"{key} is lost: {counts} counts" if counts else f"{key} is taken for {name}"
        yield (key,), message, f"write {name}" if name != "jobtype" else None


JOB_CHECKS: tuple[tuple[str, Level, JobCheck], ...] = (
    ("missing-type", Level.ERROR, missing_type),
    ("wrong-type", Level.ERROR, wrong_types),
    ("not-a-number", Level.ERROR, not_numbers),
    ("changed-number", Level.WARNING, changed_numbers),
    ("overwritten", Level.WARNING, overwritten),
    ("unknown-key", Level.WARNING, unknown_keys),
    ("other-case", Level.WARNING, other_case),
)


def _read_keys(job: JobTable) -> Iterator[tuple[str, str]]:
    """Yield a job's keys, but those that are meant to be its type, each with its field's name."""
    for key in job.table:
        if key != "type" and not (near_key("type", [key]) and "type" not in job.table):
            yield key, field_of(key)


def kind_of(value: object) -> str:
    """Return what a TOML value is, in words."""
    if isinstance(value, list):
        tables = value and all(isinstance(item, dict) for item in value)
        return "an array of tables" if tables else "an array"
    if isinstance(value, float):
        return "a fraction" if value % 1 else "a float"
    names = {bool: "a boolean", str: "a string", int: "an integer", dict: "a table"}
    return names.get(type(value), "a time")


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
) -> Iterator[tuple[Path, Shape, object]]:
    for key, value in table.items():
        shape = fields.get(field_of(key))
        if shape is None:
            continue
        here = (*path, key)
        if not _fits(value, shape):
            yield here, shape, value
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
    """Check that a number comes out of Go's JSON as digits alone, and fits into 64 bits."""
    if isinstance(value, float):
        return value.is_integer() and _digits(value) in _INT64
    return isinstance(value, int) and not isinstance(value, bool)


def _digits(value: float) -> int:
    """Return a whole float as Go writes it: its shortest digits, and zeros behind them."""
    return int(Decimal(repr(value)))
