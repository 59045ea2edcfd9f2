"""A job as its system wrote it; an entry: a job in a place, with its exact bytes; and its row."""

from __future__ import annotations

import base64
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field

from jobctl.model.jsontext import dig, dumps, read_object, replacer, text_of
from jobctl.model.layout import JOB_KINDS, Kind, Layout, QueueForm
from jobctl.model.rows import Row
from jobctl.model.times import Instant, epoch, score_time

_TIMES = ("created_at", "enqueued_at", "failed_at")


@dataclass(frozen=True, slots=True)
class Job:
    """A decoded payload. `payload` is None if the member is malformed."""

    payload: dict[str, object] | None
    layout: Layout

    @classmethod
    def decode(cls, raw: bytes, layout: Layout) -> Job:
        """Decode a member; what is not a JSON object is malformed, never an error."""
        return cls(read_object(raw), layout)

    @property
    def malformed(self) -> bool:
        """Whether there is no payload."""
        return self.payload is None

    def get(self, field: str) -> object:
        """Return a listing field as it stands in the payload; None when absent."""
        if field == "class":
            return None if self.payload is None else real_class(self.payload, self.layout)
        return dig(self.payload, self.layout.fields[field])

    def text(self, field: str) -> str | None:
        """Return a listing field as text, whatever its JSON type; None when absent."""
        value = self.get(field)
        return None if value is None else text_of(value)

    def word(self, field: str) -> str | None:
        """Return a listing field as text if it is a string, number or boolean; None otherwise."""
        return None if isinstance(self.get(field), dict | list) else self.text(field)

    def listed(self, field: str) -> object:
        """Return a listing field for output: times in UTC, the rest as it stands."""
        value = self.get(field)
        return self.layout.utc(value) if field in _TIMES else value

    def listing(self) -> dict[str, object]:
        """Return every listing field for output, in one go."""
        payload = self.payload or {}
        row = {
            name: payload.get(path[0]) if len(path) == 1 else dig(payload, path)
            for name, path in self.layout.fields.items()
        }
        for name in _TIMES:
            row[name] = self.layout.utc(row[name])
        row["class"] = real_class(payload, self.layout)
        return row

    @property
    def failed(self) -> bool:
        """Whether it has failed at least once."""
        return dig(self.payload, self.layout.failure) is not None

    @property
    def retries_used(self) -> int | None:
        """How often it was retried; None if it never failed or does not tell."""
        count = self.get("retry_count")
        return count if isinstance(count, int) and not isinstance(count, bool) else None

    @property
    def retries_allowed(self) -> int:
        """How often it may be retried; the system's default where the job does not say."""
        return self.layout.retries_allowed(self.get("retry"))


@dataclass(frozen=True, slots=True)
class Place:
    """A structure, and for a queue its name, list form and the job's position (0 = runs next).

    A position is as of one instant: queues move.
    """

    kind: Kind
    queue: str | None = None
    position: int | None = None
    form: QueueForm | None = None

    @property
    def title(self) -> str:
        """Return its name for people: ``retries``, ``queue default``."""
        return f"queue {self.queue}" if self.kind is Kind.QUEUE else self.kind.value


_IN = {kind: Place(kind) for kind in JOB_KINDS}


@dataclass(frozen=True, slots=True)
class Entry:
    """A member as it stands in Redis, and what it means.

    Attributes:
        place: the structure it was seen in.
        raw: the member's exact bytes. Moves and removals go by these, never by a re-encoding.
        job: the decoded job.
        score: the sorted set's score; None in a queue.
        reservation: listing key to value (wid, reserved_at, expires_at); empty outside working.
            As written: of a reservation that was extended only the score tells, see `expired`.
    """

    place: Place
    raw: bytes
    job: Job
    score: float | None = None
    reservation: dict[str, object] = field(default_factory=dict)

    @classmethod
    def queued(cls, raw: bytes, place: Place, layout: Layout) -> Entry:
        """Make the entry of a queue's list."""
        return cls(place, raw, Job.decode(raw, layout))

    @classmethod
    def scored(cls, raw: bytes, score: float, kind: Kind, layout: Layout) -> Entry:
        """Make the entry of a sorted set; in working the job is inside a reservation."""
        if kind is not Kind.WORKING:
            return cls(_IN[kind], raw, Job.decode(raw, layout), score)
        outer = read_object(raw) or {}
        inner = dig(outer, layout.reserved_job)
        job = Job(inner if isinstance(inner, dict) else None, layout)
        held = {key: layout.utc(dig(outer, path)) for key, path in layout.reservation.items()}
        return cls(_IN[kind], raw, job, score, held)

    @property
    def kind(self) -> Kind:
        """The structure it is in."""
        return self.place.kind

    @property
    def malformed(self) -> bool:
        """Whether it is no job."""
        return self.job.payload is None

    @property
    def jid(self) -> str | None:
        """The job's id as text; None when malformed, absent, or no string or number."""
        return self.job.word("jid")

    @property
    def label(self) -> str:
        """What it is called in a message."""
        return "a job without a JID" if self.jid is None else f"job {self.jid}"

    def may_be(self, jids: Collection[str]) -> list[str]:
        """Return the ids whose bytes are in a malformed member: what it was, perhaps."""
        if not self.job.malformed:
            return []
        return [jid for jid in jids if jid.encode("utf-8", "surrogatepass") in self.raw]

    @property
    def rank(self) -> float:
        """Its score, or in a queue its position."""
        return (self.place.position or 0) if self.score is None else self.score

    @property
    def at(self) -> str | None:
        """The score as RFC 3339; None in a queue, or where the score is no time."""
        return None if self.score is None else score_time(self.score)

    @property
    def died_at(self) -> str | None:
        """When a dead job died: its purge time less the time the dead are kept."""
        moment = Instant.of_epoch(self.score) if self.score is not None else None
        if self.kind is not Kind.DEAD or moment is None:
            return None
        died = moment.later(-self.job.layout.purge_after)
        return None if died is None else died.rfc3339()

    def expired(self, now: float) -> bool:
        """Tell whether its reservation has expired: the worker is gone, or slower than promised."""
        if self.kind is not Kind.WORKING:
            return False
        # The score is what servers go by; where it is no time, what was written is all there is.
        moment = self.score if self.at is not None else epoch(self.reservation.get("expires_at"))
        return moment is not None and moment < now

    def age(self, now: float) -> float | None:
        """Return the seconds since what its structure counts age from; None when not known."""
        source = self.job.layout.age_from[self.kind]
        if source == "died_at":
            since = epoch(self.died_at)
        elif source in self.reservation:
            since = epoch(self.reservation[source])
        else:
            since = epoch(self.job.listed(source)) if source in self.job.layout.fields else None
        return None if since is None else now - since


