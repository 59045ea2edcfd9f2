"""The lines of an operation's file behind what was chosen: what happened to the operation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Required, TypedDict

from jobctl.model.layout import QueueForm
from jobctl.model.removal import RemovedQueue, Segment


class ChosenNote(TypedDict, total=False):
    """What choosing ended with; a removal's tells from `done` on what was taken."""

    form: QueueForm | None
    named: list[str]
    matched: Required[int]
    skipped: int
    missing: list[str]
    unmatched: list[str]
    limit: int | None
    done: int
    failed: int
    reasons: dict[str, int]
    problems: list[str]
    notes: list[str]
    segments: list[Segment]
    queues: list[RemovedQueue]


class ActingNote(TypedDict, total=False):
    """What was decided when acting began.

    `claim` tells this file from every other that was copied from the same plan; `who` carries it
    out, on `host`. Files of earlier versions have none of these.
    """

    identity: Required[str | None]
    at: Required[float]
    before: Required[dict[str, int]]
    first: float
    step: float
    claim: str
    who: str
    host: str
    queues: list[str]


class BatchNote(TypedDict, total=False):
    """A batch, before it is sent."""

    number: Required[int]
    start: Required[int]
    jobs: Required[int]
    first: float
    step: float
    enqueued_at: str


class EndNote(TypedDict, total=False):
    """The report of an operation, or of its undo; of it what is read again."""

    done: Required[int]
    gone: int
    failed: int
    before: dict[str, int]
    after: dict[str, int]


class UndoNote(TypedDict):
    """What was there when an undo began."""

    before: dict[str, int]
    at: float


class UndoBatchNote(TypedDict):
    """Jobs that are about to be taken out of a queue again."""

    number: str
    places: list[int]


class LockNote(TypedDict):
    """A unique lock as it stood: what it holds in hexadecimal, when it ends in unix seconds."""

    key: str
    value: str
    expires_at: float | None


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock as it stood.

    Attributes:
        key: its key.
        value: what it holds: the JID of the job that took it.
        expires_at: unix seconds by the clock of Redis; None: never.
    """

    key: str
    value: bytes
    expires_at: float | None = None

    def document(self) -> LockNote:
        """Return it as it is noted."""
        return {"key": self.key, "value": self.value.hex(), "expires_at": self.expires_at}

    @classmethod
    def read(cls, note: LockNote) -> Lock:
        """Read it as it was noted.

        Raises:
            ValueError: its value is no hexadecimal.
        """
        return cls(note["key"], bytes.fromhex(note["value"]), note["expires_at"])


class IntroducingNote(TypedDict):
    """The job that a server is to learn of a new queue by."""

    queue: str
    jid: str


class Note(TypedDict, total=False):
    """One line."""

    chosen: ChosenNote
    acting: ActingNote
    batch: BatchNote
    result: int
    outcome: str
    end: EndNote
    undo: UndoNote
    undone: EndNote
    undo_batch: UndoBatchNote
    returning: list[int]
    introducing: IntroducingNote
    acknowledging: int
    places: list[int]
    locks: dict[str, LockNote]
