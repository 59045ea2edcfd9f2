"""An operation: what its file begins with, and what is noted of its batches."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Required, TypedDict

from jobctl.errors import BadUrl, UsageProblem
from jobctl.model.jobba import NAMESPACE, RecordLayout
from jobctl.model.jsontext import loads_own
from jobctl.model.layout import Kind, QueueForm
from jobctl.model.queue import RemovedQueue, Segment
from jobctl.model.target import Address, Target
from jobctl.model.typed import typed
from jobctl.model.verbs import Change

VERSION = 1
OPERATION_ID = re.compile(r"[0-9a-f]{8}")
_RUN = re.compile(r"([dtgf])(\d+)")


class Outcome(StrEnum):
    """What became of a job. The letters are those of redis/begin.lua."""

    DONE = "d"
    MERGED = "t"  # done, and the same member was there already
    GONE = "g"
    FAILED = "f"


@dataclass(frozen=True, slots=True)
class Rising:
    """Scores that rise from job to job: their order is kept, and Redis finds their place fast."""

    first: float
    step: float

    def at(self, index: int) -> float:
        """Return the score of a job, by its place in the order."""
        return self.first + self.step * index

    def after(self, count: int) -> Rising:
        """Return the scores behind so many jobs."""
        return Rising(self.at(count), self.step)


@dataclass(frozen=True, slots=True)
class Header:
    """The first line of an operation's file.

    Attributes:
        operation: its id.
        kind: the set whose jobs are changed, or the records.
        change: the verb and how it is meant.
        server: the URL, without its password.
        identity: what ``jobctl:server`` held; None where there was none yet.
        where: the filter, as text.
        form: the form of the queues' lists, where jobs go to queues; noted once it is known.
        named: the queues there are that no Faktory server would make, by their names; likewise.
        who, host, argv: who asked, and how; no password in it.
        reason: why, as it was given.
        started_at: unix seconds by the server's clock.
        keep: whether the file stays when all is done.
        faktory: the Faktory server that is spoken to on the way, without its password.
        context: the name of the context it was made under, if there was one.
        queues: the queues that are removed, as they were.
        namespace: what stands before the keys of the records that are changed.
    """

    operation: str
    kind: Kind
    change: Change
    server: str
    identity: str | None = None
    where: str = ""
    form: QueueForm | None = None
    who: str = ""
    host: str = ""
    argv: tuple[str, ...] = ()
    reason: str | None = None
    started_at: float = 0.0
    keep: bool = True
    faktory: str | None = None
    context: str | None = None
    queues: tuple[RemovedQueue, ...] = ()
    namespace: str | None = None
    named: tuple[str, ...] = ()

    @property
    def record_layout(self) -> RecordLayout:
        """The keys of the records that are changed."""
        return RecordLayout(self.namespace or NAMESPACE)

    def document(self) -> dict[str, object]:
        """Return it as the JSON object of the first line."""
        return {"jobctl": VERSION} | asdict(self)

    @classmethod
    def read(cls, line: bytes) -> Header:
        """Read a first line.

        Raises:
            ValueError: it is not one that this jobctl understands; says what is wrong with it.
        """
        found = loads_own(line)
        if not isinstance(found, dict) or found.pop("jobctl", None) != VERSION:
            raise ValueError("the first line is no header")
        header: Header = typed(cls, found, "the header")
        header._check()
        return header

    def _check(self) -> None:
        """Check what the types do not say: the file may come from anybody.

        Raises:
            ValueError: it cannot be meant.
        """
        if OPERATION_ID.fullmatch(self.operation) is None:
            raise ValueError("its id is not eight hex digits")
        try:
            Target.parse(self.server)
            if self.faktory is not None:
                Address.parse(self.faktory)
            if not self.change.verb.row.on_queues:
                self.change.check(self.kind)
        except (BadUrl, UsageProblem) as error:
            raise ValueError(error.message) from None
        if self.change.verb.row.on_queues is not (self.kind is Kind.QUEUE):
            raise ValueError(f"{self.change.verb} does not go with {self.kind}")
        if self.change.rate is not None and self.change.rate <= 0:
            raise ValueError("its rate is not positive")
        if not all(queue.forms for queue in self.queues):
            raise ValueError("a queue of it has no list")


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch as it is noted before it is sent: all that it needs to be sent again.

    Attributes:
        number: 1 is the first.
        start: place of its first job in the order of the operation.
        jobs: how many.
        scores: the scores they get, where they get any.
        moment: the ``enqueued_at`` they get, where they go to queues.
    """

    number: int
    start: int
    jobs: int
    scores: Rising | None = None
    moment: str | None = None


def read_result(text: str) -> tuple[list[tuple[Outcome, int]], str]:
    """Read a batch's result: runs of outcomes in the order of its jobs, and why some failed."""
    letters, _, reason = text.partition(" ")
    return [(Outcome(letter), int(count)) for letter, count in _RUN.findall(letters)], reason


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