def retries_left(payload: dict[str, object], layout: Layout) -> int | None:
    """Return how often a job that failed may still be retried; None for one that never failed.

    0: its next failure sends it to dead, or ends it.
    """
    if dig(payload, layout.failure) is None:
        return None
    used = dig(payload, layout.fields["retry_count"])
    allowed = layout.retries_allowed(dig(payload, layout.fields["retry"]))
    return max(0, allowed - used) if type(used) is int else max(0, allowed)


def name_queue(raw: bytes, queue: str, layout: Layout) -> bytes:
    """Return the bytes of a job that names this queue; every other byte as it was."""
    payload = read_object(raw)
    (key,) = layout.fields["queue"]
    if payload is None or payload.get(key) == queue:
        return raw
    return replacer(key)(raw, payload, dumps(queue))


def real_class(payload: dict[str, object], layout: Layout) -> object:
    """Return the class of the job: that of a job in ActiveJob's wrapper, else the jobtype."""
    for path in layout.wrapped:
        found = dig(payload, path)
        if isinstance(found, str) and found:
            return found
    return dig(payload, layout.fields["jobtype"])


_COMMON = (
    "jid", "jobtype", "queue", "args", "at", "created_at", "enqueued_at", "retry", "retry_count",
    "remaining", "failed_at", "errtype", "message", "class", "malformed",
)  # fmt: skip
_MORE: dict[Kind, tuple[str, ...]] = {
    Kind.DEAD: ("died_at", "purge_at"),
    Kind.WORKING: ("wid", "reserved_at", "expires_at"),
    Kind.QUEUE: ("position",),
}
_ALL = {kind: _COMMON + _MORE.get(kind, ()) for kind in JOB_KINDS}
RAW_KEYS = frozenset(("raw", "raw_b64"))


def listing_keys(kind: Kind) -> tuple[str, ...]:
    """Return the keys of every row of a structure, in order."""
    return _ALL[kind]


def listing_row(entry: Entry, keys: Sequence[str] | None = None) -> Row:
    """Return an entry's row; a malformed entry's row also has its bytes.

    Args:
        entry: the entry.
        keys: the listing keys; None for all keys of its structure.
    """
    if keys is None:
        row = _whole_row(entry)
    else:
        row = {key: _VALUES[key](entry) for key in keys if key not in RAW_KEYS}
    if entry.job.malformed or (keys is not None and not RAW_KEYS.isdisjoint(keys)):
        row |= raw_keys(entry.raw)
    return row


def _whole_row(entry: Entry) -> Row:
    """Return the same as `_VALUES` would give for every key, in a third of the time."""
    row: Row = dict.fromkeys(_ALL[entry.kind])
    row |= entry.job.listing()
    for key in ("at", "malformed", *_MORE.get(entry.kind, ())):
        row[key] = _VALUES[key](entry)
    return row


def without_plain_classes(
    rows: Iterable[Row], columns: Sequence[str]
) -> tuple[list[Row], tuple[str, ...]]:
    """Return rows and columns for people: a class is shown only if it is not the jobtype."""
    told = list(rows)
    for row in told:
        if row.get("class") == row.get("jobtype"):
            row["class"] = None
    wrapped = any(row["class"] is not None for row in told)
    return told, tuple(column for column in columns if column != "class" or wrapped)


def _from_payload(key: str) -> Callable[[Entry], object]:
    return lambda entry: entry.job.listed(key)


def _from_reservation(key: str) -> Callable[[Entry], object]:
    return lambda entry: entry.reservation.get(key)


_VALUES: dict[str, Callable[[Entry], object]] = {
    "at": lambda entry: entry.at,
    "malformed": lambda entry: entry.job.malformed,
    "died_at": lambda entry: entry.died_at,
    "purge_at": lambda entry: entry.at,
    "position": lambda entry: entry.place.position,
    **{key: _from_reservation(key) for key in _MORE[Kind.WORKING]},
    **{key: _from_payload(key) for key in _COMMON if key not in ("at", "malformed")},
}


def entry_value(key: str) -> Callable[[Entry], object]:
    """Return the function that reads the value under a listing key."""
    return _VALUES[key]


def raw_keys(raw: bytes) -> Row:
    """Return a member as text in ``raw``, or in ``raw_b64`` if it is not UTF-8."""
    try:
        return {"raw": raw.decode(), "raw_b64": None}
    except UnicodeDecodeError:
        return {"raw": None, "raw_b64": base64.b64encode(raw).decode()}
