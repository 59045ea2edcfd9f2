"""Status records as Jobba keeps them: its states, its keys, and what its times are called.

What another keeper of records would do differently is this one file's to know.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

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
