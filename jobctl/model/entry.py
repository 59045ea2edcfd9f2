"""A place in Redis where a job can be, and an entry: a job there, with its exact bytes."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from jobctl.model.job import Job, dig, read_object
from jobctl.model.layout import JOB_KINDS, Kind, Layout, QueueForm
from jobctl.model.times import Instant, epoch, score_time


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
