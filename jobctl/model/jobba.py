"""Status records as Jobba keeps them: its states, its keys, and what its times are called.

What another keeper of records would do differently is this one file's to know.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

from jobctl.model.jsontext import loads, text_of
from jobctl.model.rows import Row
from jobctl.model.times import Instant

NAMESPACE = "jobba"
_SHOWN = 20  # values of a clause


class RecordState(StrEnum):
    """The states of a record, in Jobba's own words."""

    UNQUEUED = "unqueued"
    QUEUED = "queued"
    STARTED = "started"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    KILLED = "killed"
    UNKNOWN = "unknown"

    @property
    def moment(self) -> str:
        """The time that is stamped when it is entered for the first time."""
        recorded = self in (RecordState.UNQUEUED, RecordState.UNKNOWN)
        return "recorded_at" if recorded else f"{self.value}_at"


COMPLETED = (RecordState.SUCCEEDED, RecordState.FAILED)
INCOMPLETE = (
    RecordState.UNQUEUED,
    RecordState.QUEUED,
    RecordState.STARTED,
    RecordState.KILLED,
)  # unknown is in neither
GROUPS = {"completed": COMPLETED, "incomplete": INCOMPLETE}
MOMENTS = ("recorded_at", "queued_at", "started_at", "succeeded_at", "failed_at", "killed_at")
KILL_REQUESTED = "kill_requested_at"


@dataclass(frozen=True, slots=True)
class RecordLayout:
    """The keys of a namespace. Ids, names and values stand in them as they are.

    Texts that are no UTF-8 in Redis are Python's, with ``surrogateescape``.
    """

    namespace: str = NAMESPACE

    def record(self, ident: str) -> bytes:
        """Return the hash of a record."""
        return self._key(f"id:{ident}")

    def attempt(self, ident: str, number: int) -> bytes:
        """Return the hash of an archived attempt."""
        return self._key(f"id:{ident}:{number}")

    def state(self, state: RecordState) -> bytes:
        """Return the set of the records in a state."""
        return self._key(state.value)

    def moment(self, name: str) -> bytes:
        """Return the sorted set of the times of this name, in microseconds."""
        return self._key(name)

    def job_name(self, name: str) -> bytes:
        """Return the set of the records with a job name."""
        return self._key(f"job_name:{name}")

    def job_arg(self, value: str) -> bytes:
        """Return the set of the records with an argument of this value, whatever its name."""
        return self._key(f"job_arg:{value}")

    def provider_job_id(self, ident: str) -> bytes:
        """Return the set of the records with a provider's job id."""
        return self._key(f"provider_job_id:{ident}")

    def index(self, name: str) -> bytes:
        """Return the set of this name: ``job_name:Import``, ``failed``, ``recorded_at``."""
        return self._key(name)

    def _key(self, rest: str) -> bytes:
        return encode(f"{self.namespace}:{rest}")


@dataclass(frozen=True, slots=True)
class SetClause:
    """A record is in one of these sets: of a state, job name, argument, provider id; or is named.

    Attributes:
        field: state, job_name, job_arg, provider_job_id or id.
        values: any of them; none matches nothing.
    """

    field: str
    values: tuple[str, ...]

    def __str__(self) -> str:
        more = len(self.values) - _SHOWN
        rest = f" and {more:,} more" if more > 0 else ""
        return f"{self.field}={','.join(self.values[:_SHOWN])}{rest}"


@dataclass(frozen=True, slots=True)
class TimeClause:
    """One of a record's times is within a span.

    Attributes:
        field: which time.
        low, high: whole microseconds, both inclusive; None: open.
    """

    field: str
    low: int | None = None
    high: int | None = None

    def __str__(self) -> str:
        low = "" if self.low is None else f"{self.low}<="
        return f"{low}{self.field}" + ("" if self.high is None else f"<={self.high}")

    @property
    def empty(self) -> bool:
        """Whether nothing can be in it."""
        return self.low is not None and self.high is not None and self.low > self.high

    def holds(self, micro: float) -> bool:
        """Tell whether a time is within it."""
        return (self.low is None or self.low <= micro) and (self.high is None or micro <= self.high)

    def __and__(self, other: TimeClause) -> TimeClause:
        lows = [low for low in (self.low, other.low) if low is not None]
        highs = [high for high in (self.high, other.high) if high is not None]
        return TimeClause(self.field, max(lows, default=None), min(highs, default=None))


Clause = SetClause | TimeClause  # what an index answers


def encode(text: str) -> bytes:
    r"""Return a text as Redis has it.

    A surrogate that stands for no byte (``"\ud800"`` in JSON) is there as Ruby writes it: as if
    it were a character.
    """
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def decode(raw: bytes) -> str:
    """Return a text of Redis; bytes that are no UTF-8 survive as Python has them."""
    return raw.decode("utf-8", "surrogateescape")


FIELDS = (
    "id", "state", "progress", "errors", "data", "attempt", "job_name", "job_args",
    "provider_job_id", *MOMENTS, KILL_REQUESTED,
)  # fmt: skip
ROW_KEYS = (
    "id", "state", "progress", "job_name", "job_args", "provider_job_id", "attempt",
    *MOMENTS, KILL_REQUESTED, "errors", "data",
)  # fmt: skip
_TIMES = frozenset((*MOMENTS, KILL_REQUESTED))
_NUMBER = re.compile(rb"[1-9][0-9]{0,14}")
_MICRO = 1_000_000
_MINUTE = 60 * _MICRO
_STATES = {state.value: state for state in RecordState}
_WRITTEN = {b'"%b"' % name.encode(): state for name, state in _STATES.items()}
_NAMES = {name.encode(): name for name in FIELDS}


