"""Make a job of an entry's table as the server does.

Go marshals the table to JSON, and that into Faktory's ``client.Job``: it matches keys to fields in
any case, reads keys in order of their bytes, so that the last one counts, and drops what it does
not know.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum

from jobctl.cron.crontab import CronServer
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
            value = digits(value)
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


def kind_of(value: object) -> str:
    """Return what a TOML value is, in words."""
    if isinstance(value, list):
        tables = value and all(isinstance(item, dict) for item in value)
        return "an array of tables" if tables else "an array"
    if isinstance(value, float):
        return "a fraction" if value % 1 else "a float"
    names = {bool: "a boolean", str: "a string", int: "an integer", dict: "a table"}
    return names.get(type(value), "a time")


def mismatches(
    path: Path, table: Mapping[str, object], fields: Mapping[str, Shape] = JOB_FIELDS
) -> Iterator[tuple[Path, Shape, object]]:
    """Yield the values of a job's table that do not fit: where, the type it takes, the value."""
    for key, value in table.items():
        shape = fields.get(field_of(key))
        if shape is None:
            continue
        here = (*path, key)
        if not _fits(value, shape):
            yield here, shape, value
        elif shape is Shape.FAILURE and isinstance(value, dict):
            yield from mismatches(here, value, _FAILURE_FIELDS)


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
        return value.is_integer() and digits(value) in _INT64
    return isinstance(value, int) and not isinstance(value, bool)


def digits(value: float) -> int:
    """Return a whole float as Go writes it: its shortest digits, and zeros behind them."""
    return int(Decimal(repr(value)))
