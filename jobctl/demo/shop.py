"""The shop of the demo, as population.toml describes it, and the programs that write its jobs."""

from __future__ import annotations

import base64
import json
import re
import tomllib
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from random import Random
from typing import Any

from jobctl.systems.faktory.layout import DEFAULT_RETRY

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND = 10**9  # times are integer nanoseconds since the epoch, as fine as the server's stamps
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
_UNITS = {"ns": 1, "s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}
_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")

SHOP: dict[str, Any] = tomllib.loads(
    Path(__file__).with_name("population.toml").read_text(encoding="utf-8")
)


def duration(text: str) -> int:
    """Return the nanoseconds of ``90s``, ``40m`` or ``2d``."""
    number = text.rstrip("nsmhd")
    return int(number) * _UNITS[text[len(number) :]]


def fill(template: object, rng: Random) -> Any:
    """Return a template of population.toml with its placeholders drawn, from left to right."""
    if isinstance(template, str):
        alone = _PLACEHOLDER.fullmatch(template)
        if alone:
            return _draw(alone[1], rng)
        return _PLACEHOLDER.sub(lambda found: str(_draw(found[1], rng)), template)
    if isinstance(template, list):
        return [fill(item, rng) for item in template]
    if isinstance(template, dict):
        if "repeat" in template:
            return [fill(template["item"], rng) for _ in range(template["repeat"])]
        return {key: fill(value, rng) for key, value in template.items()}
    return template


def _draw(placeholder: str, rng: Random) -> object:
    if placeholder in ("id", "price"):
        number = rng.randrange(10_000, 99_999)
        return number if placeholder == "id" else number / 100
    if placeholder == "shop":
        return rng.choice(SHOP["shops"])
    if placeholder == "hex":
        return rng.randbytes(4).hex()
    if "|" in placeholder:
        return rng.choice(placeholder.split("|"))
    first, _, end = placeholder.partition("..")
    return rng.randrange(int(first), int(end))


# The order of keys: of the server's and the Go client's struct, of Ruby's options, of Python's.
_STRUCT = (
    *("jid", "queue", "jobtype", "args", "created_at", "enqueued_at", "at"),
    *("reserve_for", "retry", "backtrace", "failure", "custom"),
)
_OPTIONS_FIRST = (
    *("retry", "queue", "reserve_for", "backtrace", "custom", "jobtype", "args", "at", "jid"),
    *("created_at", "enqueued_at", "failure"),
)
_REQUEST = (
    *("jid", "queue", "jobtype", "custom", "args", "reserve_for", "at", "retry"),
    *("created_at", "enqueued_at", "failure"),
)
_GO_ESCAPES = str.maketrans({char: f"\\u{ord(char):04x}" for char in "<>&\u2028\u2029"})


def _ruby_json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _go_json(value: object) -> str:
    return _ruby_json(value).translate(_GO_ESCAPES)


@dataclass(frozen=True, slots=True)
class Writer:
    """A program that writes jobs: its order of keys, its JSON, its jids, its times."""

    keys: tuple[str, ...]
    json: Callable[[object], str]
    jid: Callable[[Random], str]
    digits: int  # of a second's fraction
    zulu: bool = True  # UTC is written Z, not +00:00
    offset: int = 0  # hours from UTC
    sorts_objects: bool = False  # Go's maps come out sorted

    def rfc3339(self, at: int) -> str:
        """Return the time as this program writes it, without the digits that it lacks."""
        seconds, fraction = divmod(at, SECOND)
        zone = timezone(timedelta(hours=self.offset))
        text = (EPOCH + timedelta(seconds=seconds)).astimezone(zone).isoformat()
        digits = f"{fraction:09d}"[: self.digits]
        if self.zulu or not digits.strip("0"):  # Go drops last zeros, Python a fraction of zero
            digits = digits.rstrip("0")
        return text[:19] + (f".{digits}" if digits else "") + ("Z" if self.zulu else text[19:])


def _base64_jid(rng: Random) -> str:
    return base64.urlsafe_b64encode(rng.randbytes(12)).decode()


def _hex_jid(rng: Random) -> str:
    return rng.randbytes(12).hex()


def _uuid_jid(rng: Random) -> str:
    return uuid.UUID(bytes=rng.randbytes(16), version=4).hex


_GO = Writer(_STRUCT, _go_json, _base64_jid, digits=9, sorts_objects=True)
SERVER = replace(_GO, jid=_hex_jid)  # a Ruby job as the server rewrote it
_PYTHON = Writer(_REQUEST, json.dumps, _uuid_jid, digits=6, zulu=False)
WRITERS = {
    "go": _GO,
    "server": SERVER,
    "ruby": Writer(_OPTIONS_FIRST, _ruby_json, _hex_jid, digits=0),
    "python": _PYTHON,
    "berlin": replace(_PYTHON, offset=2),  # a worker that stamps its local time
}


@dataclass(frozen=True, slots=True)
class Jobtype:
    """A type of job as the shop pushes it; without a `retry` the server's default holds."""

    name: str
    queue: str
    writer: Writer
    args: list[object]
    retry: int | None = None
    reserve_for: int | None = None
    backtrace: int | None = None  # lines to keep
    dated: bool = True  # has created_at
    argument: str = "subject"  # the name of its first argument in status records

    @property
    def limit(self) -> int:
        """The retry_count at which it is dead."""
        return DEFAULT_RETRY if self.retry is None else self.retry


def _jobtype(key: str, table: dict[str, Any]) -> Jobtype:
    return Jobtype(**{"name": key, **table, "writer": WRITERS[table["writer"]]})


TYPES = {key: _jobtype(key, table) for key, table in SHOP["types"].items()}
OLDEST = {queue["name"]: duration(queue["oldest"]) for queue in SHOP["queues"]}