@dataclass(frozen=True, slots=True)
class Record:
    """A record as it stands.

    Attributes:
        id: from its key; what the hash says itself may be missing (a stub) or wrong.
        values: the decoded fields of the hash; what is no JSON is there as text.
    """

    id: str
    values: Mapping[str, object] = field(default_factory=dict)

    @classmethod
    def read(cls, ident: str, flat: list[bytes]) -> Record:
        """Read a hash as HGETALL gives it: names and values in turn."""
        known = [
            (name, flat[i + 1])
            for i in range(0, len(flat), 2)
            if (name := _NAMES.get(flat[i])) is not None
        ]
        values = _together([text for _, text in known])
        return cls(ident, {name: value for (name, _), value in zip(known, values, strict=True)})

    @property
    def malformed(self) -> bool:
        """Whether nothing can be said of its fields: never, each is looked at for itself."""
        return False

    @property
    def label(self) -> str:
        """What it is called in a message."""
        return f"record {self.id}"

    @property
    def stub(self) -> bool:
        """Whether it lacks its id or state: a write after its deletion brought it back."""
        return self.values.get("id") is None or self.state is None

    @property
    def state(self) -> RecordState | None:
        """Its state; None where it has none that Jobba knows."""
        return _STATES.get(str(self.values.get("state")))

    @property
    def completed(self) -> bool:
        """Whether it succeeded or failed."""
        return self.state in COMPLETED

    @property
    def incomplete(self) -> bool:
        """Whether it did neither; as the gem asks it, also of one that is unknown."""
        return not self.completed

    @property
    def kill_requested(self) -> bool:
        """Whether somebody asked for it to be killed."""
        return self.values.get(KILL_REQUESTED) is not None

    @property
    def progress(self) -> object:
        """From 0 to 1; whatever stands there, in odd data."""
        return self.values.get("progress")

    @property
    def errors(self) -> list[object]:
        """What went wrong, in order."""
        found = self.values.get("errors")
        return found if isinstance(found, list) else [] if found is None else [found]

    @property
    def data(self) -> object:
        """What was saved with it."""
        return self.values.get("data")

    @property
    def attempt(self) -> int:
        """Which attempt this is, from 0 on."""
        found = self.values.get("attempt")
        return found if type(found) is int and found > 0 else 0  # true is none

    @property
    def job_name(self) -> str | None:
        """The name of its job."""
        found = self.values.get("job_name")
        return None if found is None else text_of(found)

    @property
    def job_args(self) -> Mapping[str, object]:
        """The arguments of its job, by name."""
        found = self.values.get("job_args")
        return found if isinstance(found, dict) else {}

    @property
    def provider_job_id(self) -> str | None:
        """The job's id where it is queued, as text."""
        found = self.values.get("provider_job_id")
        return None if found is None else text_of(found)

    def microseconds(self, name: str) -> int | None:
        """Return one of its times, in microseconds since the epoch."""
        return _whole(self.values.get(name))

    def moment(self, name: str) -> object:
        """Return one of its times as RFC 3339; what is no time comes as it is."""
        found = self.values.get(name)
        micro = _whole(found)
        return found if micro is None else moment_text(micro) or found

    def row(self) -> Row:
        """Return its row, every key there."""
        row: Row = dict.fromkeys(ROW_KEYS)
        for name, value in self.values.items():
            row[name] = self.moment(name) if name in _TIMES else value
        row["id"] = self.id
        return row

    def listed(self, key: str) -> object:
        """Return what stands under one key of its row."""
        if key == "id":
            return self.id
        return self.moment(key) if key in _TIMES else self.values.get(key)


def state_of(text: bytes) -> RecordState | None:
    """Return what a state's text in a hash says; None where Jobba knows no such state."""
    return _WRITTEN.get(text) or _STATES.get(str(_value(text)))


def attempt_number(text: bytes) -> int:
    """Return an attempt as a restart reads it; what is no number counts as 0 (see records.lua)."""
    return int(text) if _NUMBER.fullmatch(text) else 0


def moment_text(micro: int) -> str | None:
    """Return microseconds as RFC 3339; None outside the years 1 to 9999."""
    minutes, rest = divmod(micro, _MINUTE)
    minute = _minute(minutes)
    if minute is None:
        return None
    seconds, fraction = divmod(rest, _MICRO)
    digits = f".{fraction:06d}".rstrip("0") if fraction else ""
    return f"{minute}{seconds:02d}{digits}Z"


@lru_cache(4096)  # the times of records that are listed together are near each other
def _minute(minutes: int) -> str | None:
    """Return what stands before the seconds, in all times of this minute."""
    moment = Instant.of_epoch(minutes * 60)
    return None if moment is None else moment.rfc3339().removesuffix("00Z")


def _whole(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if abs(value) < 1e18 else None


def _together(texts: list[bytes]) -> list[object]:
    """Decode all texts as one: one call instead of one for each. A zero stands between them.

    Texts that are no JSON by themselves, and happen to be together, have other places.
    """
    try:
        found = loads(b"[%b]" % b",0,".join(texts))
    except ValueError:
        found = None
    many = max(0, 2 * len(texts) - 1)
    if isinstance(found, list) and len(found) == many and not any(found[1::2]):
        return found[::2]
    return [_value(text) for text in texts]


def _value(text: bytes) -> object:
    try:
        return loads(text)
    except ValueError:
        plain = decode(text)
    try:  # all that was wrong is that it is no UTF-8: those bytes are as in ids and names
        return loads(plain.encode("utf-8", "surrogatepass"))
    except ValueError:
        return plain
